//! One span, explained: what every witness says of it, in order, and what decided its fate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::row::Standing;
use crate::fate::witness::Witness;
use crate::quantity::id::{SpanId, TraceId};

/// A span with all that is known of it. Times are milliseconds from the start of the load, to the microsecond; what came before
/// is negative.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Number of the trial.
    pub trial: u16,
    /// Its variant.
    pub variant: String,
    /// Trace id.
    pub trace_id: TraceId,
    /// Span id.
    pub span_id: SpanId,
    /// The service that made the span, as it calls itself; empty if it is not known.
    pub service: String,
    /// Name; empty if it is not known.
    pub name: String,
    /// Span kind by OTLP's name (`server`, `internal`, …).
    pub kind: String,
    /// Parent span id, if it has one.
    pub parent: Option<SpanId>,
    /// Request number, if it belongs to one.
    pub request: Option<u32>,
    /// Its fate, or `unexplained` or `unaccounted`.
    pub standing: Standing,
    /// What decided that, in one sentence with its numbers. It says only what a witness proves.
    pub verdict: String,
    /// When it was decided: at its receipt or at its loss.
    pub decided_ms: f64,
    /// What the witnesses say of it, by time.
    pub steps: Vec<ExplainStep>,
    /// The faults that acted when it was decided, or on the span itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ActingFault>,
    /// What became of it on each export path that it was offered to, where its process has several. The standing above is that
    /// of the path on which it fared worst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathStanding>,
}

/// What became of a span on one of several export paths.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PathStanding {
    /// The path, as in the ledger: `provider 1 · batch (queue 64) → otlp grpc`.
    pub path: String,
    /// The span's fate there, or `unexplained` or `unaccounted`.
    pub standing: Standing,
    /// When it was decided there: at its receipt or at its loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<f64>,
}

/// One thing that a witness says.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExplainStep {
    /// When.
    pub at_ms: f64,
    /// Who says so; absent for what the harness itself did or saw: faults, and the end of a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// What, for people.
    pub what: String,
    /// The export path that it is about, where its process has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A fault that acted when the fate of a span was decided.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ActingFault {
    /// Number in its variant.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// Name of its kind.
    pub kind: String,
    /// What it was put on.
    pub on: String,
    /// Its beginning; absent where it counts requests, so that nobody recorded a time.
    pub from_ms: Option<f64>,
    /// Its end; absent where the trial ended first or no time was recorded.
    pub to_ms: Option<f64>,
}
