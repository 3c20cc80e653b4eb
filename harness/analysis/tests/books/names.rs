//! Names of spans as probes see them: at the start, and again where a span comes to a queue.

use super::common::life::{Life, PROCESSOR};
use spanfate_model::format::probe::ProbeKind;

/// Digests of names.
const FORGOTTEN: u64 = 0x11_0000_0001;
const RENAMED: u64 = 0x22_0000_0002;
/// Two with one lower half, which is what a start has room for.
const TWIN: u64 = 0x33_0000_0003;
const OTHER_TWIN: u64 = 0x44_0000_0003;

fn name(life: &mut Life, digest: u64, text: &str) {
    life.record(ProbeKind::Text, 0, digest, |out| {
        out[8] = 64;
        out[10..12].copy_from_slice(&(text.len() as u16).to_le_bytes());
        out[24..24 + text.len()].copy_from_slice(text.as_bytes());
    });
}

fn start(life: &mut Life, span: u64, half: u64) {
    life.of(ProbeKind::Started, span, 0);
    if let Some(last) = life.records.last_mut() {
        last[12..16].copy_from_slice(&(half as u32).to_le_bytes());
    }
}

/// Service and name, created and lost spans.
fn rows(life: &Life) -> Vec<(String, u64, u64)> {
    let (trial, run) = life.conclude();
    assert!(trial.ledger.closes());
    let breakdown = &run.variants[0].summary.breakdown;
    let rows = breakdown.iter().find(|one| one.by == "span").map_or(&[][..], |one| &one.rows[..]);
    let mut out: Vec<_> = rows.iter().map(|row| (row.value.clone(), row.created, row.lost)).collect();
    out.sort();
    out
}

#[test]
fn a_span_that_never_ends_has_the_name_it_began_with() {
    let mut life = Life::default();
    for (digest, text) in [(FORGOTTEN, "forgotten"), (RENAMED, "renamed"), (TWIN, "one"), (OTHER_TWIN, "two")]
    {
        name(&mut life, digest, text);
    }
    // Two that never end, and one whose name was set anew before it ended.
    start(&mut life, 1, FORGOTTEN);
    start(&mut life, 2, FORGOTTEN);
    start(&mut life, 3, FORGOTTEN);
    life.of(ProbeKind::Ended, 3, 0).of(ProbeKind::Offered, 3, PROCESSOR);
    life.of(ProbeKind::Queued, 3, PROCESSOR).patch(56, RENAMED).batch(1, &[3], false, true);
    // One that may have either of two names, one without a name, and one of an older log: there the bytes say the CPU.
    start(&mut life, 4, TWIN);
    start(&mut life, 5, 0);
    start(&mut life, 6, 7);
    for kind in [ProbeKind::Shutdown, ProbeKind::Drained, ProbeKind::Shut] {
        life.processor(kind, false, 0, 0);
    }
    let row = |name: &str, created, lost| (format!("http · {name}"), created, lost);
    assert_eq!(rows(&life), [row("(not ended)", 3, 3), row("forgotten", 2, 2), row("renamed", 1, 0)]);
}
