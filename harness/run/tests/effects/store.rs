//! Bringing raw logs home: whole files, span ledgers without what was never used, and nothing else.

use std::fs;
use std::path::Path;

use spanfate_model::format::layout::{LOAD_LOG, TrialDir, WIRE_LOG};
use spanfate_model::format::manifest::{ProcessManifest, TrialManifest};
use spanfate_model::format::slots::{HEADER_BYTES, Header, Live, PATH_BYTES, SLOT_BYTES};
use spanfate_run::store;
use tempfile::TempDir;

/// A ledger as it lies on tmpfs: so many slots and bytes of log, of which so many are used, and further paths.
fn ledger(slots: u64, used_slots: u64, log: u64, used_log: u64, paths: u32) -> Vec<u8> {
    let mut page = Header { slots, log_bytes: log, paths, ..Header::default() }.write();
    Live { next_slot: used_slots, log_used: used_log, ..Live::default() }.write(&mut page);
    let mut out = Vec::from(page);
    let rest = slots * (SLOT_BYTES as u64 + u64::from(paths) * PATH_BYTES as u64) + log;
    out.extend((0..rest).map(|at| (at % 251) as u8 + 1));
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
        let whole = ledger(20, used, 96, used_log, 0);
        let (_folder, copied) = adopt(&whole);
        let kept = slots(used.min(20));
        assert_eq!(copied[..kept], whole[..kept]);
        assert_eq!(copied[kept..], whole[slots(20)..][..used_log as usize]);
    }
}

#[test]
fn the_used_records_of_every_path_come_home() {
    let whole = ledger(20, 7, 96, 48, 3);
    let (_folder, copied) = adopt(&whole);
    let mut want = whole[..HEADER_BYTES + 7 * SLOT_BYTES].to_vec();
    for path in 0..3 {
        let from = HEADER_BYTES + 20 * SLOT_BYTES + path * 20 * PATH_BYTES;
        want.extend(&whole[from..from + 7 * PATH_BYTES]);
    }
    want.extend(&whole[HEADER_BYTES + 20 * (SLOT_BYTES + 3 * PATH_BYTES)..][..48]);
    assert!(copied == want);
}

#[test]
fn of_a_ledger_that_is_cut_off_in_its_log_the_rest_of_the_log_comes_home() {
    let whole = ledger(20, 7, 96, 48, 1);
    let log = HEADER_BYTES + 20 * (SLOT_BYTES + PATH_BYTES);
    let (_folder, copied) = adopt(&whole[..log + 40]);
    assert!(copied.ends_with(&whole[log..log + 40]));
    assert_eq!(copied.len(), HEADER_BYTES + 7 * (SLOT_BYTES + PATH_BYTES) + 40);
}

#[test]
fn a_ledger_that_is_cut_off_or_none_at_all_comes_home_as_it_is() {
    let cut = &ledger(20, 7, 96, 48, 0)[..HEADER_BYTES + 5 * SLOT_BYTES];
    let cut_path = &ledger(20, 7, 96, 48, 2)[..HEADER_BYTES + 20 * SLOT_BYTES + 30 * PATH_BYTES];
    let cut_log = &ledger(20, 20, 96, 96, 0)[..HEADER_BYTES + 20 * SLOT_BYTES + 40];
    for bytes in [cut, cut_path, cut_log, b"no ledger", b""] {
        assert!(adopt(bytes).1 == bytes);
    }
}

#[test]
fn a_trial_is_read_in_place() {
    let (folder, copied) = adopt(&ledger(20, 7, 96, 48, 0));
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
