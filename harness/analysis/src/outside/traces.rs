//! What traces say: how evenly spans ended, where none ended for a while, and which have lost their parents. Spans that were lost are
//! not among them, so that a burst is at least as large as it looks here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::otlp::{OtlpMessage, attribute, list, requests, whole};

/// The time in which spans are counted, nanoseconds.
const BIN: u64 = 100_000_000;
/// A stretch in which no span ended for so long is a stall, if spans come in every such stretch else.
const STALL: u64 = 1_000_000_000;
/// Fewest spans of a service that say anything of its pace.
const FEW: usize = 100;

/// The spans of one service.
#[derive(Clone, Default, Debug)]
struct ServiceSpans {
    /// When they ended, nanoseconds since 1970.
    ends: Vec<u64>,
    /// Those whose parent is not in the file.
    orphans: u64,
}

/// How spans of a service came.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct SpanPace {
    /// How many.
    pub(super) spans: u64,
    /// Per second in the mean, and in the busiest tenth of a second.
    pub(super) mean_per_s: f64,
    pub(super) peak_per_s: f64,
    /// Spans in that tenth.
    pub(super) peak: u64,
    /// The longest time without one that ended, seconds.
    pub(super) gap_s: f64,
    /// Spans in the tenth of a second behind it.
    pub(super) after_gap: u64,
    pub(super) orphans: u64,
}

impl SpanPace {
    /// Whether a tenth of a second held three times what it holds in the mean.
    pub(super) fn is_bursty(&self) -> bool {
        self.peak_per_s >= 3.0 * self.mean_per_s
    }

    /// Whether nothing ended for a while, and then much at once.
    pub(super) fn has_stall(&self) -> bool {
        self.gap_s >= STALL as f64 / 1e9 && self.after_gap as f64 * 1e9 / BIN as f64 >= 2.0 * self.mean_per_s
    }
}

/// Services by name.
#[derive(Clone, Debug, Default)]
pub(super) struct TracePaces(BTreeMap<String, SpanPace>);

impl TracePaces {
    /// How the spans of a service came. Metrics may name its instance, too.
    pub(super) fn of(&self, service: &str) -> Option<&SpanPace> {
        let whole = self.0.get(service);
        whole.or_else(|| self.0.get(service.split(' ').next().unwrap_or_default())).or_else(|| {
            let sole = self.0.len() == 1;
            self.0.values().next().filter(|_| sole)
        })
    }

    /// In words.
    pub(super) fn words(&self) -> Vec<String> {
        let one = |(service, pace): (&String, &SpanPace)| {
            let mut out = format!(
                "{service}: {} spans arrived, {:.0}/s in the mean and {:.0}/s in the busiest tenth of a second",
                pace.spans, pace.mean_per_s, pace.peak_per_s
            );
            if pace.has_stall() {
                out += &format!(
                    "; none ended for {:.1} s, and then {} in a tenth of a second",
                    pace.gap_s, pace.after_gap
                );
            }
            if pace.orphans > 0 {
                out += &format!("; {} have a parent that is not there", pace.orphans);
            }
            out
        };
        let known: Vec<String> = self.0.iter().map(one).collect();
        if known.is_empty() {
            vec!["no service has enough spans there to say anything of its pace".to_owned()]
        } else {
            known
        }
    }
}

/// Reads them; an error says what is wrong.
pub(super) fn read(bytes: &[u8]) -> Result<TracePaces, String> {
    let mut services: BTreeMap<String, ServiceSpans> = BTreeMap::new();
    let (mut known, mut parents) = (BTreeSet::new(), Vec::new());
    let all = requests(bytes, OtlpMessage::Traces)
        .map_err(|error| format!("the traces are no OTLP in JSON or protobuf: {error}"))?;
    for resource in all.iter().flat_map(|request| list(request, "resourceSpans")) {
        let service = name_of(resource);
        let scopes = list(resource, "scopeSpans");
        for span in scopes.flat_map(|scope| list(scope, "spans")) {
            let id = |name: &str| span.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let (trace, own, parent) = (id("traceId"), id("spanId"), id("parentSpanId"));
            let Some(end) = whole(span.get("endTimeUnixNano")).filter(|at| *at > 0) else { continue };
            services.entry(service.clone()).or_default().ends.push(end);
            if !parent.is_empty() {
                parents.push((service.clone(), (trace.clone(), parent)));
            }
            known.insert((trace, own));
        }
    }
    if services.is_empty() {
        return Err(
            "the traces hold no span: give OTLP in JSON or protobuf, as a collector's file exporter writes it".to_owned()
        );
    }
    for (service, parent) in parents {
        if !known.contains(&parent) {
            services.entry(service).or_default().orphans += 1;
        }
    }
    Ok(TracePaces(services.into_iter().filter_map(|(name, spans)| Some((name, spans.pace()?))).collect()))
}

fn name_of(resource: &Value) -> String {
    let named = resource.get("resource").and_then(|resource| attribute(resource, "service.name"));
    named.unwrap_or_else(|| "unknown_service".to_owned())
}

impl ServiceSpans {
    fn pace(mut self) -> Option<SpanPace> {
        self.ends.sort_unstable();
        let (first, last) = (*self.ends.first()?, *self.ends.last()?);
        if self.ends.len() < FEW || last - first < 2 * BIN {
            return None;
        }
        let within = |from: u64| {
            let begin = self.ends.partition_point(|end| *end < from);
            (self.ends.partition_point(|end| *end < from + BIN) - begin) as u64
        };
        let mut bins: BTreeMap<u64, u64> = BTreeMap::new();
        for end in &self.ends {
            *bins.entry((end - first) / BIN).or_default() += 1;
        }
        let peak = bins.values().copied().max().unwrap_or_default();
        let gap = self.ends.windows(2).max_by_key(|pair| pair[1] - pair[0])?;
        let seconds = (last - first) as f64 / 1e9;
        Some(SpanPace {
            spans: self.ends.len() as u64,
            mean_per_s: self.ends.len() as f64 / seconds,
            peak_per_s: peak as f64 * 1e9 / BIN as f64,
            peak,
            gap_s: (gap[1] - gap[0]) as f64 / 1e9,
            after_gap: within(gap[1]),
            orphans: self.orphans,
        })
    }
}
