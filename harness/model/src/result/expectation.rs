//! An expectation, judged, and what its verdict stands on where the machine was disturbed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::expect::Condition;
use crate::term::Term;
use crate::verdict::Verdict;

/// What a verdict stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Footing {
    /// Trials that are valid for the figure; an inconclusive verdict has none.
    #[default]
    Valid,
    /// No trial is valid for the figure, and the books prove that disturbance neither made nor hid what was counted.
    Proven,
    /// No trial is valid for the figure, and disturbance could only have moved the value the other way.
    Conservative,
    /// It cannot be said: what counts is how many spans are lost where nobody takes time from the service, and nothing here proves
    /// that.
    NeedsReplay,
}

impl Footing {
    /// Whether the verdict is the usual one; results of older versions hold no other.
    pub const fn is_usual(&self) -> bool {
        matches!(self, Self::Valid)
    }
}

/// An expectation, judged on one variant.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// The condition.
    pub that: Term<Condition>,
    /// The variant.
    pub variant: String,
    /// The value per trial that it is judged on: the valid ones; where there is none, those whose disturbance has a known direction.
    pub values: Vec<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, if it is not a pass.
    pub reason: Option<String>,
    /// What the verdict stands on.
    #[serde(default, skip_serializing_if = "Footing::is_usual")]
    pub footing: Footing,
}
