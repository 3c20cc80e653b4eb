//! Where loss begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where loss begins on a line of places.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LossBegins {
    /// The configuration; empty for a line of all variants.
    pub configuration: String,
    /// What the places are.
    pub along: LossAlong,
    /// Its places, ascending.
    pub places: Vec<LossPlace>,
    /// Where its loss begins, as far as trials that count say so.
    pub begin: Begin,
    /// The worker behind it, by the means over its trials; absent where the capacity model does not speak of it, and on a line
    /// of shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<LineLaw>,
}

/// What lies along a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum LossAlong {
    /// Requests per second.
    Rate,
    /// Spans per second as a share of the ceiling of one worker.
    ShareOfCeiling,
}

/// A variant at one place of a line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LossPlace {
    /// Requests per second, or the share of the ceiling.
    pub at: f64,
    /// The variant.
    pub variant: String,
    /// Whether its conclusive trials lost spans; absent where there is none.
    pub lossy: Option<bool>,
}

/// Where loss begins.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// Nothing can be said.
    Unknown,
    /// Nothing is lost up to there.
    After(f64),
    /// Something is lost from there on, the lowest place there is.
    Before(f64),
    /// The last place without loss, and the first with one.
    Between(f64, f64),
    /// The first place with loss, and a higher one without.
    Mixed(f64, f64),
}

/// What the capacity model says along a line of rates.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineLaw {
    /// Spans per export.
    pub batch: u32,
    /// Length of the queue.
    pub queue: u32,
    /// What the worker exports per second.
    pub ceiling: f64,
    /// Spans of a request that reach it.
    pub per_request: f64,
    /// Length of the warm-up, seconds.
    pub warmup_s: f64,
    /// Length of the measured part, seconds.
    pub measured_s: f64,
}
