//! What became of spans at the storage engine at the end of a path, and in which traces it differs from the receiver.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::Fate;
use crate::quantity::id::TraceId;

/// Most traces that are shown as examples.
pub const SHOWN_TRACES: usize = 5;

/// A storage engine at the end of a path, over all its starts in a trial. Spans are counted by their ids, each once.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EngineResult {
    /// Its name.
    pub name: String,
    /// There was no receiver beside it: what it showed is all that arrived.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// How often it was started.
    pub starts: u64,
    /// How its starts ended, in order, in words.
    pub ends: Vec<String>,
    /// Spans that came to it.
    pub came: u64,
    /// Of these, spans of which its client was told that they were taken.
    pub accepted: u64,
    /// Of those that came, spans that it refused to the last.
    pub refused: u64,
    /// Of those that came, spans whose requests had no answer of it.
    pub unanswered: u64,
    /// Of the accepted ones, spans that it showed when it was read back.
    pub shown: u64,
    /// Spans that it showed and of which no client was told that they were taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shown_unasked: u64,
    /// Of the accepted ones, spans that it did not show, by how they were lost.
    pub lost: BTreeMap<Fate, u64>,
    /// When the first span came that was lost in it, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_from_ms: Option<f64>,
    /// When it first refused a request or left it unanswered, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_from_ms: Option<f64>,
    /// Pages of its query API that were read.
    pub pages: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Why it was not read to the end; absent: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// In which traces it and the receiver differ; absent where it stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<EngineDifference>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// In which traces the engine and the receiver differ.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EngineDifference {
    /// Traces of which both have the same spans, at least one.
    pub same: u64,
    /// Traces of which one has a span that the other has not.
    pub traces: u64,
    /// Spans that the receiver has and the engine has not, by their fate on the way to the engine.
    pub missing_in_engine: BTreeMap<Fate, u64>,
    /// Spans that the engine has and the receiver has not, by their fate on the way to the receiver.
    pub missing_in_receiver: BTreeMap<Fate, u64>,
    /// Spans of which one has another number of copies than the other.
    pub copies: u64,
    /// When the first span was created that only one of them has, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<f64>,
    /// The first of these traces, by when their first such span was created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<DifferingTrace>,
}

/// A trace in which they differ.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct DifferingTrace {
    /// Its id.
    pub trace_id: TraceId,
    /// When its first span was created that only one of them has, milliseconds from the start of the load.
    pub from_ms: f64,
    /// Spans that only the receiver has.
    pub missing_in_engine: u64,
    /// Spans that only the engine has.
    pub missing_in_receiver: u64,
    /// What became of the first of them where it is missing.
    pub fate: Option<Fate>,
}

impl EngineResult {
    /// Spans that were lost in it.
    pub fn lost_in_all(&self) -> u64 {
        self.lost.values().sum()
    }
}
