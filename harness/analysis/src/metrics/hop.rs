//! What a collector in the path counted of itself, for the books of its hop.

use spanfate_model::result::HopCounters;

use super::exposition;
use super::names::{Metric, MetricPart};
use super::page;

/// A page of a collector of ours, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HopPage {
    pub(crate) counters: HopCounters,
    /// Spans that a memory limiter refused.
    pub(crate) refused_inside: u64,
}

/// Reads a page. An instrument that has counted nothing is not on it: that is 0 only where its component is there, by another of its
/// instruments. Nothing of a page that no collector gave.
pub(crate) fn read(text: &str) -> Option<HopPage> {
    let page = page::read(text, "");
    let services: Vec<_> = page.services.values().collect();
    let total = |metric: Metric| services.iter().map(|service| service.total(metric)).sum::<f64>();
    let has = |metric: Metric| services.iter().any(|service| service.components(metric).next().is_some());
    let has_exporter = [
        Metric::CollectorSent,
        Metric::CollectorSendFailed,
        Metric::CollectorEnqueueFailed,
        Metric::CollectorQueueCapacity,
        Metric::CollectorQueueSize,
    ];
    // Before the first span a collector has neither; that it is one its uptime says.
    let is_one = has_exporter.into_iter().any(has)
        || has(Metric::CollectorAccepted)
        || services.iter().any(|service| service.get(Metric::Uptime, MetricPart::Value, "").is_some());
    is_one.then(|| {
        let whole = |metric: Metric| total(metric).max(0.0).round() as u64;
        let counters = HopCounters {
            accepted: whole(Metric::CollectorAccepted),
            refused: whole(Metric::CollectorRefused).saturating_add(whole(Metric::CollectorFailed)),
            sent: whole(Metric::CollectorSent),
            send_failed: whole(Metric::CollectorSendFailed),
            enqueue_failed: whole(Metric::CollectorEnqueueFailed),
            queue: whole(Metric::CollectorQueueSize),
        };
        HopPage { counters, refused_inside: refused_by_limiters(text) }
    })
}

/// Spans that memory limiters refused; older collectors call it a figure of the processor.
fn refused_by_limiters(text: &str) -> u64 {
    let mut out = 0.0;
    exposition::each(text, |sample| {
        let name = sample.name.trim_end_matches("_total");
        let is_it = name.ends_with("processor_memory_limiter_refused_spans")
            || (name.ends_with("processor_refused_spans")
                && sample.label("processor").is_some_and(|name| name.starts_with("memory_limiter")));
        if is_it && sample.value.is_finite() {
            out += sample.value;
        }
    });
    out.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_counter_is_zero_where_its_component_is_there() {
        let page = "otelcol_exporter_queue_size{exporter=\"otlp_grpc\",data_type=\"traces\"} 3\n\
                    otelcol_receiver_accepted_spans{receiver=\"otlp\",transport=\"grpc\"} 70\n\
                    otelcol_exporter_sent_spans_total{exporter=\"otlp_grpc\"} 50\n";
        let read = read(page).unwrap().counters;
        let meant = HopCounters { accepted: 70, sent: 50, queue: 3, ..HopCounters::default() };
        assert_eq!(read, meant);
        assert_eq!(super::read("up 1\n"), None);
        assert_eq!(super::read(""), None);
    }
}
