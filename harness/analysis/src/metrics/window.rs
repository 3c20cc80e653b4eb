//! The time that rates rest on: between two pages, or since the start of the process.

use spanfate_model::advice::observed::Known;

use super::names::{Metric, MetricPart};
use super::page::{ComponentFigure, MetricsPage, ServiceSeries};

/// A service in the time that was looked at.
pub(super) struct ScrapeWindow<'a> {
    /// As it was at the end.
    pub(super) last: &'a ServiceSeries,
    /// As it was at the begin; absent where all since its start is looked at.
    first: Option<&'a ServiceSeries>,
    /// How long it is, seconds.
    pub(super) over_s: Known,
}

impl<'a> ScrapeWindow<'a> {
    pub(super) fn new(
        name: &str,
        last: &'a ServiceSeries,
        before: Option<&'a (MetricsPage, f64)>,
        at_s: Option<f64>,
    ) -> Self {
        let Some((page, apart_s)) = before else {
            return Self { last, first: None, over_s: since_start(last, at_s) };
        };
        let first = page.services.get(name);
        let over_s = match first {
            None => unknown("it is in the last page only"),
            Some(first) if began_anew(first, last) => {
                unknown("it was started anew between the two pages: look again")
            }
            Some(_) if *apart_s > 0.0 => Known::Value(*apart_s),
            Some(_) => unknown("the pages are of the same moment"),
        };
        Self { last, first, over_s }
    }

    /// Whether it lies between two pages.
    pub(super) const fn is_between(&self) -> bool {
        self.first.is_some()
    }

    /// What a counter gained.
    pub(super) fn gained(
        &self,
        metric: Metric,
        part: MetricPart,
        component: &str,
    ) -> Option<ComponentFigure> {
        let last = self.last.get(metric, part, component)?;
        let first = self.first.and_then(|first| first.get(metric, part, component)).unwrap_or_default();
        Some(ComponentFigure {
            well: last.well - first.well,
            failed: last.failed - first.failed,
            full: last.full - first.full,
        })
    }

    /// What a counter of all components together gained.
    pub(super) fn gained_in_all(&self, metric: Metric) -> f64 {
        self.last.total(metric) - self.first.map_or(0.0, |first| first.total(metric))
    }

    /// What a component's counter gained, where it lies between two pages of the same start: else that is all since the start.
    pub(super) fn lately(&self, gained: Option<f64>) -> Option<f64> {
        gained.filter(|_| self.is_between() && self.over_s.value().is_some())
    }

    /// A number per second, of what was gained.
    pub(super) fn per_s(&self, gained: f64) -> Known {
        match &self.over_s {
            Known::Value(seconds) => Known::Value(gained / seconds),
            Known::Unknown(why) => Known::Unknown(why.clone()),
        }
    }
}

/// Why a figure is unknown.
pub(super) fn unknown(why: &str) -> Known {
    Known::Unknown(why.to_owned())
}

/// What never goes down while a process runs.
const COUNTERS: [(Metric, MetricPart); 11] = [
    (Metric::Processed, MetricPart::Value),
    (Metric::Exported, MetricPart::Value),
    (Metric::Duration, MetricPart::Count),
    (Metric::CollectorSent, MetricPart::Value),
    (Metric::CollectorSendFailed, MetricPart::Value),
    (Metric::CollectorEnqueueFailed, MetricPart::Value),
    (Metric::CollectorBatch, MetricPart::Count),
    (Metric::CollectorAccepted, MetricPart::Value),
    (Metric::CollectorRefused, MetricPart::Value),
    (Metric::CollectorFailed, MetricPart::Value),
    (Metric::CollectorProcessorDropped, MetricPart::Value),
];

/// A counter that went down, another start, or counters that are all gone: what counted nothing since its start is on no page.
fn began_anew(first: &ServiceSeries, last: &ServiceSeries) -> bool {
    let other_start = first.started_s().zip(last.started_s()).is_some_and(|(a, b)| (a - b).abs() > 1.0);
    let fell = |metric, part, component: &str| {
        let gained = first.get(metric, part, component).zip(last.get(metric, part, component));
        gained.is_some_and(|(first, last)| {
            last.well < first.well || last.failed < first.failed || last.full < first.full
        })
    };
    let younger = first.uptime_s().zip(last.uptime_s()).is_some_and(|(first, last)| last < first);
    let counted = COUNTERS.iter().flat_map(|(metric, part)| {
        let of = first.components(*metric).map(move |component| (*metric, *part, component));
        of.filter(|(metric, part, one)| first.get(*metric, *part, one).is_some_and(|was| was.all() > 0.0))
    });
    let mut counted = counted.peekable();
    let forgot =
        counted.peek().is_some() && counted.all(|(metric, part, one)| last.get(metric, part, one).is_none());
    other_start
        || younger
        || forgot
        || COUNTERS
            .iter()
            .any(|(metric, part)| first.components(*metric).any(|component| fell(*metric, *part, component)))
}

fn since_start(last: &ServiceSeries, at_s: Option<f64>) -> Known {
    if let Some(uptime) = last.uptime_s() {
        return Known::Value(uptime);
    }
    match (last.started_s(), at_s) {
        (None, _) => unknown(
            "one page without process_start_time_seconds: give two pages of the same service and --apart, or its URL",
        ),
        (_, None) => unknown("nobody says when the page was taken: give --at"),
        (Some(start), Some(at)) if at > start => Known::Value(at - start),
        _ => unknown("the page is older than the start of its process: give --at"),
    }
}
