//! How much of the time an exporter of the SDK spent in exports, and how they ended.

use std::collections::BTreeMap;

use super::ScrapedPlace;
use super::exposition;
use super::names::{Metric, MetricPart, known};
use super::page;
use super::window::ScrapeWindow;

/// An exporter in the time that was looked at.
#[derive(Clone, PartialEq, Debug)]
pub struct ExporterUse {
    /// Whose.
    pub service: String,
    /// Which of its components.
    pub exporter: String,
    /// How long was looked at, seconds.
    pub over_s: f64,
    /// Seconds in exports, and of these in exports that failed; nothing where the page does not tell them apart.
    pub busy_s: f64,
    /// In exports that failed.
    pub failing_s: f64,
    /// Exports that ended.
    pub calls: f64,
    /// Spans whose export failed.
    pub failed_spans: f64,
    /// What exports ended with, and how often; most first, without those that went well.
    pub statuses: Vec<(String, f64)>,
    /// Exports that took no longer than a bound, by the bound in seconds; empty where the page has no buckets.
    pub buckets: Vec<(f64, f64)>,
}

impl ExporterUse {
    /// The share of the time in which its worker was in an export.
    pub fn busy(&self) -> f64 {
        self.busy_s / self.over_s
    }

    /// Exports that may have taken longer than so many seconds; absent where there are no buckets.
    pub fn longer_than(&self, seconds: f64) -> Option<f64> {
        (!self.buckets.is_empty()).then(|| {
            let within = self.buckets.iter().filter(|(bound, _)| *bound <= seconds);
            (self.calls - within.map(|(_, count)| *count).fold(0.0, f64::max)).max(0.0)
        })
    }
}

/// Spans that receivers of collectors refused in the time that was looked at, by service. Their clients send them again, or lose them.
pub fn refused(seen: &ScrapedPlace<'_>) -> Vec<(String, f64)> {
    let last = page::read(seen.last.text, seen.source);
    let before = seen.before.map(|(text, apart_s)| (page::read(text, seen.source), apart_s));
    let at_s = last.at_s.or(seen.last.at_s);
    let of = |(name, service): (&String, &page::ServiceSeries)| {
        let window = ScrapeWindow::new(name, service, before.as_ref(), at_s);
        (name.clone(), window.gained_in_all(Metric::CollectorRefused))
    };
    last.services.iter().map(of).filter(|(_, refused)| *refused > 0.0).collect()
}

/// The exporters of a place whose time is known.
pub fn exporter_uses(seen: &ScrapedPlace<'_>) -> Vec<ExporterUse> {
    let last = page::read(seen.last.text, seen.source);
    let before = seen.before.map(|(text, apart_s)| (page::read(text, seen.source), apart_s));
    let at_s = last.at_s.or(seen.last.at_s);
    let earlier = seen.before.map(|(text, _)| ends(text)).unwrap_or_default();
    let now = ends(seen.last.text);
    let mut out = Vec::new();
    for (name, service) in &last.services {
        let window = ScrapeWindow::new(name, service, before.as_ref(), at_s);
        let Some(over_s) = window.over_s.value().filter(|over| *over > 0.0) else { continue };
        for exporter in service.components(Metric::Exported) {
            let gained = |metric, part| window.gained(metric, part, exporter).unwrap_or_default();
            let (times, counts) =
                (gained(Metric::Duration, MetricPart::Sum), gained(Metric::Duration, MetricPart::Count));
            let (now, earlier) = (now.get(exporter), earlier.get(exporter));
            let gained_status = |(status, count): (&String, &f64)| {
                let before = earlier.and_then(|ends| ends.statuses.get(status)).copied().unwrap_or(0.0);
                (count - before > 0.0).then(|| (status.clone(), count - before))
            };
            let mut ended: Vec<(String, f64)> =
                now.iter().flat_map(|ends| &ends.statuses).filter_map(gained_status).collect();
            ended.sort_by(|a, b| b.1.total_cmp(&a.1));
            let bucket = |(bound, count): (&String, &f64)| {
                let before = earlier.and_then(|ends| ends.buckets.get(bound)).copied().unwrap_or(0.0);
                Some((bound.parse().ok().filter(|bound: &f64| bound.is_finite())?, count - before))
            };
            out.push(ExporterUse {
                service: name.clone(),
                exporter: exporter.to_owned(),
                over_s,
                busy_s: times.all(),
                failing_s: times.failed,
                calls: counts.all(),
                failed_spans: gained(Metric::Exported, MetricPart::Value).failed,
                statuses: ended,
                buckets: now.iter().flat_map(|ends| &ends.buckets).filter_map(bucket).collect(),
            });
        }
    }
    out
}

/// Statuses by which transports say that all went well.
const WELL: [&str; 3] = ["OK", "0", "200"];

/// What a page says of the exports of one exporter, since the start.
#[derive(Clone, Debug, Default)]
struct ExportEnds {
    /// Exports that did not go well by status, which says more than the type of a Go error.
    statuses: BTreeMap<String, f64>,
    /// Exports that took no longer than a bound, by its text.
    buckets: BTreeMap<String, f64>,
}

/// By exporter.
fn ends(text: &str) -> BTreeMap<String, ExportEnds> {
    let mut out: BTreeMap<String, ExportEnds> = BTreeMap::new();
    exposition::each(text, |sample| {
        let label = |names: &[&str]| names.iter().find_map(|name| sample.label(name)).map(str::to_owned);
        let Some(component) = label(&["otel_component_name", "otel.component.name"]) else { return };
        if !sample.value.is_finite() {
            return;
        }
        if let Some(bound) = bucket_of(&sample.name).then(|| label(&["le"])).flatten() {
            *out.entry(component).or_default().buckets.entry(bound).or_default() += sample.value;
            return;
        }
        let is_count = known(&sample.name)
            .is_some_and(|known| (known.metric, known.part) == (Metric::Duration, MetricPart::Count));
        let status = label(&STATUS).filter(|status| !WELL.contains(&status.as_str()));
        let status = status.or_else(|| label(&["error_type", "error.type"]));
        if let Some(status) = status.filter(|_| is_count) {
            *out.entry(component).or_default().statuses.entry(status).or_default() += sample.value;
        }
    });
    out
}

/// Labels that hold a status.
const STATUS: [&str; 5] = [
    "rpc_response_status_code",
    "rpc.response.status_code",
    "rpc_grpc_status_code",
    "http_response_status_code",
    "http.response.status_code",
];

/// Whether a metric is a bucket of the time of exports, in seconds.
fn bucket_of(name: &str) -> bool {
    name.strip_suffix(BUCKET).is_some_and(|stem| {
        known(&format!("{stem}_count")).is_some_and(|known| known.metric == Metric::Duration)
    })
}

/// How Prometheus calls buckets.
const BUCKET: &str = "_bucket";
