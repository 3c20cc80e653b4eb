//! What became of spans at the collectors in the path.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::advice::hop::HopDemand;
use crate::fate::Fate;
use crate::format::manifest::HopRewrite;

/// A collector in the path, over all its starts in a trial. Spans are counted by their ids, each once.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopResult {
    /// Name of the hop.
    pub name: String,
    /// It stands beside the one before it, not behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beside: bool,
    /// How often it was started.
    pub starts: u64,
    /// How its starts ended, in order, in words.
    pub ends: Vec<String>,
    /// Requests with spans that came to it.
    pub requests: u64,
    /// Spans that came to it.
    pub came: u64,
    /// Of these, spans of which the sender was told that they were taken.
    pub accepted: u64,
    /// Of those that came, spans that it refused to the last.
    pub refused: u64,
    /// Of those that came, spans whose requests had no answer of it.
    pub unanswered: u64,
    /// Of the accepted ones, spans that the next hop or the receiver accepted.
    pub passed: u64,
    /// Of the accepted ones, spans that the next one rejected in a partial success.
    pub rejected: u64,
    /// Of the accepted ones, spans that were lost in it, by how.
    pub lost: BTreeMap<Fate, u64>,
    /// Of the accepted ones, spans that its sampler or a filter of it did not keep on purpose, by how.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decided: BTreeMap<Fate, u64>,
    /// What its own metrics counted, over all starts whose page was read; absent where no page was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<HopCounters>,
    /// When the first span came that was lost in it, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_from_ms: Option<f64>,
    /// When it first refused a request or left it unanswered, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_from_ms: Option<f64>,
    /// When the next place first did not take a request of it, answered late, or was not reached, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble_behind_ms: Option<f64>,
    /// What it sent to the next place, where it alone sends there; absent where that took nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<HopSent>,
    /// What the tap before it took of the harness's CPU; absent where nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tap: Option<TapCost>,
    /// The exporter that leads on the path, where it has several, or a configuration of its user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exporter: Option<String>,
    /// Its further exporters: each is a path of its own, with a receiver at its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<HopEndResult>,
    /// What was set for the trial over its user's configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewritten: Vec<HopRewrite>,
}

/// What to set of a collector that lost spans, by the capacity model with what the trial measured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HopAdvised {
    /// The variant in which it lost them.
    pub variant: String,
    /// Its name.
    pub hop: String,
    /// What to set of its exporter, `sending_queue.queue_size: 40`; empty where by the model nothing needs to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// Why, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// What these settings still lack, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
}

/// What a tap costs.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TapCost {
    /// Its CPU time over the whole trial, milliseconds.
    pub cpu_ms: f64,
    /// Spans that came to it, each as often as it came.
    pub spans: u64,
}

impl TapCost {
    /// CPU time per span, microseconds; nothing where none came.
    pub fn per_span_us(self) -> Option<f64> {
        (self.spans > 0).then(|| self.cpu_ms * 1e3 / self.spans as f64)
    }

    /// Both together.
    fn and(self, other: Self) -> Self {
        Self { cpu_ms: self.cpu_ms + other.cpu_ms, spans: self.spans + other.spans }
    }
}

/// Requests that the place behind a collector took.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopSent {
    /// How many.
    pub requests: u64,
    /// Their spans.
    pub spans: u64,
    /// Mean time from a request being complete there to its answer, milliseconds.
    pub answer_ms: f64,
}

impl HopSent {
    /// Both together.
    fn and(self, other: Self) -> Self {
        let requests = self.requests + other.requests;
        let waited = self.answer_ms * self.requests as f64 + other.answer_ms * other.requests as f64;
        Self { requests, spans: self.spans + other.spans, answer_ms: waited / requests.max(1) as f64 }
    }
}

/// What became of the spans that a collector took, on the way to the receiver of a further exporter. Each span counts once:
/// `accepted` of the hop is the sum of `arrived`, `rejected`, `lost` and `decided`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopEndResult {
    /// The exporter's name in the configuration.
    pub exporter: String,
    /// Spans that its receiver accepted.
    pub arrived: u64,
    /// Spans that its receiver rejected in a partial success.
    pub rejected: u64,
    /// Spans that the collector took and that did not arrive there, by how.
    pub lost: BTreeMap<Fate, u64>,
    /// Spans that its sampler or a filter of it did not keep on purpose, by how.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decided: BTreeMap<Fate, u64>,
    /// What the metrics of the exporter counted: sent, failed, no room in its queue; absent where no page was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<HopCounters>,
}

