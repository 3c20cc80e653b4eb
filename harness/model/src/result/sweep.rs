//! What a sweep found, cell by cell: the data of a heat map, and which cells are worth choosing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::Axis;

/// A sweep, concluded.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SweepResult {
    /// Its axes, in the order of the file.
    pub axes: Vec<Axis>,
    /// Its cells that have a trial, in the plan's order.
    pub cells: Vec<Cell>,
}

/// A cell: one configuration of a sweep.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Name of its variant.
    pub variant: String,
    /// Its point on each axis.
    pub at: Vec<usize>,
    /// Trials that are valid for loss.
    pub trials: u64,
    /// Of these, trials that lost spans.
    pub lossy: u64,
    /// Mean loss rate; over the valid trials if there are any, else over all.
    pub loss: f64,
    /// Whether loss, response and memory rest on valid trials; the others are inconclusive.
    pub valid: bool,
    /// p99 of response times, milliseconds.
    pub response_p99: Option<f64>,
    /// p99 of the time from the creation of a span to its receipt, milliseconds.
    pub delay_p99: Option<f64>,
    /// Highest resident memory of the services, bytes.
    pub memory: u64,
    /// No other valid cell is at least as good in loss, response p99 and memory and better in one. Differences below the
    /// resolution of a trial (docs/glossary.md) count as none.
    pub pareto: bool,
}
