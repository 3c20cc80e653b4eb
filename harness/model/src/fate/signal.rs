//! What an operator sees of a loss: by default, and with a rule on metrics. Metrics of the Go SDK need
//! `OTEL_GO_X_OBSERVABILITY=true` and a global `MeterProvider`; their names are those of its Prometheus exporter.

/// A rule on metrics, and what it finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlertRule {
    /// It counts such spans: it fires when some are lost.
    Counts(&'static str),
    /// It sees what such losses come with; it also fires without a loss, or may not fire with one.
    Hints(&'static str),
    /// None can, and why.
    None(&'static str),
}

/// What an operator sees of a loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LossSignal {
    /// Without setting anything.
    pub by_default: &'static str,
    /// In `PromQL`.
    pub rule: AlertRule,
}

/// Spans that the batch processor had no room for.
pub(crate) const QUEUE_FULL: AlertRule = AlertRule::Counts(
    r#"sum by (job) (increase(otel_sdk_processor_span_processed_total{error_type="queue_full"}[5m])) > 0"#,
);
/// Spans whose export ended with an error.
const EXPORT_FAILED: AlertRule = AlertRule::Counts(
    r#"sum by (job) (increase(otel_sdk_exporter_span_exported_total{error_type!=""}[5m])) > 0"#,
);
/// Spans that are open grow over hours.
pub(crate) const LIVE_GROWS: AlertRule = AlertRule::Hints(
    "min_over_time(otel_sdk_span_live[1h]) > 2 * min_over_time(otel_sdk_span_live[1h] offset 6h)",
);
/// The queue is nearly full: `End()` soon waits.
pub(crate) const NEARLY_FULL: AlertRule = AlertRule::Hints(
    "max_over_time(otel_sdk_processor_span_queue_size[5m]) > 0.9 * otel_sdk_processor_span_queue_capacity",
);
/// The process has been started again.
pub(crate) const RESTARTED: AlertRule = AlertRule::Hints("changes(process_start_time_seconds[10m]) > 0");
/// Spans are sampled, and no batch processor has any.
pub(crate) const NEVER_PROCESSED: AlertRule = AlertRule::Hints(
    r#"sum by (job) (increase(otel_sdk_span_started_total{otel_span_sampling_result="RECORD_AND_SAMPLE"}[5m])) > 0 unless sum by (job) (increase(otel_sdk_processor_span_processed_total[5m])) > 0"#,
);
/// A shutdown that returned an error.
pub(crate) const SHUTDOWN_FAILED: AlertRule = AlertRule::None(
    "the process ends before the next scrape; log the error that TracerProvider.Shutdown returns",
);
/// An end without a shutdown.
pub(crate) const NOTHING_CALLED: AlertRule = AlertRule::None(
    "the process ends before the next scrape, and nothing was called that could return an error",
);
/// Spans that end too late to be counted.
pub(crate) const UNCOUNTED_AFTER_SHUTDOWN: AlertRule =
    AlertRule::None("after its shutdown the provider calls no processor and counts nothing");

/// Spans that the queue of a collector's exporter had no room for.
pub(crate) const COLLECTOR_QUEUE_FULL: AlertRule =
    AlertRule::Counts("sum by (exporter) (increase(otelcol_exporter_enqueue_failed_spans[5m])) > 0");
/// Spans that a collector's exporter gave up.
pub(crate) const COLLECTOR_SEND_FAILED: AlertRule =
    AlertRule::Counts("sum by (exporter) (increase(otelcol_exporter_send_failed_spans[5m])) > 0");
/// Spans that a collector's memory limiter refused.
pub(crate) const COLLECTOR_MEMORY: AlertRule =
    AlertRule::Hints("sum by (receiver) (increase(otelcol_receiver_refused_spans[5m])) > 0");

/// Traces that a collector's sampler removed before it had decided.
pub(crate) const SAMPLER_TOO_EARLY: AlertRule = AlertRule::Counts(
    "sum(increase(otelcol_processor_tail_sampling_sampling_trace_dropped_too_early[5m])) > 0",
);
/// Traces that a collector's sampler dropped because they were too large.
pub(crate) const SAMPLER_TOO_LARGE: AlertRule =
    AlertRule::Counts("sum(increase(otelcol_processor_tail_sampling_traces_dropped_too_large[5m])) > 0");
/// Spans that came to a collector's sampler after its decision, whatever that was.
pub(crate) const SAMPLER_LATE: AlertRule =
    AlertRule::Hints("sum(increase(otelcol_processor_tail_sampling_sampling_late_span_age_count[5m])) > 0");

/// What an operator sees of a silent loss.
pub(crate) const fn unsaid(rule: AlertRule) -> LossSignal {
    LossSignal { by_default: "nothing", rule }
}

/// What an operator sees of an export that the SDK was told to have failed.
pub(crate) const fn said(by_default: &'static str) -> LossSignal {
    LossSignal { by_default, rule: EXPORT_FAILED }
}

impl AlertRule {
    /// The rule as it is written, where there is one.
    pub const fn text(&self) -> Option<&'static str> {
        match self {
            Self::Counts(text) | Self::Hints(text) => Some(text),
            Self::None(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::fate::Fate;

    /// Names of metrics in a rule: words of their own with underscores, that no bracket of a call follows.
    fn metrics(rule: &str) -> BTreeSet<&str> {
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let words = rule.split(word).filter(|word| {
            word.contains("_total") || word.starts_with("otel_sdk") || word.starts_with("process_")
        });
        words.collect()
    }

    #[test]
    fn rules_name_metrics_that_the_sdk_has() {
        // A page that the Go SDK 1.47.0 gave.
        let page = include_str!("../../../analysis/tests/metrics/go-sdk-1.47.0.prom");
        let mut seen = 0;
        for rule in Fate::all().into_iter().filter_map(|fate| fate.facts().signal?.rule.text()) {
            for open in ["()", "{}", "[]"] {
                let count = |c: char| rule.matches(c).count();
                let (a, b) = (open.chars().next().unwrap(), open.chars().last().unwrap());
                assert_eq!(count(a), count(b), "{rule}");
            }
            for metric in metrics(rule) {
                seen += 1;
                let known = page.lines().any(|line| line.starts_with(metric));
                assert!(known, "{metric} in {rule}");
            }
        }
        assert!(seen > 10);
    }
}
