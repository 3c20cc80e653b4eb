//! What `spanfate peek --metrics` sees of a collector that runs, by its pages.

use serde::Serialize;

use crate::advice::observed::FleetRow;

/// How an exporter fares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectorHealth {
    /// It loses spans, or its collector does.
    Losing,
    /// More comes to its queue than leaves it, or it is more than half full.
    Filling,
    /// Nothing was lost, and its queue holds little.
    Sound,
    /// The pages do not say it.
    Unknown,
}

/// What a queue held, in what it counts.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct QueueRange {
    /// At the first look.
    pub first: f64,
    /// At the last look.
    pub last: f64,
    /// The least of all looks.
    pub least: f64,
    /// The most of all looks.
    pub most: f64,
}

/// A setting that would help.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HelpfulSetting {
    /// Its keys below the exporter, with dots between them.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Why.
    pub why: String,
}

/// An exporter of a collector that was looked at.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CollectorPeek {
    /// What its pages say.
    pub row: FleetRow,
    /// How often it was looked at.
    pub looks: u64,
    /// What its queue held; absent where no gauge is there.
    pub queue: Option<QueueRange>,
    /// Requests under way at the same time, on average and at most; absent where the collector does not count them.
    pub under_way: Option<(f64, f64)>,
    /// Spans that it sent per second; absent where no rate is known.
    pub sent_per_s: Option<f64>,
    /// How it fares.
    pub health: CollectorHealth,
    /// When its queue is full if it goes on like that, seconds from the last look.
    pub full_in_s: Option<f64>,
    /// What to set.
    pub set: Vec<HelpfulSetting>,
}
