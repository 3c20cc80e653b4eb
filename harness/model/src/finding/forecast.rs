//! When a batch processor will drop its first span, as its looks until now tell.

use serde::Serialize;

/// What one look at a batch processor says of the time since the look before.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct ForecastLook {
    /// When, seconds from the first look.
    pub at_s: f64,
    /// Spans that came per second since the look before.
    pub spans_per_s: f64,
    /// Mean time of an export since then, seconds.
    pub export_s: f64,
    /// Spans per export.
    pub batch: f64,
    /// In the queue now.
    pub queued: f64,
    /// What the queue holds.
    pub room: f64,
    /// Spans dropped since the look before.
    pub dropped: f64,
}

/// What is to be expected of a batch processor.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DropForecast {
    /// Whose.
    pub service: String,
    /// Which of its components.
    pub component: String,
    /// Looks that it rests on.
    pub looks: usize,
    /// The share of its worker's time that exports of all that comes would take, now; from 1 on the queue fills. Absent where too little
    /// is known.
    pub load: Option<f64>,
    /// What is to be expected.
    pub outlook: DropOutlook,
}

/// What is to be expected.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropOutlook {
    /// Too few looks, or no export ended.
    TooLittle,
    /// Spans were dropped since the look before.
    Drops,
    /// If it goes on as it does, the first span is dropped so many seconds after the last look.
    DropsIn {
        /// By the best line through the looks.
        seconds: f64,
        /// With the steepest line that the looks allow, and as much above it as loads come to at most.
        from_s: f64,
        /// With the flattest and below it; absent where that never gets there.
        to_s: Option<f64>,
    },
    /// Nothing in the looks leads to a drop in as long as they can tell.
    NotInSight {
        /// How far they can tell, seconds after the last look.
        within_s: f64,
    },
}
