//! One service of a trial.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Loss, PathResult, ServiceEnd, ServiceExports};
use crate::exporter::Effective;

/// One service of a trial.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceResult {
    /// Its name.
    pub service: String,
    /// Hops between the load and it.
    pub depth: u16,
    /// Loss of its spans in the measured part, with the capacity model's prediction for it.
    pub loss: Loss,
    /// Its exports.
    pub exports: ServiceExports,
    /// What its SDK really used.
    pub effective: Option<Effective>,
    /// SDK version.
    pub sdk: String,
    /// How it ended, if it ended before it was asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by_itself: Option<String>,
    /// Its exit code, if it exited before it was asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How each of its starts ended; empty in results older than this, and where that was not seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<ServiceEnd>,
    /// What its environment told it about its telemetry, where it is a program of the user's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub telemetry: BTreeMap<String, String>,
    /// How often it was started.
    #[serde(default = "once")]
    pub starts: u32,
    /// Where its exporters send, if that was read and is not our receiver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
    /// What the rate of its sampler did, where that follows the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlFigures>,
    /// Its export paths, where it has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathResult>,
}

/// What the rate of a sampler that follows the load did in the measured part; figures are the worst over all changes of the load.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ControlFigures {
    /// Changes of the rate.
    pub changes: u64,
    /// From a change of the load to the last change of the rate before the next one, milliseconds.
    pub settling_ms: f64,
    /// How far the rate went beyond where it came to rest, as a share of its whole way.
    pub overshoot: f64,
    /// Changes in the other direction than the one before.
    pub reversals: u64,
    /// The rates, with what they were set by; the first is that of the start.
    pub rates: Vec<RateStep>,
}

/// A rate of a sampler, with the readings that made it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RateStep {
    /// Since the load began, milliseconds.
    pub at_ms: f64,
    /// Share of the traces that is kept.
    pub rate: f64,
    /// Share of the processor time that the process may use.
    pub cpu: f64,
    /// Share of its memory.
    pub memory: f64,
    /// Requests per second.
    pub requests: f64,
}

const fn once() -> u32 {
    1
}