impl HopEndResult {
    /// Spans that were lost on the way to it.
    pub fn lost_in_all(&self) -> u64 {
        self.lost.values().sum()
    }

    fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.rejected += other.rejected;
        add(&mut self.lost, &other.lost);
        add(&mut self.decided, &other.decided);
        self.own = self.own.zip(other.own).map(|(own, more)| own.and(more));
    }
}

fn add(to: &mut BTreeMap<Fate, u64>, more: &BTreeMap<Fate, u64>) {
    for (fate, count) in more {
        *to.entry(*fate).or_insert(0) += count;
    }
}

/// What a collector's own metrics count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopCounters {
    /// Spans that its receivers accepted.
    pub accepted: u64,
    /// Spans that its receivers refused, each as often as it came.
    pub refused: u64,
    /// Spans that its exporters sent.
    pub sent: u64,
    /// Spans that its exporters gave up.
    pub send_failed: u64,
    /// Spans that the queues of its exporters had no room for.
    pub enqueue_failed: u64,
    /// What was in the queues of its exporters when the last page was read, in what they count in.
    pub queue: u64,
}

impl HopCounters {
    /// Both together; of the queue the later one.
    #[must_use]
    pub const fn and(self, later: Self) -> Self {
        Self {
            accepted: self.accepted.saturating_add(later.accepted),
            refused: self.refused.saturating_add(later.refused),
            sent: self.sent.saturating_add(later.sent),
            send_failed: self.send_failed.saturating_add(later.send_failed),
            enqueue_failed: self.enqueue_failed.saturating_add(later.enqueue_failed),
            queue: later.queue,
        }
    }
}

impl HopResult {
    /// The hops of the stage behind one, of a path in order.
    pub fn behind(hops: &[Self], index: usize) -> &[Self] {
        let later = hops.get(index + 1..).unwrap_or_default();
        let own = later.iter().take_while(|hop| hop.beside).count();
        let next = later.get(own..).unwrap_or_default();
        let width = next.iter().skip(1).take_while(|hop| hop.beside).count() + usize::from(!next.is_empty());
        next.get(..width).unwrap_or_default()
    }

    /// Spans that were lost in it.
    pub fn lost_in_all(&self) -> u64 {
        self.lost.values().sum()
    }

    /// What it met at such a rate and through such an outage, for the capacity model; nothing where nothing that it sent was taken. An
    /// answer that took less than a tenth of a millisecond took a collector longer.
    pub fn met(&self, spans_per_s: f64, outage_s: f64) -> Option<HopDemand> {
        let sent = self.sent.filter(|_| self.requests > 0)?;
        Some(HopDemand {
            spans_per_s,
            request_spans: (self.came as f64 / self.requests as f64).max(1.0),
            round_trip_s: sent.answer_ms.max(0.1) / 1e3,
            outage_s,
            span_bytes: HopDemand::SPAN_BYTES,
        })
    }

    /// Adds the same hop of another trial.
    pub fn add(&mut self, other: &Self) {
        self.starts += other.starts;
        self.ends.extend(other.ends.iter().cloned());
        self.requests += other.requests;
        self.came += other.came;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.passed += other.passed;
        self.rejected += other.rejected;
        add(&mut self.lost, &other.lost);
        add(&mut self.decided, &other.decided);
        self.lost_from_ms = earlier(self.lost_from_ms, other.lost_from_ms);
        self.refused_from_ms = earlier(self.refused_from_ms, other.refused_from_ms);
        self.trouble_behind_ms = earlier(self.trouble_behind_ms, other.trouble_behind_ms);
        self.sent = match (self.sent, other.sent) {
            (Some(sent), Some(more)) => Some(sent.and(more)),
            (sent, more) => sent.or(more),
        };
        self.tap = self.tap.zip(other.tap).map(|(tap, more)| tap.and(more));
        self.own = match (self.own, other.own) {
            (Some(own), Some(more)) => Some(own.and(more)),
            // A sum in which a trial is missing says nothing.
            _ => None,
        };
        for (at, end) in other.further.iter().enumerate() {
            match self.further.get_mut(at) {
                Some(sum) => sum.add(end),
                None => self.further.push(end.clone()),
            }
        }
    }
}

/// The earlier of two times, of those that are known.
fn earlier(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::min)
}
