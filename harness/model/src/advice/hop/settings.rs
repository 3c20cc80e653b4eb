//! An exporter of a collector as the capacity model knows it, and what follows from its settings.

use serde::Serialize;

use crate::advice::law::ceiling;
use crate::advice::retry::{Recovery, RetryPolicy};
use crate::exporter::{Protocol, defaults};
use crate::quantity::unit::Period;
use crate::scenario::pipeline::{HopKnobs, QueueSizer};

/// More spans per second than any collector takes; a larger number is a mistake.
const MOST_PER_S: f64 = 1e9;
/// Longer than any outage is bridged by a queue: a week.
const MOST_S: f64 = 604_800.0;
/// The longest outage that is looked for, seconds.
const MOST_OUTAGE_S: f64 = 86_400.0;

/// What comes to a collector, and what stands behind it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct HopDemand {
    /// Spans per second.
    pub spans_per_s: f64,
    /// Spans of a request as it comes.
    pub request_spans: f64,
    /// Time from a request of the collector to its answer, seconds.
    pub round_trip_s: f64,
    /// How long the back end may be away, seconds; 0 where no outage is to be survived.
    pub outage_s: f64,
    /// Bytes of a span in protobuf.
    pub span_bytes: f64,
}

impl HopDemand {
    /// Bytes of a span where nobody says it.
    pub const SPAN_BYTES: f64 = 500.0;

    /// Whether every number is one that can be.
    pub fn is_sound(&self) -> bool {
        let time = |value: f64| (0.0..=MOST_S).contains(&value);
        self.spans_per_s > 0.0
            && self.spans_per_s <= MOST_PER_S
            && self.request_spans >= 1.0
            && self.span_bytes >= 1.0
            && time(self.round_trip_s)
            && self.round_trip_s > 0.0
            && time(self.outage_s)
    }

    /// The same for so many times the rate.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { spans_per_s: self.spans_per_s * factor, ..self }
    }
}

/// The batch processor before an exporter.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct ProcessorBatch {
    /// Spans after which it hands on (`send_batch_size`); 0: at once.
    pub size: f64,
    /// Time after which it does so at the latest, seconds (`timeout`).
    pub timeout_s: f64,
    /// Most spans of what it hands on (`send_batch_max_size`); 0: no bound.
    pub most: f64,
}

impl ProcessorBatch {
    /// The defaults of v0.165.0.
    pub const DEFAULT: Self = Self { size: 8192.0, timeout_s: 0.2, most: 0.0 };

    /// Spans of what it hands on. Whole requests are put together until it is time or there are enough; with a timeout of 0 each goes on
    /// at once.
    pub fn spans(&self, demand: &HopDemand) -> f64 {
        let request = demand.request_spans;
        let by_time = (demand.spans_per_s * self.timeout_s).max(request);
        let spans = if self.size > 0.0 { by_time.min(self.size.max(request)) } else { by_time };
        if self.most > 0.0 { spans.min(self.most) } else { spans }
    }
}

/// Batches that an exporter makes itself, behind its queue.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct OwnBatch {
    /// Fewest spans (`min_size`).
    pub least: f64,
    /// Most spans (`max_size`); 0: no bound.
    pub most: f64,
    /// Time after which it is sent at the latest, seconds (`flush_timeout`).
    pub flush_s: f64,
}

impl OwnBatch {
    /// The defaults of v0.165.0 where it is on.
    pub const DEFAULT: Self = Self { least: 8192.0, most: 0.0, flush_s: 0.2 };

    /// Spans of a batch where the queue holds enough: then it does not wait for its time.
    pub fn spans(&self, put: f64) -> f64 {
        let spans = self.least.max(put);
        if self.most > 0.0 { spans.min(self.most) } else { spans }
    }
}

/// Settings of an exporter and of what stands before it in its pipeline.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct HopSettings {
    /// The batch processor, where there is one.
    pub processor: Option<ProcessorBatch>,
    /// The exporter's own batches, where it makes any.
    pub own: Option<OwnBatch>,
    /// Whether it has a queue.
    pub queue: bool,
    /// Length of the queue, in what it counts. What is under way counts, too.
    pub queue_size: u64,
    /// What it counts.
    pub sizer: QueueSizer,
    /// Requests at the same time.
    pub consumers: u64,
    /// The queue lies on disk.
    pub disk: bool,
    /// Whether a failed request is tried again.
    pub retry: bool,
    /// First pause before another attempt, seconds.
    pub retry_initial_s: f64,
    /// Longest pause, seconds.
    pub retry_most_s: f64,
    /// Time after which it gives up, seconds; 0: never.
    pub give_up_s: f64,
    /// Bound on one attempt, seconds.
    pub timeout_s: f64,
    /// How it talks to what is behind it.
    pub protocol: Protocol,
}

