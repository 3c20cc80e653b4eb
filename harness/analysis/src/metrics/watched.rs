//! A collector that runs, by its pages: what its queues hold, whether it loses spans, and what to set.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::advice::MARGIN;
use spanfate_model::advice::hop::lines::{HopLine, lines};
use spanfate_model::advice::hop::{HopDemand, HopSettings, plan};
use spanfate_model::advice::observed::{FleetRow, QueueOwner, QueueUnit, Risk};
use spanfate_model::finding::collector::{CollectorHealth, CollectorPeek, HelpfulSetting, QueueRange};
use spanfate_model::scenario::pipeline::QueueSizer;

use super::names::{Metric, MetricPart};
use super::thousands::whole;
use super::{Scrape, ScrapedPlace, observe, page};

/// A queue that grew by this share of its length while it was looked at is filling up.
const GROWN: f64 = 0.02;
/// Consumers beyond which larger batches are the better way.
const MOST_CONSUMERS: f64 = 100.0;
/// How many requests it needs at the same time does not depend on an outage, so that here there are enough.
const ENOUGH: u64 = 1_000_000;
/// What nobody knows of a collector by its pages alone, where it matters little: spans of a request, and how long an answer takes.
const REQUEST_SPANS: f64 = 512.0;
const ROUND_TRIP_S: f64 = 0.1;

/// The pages of one place, taken one after the other. Of those between the first and the last only a few numbers are kept.
#[derive(Clone, Debug)]
pub struct CollectorWatch {
    source: String,
    first: Option<(String, f64)>,
    last: Option<(String, f64)>,
    /// By service and exporter.
    queues: BTreeMap<(String, String), QueueLooks>,
    looks: u64,
}

/// What was seen of a queue, and of the requests under way.
#[derive(Clone, Copy, Default, Debug)]
struct QueueLooks {
    range: Option<QueueRange>,
    under_way: f64,
    most_under_way: f64,
    counted: u64,
}

impl QueueLooks {
    fn see(&mut self, queue: Option<f64>, under_way: Option<f64>) {
        if let Some(now) = queue {
            let QueueRange { first, least, most, .. } =
                self.range.unwrap_or(QueueRange { first: now, last: now, least: now, most: now });
            self.range = Some(QueueRange { first, last: now, least: least.min(now), most: most.max(now) });
        }
        if let Some(now) = under_way {
            self.under_way += now;
            self.most_under_way = self.most_under_way.max(now);
            self.counted += 1;
        }
    }
}

impl CollectorWatch {
    /// A place that was not looked at yet.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), first: None, last: None, queues: BTreeMap::new(), looks: 0 }
    }

    /// Takes a page, and when it was taken, in seconds of any clock.
    pub fn see(&mut self, text: String, at_s: f64) {
        self.looks += 1;
        for (name, service) in &page::read(&text, &self.source).services {
            let gauge = |metric, exporter: &str| {
                service.get(metric, MetricPart::Value, exporter).map(|figure| figure.all())
            };
            let counted = [Metric::CollectorQueueSize, Metric::CollectorInFlight];
            let exporters: BTreeSet<&str> =
                counted.into_iter().flat_map(|metric| service.components(metric)).collect();
            for exporter in exporters {
                let looks = self.queues.entry((name.clone(), exporter.to_owned())).or_default();
                looks.see(
                    gauge(Metric::CollectorQueueSize, exporter),
                    gauge(Metric::CollectorInFlight, exporter),
                );
            }
        }
        if self.first.is_none() {
            self.first = Some((text.clone(), at_s));
        }
        self.last = Some((text, at_s));
    }

    /// What follows, an exporter each; `outage_s`: how long its back end may be away.
    pub fn conclude(&self, outage_s: Option<f64>) -> Vec<CollectorPeek> {
        let (Some((first, began)), Some((last, ended))) = (&self.first, &self.last) else {
            return Vec::new();
        };
        let before = (self.looks > 1).then_some((first.as_str(), ended - began));
        let place = ScrapedPlace { source: &self.source, before, last: Scrape { text: last, at_s: None } };
        let rows = observe(&[place], None).into_iter();
        rows.filter(|row| row.kind == QueueOwner::Collector).map(|row| self.exporter(row, outage_s)).collect()
    }

    fn exporter(&self, row: FleetRow, outage_s: Option<f64>) -> CollectorPeek {
        let looks =
            self.queues.get(&(row.service.clone(), row.component.clone())).copied().unwrap_or_default();
        let over_s = row.over_s.value();
        let lost = row.lost_lately().unwrap_or_else(|| row.lost().unwrap_or(0.0));
        let lost_per_s = over_s.filter(|over| *over > 0.0).map_or(0.0, |over| lost / over);
        let mut out = CollectorPeek {
            looks: self.looks,
            queue: looks.range,
            under_way: (looks.counted > 0)
                .then(|| (looks.under_way / looks.counted as f64, looks.most_under_way)),
            sent_per_s: row.spans_per_s.value().map(|rate| (rate - lost_per_s).max(0.0)),
            health: CollectorHealth::Unknown,
            full_in_s: None,
            set: Vec::new(),
            row,
        };
        out.full_in_s = full_in_s(&out, over_s);
        out.health = health(&out);
        out.set.extend(consumers(&out));
        out.set.extend(outage_s.map(|outage_s| queue(&out, outage_s)).unwrap_or_default());
        out
    }
}

