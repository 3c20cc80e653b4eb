//! A baseline and a candidate, compared figure by figure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::change::Change;
use crate::scenario::figure::Figure;
use crate::term::Term;
use crate::verdict::Verdict;

/// A comparison.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The baseline: a variant of this run, or a run and its variant.
    pub baseline: String,
    /// The candidate.
    pub candidate: String,
    /// Pairs that were run; of two runs the trials of the one that has fewer.
    pub pairs: u64,
    /// Pairs that were planned.
    pub planned: u64,
    /// Whether the trials of both ran side by side, in random order within each pair.
    pub interleaved: bool,
    /// Accepted share of false alarms, over all deciding figures and looks together.
    pub alpha: f64,
    /// How often it was planned to look before the end, and by which rule `alpha` is divided among the looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<Looks>,
    /// In what the machines differ, of two runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// The figures: counters without noise first, then those that decide: of these first what no machine makes or hides.
    pub rows: Vec<Compared>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass.
    pub reasons: Vec<String>,
}

/// Looking at a comparison before all its pairs have run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Looks {
    /// How many were planned.
    pub planned: u64,
    /// Which one decided; the last if none did.
    pub decided: u64,
    /// The rule that divides alpha.
    pub rule: String,
}

/// How a figure was compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum ComparedBy {
    /// All trials of an arm have the same value: there is no noise, and any difference is one.
    Counter,
    /// Pair by pair, by the exact sign-flip test.
    Paired,
    /// Two runs at different times: only a change beyond the drift between runs counts.
    Apart,
}

/// A figure of both.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Its name, as expectations write it.
    pub figure: Term<Figure>,
    /// How it was compared.
    pub way: ComparedBy,
    /// Values of the baseline by pair, of valid pairs: a time in nanoseconds, a share from 0 to 1, or a count.
    pub baseline: Vec<f64>,
    /// Values of the candidate.
    pub candidate: Vec<f64>,
    /// Whether effects are shares of the baseline's value; else they are differences in the figure's unit.
    pub relative: bool,
    /// Mean effect of the candidate.
    pub effect: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// p value of the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// p value after Holm, over all deciding figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<f64>,
    /// The smallest effect that these pairs would have shown, in four of five cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// The smallest effect that matters.
    pub smallest: f64,
    /// What is proven.
    pub change: Change,
    /// Why nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
