//! How a disturbance went through a trial: the queue over time, and when which series left its usual value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The queue of a batch processor over a whole trial, in steps of the same length. All lists have one entry per step.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct QueueCourse {
    /// Spans that the queue holds.
    pub room: u64,
    /// Begin of the first step, milliseconds from the start of the load.
    pub from_ms: f64,
    /// Length of a step, milliseconds.
    pub step_ms: f64,
    /// The most spans that waited in it in each step, by the replay.
    pub replayed: Vec<u64>,
    /// The same as the process saw it when it looked; absent in steps in which it did not look.
    pub seen: Vec<Option<u64>>,
    /// Spans that were dropped in each step, by the span ledger.
    pub dropped: Vec<u64>,
    /// The same by the replay.
    pub dropped_replayed: Vec<u64>,
}

/// A series that left its usual value.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SeriesOnset {
    /// Whose series it is.
    pub service: String,
    /// Which one.
    pub series: MovedSeries,
    /// When, milliseconds from the start of the load.
    pub at_ms: f64,
    /// Until when it stayed away, milliseconds from the start of the load.
    pub to_ms: f64,
    /// Its usual value: what the lowest tenth of it lies at. Milliseconds, or spans of a queue.
    pub usual: f64,
    /// The most it came to.
    pub most: f64,
}

/// What can be seen to move in a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum MovedSeries {
    /// Time that the receiver had a request before it answered, per call.
    AnswerTime,
    /// Time under way to the receiver and back, per call.
    NetworkTime,
    /// Time that making a message took, per call.
    SerialisingTime,
    /// Time that calls waited for a CPU.
    CpuWait,
    /// Time of calls that failed or were tried again, beyond that of others.
    FailingTime,
    /// Time of export calls that nobody took apart.
    ExportTime,
    /// Time from the start of a span of the service to its end, mean per tenth of a second.
    SpanTime,
    /// Spans in the queue: it began to fill, and did not empty before spans were dropped; or, where none were dropped, it was half full.
    Queue,
    /// Spans dropped because the queue was full.
    Drops,
}