/// When a queue that grows is full.
fn full_in_s(peek: &CollectorPeek, over_s: Option<f64>) -> Option<f64> {
    let (range, capacity) = (peek.queue?, peek.row.queue.value()?);
    let grown = range.last - range.first;
    let over_s = over_s.filter(|over| peek.looks > 1 && *over > 0.0)?;
    (grown > GROWN * capacity).then(|| ((capacity - range.last) / (grown / over_s)).max(0.0))
}

fn health(peek: &CollectorPeek) -> CollectorHealth {
    let crowded = peek.queue.zip(peek.row.queue.value()).is_some_and(|(now, most)| now.last > most / 2.0);
    match peek.row.risk {
        _ if peek.row.lost_lately().is_some_and(|lost| lost > 0.0) => CollectorHealth::Losing,
        Risk::Losing => CollectorHealth::Losing,
        _ if peek.full_in_s.is_some() || crowded => CollectorHealth::Filling,
        Risk::Unknown if peek.queue.is_none() => CollectorHealth::Unknown,
        _ => CollectorHealth::Sound,
    }
}

/// More requests at the same time, where those that there are were never done with the queue: then what it sent is all that they can.
fn consumers(peek: &CollectorPeek) -> Option<HelpfulSetting> {
    let troubled = matches!(peek.health, CollectorHealth::Losing | CollectorHealth::Filling);
    let busy = peek.queue.is_some_and(|range| range.least > 0.0) && peek.looks > 1;
    let sent = peek.sent_per_s.filter(|sent| *sent > 0.0 && troubled && busy)?;
    let comes = peek.row.accepted_per_s.or_else(|| peek.row.spans_per_s.value())?;
    let factor = comes / sent * MARGIN;
    if factor <= MARGIN {
        return None;
    }
    let (now, known) = match peek.under_way {
        Some((_, most)) if most >= 1.0 => (most, true),
        _ => (10.0, false),
    };
    // Rates are quotients: a whole number may come out a hair above itself.
    let needed = (now * factor - 1e-6).ceil();
    let mut why = format!(
        "{} spans/s come, and it sends {} with {}",
        whole(comes),
        whole(sent),
        if known {
            format!("{} requests under way", whole(now))
        } else {
            "what num_consumers is (10 by default; here taken as that)".to_owned()
        }
    );
    if needed > MOST_CONSUMERS {
        why += "; so many are too many: let the exporter make larger batches (sending_queue.batch), or look why its back end is slow";
    }
    let value = needed.min(MOST_CONSUMERS);
    Some(HelpfulSetting { key: "sending_queue.num_consumers".to_owned(), value: format!("{value:.0}"), why })
}

