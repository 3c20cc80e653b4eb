//! Settings of a batch processor with its exporter, and what follows from them by the capacity model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SPAN_BYTES;
use super::demand::Demand;
use super::retry::{Recovery, RetryPolicy};
use crate::advice::law::Worker;
use crate::exporter::defaults;
use crate::exporter::{Exporter, Protocol};
use crate::quantity::unit::Period;

/// A batch that does not fill is exported after it, seconds; it is the default of the SDK, because no delay is advised.
const DELAY_S: f64 = defaults::DELAY_MS as f64 / 1e3;
/// The longest outage that is looked for, seconds.
const MOST_OUTAGE_S: f64 = 86_400.0;

/// Settings of a batch processor with its exporter, as the SDK takes them.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BatchSettings")]
pub struct BatchSettings {
    /// Spans per export at most (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    pub batch: u32,
    /// Length of the queue, in spans (`OTEL_BSP_MAX_QUEUE_SIZE`).
    pub queue: u32,
    /// Bound on an export with all its retries, milliseconds (`OTEL_BSP_EXPORT_TIMEOUT`).
    pub export_timeout_ms: u64,
    /// The exporter's own bound, milliseconds (`OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`): over gRPC on all attempts together, over
    /// HTTP on each.
    pub exporter_timeout_ms: u64,
    /// How it tries again.
    pub retry: RetryPolicy,
}

/// What follows from settings, by the capacity model.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// What the one worker can export per second: batch over round trip.
    pub ceiling_per_s: f64,
    /// Ceiling less what is offered; below 0 the worker is too slow.
    pub headroom_per_s: f64,
    /// Spans lost per second in the long run, without any outage.
    pub lost_per_s: f64,
    /// Their share.
    pub loss: f64,
    /// The longest time without any export that the queue outlasts, seconds; for example an answer that is late.
    pub outlasts_s: f64,
    /// The longest outage that is survived whatever chance does to the retries, seconds; 0: none.
    pub survives_s: f64,
    /// Memory of the spans when queue and batch are full, bytes.
    pub memory_bytes: u64,
    /// From a span's end to the answer for it at most, without an outage: filling the batch, and its export; seconds.
    pub latency_s: f64,
    /// From the outage's end at the latest until the queue is empty again, seconds; absent without an outage, and
    /// where the worker is too slow for it.
    pub drain_s: Option<f64>,
}

impl BatchSettings {
    /// The defaults of the SDK.
    pub const DEFAULT: Self = Self {
        batch: defaults::BATCH,
        queue: defaults::QUEUE,
        export_timeout_ms: defaults::EXPORT_TIMEOUT_MS,
        exporter_timeout_ms: defaults::EXPORTER_TIMEOUT_MS,
        retry: RetryPolicy::SDK,
    };

    /// What an exporter's knobs set, and the defaults where one is absent. How it tries again is not among them.
    pub fn set_by(exporter: &Exporter) -> Self {
        let ms = |knob: Option<Period>, default: u64| knob.map_or(default, |time| time.nanos() / 1_000_000);
        Self {
            batch: exporter.batch_or_default(),
            queue: exporter.queue_or_default(),
            export_timeout_ms: ms(exporter.export_timeout, defaults::EXPORT_TIMEOUT_MS),
            exporter_timeout_ms: ms(exporter.timeout, defaults::EXPORTER_TIMEOUT_MS),
            retry: RetryPolicy::SDK,
        }
    }

    /// The worker that has these settings at that demand.
    pub fn worker(&self, demand: &Demand) -> Worker {
        let batch = self.batch;
        Worker::measured(batch, self.queue, demand.export_s(batch))
    }

    /// What the worker can export per second.
    pub fn ceiling(&self, demand: &Demand) -> f64 {
        self.worker(demand).ceiling
    }

    /// What an outage of that length means for an export that it hits.
    pub(crate) fn recovery(&self, demand: &Demand, outage_s: f64) -> Recovery {
        self.retry.recovery(demand.protocol, self.exporter_timeout_ms as f64 / 1e3, outage_s)
    }

    /// Length of the queue that a demand takes: what ends until the first export after the outage is answered, a burst on top,
    /// and a batch, because a worker takes whole ones.
    pub(crate) fn queue_for(&self, demand: &Demand, outage_s: f64) -> f64 {
        let batch = self.batch;
        let silent = self.recovery(demand, outage_s).attempt_s + demand.export_s(batch);
        demand.spans_per_s * silent.max(demand.stall_s) + demand.extra() + f64::from(batch)
    }

    /// Whether nothing is lost at that demand through an outage of that length. A connection that is refused over HTTP is not
    /// tried again, so that no outage is survived there.
    pub fn keeps(&self, demand: &Demand, outage_s: f64) -> bool {
        let endures = outage_s <= 0.0 || demand.protocol == Protocol::Grpc;
        let ceiling = self.ceiling(demand);
        endures
            && ceiling >= demand.spans_per_s
            && f64::from(self.queue) >= self.queue_for(demand, outage_s)
            && self.waits_for(demand, outage_s)
    }

    /// Whether an export goes on until it succeeds after an outage that answers with errors which are tried again.
    pub(crate) fn waits_for(&self, demand: &Demand, outage_s: f64) -> bool {
        let recovery = self.recovery(demand, outage_s);
        let last_s = recovery.attempt_s + demand.export_s(self.batch);
        let bound = match demand.protocol {
            Protocol::Grpc => self.exporter_timeout_ms.min(self.export_timeout_ms),
            Protocol::HttpProtobuf => self.export_timeout_ms,
        };
        last_s * 1e3 <= bound as f64 && recovery.failing_s <= self.retry.elapsed_s
    }

    /// What follows at a demand.
    pub fn outlook(&self, demand: &Demand) -> Outlook {
        let batch = self.batch;
        let ceiling = self.ceiling(demand);
        let rate = demand.spans_per_s;
        let lost = (rate - ceiling).max(0.0);
        let export_s = demand.export_s(batch);
        let room = f64::from(self.queue) + f64::from(batch);
        let backlog = (rate * (self.recovery(demand, demand.outage_s).attempt_s + export_s)).min(room);
        Outlook {
            ceiling_per_s: ceiling,
            headroom_per_s: ceiling - rate,
            lost_per_s: lost,
            loss: lost / rate,
            outlasts_s: self.worker(demand).outlasts(rate),
            survives_s: self.survives(demand),
            memory_bytes: (u64::from(self.queue) + u64::from(batch)) * SPAN_BYTES,
            latency_s: (f64::from(batch) / rate).min(DELAY_S) + export_s,
            drain_s: (ceiling > rate && demand.outage_s > 0.0).then(|| backlog / (ceiling - rate)),
        }
    }

    /// The longest outage that is survived, seconds: a longer one never is where a shorter one is not.
    fn survives(&self, demand: &Demand) -> f64 {
        let (mut kept, mut lost) = (0.0, MOST_OUTAGE_S);
        for _ in 0..40 {
            let middle = f64::midpoint(kept, lost);
            if self.keeps(demand, middle) { kept = middle } else { lost = middle }
        }
        // What the halving ends with where nothing is kept.
        if kept < 1e-3 { 0.0 } else { kept }
    }
}
