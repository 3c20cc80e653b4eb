//! Where several witnesses count the same thing: their disagreement matrix.

use spanfate_model::load::Outcome;
use spanfate_model::plan::Plan;
use spanfate_model::result::Agreement;
use spanfate_model::witness::Witness;

use crate::loadbook::LoadBook;
use crate::process::{Ending, ExportResult, Process};
use crate::reconcile::{Reconciled, Stages};

/// The rows of the matrix. Empty without a process witness: nothing to compare with. A difference is explained only by a
/// number that accounts for it.
pub(crate) fn rows(
    processes: &[Process<'_>],
    done: &Reconciled,
    book: &LoadBook,
    plan: &Plan,
) -> Vec<Agreement> {
    if processes.is_empty() {
        return Vec::new();
    }
    let sdk = |pick: fn(&Process<'_>) -> u64| processes.iter().map(pick).fold(0, u64::saturating_add);
    let stages = &done.stages;
    let skew = skew(processes);
    let mut created = vec![
        (Witness::Process, done.ledger.created),
        (Witness::Sdk, sdk(|p| p.live.sdk_started_sampled.saturating_add(p.live.sdk_started_unsampled))),
    ];
    let shares = plan.shares();
    let each: u64 = shares.iter().map(|share| u64::from(*share.spans.end())).sum();
    let known = shares.iter().all(|share| share.spans.start() == share.spans.end());
    if known && book.records.iter().all(|r| r.is_some_and(|r| r.outcome == Outcome::Answered)) {
        created.push((Witness::Load, book.answered() * each));
    }
    let dropped = vec![(Witness::Process, stages.dropped), (Witness::Sdk, sdk(|p| p.live.sdk_queue_full))];
    let handed = vec![(Witness::Process, stages.handed), (Witness::Sdk, sdk(|p| p.live.sdk_processed))];
    vec![
        row("spans created", created, &skew),
        row("dropped for a full queue", dropped, &skew),
        row("handed to the exporter", handed, &skew),
        exported(stages, sdk(|p| p.live.sdk_exported), processes, done, plan, &skew),
    ]
}

/// What may differ, and why.
struct Skew {
    most: u64,
    why: &'static str,
}

/// A process that stops in the middle stops between a mark and the SDK's counter: by one batch at most.
fn skew(processes: &[Process<'_>]) -> Skew {
    let clean = |process: &Process<'_>| matches!(process.ending, Ending::Orderly { deadline_passed: false });
    let largest = processes.iter().flat_map(|p| p.exports.values()).map(|call| u64::from(call.spans)).max();
    if processes.iter().all(clean) {
        return Skew { most: 0, why: "" };
    }
    let why = "the process did not stop in order: its counters stopped within one batch of each other";
    Skew { most: largest.unwrap_or_default().max(64), why }
}

/// Spans whose export returned no error: by the wrapper, by the exporter's own count, and those of them that arrived.
fn exported(
    stages: &Stages,
    sdk: u64,
    processes: &[Process<'_>],
    done: &Reconciled,
    plan: &Plan,
    skew: &Skew,
) -> Agreement {
    let counts = vec![
        (Witness::Process, stages.exported_ok),
        (Witness::Sdk, sdk),
        (Witness::Wire, stages.received_ok),
    ];
    let mut out = row("exported without an error", counts, skew);
    let missing = stages.exported_ok - stages.received_ok;
    let ledger = &done.ledger;
    let extra: u64 = ledger.copies.iter().map(|(copies, spans)| u64::from(copies - 1) * spans).sum();
    let twice = if plan.plant.double_send > 0 { extra } else { 0 };
    let wire_explained = missing == 0 || missing <= ledger.unexplained.count + ledger.unaccounted.count;
    if out.difference > 0 && out.explained.is_none() && wire_explained && sdk == stages.exported_ok + twice {
        let why = format!(
            "{missing} of them are unexplained or unaccounted, {twice} were sent a second time by the plant"
        );
        out.explained = Some(why);
    }
    let old = processes.iter().all(|process| process.header.sdk.starts_with("1.42."));
    let ok = |process: &Process<'_>| {
        process.exports.values().filter(|call| call.result == ExportResult::Ok).count() as u64
    };
    if old
        && out.difference > 0
        && out.explained.is_none()
        && wire_explained
        && sdk == processes.iter().map(ok).sum::<u64>()
    {
        let why = "the exporter of this SDK counts its exports here, not their spans (opentelemetry-go#8254)";
        out.explained = Some(why.to_owned());
    }
    out
}

fn row(what: &str, counts: Vec<(Witness, u64)>, skew: &Skew) -> Agreement {
    let highest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let lowest = counts.iter().map(|(_, count)| *count).min().unwrap_or_default();
    let difference = highest - lowest;
    let explained = (difference > 0 && difference <= skew.most).then(|| skew.why.to_owned());
    Agreement { what: what.to_owned(), counts, difference, explained }
}