/// A queue in spans that outlasts an outage. What a queue of requests holds no page says.
fn queue(peek: &CollectorPeek, outage_s: f64) -> Vec<HelpfulSetting> {
    let comes = peek.row.accepted_per_s.or_else(|| peek.row.spans_per_s.value());
    let Some(comes) = comes.filter(|comes| *comes > 0.0) else { return Vec::new() };
    let demand = HopDemand {
        spans_per_s: comes,
        request_spans: REQUEST_SPANS,
        round_trip_s: ROUND_TRIP_S,
        outage_s,
        span_bytes: HopDemand::SPAN_BYTES,
    };
    let in_spans = peek.row.queue_unit == QueueUnit::Spans;
    let queue_size = if in_spans { peek.row.queue.value().unwrap_or(0.0) as u64 } else { 0 };
    // How it tries again no page says either; it is the default unless somebody set it.
    let now = HopSettings { sizer: QueueSizer::Items, queue_size, consumers: ENOUGH, ..HopSettings::DEFAULT };
    let Some(plan) = plan(&demand, &now) else { return Vec::new() };
    let set = |line: HopLine| HelpfulSetting { key: line.keys.join("."), value: line.value, why: line.why };
    let mut out: Vec<HelpfulSetting> = lines(&plan).into_iter().map(set).collect();
    if !out.is_empty() && !in_spans {
        let why = "how many spans a request has no page says, so the queue is to count spans".to_owned();
        out.insert(
            0,
            HelpfulSetting { key: "sending_queue.sizer".to_owned(), value: "items".to_owned(), why },
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page: accepted, sent, without room; the queue, and what is under way.
    fn page(accepted: u64, sent: u64, full: u64, queue: u64, under_way: u64) -> String {
        format!(
            "otelcol_process_uptime_seconds 50\n\
             otelcol_receiver_accepted_spans{{receiver=\"otlp\",transport=\"grpc\"}} {accepted}\n\
             otelcol_exporter_sent_spans{{exporter=\"otlp\"}} {sent}\n\
             otelcol_exporter_enqueue_failed_spans{{exporter=\"otlp\"}} {full}\n\
             otelcol_exporter_queue_capacity{{exporter=\"otlp\",data_type=\"traces\"}} 100\n\
             otelcol_exporter_queue_size{{exporter=\"otlp\",data_type=\"traces\"}} {queue}\n\
             otelcol_exporter_in_flight_requests{{exporter=\"otlp\",data_type=\"traces\"}} {under_way}\n"
        )
    }

    fn watch(pages: &[String], outage_s: Option<f64>) -> CollectorPeek {
        let mut watch = CollectorWatch::new("http://gateway:8888/metrics");
        for (at, text) in pages.iter().enumerate() {
            watch.see(text.clone(), at as f64 * 5.0);
        }
        let mut found = watch.conclude(outage_s);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn set(peek: &CollectorPeek) -> Vec<(&str, &str)> {
        peek.set.iter().map(|one| (one.key.as_str(), one.value.as_str())).collect()
    }

    #[test]
    fn a_full_queue_loses_and_wants_more_requests_at_the_same_time() {
        // 1,000 spans/s come, 250 leave with five requests under way, the others find no room.
        let pages = [
            page(10_000, 5_000, 0, 98, 5),
            page(15_000, 6_250, 3_700, 100, 5),
            page(20_000, 7_500, 7_450, 100, 5),
        ];
        let seen = watch(&pages, None);
        assert_eq!((seen.health, seen.looks), (CollectorHealth::Losing, 3));
        assert_eq!(
            seen.queue.map(|range| (range.first as u64, range.least as u64, range.most as u64)),
            Some((98, 98, 100))
        );
        assert!(seen.sent_per_s.is_some_and(|sent| (sent - 250.0).abs() < 1e-6), "{seen:?}");
        // Four times as many, and the margin.
        assert_eq!(set(&seen), [("sending_queue.num_consumers", "25")]);
    }

    #[test]
    fn a_queue_that_grows_is_full_at_a_time_that_can_be_said() {
        let pages = [
            page(10_000, 9_000, 0, 10, 10),
            page(15_000, 13_000, 0, 30, 10),
            page(20_000, 17_000, 0, 50, 10),
        ];
        let seen = watch(&pages, None);
        // Twenty every five seconds, and room for fifty.
        assert_eq!(seen.health, CollectorHealth::Filling);
        assert!(seen.full_in_s.is_some_and(|seconds| (seconds - 12.5).abs() < 1e-9), "{seen:?}");
        assert_eq!(set(&seen), [("sending_queue.num_consumers", "16")]);
    }

    #[test]
    fn an_empty_queue_is_sound_and_an_outage_still_wants_room() {
        let pages = [page(10_000, 10_000, 0, 0, 0), page(20_000, 20_000, 0, 1, 2)];
        let seen = watch(&pages, None);
        assert_eq!((seen.health, seen.set.len(), seen.full_in_s), (CollectorHealth::Sound, 0, None));
        let seen = watch(&pages, Some(30.0));
        let keys: Vec<&str> = seen.set.iter().map(|one| one.key.as_str()).collect();
        let all = [
            "sending_queue.sizer",
            "sending_queue.queue_size",
            "retry_on_failure.initial_interval",
            "retry_on_failure.max_interval",
        ];
        assert_eq!(keys, all, "{seen:?}");
        // 2,500 spans/s with the margin for thirty seconds at the least.
        let size: f64 = seen.set[1].value.parse().unwrap();
        assert!((75_000.0..400_000.0).contains(&size), "{size}");
    }

    #[test]
    fn pages_without_a_collector_or_without_its_gauges_say_nothing_of_them() {
        let mut watch = CollectorWatch::new("x");
        assert!(watch.conclude(None).is_empty());
        watch.see("up 1\n".to_owned(), 0.0);
        assert!(watch.conclude(Some(5.0)).is_empty());
        let mut bare = CollectorWatch::new("x");
        for at in [0.0, 5.0] {
            bare.see("otelcol_exporter_sent_spans{exporter=\"otlp\"} 5\n".to_owned(), at);
        }
        let seen = bare.conclude(None);
        assert_eq!(
            (seen[0].health, seen[0].queue, seen[0].under_way),
            (CollectorHealth::Unknown, None, None)
        );
    }
}