/// What follows from settings, by the capacity model.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct HopOutlook {
    /// Spans of what is put into the queue.
    pub put: f64,
    /// Spans of a request that it sends.
    pub sent: f64,
    /// What its consumers send per second at most; absent where it has no queue, for then its senders decide.
    pub ceiling_per_s: Option<f64>,
    /// The share of the spans that is lost in the long run, without any outage.
    pub loss: f64,
    /// Spans that the queue holds, with those under way.
    pub room: f64,
    /// The longest time without any answer that it outlasts, seconds.
    pub outlasts_s: f64,
    /// The longest outage that is survived whatever chance does to the pauses between attempts, seconds; 0: none.
    pub survives_s: f64,
    /// Spans of the outage that find no room, or are given up, however soon it is over then.
    pub lost_in_outage: f64,
    /// Bytes of the spans in a full queue, in memory or on disk.
    pub full_bytes: u64,
    /// From the outage's end at the latest until the queue is empty again, seconds; absent without an outage, and where the consumers
    /// are too slow for it.
    pub drain_s: Option<f64>,
}

impl HopSettings {
    /// The defaults of v0.165.0, without the batch processor.
    pub const DEFAULT: Self = Self {
        processor: None,
        own: None,
        queue: true,
        queue_size: 1000,
        sizer: QueueSizer::Requests,
        consumers: 10,
        disk: false,
        retry: true,
        retry_initial_s: 5.0,
        retry_most_s: 30.0,
        give_up_s: 300.0,
        timeout_s: 5.0,
        protocol: Protocol::Grpc,
    };

    /// What a hop's knobs set, and the defaults where one is absent.
    pub fn set_by(knobs: &HopKnobs) -> Self {
        let default = Self::DEFAULT;
        let seconds = |knob: Option<Period>, default: f64| knob.map_or(default, Period::seconds);
        let spans = |knob: Option<std::num::NonZeroU32>, default: f64| {
            knob.map_or(default, |spans| f64::from(spans.get()))
        };
        let processor = ProcessorBatch::DEFAULT;
        let own = OwnBatch::DEFAULT;
        Self {
            processor: knobs.has_batch_processor().then(|| ProcessorBatch {
                size: spans(knobs.batch_size, processor.size),
                timeout_s: seconds(knobs.batch_timeout, processor.timeout_s),
                ..processor
            }),
            own: (knobs.exporter_batch == Some(true)).then(|| OwnBatch {
                least: spans(knobs.exporter_batch_min, own.least),
                most: spans(knobs.exporter_batch_max, own.most),
                flush_s: seconds(knobs.flush_timeout, own.flush_s),
            }),
            queue: knobs.queue.unwrap_or(default.queue),
            queue_size: knobs.queue_size.map_or(default.queue_size, |size| size.get().into()),
            sizer: knobs.queue_sizer.unwrap_or(default.sizer),
            consumers: knobs.consumers.map_or(default.consumers, |consumers| consumers.get().into()),
            disk: knobs.is_persistent(),
            retry: knobs.retry.unwrap_or(default.retry),
            retry_initial_s: seconds(knobs.retry_initial, default.retry_initial_s),
            retry_most_s: seconds(knobs.retry_max, default.retry_most_s),
            give_up_s: seconds(knobs.retry_give_up, default.give_up_s),
            timeout_s: seconds(knobs.timeout, default.timeout_s),
            protocol: knobs.protocol.unwrap_or(default.protocol),
        }
    }

    /// Spans of what is put into the queue.
    pub fn put(&self, demand: &HopDemand) -> f64 {
        self.processor.map_or(demand.request_spans, |processor| processor.spans(demand))
    }

    /// Spans of a request that it sends where there is enough to send.
    pub fn sent(&self, demand: &HopDemand) -> f64 {
        let put = self.put(demand);
        self.own.map_or(put, |own| own.spans(put))
    }

    /// What the consumers send per second at most: each one request at a time, a round trip long.
    pub fn ceiling(&self, demand: &HopDemand) -> f64 {
        ceiling(self.consumers as f64 * self.sent(demand), demand.round_trip_s)
    }

    /// Spans of what the queue counts as one.
    fn unit(&self, demand: &HopDemand) -> f64 {
        match self.sizer {
            QueueSizer::Requests => self.put(demand),
            QueueSizer::Items => 1.0,
            QueueSizer::Bytes => 1.0 / demand.span_bytes,
        }
    }

    /// Spans that the queue holds. What its consumers are sending, or trying again, is among them: it leaves the queue when it is done.
    pub fn room(&self, demand: &HopDemand) -> f64 {
        if self.queue { self.queue_size as f64 * self.unit(demand) } else { 0.0 }
    }

