//! The runs of a results folder, as a list of them shows them.

use std::path::PathBuf;

use crate::fate::FateClass;
use crate::format::manifest::Status;
use crate::result::RunResult;
use crate::verdict::Verdict;

/// A folder of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct RunEntry {
    /// Id of the run: the folder's name.
    pub run: String,
    /// When it began, seconds since 1970; 0 where that is not known.
    pub began: u64,
    /// What was concluded, or why nothing can be said.
    pub found: Result<Concluded, String>,
    /// The report's file, where it has been written.
    pub report: Option<PathBuf>,
}

/// What was concluded from a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Concluded {
    /// Name of the scenario, with what the command line changed of it.
    pub scenario: String,
    /// How far it came.
    pub status: Status,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass, worst first.
    pub reason: Option<String>,
    /// Spans over the whole run.
    pub created: u64,
    /// Lost spans.
    pub lost: u64,
    /// Spans without a fate although complete witnesses saw them.
    pub unexplained: u64,
    /// Spans that were not meant to arrive.
    pub deliberate: u64,
    /// Variants and trials.
    pub variants: usize,
    /// Trials.
    pub trials: usize,
}

impl Concluded {
    /// The list's view of a result.
    pub fn of(result: &RunResult) -> Self {
        let ledgers =
            || result.variants.iter().flat_map(|variant| &variant.trials).map(|trial| &trial.ledger);
        Self {
            scenario: result.plan.title(),
            status: result.status,
            verdict: result.verdict,
            reason: result.reasons.first().cloned(),
            created: ledgers().map(|ledger| ledger.created).sum(),
            lost: ledgers().map(|ledger| ledger.class(FateClass::Lost).0).sum(),
            unexplained: ledgers().map(|ledger| ledger.unexplained.count).sum(),
            deliberate: ledgers().map(|ledger| ledger.class(FateClass::Deliberate).0).sum(),
            variants: result.variants.len(),
            trials: ledgers().count(),
        }
    }

    /// Share of the spans that should have arrived and did not.
    pub fn loss(&self) -> f64 {
        let due = self.created.saturating_sub(self.deliberate);
        if due == 0 { 0.0 } else { self.lost as f64 / due as f64 }
    }
}
