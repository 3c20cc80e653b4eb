//! The runtime's own trace beside the probes: the same events on the one clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One kind of event in a runtime/trace, and what the probes have of it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TraceMatch {
    /// The service.
    pub service: String,
    /// The event, as runtime/trace has it.
    pub event: String,
    /// The site of the probes; absent where they have no counterpart.
    pub site: Option<String>,
    /// Events in the trace, from its first to its last of this kind that both could see.
    pub in_trace: u64,
    /// Events of the probes in the same time.
    pub by_probes: u64,
    /// Pairs.
    pub matched: u64,
    /// Time in the trace less time of the probe, microseconds, over the pairs.
    pub offset: Option<Offset>,
}

/// A distribution of offsets, microseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Offset {
    /// Least.
    pub min: f64,
    /// 50 %.
    pub p50: f64,
    /// 99 %.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Slope of the offset over time by least squares, microseconds per second: what a clock that drifts would show.
    pub drift: f64,
}
