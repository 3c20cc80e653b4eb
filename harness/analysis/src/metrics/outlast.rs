//! How long a collector's queue lasts, where it is known what it counts in.

use spanfate_model::advice::observed::{FleetRow, QueueUnit};

use super::names::{Metric, MetricPart};
use super::window::ScrapeWindow;

/// Seconds until the queue is full without any export, at the rate that was seen; `None` where what it counts in, or how many spans
/// that is, nobody says.
pub(super) fn queue_outlasts_s(row: &FleetRow, window: &ScrapeWindow<'_>) -> Option<f64> {
    let rate = row.spans_per_s.value().filter(|rate| *rate > 0.0)?;
    let left = (row.queue.value()? - row.queued.value()?).max(0.0);
    let spans = match row.queue_unit {
        QueueUnit::Unknown => return None,
        QueueUnit::Spans => left,
        QueueUnit::Requests => left * mean(row, window, PER_REQUEST, MetricPart::Count)?,
        QueueUnit::Bytes => left * bytes(row, window)?,
    };
    Some(spans / rate)
}

/// Whether a sum over all signals is that of spans alone.
pub(super) fn is_of_spans_alone(sum: f64, spans: f64) -> bool {
    (sum - spans).abs() <= 0.05 * spans
}

/// Histograms of spans per request as they go into a queue. What leaves it may be of several requests.
const PER_REQUEST: [Metric; 2] = [Metric::CollectorEnqueued, Metric::CollectorProcessorBatch];
/// Histograms of spans and bytes of the same requests.
const BYTES: [(Metric, Metric); 3] = [
    (Metric::CollectorEnqueued, Metric::CollectorEnqueuedBytes),
    (Metric::CollectorBatch, Metric::CollectorBatchBytes),
    (Metric::CollectorProcessorBatch, Metric::CollectorProcessorBatchBytes),
];

/// Spans per request, by the first histogram that has spans alone.
fn mean(row: &FleetRow, window: &ScrapeWindow<'_>, of: [Metric; 2], part: MetricPart) -> Option<f64> {
    of.into_iter().find_map(|metric| {
        let count = sum(row, window, metric, part).filter(|count| *count > 0.0)?;
        Some(spans(row, window, metric)? / count)
    })
}

/// Spans per byte.
fn bytes(row: &FleetRow, window: &ScrapeWindow<'_>) -> Option<f64> {
    BYTES.into_iter().find_map(|(of_spans, of_bytes)| {
        let bytes = sum(row, window, of_bytes, MetricPart::Sum).filter(|bytes| *bytes > 0.0)?;
        Some(spans(row, window, of_spans)? / bytes)
    })
}

/// The sum of a histogram of spans since the start, where no other signal is in it.
fn spans(row: &FleetRow, window: &ScrapeWindow<'_>, metric: Metric) -> Option<f64> {
    let in_all = |metric| sum(row, window, metric, MetricPart::Value).unwrap_or(0.0);
    let met = in_all(Metric::CollectorSent)
        + in_all(Metric::CollectorSendFailed)
        + if metric == Metric::CollectorBatch { 0.0 } else { in_all(Metric::CollectorEnqueueFailed) };
    sum(row, window, metric, MetricPart::Sum).filter(|sum| is_of_spans_alone(*sum, met))
}

/// A figure since the start: of the exporter, or of the one processor that batches before it.
fn sum(row: &FleetRow, window: &ScrapeWindow<'_>, metric: Metric, part: MetricPart) -> Option<f64> {
    let mut components = window.last.components(metric);
    let component = match metric {
        Metric::CollectorProcessorBatch | Metric::CollectorProcessorBatchBytes => {
            let first = components.next()?;
            components.all(|other| other == first).then_some(first)?
        }
        _ => row.component.as_str(),
    };
    window.last.get(metric, part, component).map(|of| of.all())
}
