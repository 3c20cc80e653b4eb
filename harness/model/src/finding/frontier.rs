//! What a search for the limit of a configuration found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that was tried.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TriedValue {
    /// The value: requests per second, or seconds of outage.
    pub value: f64,
    /// Trials that lost nothing.
    pub clean: u64,
    /// Trials that lost spans.
    pub lossy: u64,
    /// Trials that are not valid because of the machine.
    pub unusable: u64,
}

/// How a search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum SearchEnd {
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
pub struct FrontierFound {
    /// The highest value without a loss below every loss.
    pub low: Option<f64>,
    /// The lowest value with a loss above every value without one.
    pub high: Option<f64>,
    /// How it ended.
    pub end: SearchEnd,
    /// Every value that was tried, ascending.
    pub steps: Vec<TriedValue>,
}

/// What is varied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Along {
    /// Requests per second.
    Rate,
    /// Length of the first fault, seconds.
    Outage,
}

/// `frontier.json`: the limit of each configuration of a scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Frontier {
    /// Version of the format.
    pub format: String,
    /// Name of the scenario.
    pub scenario: String,
    /// What was varied.
    pub along: Along,
    /// Length of a trial's load, warm-up included, seconds: what a queue can buffer counts against it.
    pub seconds: f64,
    /// Trials that a value needs, to count as one without loss.
    pub repeats: u64,
    /// The configurations, in the order of the file.
    pub variants: Vec<VariantFrontier>,
    /// Runs of the scenario with the settings that the capacity model advises for it; the last one is the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<Verified>,
    /// Why it ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
}

/// A run with advised settings, under the scenario's own load and faults.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Spans per export.
    pub batch: u32,
    /// Length of the queue.
    pub queue: u32,
    /// What was set of the collectors in the path; none where that stayed as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<SetHop>,
    /// Trials that lost nothing.
    pub clean: u64,
    /// Trials that lost spans.
    pub lossy: u64,
    /// Trials that are not valid because of the machine.
    pub unusable: u64,
    /// Spans created in all of them.
    pub created: u64,
    /// Spans lost.
    pub lost: u64,
}

/// What was set of a collector for a run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SetHop {
    /// Its name.
    pub hop: String,
    /// Settings of its exporter that were otherwise: `sending_queue.queue_size: 40`.
    pub set: Vec<String>,
}

/// A collector in the path as the search's trials measured it, and the capacity model's word on its limit.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopLimit {
    /// Its name.
    pub hop: String,
    /// Spans that its queue holds at the scenario's own rate.
    pub room: f64,
    /// Requests at the same time.
    pub consumers: u64,
    /// Spans of a request that it sends at that rate.
    pub sent: f64,
    /// Mean time from its request to the answer, milliseconds.
    pub answer_ms: f64,
    /// What its consumers can send for ever, spans per second.
    pub ceiling: f64,
    /// The predicted limit in what was varied: the highest rate (requests per second) without a loss within a trial, or the longest time
    /// without an answer (seconds) that its queue outlasts.
    pub predicted: f64,
}

/// The limit of one configuration.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct VariantFrontier {
    /// Name of the variant.
    pub variant: String,
    /// What was found.
    pub found: FrontierFound,
    /// Spans that a request makes.
    pub spans_per_request: f64,
    /// What the capacity model says beside it; absent for a processor that blocks, or without a full batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<Lawful>,
    /// The collectors in the path that the project configures, in order: the limit is the lowest of theirs and the law's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<HopLimit>,
}

/// The capacity model's word on a limit.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Lawful {
    /// Spans per export.
    pub batch: u32,
    /// Length of the queue.
    pub queue: u32,
    /// Mean time of an export of a full batch, milliseconds, measured in the search's trials.
    pub export_ms: f64,
    /// What the worker can export for ever, spans per second: batch over export time.
    pub ceiling: f64,
    /// The predicted limit in what was varied: the highest rate (requests per second) without a loss within a trial, or the
    /// longest time without an export (seconds) that the queue outlasts.
    pub predicted: f64,
}
