//! One export path of a service, where it has several: provider, processor, exporter, and what was lost on it.

mod engine;
mod hop;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::engine::{DifferingTrace, EngineDifference, EngineResult, SHOWN_TRACES};
pub use self::hop::{HopAdvised, HopCounters, HopEndResult, HopResult, HopSent, TapCost};
use super::{Loss, ServiceExports};
use crate::exporter::Effective;

/// How a path takes spans up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// The SDK's batch processor: a queue and one worker.
    #[default]
    Batch,
    /// The SDK's simple processor: `End()` exports, one span at a time.
    Simple,
    /// A span processor of the program's own that calls an exporter.
    Other,
}

/// An export path of one start of a service.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PathResult {
    /// Its name, as in the ledger: `provider 1 · batch (queue 64) → otlp grpc`.
    pub path: String,
    /// Which start of the service.
    pub incarnation: u32,
    /// Number of its tracer provider in the order of their first spans, from 1.
    pub provider: u32,
    /// How it takes spans up.
    pub kind: PathKind,
    /// Go types of the span processors in front of it that hand spans on to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<String>,
    /// Its exporter: `otlp grpc`, `otlp http`, or the Go function that was called; empty if none was seen.
    pub exporter: String,
    /// Where it sends, if that was read and is not our receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What its processor is set to; absent for one without a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
    /// Loss in the measured part of the spans that were offered to it, with the capacity model's prediction for it.
    pub loss: Loss,
    /// Its export calls.
    pub exports: ServiceExports,
    /// Failed calls by what their error says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed_by: BTreeMap<String, u64>,
    /// Spans dropped for a full queue, over the whole trial.
    pub dropped: u64,
    /// The same by the processor's own counter, as it was seen last (32 bits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_by_sdk: Option<u64>,
    /// When its shutdown began, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown_ms: Option<f64>,
}
