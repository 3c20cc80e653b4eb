//! Names of metrics, which every exporter of metrics writes in its own way: with dots or underscores, with and without suffixes
//! for the type and the unit.

use spanfate_model::advice::observed::QueueUnit;

/// A metric that something follows from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Metric {
    /// Spans in the queue of a batch processor.
    QueueSize,
    /// Its length.
    QueueCapacity,
    /// Spans handed to the exporter, or dropped (`error.type` is `queue_full`).
    Processed,
    /// Spans whose export ended.
    Exported,
    /// Time of exports.
    Duration,
    /// What is in the queue of a collector's exporter: requests, spans or bytes.
    CollectorQueueSize,
    /// Its length.
    CollectorQueueCapacity,
    /// What its queue counts in, as a label says.
    CollectorQueueSizer,
    /// Spans per request that is put into it.
    CollectorEnqueued,
    /// Bytes of these.
    CollectorEnqueuedBytes,
    /// Spans per request that leaves it.
    CollectorBatch,
    /// Bytes of these.
    CollectorBatchBytes,
    /// Requests under way.
    CollectorInFlight,
    /// Spans sent.
    CollectorSent,
    /// Spans given up after retries.
    CollectorSendFailed,
    /// Spans that its queue had no room for.
    CollectorEnqueueFailed,
    /// Spans that a receiver handed on.
    CollectorAccepted,
    /// Spans that a receiver refused, each as often as a client sent it.
    CollectorRefused,
    /// Spans that a receiver could not hand on by a fault of its own.
    CollectorFailed,
    /// Spans that a batch processor handed on per request.
    CollectorProcessorBatch,
    /// Bytes of these.
    CollectorProcessorBatchBytes,
    /// What a processor was given.
    CollectorProcessorIn,
    /// What it handed on.
    CollectorProcessorOut,
    /// Spans that a processor threw away.
    CollectorProcessorDropped,
    /// Traces that a sampler of the collector decided on.
    CollectorSampler,
    /// When the process started, seconds since 1970.
    ProcessStart,
    /// For how long the process has run, seconds.
    Uptime,
    /// What a page says of the process it is of.
    TargetInfo,
}

/// Part of a histogram; a plain number is `Value`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum MetricPart {
    Value,
    Sum,
    Count,
}

/// Names that are always whole but for suffixes.
const WHOLE: [(&str, Metric); 2] =
    [("process_start_time", Metric::ProcessStart), ("target_info", Metric::TargetInfo)];
/// Names without suffixes, with what they are and whether they are histograms. Any prefix may stand before them: collectors write
/// `otelcol_` by default, another or none where that was set, and exporters of metrics put a namespace there.
const NAMES: [(&str, Metric, bool); 29] = [
    ("otel_sdk_processor_span_queue_size", Metric::QueueSize, false),
    ("otel_sdk_processor_span_queue_capacity", Metric::QueueCapacity, false),
    ("otel_sdk_processor_span_processed", Metric::Processed, false),
    ("otel_sdk_exporter_span_exported", Metric::Exported, false),
    ("otel_sdk_exporter_operation_duration", Metric::Duration, true),
    ("exporter_queue_size", Metric::CollectorQueueSize, false),
    ("exporter_queue_capacity", Metric::CollectorQueueCapacity, false),
    ("exporter_queue_config", Metric::CollectorQueueSizer, false),
    ("exporter_queue_info", Metric::CollectorQueueSizer, false),
    ("exporter_enqueue_size", Metric::CollectorEnqueued, true),
    ("exporter_enqueue_size_bytes", Metric::CollectorEnqueuedBytes, true),
    ("exporter_queue_batch_send_size", Metric::CollectorBatch, true),
    ("exporter_queue_batch_send_size_bytes", Metric::CollectorBatchBytes, true),
    ("exporter_in_flight_requests", Metric::CollectorInFlight, false),
    ("exporter_sent_spans", Metric::CollectorSent, false),
    ("exporter_send_failed_spans", Metric::CollectorSendFailed, false),
    ("exporter_enqueue_failed_spans", Metric::CollectorEnqueueFailed, false),
    ("receiver_accepted_spans", Metric::CollectorAccepted, false),
    ("receiver_refused_spans", Metric::CollectorRefused, false),
    ("receiver_failed_spans", Metric::CollectorFailed, false),
    ("processor_batch_batch_send_size", Metric::CollectorProcessorBatch, true),
    ("processor_batch_batch_send_size_bytes", Metric::CollectorProcessorBatchBytes, true),
    ("processor_incoming_items", Metric::CollectorProcessorIn, false),
    ("processor_outgoing_items", Metric::CollectorProcessorOut, false),
    ("processor_dropped_spans", Metric::CollectorProcessorDropped, false),
    ("processor_tail_sampling_global_count_traces_sampled", Metric::CollectorSampler, false),
    ("processor_tail_sampling_count_traces_sampled", Metric::CollectorSampler, false),
    ("processor_probabilistic_sampler_count_traces_sampled", Metric::CollectorSampler, false),
    ("process_uptime", Metric::Uptime, false),
];
/// What may stand behind a name, what a value is multiplied with then, and what it says a queue counts in. `batches` is written
/// whatever a queue counts in.
const SUFFIXES: [(&str, f64, Option<QueueUnit>); 16] = [
    ("_total", 1.0, None),
    ("_ratio", 1.0, None),
    ("_count", 1.0, None),
    ("_seconds", 1.0, None),
    ("_milliseconds", 1e-3, None),
    ("_spans", 1.0, Some(QueueUnit::Spans)),
    ("_span", 1.0, Some(QueueUnit::Spans)),
    ("_items", 1.0, Some(QueueUnit::Spans)),
    ("_item", 1.0, Some(QueueUnit::Spans)),
    ("_batches", 1.0, None),
    ("_batch", 1.0, None),
    ("_units", 1.0, None),
    ("_unit", 1.0, None),
    ("_requests", 1.0, Some(QueueUnit::Requests)),
    ("_request", 1.0, Some(QueueUnit::Requests)),
    ("_bytes", 1.0, Some(QueueUnit::Bytes)),
];

