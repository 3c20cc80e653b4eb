//! What the instrument found when it was held against known truths.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// `selftest.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Selftest {
    /// Version of the format.
    pub format: String,
    /// Rounds: in each every arm ran in every pair.
    pub rounds: u64,
    /// Pairs of a comparison.
    pub pairs: u64,
    /// Spans over all rounds.
    pub spans: u64,
    /// Of these, unexplained or unexpected.
    pub unplaced: u64,
    /// Losses that were seeded, and what was found of it.
    pub planted: Vec<SeededLoss>,
    /// Comparisons, by what is true of their arms and by figure.
    pub checks: Vec<SelftestCheck>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass.
    pub reasons: Vec<String>,
}

/// A seeded loss.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SeededLoss {
    /// What.
    pub what: String,
    /// How many.
    pub planted: u64,
    /// How many were found where they belong.
    pub found: u64,
}

/// Comparisons of one kind.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SelftestCheck {
    /// What is true of the arms.
    pub truth: String,
    /// The figure that decides.
    pub figure: String,
    /// Whether a change should be found; else every change that is found is a false alarm.
    pub differs: bool,
    /// Comparisons that could be judged.
    pub comparisons: u64,
    /// Comparisons in which a change was found: the right one where there is one.
    pub found: u64,
    /// Comparisons that said neither a change nor the same.
    pub unsure: u64,
    /// Comparisons whose trials are not valid because of the machine; in none of the other numbers.
    pub spoilt: u64,
    /// 95 % bounds of the share of `found`, exact (Clopper-Pearson).
    pub share: Option<(f64, f64)>,
}
