//! What a collector in the path counted of itself, for the books of its hop.

use spanfate_model::result::HopCounters;

use super::exposition;
use super::names::{self, Metric, MetricPart};
use super::page;

/// Traces on which a sampler decided.
const DECIDED: &str = "processor_tail_sampling_global_count_traces_sampled";
/// Traces that it removed before.
const TOO_EARLY: &str = "processor_tail_sampling_sampling_trace_dropped_too_early";
/// Traces that it dropped before because they were too large.
const TOO_LARGE: &str = "processor_tail_sampling_traces_dropped_too_large";
/// Spans on which a sampler by probability decided, whatever the name says of traces.
const THINNED: &str = "processor_probabilistic_sampler_count_traces_sampled";
/// Spans that a filter removed.
const FILTERED: &str = "processor_filter_spans_filtered";
/// Suffixes of these, in the order in which they are taken off.
const SUFFIXES: [&str; 3] = ["_total", "_traces", "_spans"];

/// A page of a collector of ours, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HopPage {
    pub(crate) counters: HopCounters,
    /// Spans that a memory limiter refused.
    pub(crate) refused_inside: u64,
    /// What its sampler did not keep; absent where it has none.
    pub(crate) sampler: Option<SamplerCounters>,
    /// Spans that filters removed.
    pub(crate) filtered: u64,
    /// Spans that samplers by probability removed.
    pub(crate) thinned: u64,
}

/// Traces that a sampler did not keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SamplerCounters {
    /// It decided against them.
    pub(crate) decided: u64,
    /// It removed them before it had decided.
    pub(crate) too_early: u64,
    /// It dropped them before it had decided, because they were too large.
    pub(crate) too_large: u64,
}

impl SamplerCounters {
    /// All of them.
    pub(crate) const fn all(self) -> u64 {
        self.decided.saturating_add(self.too_early).saturating_add(self.too_large)
    }
}

/// Reads a page, of one of its exporters or of all. An instrument that has counted nothing is not on it: that is 0 only where its
/// component is there, by another of its instruments. Nothing of a page that no collector gave.
pub(crate) fn read(text: &str, exporter: Option<&str>) -> Option<HopPage> {
    let page = page::read(text, "");
    let services: Vec<_> = page.services.values().collect();
    let total = |metric: Metric| services.iter().map(|service| service.total(metric)).sum::<f64>();
    let sent = |metric: Metric| match exporter {
        Some(name) => services
            .iter()
            .filter_map(|service| service.get(metric, MetricPart::Value, name))
            .map(|figure| figure.all())
            .sum(),
        None => total(metric),
    };
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
        let whole = |value: f64| value.max(0.0).round() as u64;
        let (refused, failed) = (total(Metric::CollectorRefused), total(Metric::CollectorFailed));
        let counters = HopCounters {
            accepted: whole(total(Metric::CollectorAccepted)),
            refused: whole(refused).saturating_add(whole(failed)),
            sent: whole(sent(Metric::CollectorSent)),
            send_failed: whole(sent(Metric::CollectorSendFailed)),
            enqueue_failed: whole(sent(Metric::CollectorEnqueueFailed)),
            queue: whole(sent(Metric::CollectorQueueSize)),
        };
        let (sampler, filtered, thinned) = not_kept(text);
        HopPage { counters, refused_inside: refused_by_limiters(text), sampler, filtered, thinned }
    })
}

/// What samplers and filters did not keep.
fn not_kept(text: &str) -> (Option<SamplerCounters>, u64, u64) {
    let (mut sampler, mut filtered, mut thinned) = (None::<SamplerCounters>, 0.0, 0);
    exposition::each(text, |sample| {
        let plain = names::plain(&sample.name);
        let mut name = plain.as_str();
        for suffix in SUFFIXES {
            name = name.strip_suffix(suffix).unwrap_or(name);
        }
        if !sample.value.is_finite() || sample.value < 0.0 {
            return;
        }
        let whole = sample.value.round() as u64;
        if name.ends_with(DECIDED) {
            let all = sampler.get_or_insert_default();
            all.decided += if sample.label("sampled") == Some("false") { whole } else { 0 };
        } else if name.ends_with(TOO_EARLY) {
            sampler.get_or_insert_default().too_early += whole;
        } else if name.ends_with(TOO_LARGE) {
            sampler.get_or_insert_default().too_large += whole;
        } else if name.ends_with(THINNED) && sample.label("sampled") == Some("false") {
            thinned += whole;
        } else if name.ends_with(FILTERED) {
            filtered += sample.value;
        }
    });
    (sampler, filtered.round() as u64, thinned)
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
        let read = read(page, None).unwrap().counters;
        let meant = HopCounters { accepted: 70, sent: 50, queue: 3, ..HopCounters::default() };
        assert_eq!(read, meant);
        assert_eq!(super::read("up 1\n", None), None);
        assert_eq!(super::read("", None), None);
    }

    #[test]
    fn what_a_sampler_did_not_keep_is_counted_in_traces() {
        let up = "otelcol_process_uptime_seconds 5\n";
        let page = format!(
            "{up}otelcol_processor_tail_sampling_global_count_traces_sampled_total{{decision=\"sampled\",sampled=\"true\"}} 5\n\
             otelcol_processor_tail_sampling_global_count_traces_sampled_total{{decision=\"not_sampled\",sampled=\"false\"}} 3\n\
             otelcol_processor_tail_sampling_global_count_traces_sampled_total{{decision=\"dropped\",sampled=\"false\"}} 1\n\
             otelcol_processor_tail_sampling_count_traces_sampled_total{{policy=\"a\",sampled=\"false\"}} 9\n\
             otelcol_processor_tail_sampling_sampling_trace_dropped_too_early__traces__total 2\n\
             otelcol_processor_tail_sampling_traces_dropped_too_large__traces__total 6\n\
             otelcol_processor_filter_spans_filtered_total 7\n\
             otelcol_processor_probabilistic_sampler_count_traces_sampled_total{{policy=\"trace_id_w3c\",sampled=\"true\"}} 6\n\
             otelcol_processor_probabilistic_sampler_count_traces_sampled_total{{policy=\"trace_id_w3c\",sampled=\"false\"}} 8\n"
        );
        let found = read(&page, None).unwrap();
        assert_eq!(found.sampler, Some(SamplerCounters { decided: 4, too_early: 2, too_large: 6 }));
        assert_eq!((found.filtered, found.thinned), (7, 8));
        assert_eq!(read(up, None).unwrap().sampler, None);
    }

    #[test]
    fn each_exporter_has_its_own_counters() {
        let page = "otelcol_receiver_accepted_spans{receiver=\"otlp\"} 70\n\
                    otelcol_exporter_sent_spans{exporter=\"otlp\"} 50\n\
                    otelcol_exporter_sent_spans{exporter=\"otlp/2\"} 60\n\
                    otelcol_exporter_send_failed_spans{exporter=\"otlp/2\",error_type=\"Unavailable\"} 10\n\
                    otelcol_exporter_sent_spans{exporter=\"debug\"} 70\n";
        let of = |exporter| {
            let read = read(page, exporter).unwrap().counters;
            (read.accepted, read.sent, read.send_failed)
        };
        assert_eq!(of(Some("otlp")), (70, 50, 0));
        assert_eq!(of(Some("otlp/2")), (70, 60, 10));
        assert_eq!(of(None), (70, 180, 10));
    }
}
