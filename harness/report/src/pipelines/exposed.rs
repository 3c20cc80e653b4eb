//! What a canary shows to Prometheus.

use spanfate_model::finding::canary::{CanaryOutcome, CanaryResult};

/// A page in Prometheus' text format. Counters only grow while the canary runs.
pub(crate) fn render(found: &CanaryResult, open: u64) -> String {
    let mut page = ExpositionPage(String::new());
    page.family("spanfate_canary_traces_sent_total", "counter", "Traces sent.");
    page.sample("spanfate_canary_traces_sent_total", "", found.traces as f64);
    page.family("spanfate_canary_spans_total", "counter", "Spans by what became of them.");
    for outcome in CanaryOutcome::ALL {
        let label = format!("{{outcome=\"{}\"}}", outcome.name());
        page.sample("spanfate_canary_spans_total", &label, found.counts.of(outcome) as f64);
    }
    page.family(
        "spanfate_canary_damaged_fields_total",
        "counter",
        "Damaged spans by field; a span may have several.",
    );
    for (field, count) in &found.damaged_fields {
        let label = format!("{{field=\"{}\"}}", field.name());
        page.sample("spanfate_canary_damaged_fields_total", &label, *count as f64);
    }
    page.family(
        "spanfate_canary_reader_errors_total",
        "counter",
        "Questions to the reader that had no answer.",
    );
    page.sample("spanfate_canary_reader_errors_total", "", found.reader_errors as f64);
    page.family("spanfate_canary_traces_open", "gauge", "Traces whose time is not over.");
    page.sample("spanfate_canary_traces_open", "", open as f64);
    page.family(
        "spanfate_canary_failed_share",
        "gauge",
        "Spans that failed, of those that are decided; 0 to 1.",
    );
    page.sample("spanfate_canary_failed_share", "", found.failed_share);
    page.family(
        "spanfate_canary_delay_seconds",
        "summary",
        "Time from sending a span until it was first seen.",
    );
    if let Some(delays) = &found.delays {
        for (quantile, ms) in [("0.5", delays.p50_ms), ("0.9", delays.p90_ms), ("0.99", delays.p99_ms)] {
            let label = format!("{{quantile=\"{quantile}\"}}");
            page.sample("spanfate_canary_delay_seconds", &label, ms / 1e3);
        }
        page.sample("spanfate_canary_delay_seconds_sum", "", delays.sum_s);
        page.sample("spanfate_canary_delay_seconds_count", "", delays.count as f64);
    }
    page.0
}

struct ExpositionPage(String);

impl ExpositionPage {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.0 += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: f64) {
        self.0 += &format!("{name}{labels} {value}\n");
    }
}
