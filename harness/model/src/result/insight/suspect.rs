//! What is to blame for lost spans: a service and a cause, how sure that is, and how it came about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cause::NamedCause;

/// A cause of lost spans, and the service where it acted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// The service: of a slow or failing export the one that exports, of a burst the one that stood still; of a loss in a collector the
    /// name of its hop.
    pub service: String,
    /// What happened.
    pub cause: NamedCause,
    /// Its share of all lost spans of the measured part, 0 to 1.
    pub share: f64,
    /// The share of the lost spans that its cause explains at any service, less where a replay is off or only few spans were lost, 0 to
    /// 1. Confidence is read off from it.
    pub evidence: f64,
    /// In so many of the cases with as much evidence the first cause was the right one, 0 to 1 (docs/why.md).
    pub confidence: f64,
    /// The replay's free run lies so far from the trial that shares are rough.
    #[serde(default)]
    pub rough: bool,
    /// How it came about, in the order of time; of the trial in which it cost most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<DisturbedHop>,
}

/// A step of the way from a cause to a loss.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DisturbedHop {
    /// Where: a service, a collector's hop, or `receiver`.
    pub service: String,
    /// What.
    pub event: HopEvent,
    /// When, milliseconds from the start of the load.
    pub at_ms: f64,
}

/// What happened at a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum HopEvent {
    /// The cause began to act: the first call, or the first request, that it held up before spans were lost.
    Began,
    /// The queue was full: the first span was dropped.
    QueueFull,
    /// The first span was lost elsewhere, to a quarter of a second.
    Lost,
}

/// Below this confidence a first cause is not named: the answer is that it is unknown.
pub const UNKNOWN_BELOW: f64 = 0.5;

/// The first cause of a list, if it is sure enough to be named.
pub fn named(suspects: &[Suspect]) -> Option<&Suspect> {
    suspects.first().filter(|first| first.confidence >= UNKNOWN_BELOW)
}
