//! What an operator sees of a loss: by default, and with a rule on metrics. Metrics of the Go SDK need
//! `OTEL_GO_X_OBSERVABILITY=true` and a global `MeterProvider`; their names are those of its Prometheus exporter.

use crate::fate::{Exit, Fate, Leak};

/// A rule on metrics, and what it finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// It counts such spans: it fires when some are lost.
    Counts(&'static str),
    /// It sees what such losses come with; it also fires without a loss, or may not fire with one.
    Hints(&'static str),
    /// None can, and why.
    None(&'static str),
}

/// What an operator sees of a loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signal {
    /// Without setting anything.
    pub by_default: &'static str,
    /// In `PromQL`.
    pub rule: Rule,
}

/// Spans that the batch processor had no room for.
const QUEUE_FULL: &str =
    r#"sum by (job) (increase(otel_sdk_processor_span_processed_total{error_type="queue_full"}[5m])) > 0"#;
/// Spans whose export ended with an error.
const EXPORT_FAILED: &str =
    r#"sum by (job) (increase(otel_sdk_exporter_span_exported_total{error_type!=""}[5m])) > 0"#;
/// Spans that are open grow over hours.
const LIVE_GROWS: &str =
    "min_over_time(otel_sdk_span_live[1h]) > 2 * min_over_time(otel_sdk_span_live[1h] offset 6h)";
/// The queue is nearly full: `End()` soon waits.
const NEARLY_FULL: &str =
    "max_over_time(otel_sdk_processor_span_queue_size[5m]) > 0.9 * otel_sdk_processor_span_queue_capacity";
/// The process has been started again.
const RESTARTED: &str = "changes(process_start_time_seconds[10m]) > 0";

/// What an operator sees of a loss; `None` for a span that was not lost.
pub const fn of(fate: Fate) -> Option<Signal> {
    const NOTHING: &str = "nothing";
    let (by_default, rule) = match fate {
        Fate::Received | Fate::NotSampled(_) | Fate::Filtered(_) => return None,
        Fate::DroppedQueueFull => (NOTHING, Rule::Counts(QUEUE_FULL)),
        Fate::ExportFailed(_) => {
            ("a line of the error handler on standard error per failed export", Rule::Counts(EXPORT_FAILED))
        }
        Fate::RejectedPartial => {
            ("a line of the error handler with the receiver's message", Rule::Counts(EXPORT_FAILED))
        }
        Fate::RefusedByReceiver => {
            ("a line of the error handler with the receiver's status", Rule::Counts(EXPORT_FAILED))
        }
        Fate::NeverEnded(Leak::Forgotten | Leak::Panic | Leak::BodyNotClosed) => {
            (NOTHING, Rule::Hints(LIVE_GROWS))
        }
        Fate::BlockedInEnd => (NOTHING, Rule::Hints(NEARLY_FULL)),
        Fate::CutOffAtExit | Fate::InEndAtExit | Fate::LostInFlightAtExit => {
            (NOTHING, Rule::Hints(RESTARTED))
        }
        Fate::LostInQueueAtExit(Exit::Crash | Exit::Kill) => (NOTHING, Rule::Hints(RESTARTED)),
        Fate::LostInQueueAtExit(Exit::ShutdownDeadline) => (
            NOTHING,
            Rule::None(
                "the process ends before the next scrape; log the error that TracerProvider.Shutdown returns",
            ),
        ),
        Fate::LostInQueueAtExit(Exit::Exit) => (
            NOTHING,
            Rule::None(
                "the process ends before the next scrape, and nothing was called that could return an error",
            ),
        ),
        Fate::EndedAfterShutdown => {
            (NOTHING, Rule::None("after its shutdown the provider calls no processor and counts nothing"))
        }
        Fate::LostBeforeReceiver => (
            "not known: nobody saw where it was lost",
            Rule::None("without a witness in the process nobody knows which rule to look for"),
        ),
    };
    Some(Signal { by_default, rule })
}

impl Rule {
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

    use super::*;
    use crate::fate::FateClass;

    #[test]
    fn every_loss_has_a_signal_and_silence_is_silence() {
        for fate in Fate::all() {
            let signal = of(fate);
            assert_eq!(signal.is_some(), fate.class() == FateClass::Lost, "{fate}");
            if let Some(signal) = signal {
                assert_eq!(signal.by_default == "nothing", fate.is_silent(), "{fate}");
            }
        }
    }

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
        let page = include_str!("../../analysis/tests/metrics/go-sdk-1.47.0.prom");
        let mut seen = 0;
        for rule in Fate::all().into_iter().filter_map(|fate| of(fate)?.rule.text()) {
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
