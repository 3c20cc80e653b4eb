//! Where several witnesses count the same thing: their disagreement matrix.

use spanfate_model::result::Agreement;
use spanfate_model::scenario::Plant;
use spanfate_model::witness::Witness;

use crate::loadbook::LoadBook;
use crate::process::{Ending, Process};
use crate::receipts::Receipts;
use crate::reconcile::Reconciled;

/// The rows of the matrix. Empty without a process witness: nothing to compare with.
pub(crate) fn rows(
    processes: &[Process<'_>],
    receipts: &Receipts,
    done: &Reconciled,
    book: &LoadBook,
    spans_per_request: u32,
    plant: Plant,
) -> Vec<Agreement> {
    if processes.is_empty() {
        return Vec::new();
    }
    let sdk = |pick: fn(&Process<'_>) -> u64| processes.iter().map(pick).fold(0, u64::saturating_add);
    let orderly = processes.iter().all(|process| matches!(process.ending, Ending::Orderly { .. }));
    // A killed process stops between two counters; the slots, not the counters, decide then.
    let cut = (!orderly)
        .then(|| "the process did not stop in order: its counters stopped at different moments".to_owned());
    let planted = (plant != Plant::default()).then(|| "losses or duplicates were planted".to_owned());
    let stages = &done.stages;
    let answered = book.answered() * u64::from(spans_per_request);
    let all_answered =
        book.records.iter().all(|r| r.is_some_and(|r| r.outcome == spanfate_model::load::Outcome::Answered));
    let mut created = vec![
        (Witness::Process, done.ledger.created),
        (Witness::Sdk, sdk(|p| p.live.sdk_started_sampled.saturating_add(p.live.sdk_started_unsampled))),
    ];
    if all_answered {
        created.push((Witness::Load, answered));
    }
    vec![
        row("spans created", created, cut.clone()),
        row(
            "dropped for a full queue",
            vec![(Witness::Process, stages.dropped), (Witness::Sdk, sdk(|p| p.live.sdk_queue_full))],
            cut.clone(),
        ),
        row(
            "handed to the exporter",
            vec![(Witness::Process, stages.handed), (Witness::Sdk, sdk(|p| p.live.sdk_processed))],
            cut.clone(),
        ),
        row(
            "exported without an error",
            vec![
                (Witness::Process, stages.exported_ok),
                (Witness::Sdk, sdk(|p| p.live.sdk_exported)),
                (Witness::Wire, receipts.accepted),
            ],
            cut.or(planted).or_else(|| late_answers(done)),
        ),
    ]
}

/// Copies and spans whose answer was lost arrive without counting as exported; the ledger names them one by one.
fn late_answers(done: &Reconciled) -> Option<String> {
    let copies: u64 =
        done.ledger.copies.iter().filter(|(copies, _)| **copies > 1).map(|(_, spans)| spans).sum();
    let failed = done.ledger.reported_failed;
    (copies > 0 || failed > 0)
        .then(|| format!("{copies} spans arrived more than once, {failed} although reported failed"))
}

fn row(what: &str, counts: Vec<(Witness, u64)>, explained: Option<String>) -> Agreement {
    let highest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let lowest = counts.iter().map(|(_, count)| *count).min().unwrap_or_default();
    let difference = highest - lowest;
    Agreement { what: what.to_owned(), counts, difference, explained: explained.filter(|_| difference > 0) }
}
