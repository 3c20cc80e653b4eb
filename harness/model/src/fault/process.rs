//! Faults of a process, from outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::{ByteSize, Period};

/// The process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Down {
    /// It is started again that long after its end, at the same address; absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<Period>,
    /// Of `terminate`: how long the stop may take before it is killed; absent: what `shutdown` says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace: Option<Period>,
}

/// It grows beyond a limit on its memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oom {
    /// What it may still take when the fault begins.
    pub limit: ByteSize,
    /// Live heap it grows by; above `limit`, so that the kernel must act.
    pub grow: ByteSize,
    /// It is started again that long after its end; absent: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<Period>,
}

/// A quota on CPU time.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Cores it may use, for example 0.25.
    pub quota: f64,
}

/// A process that spins beside it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Neighbour {
    /// Share of the time it wants, 0 to 1, on the service's first core.
    pub share: f64,
}
