//! What the probes on one process saw.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::witness::WitnessState;
use crate::format::probe::LackingSite;
use crate::scenario::ebpf::EbpfMode;

/// The probes on one start of a service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProbeResult {
    /// The service.
    pub service: String,
    /// Which start of it.
    pub incarnation: u32,
    /// What they recorded.
    pub mode: EbpfMode,
    /// How the witness ended.
    pub state: WitnessState,
    /// Sites they sat on.
    pub sites: u32,
    /// Functions that the program does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What these functions would have told, and why they are not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<LackingSite>,
    /// The version whose struct offsets were used in place of an unknown one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Spans that prove that these offsets fit: their ids, read at two places, were the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<u64>,
    /// What the kernel said of a trap: `taken`, or why it refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<String>,
    /// Records that came.
    pub records: u64,
    /// Hits by site.
    pub hits: BTreeMap<String, u64>,
    /// Records that were lost on the way, by site; counted by the kernel side, so exact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<String, u64>,
    /// What the buffers themselves say they lost: perf buffers do, and they tell a loss only with a later record that found room.
    #[serde(default)]
    pub reported_lost: u64,
    /// Hits that neither came as a record nor were counted as lost, unreadable or sampled out; 0 unless something was shed.
    #[serde(default)]
    pub uncounted: u64,
    /// Where the first of them was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_lost: Option<FirstLost>,
    /// Sites whose first loss lies within 1 ms of a stop of the world.
    #[serde(default)]
    pub first_losses_in_stops: u64,
    /// Hits that sampling left out; counted, not recorded.
    #[serde(default)]
    pub sampled_out: u64,
    /// What was shed because it cost too much: milliseconds from the start of the load, and what was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shed: Option<(f64, EbpfMode)>,
    /// The batch processors that exported.
    pub processors: Vec<ProbedProcessor>,
    /// Garbage collections.
    pub gc_cycles: u64,
    /// Stop-the-world time, milliseconds.
    pub stopped_ms: f64,
}

/// The first record that was lost.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FirstLost {
    /// Of which site.
    pub site: String,
    /// Milliseconds from the start of the load.
    pub at_ms: f64,
    /// Which hit of the site on its CPU, from 1.
    pub hit: u64,
}

/// A batch processor, as the probes saw it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProbedProcessor {
    /// Length of its queue.
    pub queue: u32,
    /// Spans per export at most.
    pub batch: u32,
    /// Schedule delay, milliseconds.
    pub delay_ms: f64,
    /// Export timeout, milliseconds.
    pub timeout_ms: f64,
    /// It blocks where the queue is full.
    pub block: bool,
    /// Batches handed to its exporter.
    pub batches: u64,
    /// Of these, batches that came back with an error.
    pub failed: u64,
    /// Spans handed to its exporter.
    pub handed: u64,
    /// Spans dropped for a full queue, by its own counter (32 bits).
    pub dropped: u64,
    /// Mean time of an export, milliseconds.
    pub export_ms: Option<f64>,
    /// The last error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}
