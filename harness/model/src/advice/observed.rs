//! What metrics say of a process that exports spans, and what follows: a row per batch processor, or exporter of a collector.

use serde::Serialize;

use super::settings::BatchSettings;

/// A figure, or why there is none.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The figure.
    Value(f64),
    /// Why it is unknown.
    Unknown(String),
}

impl Known {
    /// The figure where it is known.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }

    /// Why it is unknown.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Unknown(why) => Some(why),
        }
    }
}

/// What has a queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueOwner {
    /// A batch processor of the SDK; its queue holds spans.
    Processor,
    /// An exporter of a collector.
    Collector,
}

/// What a queue counts in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueUnit {
    /// Spans: every batch processor of the SDK, and exporters of collectors with `sizer: items`.
    Spans,
    /// Requests: exporters of collectors by default.
    Requests,
    /// Bytes: exporters of collectors with `sizer: bytes`.
    Bytes,
    /// The metrics do not say it.
    Unknown,
}

/// How near a loss is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Too little is known.
    Unknown,
    /// The ceiling is above the margin and nothing was lost.
    Low,
    /// Little headroom, a queue more than half full, more taken than handed on, or spans lost before the time that was looked at. Where
    /// that time begins with the process: fewer than a hundredth of them lost in it.
    High,
    /// More is offered than can be exported, or spans were lost in the time that was looked at.
    Losing,
}

/// A batch processor, or an exporter of a collector, as its metrics show it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FleetRow {
    /// Whose: service or job, and instance; else where the metrics are from.
    pub service: String,
    /// Which of its components.
    pub component: String,
    /// What it is.
    pub kind: QueueOwner,
    /// The time that rates rest on, seconds.
    pub over_s: Known,
    /// Spans that reach it per second.
    pub spans_per_s: Known,
    /// Mean time of an export, seconds.
    pub export_s: Known,
    /// Spans per export: at most, where it was given; else their mean.
    pub batch: Known,
    /// What it can export per second.
    pub ceiling_per_s: Known,
    /// In the queue now.
    pub queued: Known,
    /// Length of the queue.
    pub queue: Known,
    /// What `queued` and `queue` count in.
    pub queue_unit: QueueUnit,
    /// Spans dropped since the process started because the queue was full.
    pub dropped: Known,
    /// Of these within the time that was looked at; absent where that is all the time since the start.
    pub dropped_lately: Option<f64>,
    /// Spans given up since the process started because their export failed, after all retries.
    pub given_up: Known,
    /// Of these within the time that was looked at; absent where that is all the time since the start.
    pub given_up_lately: Option<f64>,
    /// Spans per second that the receivers of the same collector accepted; of a processor it is not asked.
    pub accepted_per_s: Option<f64>,
    /// How near a loss is.
    pub risk: Risk,
    /// What to set, of a batch processor, where something is to be changed.
    pub set: Option<BatchSettings>,
    /// What to know or to do besides.
    pub notes: Vec<String>,
}

impl FleetRow {
    /// Spans lost since the process started, as far as it is known: for a full queue, and given up after failed exports.
    pub fn lost(&self) -> Option<f64> {
        match (self.dropped.value(), self.given_up.value()) {
            (None, None) => None,
            (dropped, given_up) => Some(dropped.unwrap_or(0.0) + given_up.unwrap_or(0.0)),
        }
    }

    /// Of these within the time that was looked at, where that is not all the time since the start.
    pub fn lost_lately(&self) -> Option<f64> {
        match (self.dropped_lately, self.given_up_lately) {
            (None, None) => None,
            (dropped, given_up) => Some(dropped.unwrap_or(0.0) + given_up.unwrap_or(0.0)),
        }
    }
}
