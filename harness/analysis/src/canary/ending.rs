//! What the books come to.

use spanfate_model::finding::canary::{CANARY_FORMAT, CanaryCounts, CanaryOutcome, CanaryResult, CanaryTask};
use spanfate_model::verdict::Verdict;

use super::CanaryBooks;

impl CanaryBooks {
    /// All that is known now.
    pub fn result(&self, task: &CanaryTask) -> CanaryResult {
        let counts = self.windows.counts();
        let (verdict, reasons) = judged(&counts, task);
        CanaryResult {
            format: CANARY_FORMAT,
            verdict,
            reasons,
            traces: self.traces,
            failed_share: failed_share(&counts, task.strict),
            counts,
            delays: self.windows.delays(),
            damaged_fields: self.fields.clone(),
            refusals: self.refusals.clone(),
            received_though_refused: self.though_refused,
            after_the_end: self.after_the_end,
            unknown_spans: self.unknown,
            reader_errors: self.reader_errors,
            reader_error: self.reader_error.clone(),
            windows: self.windows.shown(),
            samples: self.samples.values().flatten().cloned().collect(),
            task: task.clone(),
        }
    }
}

/// Outcomes that count against the bound.
const FAILED: [CanaryOutcome; 3] = [CanaryOutcome::Lost, CanaryOutcome::Refused, CanaryOutcome::Damaged];
/// Those that do where one is strict.
const STRICTLY: [CanaryOutcome; 2] = [CanaryOutcome::Late, CanaryOutcome::Duplicate];

fn failing(strict: bool) -> impl Iterator<Item = CanaryOutcome> {
    FAILED.into_iter().chain(STRICTLY.into_iter().filter(move |_| strict))
}

/// Spans whose outcome says something.
fn decided(counts: &CanaryCounts) -> u64 {
    counts.sent - counts.undecided - counts.open
}

fn failed_share(counts: &CanaryCounts, strict: bool) -> f64 {
    let failed: u64 = failing(strict).map(|outcome| counts.of(outcome)).sum();
    failed as f64 / decided(counts).max(1) as f64
}

fn judged(counts: &CanaryCounts, task: &CanaryTask) -> (Verdict, Vec<String>) {
    let mut reasons = Vec::new();
    let mut verdict = Verdict::Pass;
    let share = failed_share(counts, task.strict);
    if share > task.max_loss {
        let of: Vec<String> = failing(task.strict)
            .filter(|outcome| counts.of(*outcome) > 0)
            .map(|outcome| format!("{} {}", counts.of(outcome), outcome.name()))
            .collect();
        reasons.push(format!(
            "{} of {} spans, {:.3} %; at most {} % may fail",
            of.join(", "),
            decided(counts),
            share * 100.0,
            task.max_loss * 100.0
        ));
        if counts.received + counts.late + counts.duplicate + counts.damaged == 0 && counts.lost > 0 {
            reasons.push(
                "no span came at all: look whether the pipeline ends where it is read, and in the same tenant".to_owned(),
            );
        }
        verdict = Verdict::Fail;
    }
    if counts.undecided > 0 {
        reasons.push(format!("{} spans are undecided: the reader could not be asked", counts.undecided));
        verdict = verdict.worst(Verdict::Inconclusive);
    }
    if decided(counts) == 0 {
        reasons.push("no span has an outcome that says something".to_owned());
        verdict = verdict.worst(Verdict::Inconclusive);
    }
    (verdict, reasons)
}
