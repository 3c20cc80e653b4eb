//! Export calls of a service, or of one of its export paths.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Export calls of one service, as its exporter wrapper saw them.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceExports {
    /// Calls.
    pub calls: u64,
    /// Calls that returned an error.
    pub failed: u64,
    /// Calls without a result.
    pub unfinished: u64,
    /// Mean time of a call with a full batch, milliseconds.
    pub full_batch_ms: Option<f64>,
    /// Mean spans per call.
    pub spans_per_call: f64,
    /// Time of the longest call that had a result, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<f64>,
}
