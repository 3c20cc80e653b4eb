//! Configurations to choose from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a configuration costs.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Loss rate, 0 to 1.
    pub loss: f64,
    /// p99 of response times, milliseconds.
    pub response_ms: f64,
    /// Highest resident memory of the services, bytes.
    pub memory: f64,
}

/// A configuration.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// What it costs at its worst; absent where it cannot be judged.
    pub cost: Option<Cost>,
    /// p99 of the time from creation to receipt at its worst, milliseconds.
    pub delay_ms: Option<f64>,
    /// Trials that its loss rests on, where they are fewest; 0: not known.
    #[serde(default)]
    pub trials: u64,
    /// Whether it is on the Pareto front: no other is at least as good in loss, response time and memory, and better in
    /// one.
    pub best: bool,
}

/// The configurations to choose from. Places are those in `candidates`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// The configurations, in the plan's order.
    pub candidates: Vec<Candidate>,
    /// What changes under a configuration, where a sweep varies more than what one chooses: each is taken at its worst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<String>,
    /// Conditions that are left out, because not every configuration could be judged under them.
    pub skipped: usize,
    /// Variants that ran under other conditions.
    pub others: usize,
    /// One of those that lose, where others ran under other conditions: it stands for the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Of those that lose nothing the one with least memory, then the shortest response time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheapest: Option<usize>,
    /// Of those that lose nothing the one with the shortest response time, where that is shorter than the cheapest's by more than
    /// a trial cannot tell apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fastest: Option<usize>,
    /// Where all that can be judged lose: the one that loses least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<usize>,
}

impl Selection {
    /// A candidate by its place.
    pub fn at(&self, place: Option<usize>) -> Option<&Candidate> {
        self.candidates.get(place?)
    }
}
