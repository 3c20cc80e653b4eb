//! Bringing raw logs home: whole files, span ledgers without what was never used, and nothing else.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use spanfate_model::layout::{LOAD_LOG, TrialDir, WIRE_LOG};
use spanfate_model::manifest::{ProcessManifest, TrialManifest};
use spanfate_model::slots::{HEADER_BYTES, MAGIC, SLOT_BYTES};
use spanfate_run::store;
use tempfile::TempDir;

/// A ledger as it lies on tmpfs: so many slots and bytes of log, of which so many are used.
fn ledger(slots: u64, used_slots: u64, log: u64, used_log: u64) -> Vec<u8> {
    let mut out = vec![0; HEADER_BYTES];
    out[..8].copy_from_slice(MAGIC);
    let words =
        [(8, 1_u64 | (SLOT_BYTES as u64) << 32), (32, slots), (40, log), (512, used_slots), (640, used_log)];
    for (at, value) in words {
        out[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    let byte = |at: u64| (at % 251) as u8 + 1;
    out.extend((0..slots * SLOT_BYTES as u64).map(byte));
    out.extend((0..log).map(byte));
    out
}

fn adopt(bytes: &[u8]) -> (TempDir, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    let scratch = folder.path().join("spanfate-scratch");
    fs::create_dir(&scratch).unwrap();
    fs::write(scratch.join("http.0.slots"), bytes).unwrap();
    fs::write(scratch.join(WIRE_LOG), vec![3; 300_000]).unwrap();
    let dir = TrialDir(folder.path().join("trial"));
    fs::create_dir(&dir.0).unwrap();
    let process = ProcessManifest { ledger: Some("http.0.slots".to_owned()), ..ProcessManifest::default() };
    let manifest = TrialManifest {
        scratch: Some(scratch.to_string_lossy().into_owned()),
        processes: vec![process],
        ..TrialManifest::default()
    };
    assert!(store::adopt(&dir, &manifest).unwrap());
    assert!(!scratch.exists());
    assert_eq!(fs::read(dir.raw(WIRE_LOG)).unwrap(), vec![3; 300_000]);
    assert!(!dir.raw(LOAD_LOG).exists());
    let copied = fs::read(dir.raw("http.0.slots")).unwrap();
    assert_eq!(names(&dir.0), ["http.0.slots", WIRE_LOG]);
    (folder, copied)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_ledger_comes_home_without_what_was_never_used() {
    let slots = |count: u64| HEADER_BYTES + count as usize * SLOT_BYTES;
    for (used, used_log) in [(0, 0), (7, 48), (20, 96), (25, 96)] {
        let whole = ledger(20, used, 96, used_log);
        let (_folder, copied) = adopt(&whole);
        let kept = slots(used.min(20));
        assert_eq!(copied[..kept], whole[..kept]);
        assert_eq!(copied[kept..], whole[slots(20)..][..used_log as usize]);
    }
}

#[test]
fn a_ledger_that_is_cut_off_or_none_at_all_comes_home_as_it_is() {
    let cut = &ledger(20, 7, 96, 48)[..HEADER_BYTES + 5 * SLOT_BYTES];
    let cut_log = &ledger(20, 20, 96, 96)[..HEADER_BYTES + 20 * SLOT_BYTES + 40];
    for bytes in [cut, cut_log, b"no ledger", b""] {
        assert_eq!(adopt(bytes).1, bytes);
    }
}

#[test]
fn a_trial_is_read_in_place() {
    let (folder, copied) = adopt(&ledger(20, 7, 96, 48));
    let dir = TrialDir(folder.path().join("trial"));
    let process = ProcessManifest { ledger: Some("http.0.slots".to_owned()), ..ProcessManifest::default() };
    store::write_json(
        &dir.manifest(),
        &TrialManifest { processes: vec![process], ..TrialManifest::default() },
    )
    .unwrap();
    let logs = store::read_trial(&dir).unwrap();
    assert_eq!(logs.ledgers[0].as_deref().unwrap(), copied);
    assert_eq!(logs.wire.as_deref().unwrap().len(), 300_000);
    assert!(logs.load.is_none());
}
