//! Names of metrics, which every exporter of metrics writes in its own way: with dots or underscores, with and without suffixes
//! for the type and the unit.

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
    /// Requests in the queue of a collector's exporter.
    CollectorQueueSize,
    /// Its length.
    CollectorQueueCapacity,
    /// Spans per request that leaves it.
    CollectorBatch,
    /// Spans sent.
    CollectorSent,
    /// Spans given up after retries.
    CollectorSendFailed,
    /// Spans that its queue had no room for.
    CollectorEnqueueFailed,
    /// Spans that a receiver refused.
    CollectorRefused,
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

/// Names without suffixes, with what they are and whether they are histograms.
const NAMES: [(&str, Metric, bool); 15] = [
    ("otel_sdk_processor_span_queue_size", Metric::QueueSize, false),
    ("otel_sdk_processor_span_queue_capacity", Metric::QueueCapacity, false),
    ("otel_sdk_processor_span_processed", Metric::Processed, false),
    ("otel_sdk_exporter_span_exported", Metric::Exported, false),
    ("otel_sdk_exporter_operation_duration", Metric::Duration, true),
    ("otelcol_exporter_queue_size", Metric::CollectorQueueSize, false),
    ("otelcol_exporter_queue_capacity", Metric::CollectorQueueCapacity, false),
    ("otelcol_exporter_queue_batch_send_size", Metric::CollectorBatch, true),
    ("otelcol_exporter_sent_spans", Metric::CollectorSent, false),
    ("otelcol_exporter_send_failed_spans", Metric::CollectorSendFailed, false),
    ("otelcol_exporter_enqueue_failed_spans", Metric::CollectorEnqueueFailed, false),
    ("otelcol_receiver_refused_spans", Metric::CollectorRefused, false),
    ("process_start_time", Metric::ProcessStart, false),
    ("otelcol_process_uptime", Metric::Uptime, false),
    ("target_info", Metric::TargetInfo, false),
];
/// What may stand behind a name, and what a value is multiplied with then.
const SUFFIXES: [(&str, f64); 8] = [
    ("_total", 1.0),
    ("_ratio", 1.0),
    ("_seconds", 1.0),
    ("_milliseconds", 1e-3),
    ("_spans", 1.0),
    ("_span", 1.0),
    ("_batches", 1.0),
    ("_requests", 1.0),
];

/// What a metric is, and what its value is to be multiplied with; `None` for one that nothing follows from.
pub(super) fn known(name: &str) -> Option<(Metric, MetricPart, f64)> {
    let name = name.replace('.', "_");
    let find = |base: &str, histogram: bool| {
        NAMES.iter().find(|(known, _, is)| *known == base && *is == histogram).map(|(_, metric, _)| *metric)
    };
    let (stem, part) = match (name.strip_suffix("_sum"), name.strip_suffix("_count")) {
        (Some(stem), _) => (stem, MetricPart::Sum),
        (_, Some(stem)) => (stem, MetricPart::Count),
        _ => (name.as_str(), MetricPart::Value),
    };
    let (mut stem, mut factor) = (stem, 1.0);
    loop {
        if let Some(metric) = find(stem, part != MetricPart::Value) {
            // A number of exports has no unit.
            return Some((metric, part, if part == MetricPart::Count { 1.0 } else { factor }));
        }
        let (shorter, by) =
            SUFFIXES.iter().find_map(|(suffix, by)| Some((stem.strip_suffix(suffix)?, *by)))?;
        stem = shorter;
        factor *= by;
    }
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
        ];
        for (name, metric, part, factor) in cases {
            let found = known(name);
            assert!(
                found.is_some_and(|(a, b, c)| (a, b) == (metric, part) && (c - factor).abs() < 1e-12),
                "{name}: {found:?}"
            );
        }
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
        ];
        for name in others {
            assert_eq!(known(name), None, "{name}");
        }
    }
}