/// A metric as its name tells it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct KnownMetric {
    pub(super) metric: Metric,
    pub(super) part: MetricPart,
    /// What its value is to be multiplied with, to be in seconds.
    pub(super) factor: f64,
    /// What a queue counts in, where the name says it.
    pub(super) unit: Option<QueueUnit>,
}

/// What a metric is; `None` for one that nothing follows from.
pub(super) fn known(name: &str) -> Option<KnownMetric> {
    let name = plain(name);
    let (stem, part) = match (name.strip_suffix("_sum"), name.strip_suffix("_count")) {
        (Some(stem), _) => (stem, MetricPart::Sum),
        (_, Some(stem)) => (stem, MetricPart::Count),
        _ => (name.as_str(), MetricPart::Value),
    };
    let histogram = || (part != MetricPart::Value).then(|| stripped(stem, part)).flatten();
    // Counters of older conventions end with `count`, too.
    histogram().or_else(|| stripped(&name, MetricPart::Value))
}

/// A name with one underscore in place of everything that is no letter and no digit: exporters of metrics write units in braces as
/// `__spans__`.
pub(super) fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        if c != '_' || !out.ends_with('_') {
            out.push(c);
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// Looks a name up, with one suffix less each time.
fn stripped(mut stem: &str, part: MetricPart) -> Option<KnownMetric> {
    let (mut factor, mut unit) = (1.0, None);
    loop {
        if let Some(metric) = found(stem, part != MetricPart::Value) {
            // A number of exports has no unit.
            let factor = if part == MetricPart::Count { 1.0 } else { factor };
            return Some(KnownMetric { metric, part, factor, unit });
        }
        let (shorter, by, says) =
            SUFFIXES.iter().find_map(|(suffix, by, says)| Some((stem.strip_suffix(suffix)?, *by, *says)))?;
        stem = shorter;
        factor *= by;
        unit = unit.or(says);
    }
}

fn found(stem: &str, histogram: bool) -> Option<Metric> {
    let whole = WHOLE.iter().find(|(name, _)| stem == *name && !histogram).map(|(_, metric)| *metric);
    let ends =
        |name: &str| stem.strip_suffix(name).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('_'));
    let tail =
        || NAMES.iter().find(|(name, _, is)| *is == histogram && ends(name)).map(|(_, metric, _)| *metric);
    whole.or_else(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_known_in_every_way_it_is_written() {
        let cases = [
            ("otel.sdk.processor.span.queue.size", Metric::QueueSize, MetricPart::Value, 1.0),
            ("otel_sdk_processor_span_queue_capacity_ratio", Metric::QueueCapacity, MetricPart::Value, 1.0),
            ("otel_sdk_processor_span_processed_total", Metric::Processed, MetricPart::Value, 1.0),
            ("otel_sdk_exporter_span_exported_spans_total", Metric::Exported, MetricPart::Value, 1.0),
            ("otel_sdk_exporter_operation_duration_seconds_sum", Metric::Duration, MetricPart::Sum, 1.0),
            (
                "otel_sdk_exporter_operation_duration_milliseconds_sum",
                Metric::Duration,
                MetricPart::Sum,
                1e-3,
            ),
            (
                "otel_sdk_exporter_operation_duration_milliseconds_count",
                Metric::Duration,
                MetricPart::Count,
                1.0,
            ),
            ("otelcol_exporter_sent_spans", Metric::CollectorSent, MetricPart::Value, 1.0),
            ("otelcol_exporter_sent_spans_total", Metric::CollectorSent, MetricPart::Value, 1.0),
            ("otelcol_exporter_queue_batch_send_size_sum", Metric::CollectorBatch, MetricPart::Sum, 1.0),
            ("process_start_time_seconds", Metric::ProcessStart, MetricPart::Value, 1.0),
            // Units in braces, as exporters of metrics wrote them for a time, and twice.
            ("otelcol_exporter_sent_spans__spans__total", Metric::CollectorSent, MetricPart::Value, 1.0),
            ("otelcol_exporter_sent_spans_{spans}_total", Metric::CollectorSent, MetricPart::Value, 1.0),
            ("otelcol_exporter_queue_size__batches_", Metric::CollectorQueueSize, MetricPart::Value, 1.0),
            ("otelcol_process_uptime_seconds_seconds_total", Metric::Uptime, MetricPart::Value, 1.0),
            ("otelcol_process_uptime_seconds", Metric::Uptime, MetricPart::Value, 1.0),
            (
                "otelcol_exporter_queue_batch_send_size__unit__count",
                Metric::CollectorBatch,
                MetricPart::Count,
                1.0,
            ),
            (
                "otelcol_exporter_queue_batch_send_size_bytes_bytes_sum",
                Metric::CollectorBatchBytes,
                MetricPart::Sum,
                1.0,
            ),
            (
                "otelcol_processor_batch_batch_send_size_bytes_count",
                Metric::CollectorProcessorBatchBytes,
                MetricPart::Count,
                1.0,
            ),
            // Another prefix, none, and one that was put there twice.
            ("traces_exporter_sent_spans", Metric::CollectorSent, MetricPart::Value, 1.0),
            ("exporter.send_failed_spans", Metric::CollectorSendFailed, MetricPart::Value, 1.0),
            (
                "otelcol_otelcol_exporter_enqueue_failed_spans_total",
                Metric::CollectorEnqueueFailed,
                MetricPart::Value,
                1.0,
            ),
            ("shop_otel_sdk_processor_span_queue_size", Metric::QueueSize, MetricPart::Value, 1.0),
            // Of older conventions.
            ("otel_sdk_processor_span_processed_count_total", Metric::Processed, MetricPart::Value, 1.0),
            ("otel.sdk.exporter.span.exported.count", Metric::Exported, MetricPart::Value, 1.0),
        ];
        for (name, metric, part, factor) in cases {
            let found = known(name);
            let is = |it: KnownMetric| {
                (it.metric, it.part) == (metric, part) && (it.factor - factor).abs() < 1e-12
            };
            assert!(found.is_some_and(is), "{name}: {found:?}");
        }
    }

    #[test]
    fn a_name_says_what_a_queue_counts_in_or_does_not() {
        let unit = |name: &str| known(name).and_then(|found| found.unit);
        assert_eq!(unit("otelcol_exporter_queue_size"), None);
        assert_eq!(
            unit("otelcol_exporter_queue_size__batches_"),
            None,
            "this is written whatever it counts in"
        );
        assert_eq!(unit("otelcol_exporter_queue_size_bytes"), Some(QueueUnit::Bytes));
        assert_eq!(unit("otelcol_exporter_queue_capacity__items_"), Some(QueueUnit::Spans));
        assert_eq!(unit("otelcol_exporter_queue_capacity_requests"), Some(QueueUnit::Requests));
    }

    #[test]
    fn nothing_follows_from_others() {
        let others = [
            "",
            "_total",
            "go_goroutines",
            "otel_sdk_exporter_operation_duration_seconds_bucket",
            "otel_sdk_processor_log_processed_total",
            "otelcol_exporter_sent_log_records",
            "otel_sdk_processor_span_queue_size_sum",
            "otelcol_exporter_sent_spans_created",
            "otelcol_exporter_queue_batch_send_size_bucket",
            "otelcol_receiver_accepted_metric_points_total",
            "otelcol_exporter_send_failed_log_records",
            "otelcol_receiver_requests_total",
            "traces_target_info",
            "myexporter_queue_size",
        ];
        for name in others {
            assert_eq!(known(name), None, "{name}");
        }
    }
}
