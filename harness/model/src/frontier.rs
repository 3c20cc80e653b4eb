//! What a search for the limit of a configuration found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that was tried.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The value: requests per second, or seconds of outage.
    pub value: f64,
    /// Trials that lost nothing.
    pub clean: u64,
    /// Trials that lost spans.
    pub lossy: u64,
    /// Trials that the machine spoilt.
    pub unusable: u64,
}

/// How a search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The frontier lies in the interval.
    Found,
    /// Nothing was lost up to the highest value that may be tried.
    AtLeast,
    /// Spans were lost at the lowest value that may be tried.
    Below,
    /// Above the interval's lower end the machine, not the configuration, was the limit.
    Machine,
    /// It was stopped before.
    #[default]
    Unfinished,
}

/// What a search found.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// The highest value without a loss below every loss.
    pub low: Option<f64>,
    /// The lowest value with a loss above every value without one.
    pub high: Option<f64>,
    /// How it ended.
    pub end: End,
    /// Every value that was tried, ascending.
    pub steps: Vec<Step>,
}
