//! What goes into a collector against what comes out of it. A queue that is kept on disk may grow while its gauge stands still.

use spanfate_model::advice::observed::{FleetRow, Known, QueueOwner, QueueUnit, Risk};

use super::names::{Metric, MetricPart};
use super::risk::by_share;
use super::thousands::whole;
use super::window::{ScrapeWindow, unknown};

/// From this share of what was accepted on, what did not come out counts.
const HELD_SHARE: f64 = 0.05;

/// Spans of a whole collector in the time that was looked at.
pub(super) struct CollectorFlow {
    /// Handed on by receivers; absent where no receiver counts.
    accepted: Option<f64>,
    /// Sent by exporters, given up, or without room in a queue.
    out: f64,
    /// The most that one exporter was done with.
    most_out: f64,
    /// Taken out by processors.
    removed: f64,
    /// Whether a sampler takes spans out that nobody counts as spans.
    samples: bool,
    /// Refused to clients since the start, as often as they sent them.
    refused: f64,
    refused_lately: Option<f64>,
    /// Accepted since the start.
    accepted_in_all: f64,
    /// Thrown away by processors since the start.
    thrown_away: f64,
    thrown_away_lately: Option<f64>,
    between_pages: bool,
}

/// The most that one exporter was done with.
fn most_out(window: &ScrapeWindow<'_>, metrics: [Metric; 3]) -> f64 {
    let done = |component: &str| -> f64 {
        let gained = |metric| window.gained(metric, MetricPart::Value, component).map_or(0.0, |of| of.all());
        metrics.into_iter().map(gained).sum()
    };
    window.last.components(Metric::CollectorSent).map(done).fold(0.0, f64::max)
}

impl CollectorFlow {
    pub(super) fn of(window: &ScrapeWindow<'_>) -> Self {
        let total = |metric| window.last.total(metric);
        let gained = |metric| window.gained_in_all(metric);
        let counts = window.last.components(Metric::CollectorAccepted).next().is_some()
            && (window.over_s.value().is_some() || !window.is_between());
        let out = [Metric::CollectorSent, Metric::CollectorSendFailed, Metric::CollectorEnqueueFailed];
        let thrown_away = gained(Metric::CollectorProcessorDropped);
        let filtered = gained(Metric::CollectorProcessorIn) - gained(Metric::CollectorProcessorOut);
        let refused = gained(Metric::CollectorRefused) + gained(Metric::CollectorFailed);
        Self {
            accepted: counts.then(|| gained(Metric::CollectorAccepted)),
            out: out.into_iter().map(gained).sum(),
            most_out: most_out(window, out),
            removed: filtered.max(thrown_away).max(0.0),
            samples: window.last.components(Metric::CollectorSampler).next().is_some(),
            refused: total(Metric::CollectorRefused) + total(Metric::CollectorFailed),
            refused_lately: window.lately(Some(refused)),
            accepted_in_all: total(Metric::CollectorAccepted),
            thrown_away: total(Metric::CollectorProcessorDropped),
            thrown_away_lately: window.lately(Some(thrown_away)),
            between_pages: window.lately(Some(0.0)).is_some(),
        }
    }

    /// Whether any span came to it.
    pub(super) const fn has_spans(&self) -> bool {
        self.accepted_in_all > 0.0 || self.refused > 0.0
    }

    /// What receivers accepted, per second.
    pub(super) fn accepted_per_s(&self, window: &ScrapeWindow<'_>) -> Option<f64> {
        self.accepted.and_then(|accepted| window.per_s(accepted).value())
    }

    /// What went in and neither came out nor was taken out by a processor, where it is more than a collector always holds.
    fn held(&self) -> Option<f64> {
        let accepted = self.accepted?;
        let held = accepted - self.removed - self.out;
        (held > HELD_SHARE * accepted && held > 0.0).then_some(held)
    }

    /// Whether one exporter is done with all that was accepted, and this one with less: it is behind, or is given less.
    pub(super) fn lags(&self, done: f64) -> bool {
        let accepted = self.accepted.unwrap_or(0.0) - self.removed;
        let short = (1.0 - HELD_SHARE) * accepted;
        accepted > 0.0 && self.most_out >= short && done < short
    }

    /// The risk that all its exporters share.
    pub(super) fn risk(&self) -> Option<Risk> {
        let refused = by_share(self.refused_lately, self.refused, self.accepted_in_all + self.refused);
        let thrown = by_share(self.thrown_away_lately, self.thrown_away, self.accepted_in_all);
        let held = self.held().filter(|_| !self.samples).map(|_| Risk::High);
        [refused, thrown, held].into_iter().flatten().max()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let (Some(accepted), Some(held)) = (self.accepted, self.held()) {
            let when = if self.between_pages { "between the pages" } else { "since the start" };
            let why = if self.samples { "were sampled out, or wait" } else { "wait" };
            out.push(format!(
                "its receivers accepted {} spans {when}, its exporters were done with {}: {} {why} in a queue (one on disk may grow while \
                 its gauge stands still), or went where no metric counts",
                whole(accepted),
                whole(self.out),
                whole(held)
            ));
        }
        if self.refused > 0.0 {
            out.push(format!(
                "its receivers refused {} spans in all, as often as clients sent them: clients were told, and lose what they do not \
                 send again",
                whole(self.refused)
            ));
        }
        if self.thrown_away > 0.0 {
            out.push(format!(
                "its processors threw {} spans away (processor_dropped)",
                whole(self.thrown_away)
            ));
        }
        out
    }

    /// A row for receivers whose spans no exporter counts.
    pub(super) fn receivers(&self, name: &str, window: &ScrapeWindow<'_>) -> FleetRow {
        let why = "no otelcol_exporter_* metric of spans is there: nothing was sent, or its pipelines end in connectors";
        FleetRow {
            service: name.to_owned(),
            component: "receivers".to_owned(),
            kind: QueueOwner::Collector,
            over_s: window.over_s.clone(),
            spans_per_s: window.per_s(self.accepted.unwrap_or(0.0)),
            export_s: unknown(why),
            batch: unknown(why),
            ceiling_per_s: unknown(why),
            queued: unknown(why),
            queue: unknown(why),
            queue_unit: QueueUnit::Unknown,
            dropped: Known::Value(0.0),
            dropped_lately: None,
            given_up: unknown(why),
            given_up_lately: None,
            accepted_per_s: self.accepted_per_s(window),
            risk: self.risk().unwrap_or(Risk::Unknown),
            set: None,
            notes: self.notes(),
        }
    }
}