    /// The size of a queue that holds so many spans, in what it counts.
    pub fn size_for(&self, spans: f64, demand: &HopDemand) -> u64 {
        (spans / self.unit(demand)).ceil().max(1.0) as u64
    }

    /// What an outage of that length means for a request that it hits.
    pub(super) fn recovery(&self, outage_s: f64) -> Recovery {
        let retry = RetryPolicy {
            initial_s: self.retry_initial_s,
            most_s: self.retry_most_s,
            elapsed_s: self.give_up_s,
            reconnect_s: defaults::RECONNECT_MOST_MS as f64 / 1e3,
        };
        retry.recovery(self.protocol, self.timeout_s, outage_s)
    }

    /// Spans that lie in the queue although nothing is wrong: under way, or waiting for their batch to be full.
    fn at_rest(&self, demand: &HopDemand) -> f64 {
        let waiting = self.own.map_or(0.0, |own| (demand.spans_per_s * own.flush_s).min(own.least));
        demand.spans_per_s * demand.round_trip_s + waiting
    }

    /// Spans that the queue must hold: what comes until the first attempt after an outage is answered, what lies in it anyway, and one
    /// request, because it takes whole ones.
    pub(super) fn needed(&self, demand: &HopDemand, outage_s: f64) -> f64 {
        let silent_s = self.recovery(outage_s).attempt_s;
        demand.spans_per_s * silent_s + self.at_rest(demand) + self.put(demand)
    }

    /// Whether what is tried again is not given up before an outage of that length is over.
    pub(super) fn goes_on(&self, outage_s: f64) -> bool {
        let patient = self.give_up_s <= 0.0 || self.recovery(outage_s).failing_s <= self.give_up_s;
        outage_s <= 0.0 || (self.retry && patient)
    }

    /// Whether nothing is lost at that demand through an outage of that length. Without a queue its senders hold what it does not take.
    pub fn keeps(&self, demand: &HopDemand, outage_s: f64) -> bool {
        if !self.queue {
            return outage_s <= 0.0;
        }
        self.ceiling(demand) >= demand.spans_per_s
            && self.room(demand) >= self.needed(demand, outage_s)
            && self.goes_on(outage_s)
    }

    /// The highest rate at which nothing is lost within so many seconds, spans per second: what its consumers send, and what the queue
    /// takes up on top of it.
    pub fn carried(&self, demand: &HopDemand, seconds: f64) -> f64 {
        let keeps = |rate: f64| {
            let at = HopDemand { spans_per_s: rate, ..*demand };
            (rate - self.ceiling(&at)) * seconds <= self.room(&at) - self.put(&at)
        };
        halved((0.0, MOST_PER_S), keeps)
    }

    /// The longest time without any answer that the queue outlasts, seconds.
    pub fn outlasts(&self, demand: &HopDemand) -> f64 {
        (self.room(demand) - self.at_rest(demand)).max(0.0) / demand.spans_per_s.max(f64::MIN_POSITIVE)
    }

    /// Spans of an outage that find no room however soon it is over then, and those that each consumer gives up again and again.
    pub fn lost_in(&self, demand: &HopDemand, outage_s: f64) -> f64 {
        let come = demand.spans_per_s * outage_s;
        if !self.retry {
            return come;
        }
        let given_up = if self.give_up_s > 0.0 && self.give_up_s < outage_s {
            // Each consumer gives one request up each time.
            self.consumers as f64 * self.sent(demand) * (outage_s / self.give_up_s).floor()
        } else {
            0.0
        };
        (come - self.room(demand)).max(given_up).clamp(0.0, come)
    }

    /// What follows at a demand.
    pub fn outlook(&self, demand: &HopDemand) -> HopOutlook {
        let (rate, ceiling, room) = (demand.spans_per_s, self.ceiling(demand), self.room(demand));
        let survives_s = halved((0.0, MOST_OUTAGE_S), |outage| self.keeps(demand, outage));
        let backlog = (rate * (self.recovery(demand.outage_s).attempt_s + demand.round_trip_s)).min(room);
        HopOutlook {
            put: self.put(demand),
            sent: self.sent(demand),
            ceiling_per_s: self.queue.then_some(ceiling),
            loss: if self.queue { ((rate - ceiling) / rate).max(0.0) } else { 0.0 },
            room,
            outlasts_s: self.outlasts(demand),
            survives_s: if survives_s < 1e-3 { 0.0 } else { survives_s },
            lost_in_outage: self.lost_in(demand, demand.outage_s),
            full_bytes: (room * demand.span_bytes) as u64,
            drain_s: (self.queue && ceiling > rate && demand.outage_s > 0.0)
                .then(|| backlog / (ceiling - rate)),
        }
    }
}

/// The highest value between two that something holds for, where it holds for every lower one.
fn halved((mut low, mut high): (f64, f64), holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}
