//! Collectors in the path of a world: what their taps saw, and what they say of themselves.

use spanfate_model::format::manifest::{HopEndManifest, HopManifest, HopPageManifest, ProcessEnd};
use spanfate_model::format::wire::{
    self, AnswerFate, AnswerRecord, Disposition, Relayed, RequestRecord, SpanRecord, WireProtocol,
};

use super::BEGAN;

/// A collector that was started once.
#[derive(Clone, Debug)]
pub(crate) struct WorldHop {
    pub(crate) name: String,
    pub(crate) end: Option<ProcessEnd>,
    /// The last page of its metrics, and when it was read.
    pub(crate) page: Option<(u64, String)>,
    /// It has a further exporter, `otlp/2`, beside the one that leads on, `otlp_grpc`.
    pub(crate) further: bool,
    /// It stands beside the one before it.
    pub(crate) beside: bool,
}

/// File of the log of the receiver of a further exporter.
pub(crate) const END_LOG: &str = "agent.end-0.log";

impl WorldHop {
    /// Its page, of counters by their names without what all share.
    pub(crate) fn page_of(counters: &[(&str, u64)]) -> String {
        let mut out = "otelcol_exporter_queue_capacity{exporter=\"otlp_grpc\"} 1000\n".to_owned();
        for (name, value) in counters {
            let (metric, label) = match *name {
                "accepted" | "refused" => (format!("receiver_{name}_spans"), "receiver=\"otlp\""),
                "limited" => {
                    ("processor_memory_limiter_refused_spans".to_owned(), "processor=\"memory_limiter\"")
                }
                "decided" | "kept" => (
                    "processor_tail_sampling_global_count_traces_sampled".to_owned(),
                    if *name == "kept" { "sampled=\"true\"" } else { "sampled=\"false\"" },
                ),
                "too_early" => (
                    "processor_tail_sampling_sampling_trace_dropped_too_early".to_owned(),
                    "processor=\"tail_sampling\"",
                ),
                "too_large" => (
                    "processor_tail_sampling_traces_dropped_too_large".to_owned(),
                    "processor=\"tail_sampling\"",
                ),
                "thinned" => (
                    "processor_probabilistic_sampler_count_traces_sampled".to_owned(),
                    "policy=\"trace_id_w3c\",sampled=\"false\"",
                ),
                "filtered" => ("processor_filter_spans_filtered".to_owned(), "processor=\"filter\""),
                "queue" => ("exporter_queue_size".to_owned(), "exporter=\"otlp_grpc\""),
                _ => (format!("exporter_{name}_spans"), "exporter=\"otlp_grpc\""),
            };
            out += &format!("otelcol_{metric}{{{label}}} {value}\n");
        }
        out
    }

    /// What the manifest says of it.
    pub(crate) fn manifest(&self, place: u8) -> HopManifest {
        let page = |(at, _): &(u64, String)| HopPageManifest { file: "page".to_owned(), at: *at };
        HopManifest {
            hop: self.name.clone(),
            place,
            incarnation: 0,
            began: 1,
            ready: 2,
            end: self.end.clone(),
            pages: self.page.iter().map(page).collect(),
            holds: 1_000_000_000,
            tap_cpu_ns: 20_000,
            exporter: self.further.then(|| "otlp_grpc".to_owned()),
            ends: self
                .further
                .then(|| HopEndManifest { exporter: "otlp/2".to_owned(), file: END_LOG.to_owned() })
                .into_iter()
                .collect(),
            ..HopManifest::default()
        }
    }
}

/// Writes the log of a tap: every appearance in a request of its own, with what the collector behind it made of it.
pub(crate) fn tap_log(appearances: &[(SpanRecord, Relayed, u64)]) -> Vec<u8> {
    let mut log = wire::relay_header().to_vec();
    for (request, (record, relayed, late)) in (0..).zip(appearances) {
        let record = SpanRecord { request, disposition: Disposition::Accepted, ..*record };
        let of = RequestRecord {
            request,
            connection: 0,
            at: BEGAN + 80 + u64::from(request) + late,
            raw_bytes: 100,
            wire_bytes: 100,
            spans: 1,
            protocol: WireProtocol::Grpc,
            disposition: Disposition::Accepted,
            hop: 1,
            path: 0,
            fault: 0,
        };
        let answer = AnswerRecord {
            request,
            at: BEGAN + 90 + u64::from(request) + late,
            fate: AnswerFate::TakenByTransport,
            fault: 0,
            status: 0,
            relayed: *relayed,
        };
        log.extend(of.write());
        log.extend(record.write());
        log.extend(answer.write());
    }
    log.extend(wire::write_end(appearances.len() as u64));
    log
}
