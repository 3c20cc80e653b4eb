//! What is asked of a batch processor and its exporter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exporter::{Exporter, Protocol};

/// More spans per second than any process makes; a larger number is a mistake.
const MOST_PER_S: f64 = 1e9;
/// Longer than any answer is waited for, and any outage bridged by a queue: a week.
const MOST_S: f64 = 604_800.0;

/// What is asked of a batch processor and its exporter: lose nothing at this rate, through an outage of that length.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Demand {
    /// Spans that end per second.
    pub spans_per_s: f64,
    /// Time of an export, answer included, seconds.
    pub round_trip_s: f64,
    /// Spans of that export; matters only where `per_span_s` is known.
    pub round_trip_of: u32,
    /// How much longer an export takes per further span, seconds; unknown counts as 0.
    pub per_span_s: Option<f64>,
    /// How long the endpoint refuses or resets connections, seconds; 0 where no outage is to be survived.
    pub outage_s: f64,
    /// How the exporter talks to it.
    pub protocol: Protocol,
    /// Times at which there is more.
    pub burst: Option<Burst>,
    /// How long the queue shall outlast that no export ends although nothing is refused, seconds; 0 where nothing speaks for that.
    #[serde(default)]
    pub stall_s: f64,
}

/// A time of more spans.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Burst {
    /// Spans that end per second then.
    pub spans_per_s: f64,
    /// How long, seconds.
    pub lasting_s: f64,
}

impl Demand {
    /// What a configuration met that made so many spans per second, whose exports of so many spans took so many milliseconds, and
    /// whose longest outage was that many seconds long (`Fault::outage_s`).
    pub fn of(
        spans_per_s: f64,
        (export_ms, batch): (f64, u32),
        per_span_s: Option<f64>,
        exporter: &Exporter,
        outage_s: f64,
    ) -> Self {
        Self {
            spans_per_s,
            round_trip_s: export_ms / 1e3,
            round_trip_of: batch,
            per_span_s,
            outage_s,
            protocol: exporter.protocol.unwrap_or_default(),
            burst: None,
            stall_s: 0.0,
        }
    }

    /// Whether every number is one that can be.
    pub fn is_sound(&self) -> bool {
        let rate = |value: f64| value > 0.0 && value <= MOST_PER_S;
        let time = |value: f64| (0.0..=MOST_S).contains(&value);
        let burst = self.burst.is_none_or(|burst| rate(burst.spans_per_s) && time(burst.lasting_s));
        let trip = time(self.round_trip_s) && self.round_trip_s > 0.0;
        let waits = time(self.outage_s) && time(self.stall_s);
        rate(self.spans_per_s) && trip && self.per_span_s.is_none_or(time) && waits && burst
    }

    /// Time of an export of so many spans, seconds. Where a larger batch is known to take longer, a smaller one is not
    /// believed to be quicker than half of what was measured.
    pub fn export_s(&self, spans: u32) -> f64 {
        let further = f64::from(spans) - f64::from(self.round_trip_of);
        let longer = self.per_span_s.unwrap_or(0.0) * further;
        (self.round_trip_s + longer).max(self.round_trip_s / 2.0)
    }

    /// The same demand for so many times the rate: a margin.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let burst = self.burst.map(|burst| Burst { spans_per_s: burst.spans_per_s * factor, ..burst });
        Self { spans_per_s: self.spans_per_s * factor, burst, ..self }
    }

    /// Spans of a burst beyond the rate.
    pub(crate) fn extra(&self) -> f64 {
        let more = |burst: Burst| (burst.spans_per_s - self.spans_per_s).max(0.0) * burst.lasting_s;
        self.burst.map_or(0.0, more)
    }
}
