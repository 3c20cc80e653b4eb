//! The cheapest settings of a collector's exporter that lose nothing: what is enough stays, then more consumers, then a longer queue.

use serde::Serialize;

use super::settings::{HopDemand, HopOutlook, HopSettings, OwnBatch};
use crate::advice::MARGIN;
use crate::scenario::pipeline::QueueSizer;

/// Requests at the same time beyond which larger ones are advised: each takes a stream and a goroutine, and back ends bound streams.
const MOST_CONSUMERS: u64 = 100;
/// The largest batch that is advised: gRPC receivers refuse a message above 4 MiB by default.
const MOST_BATCH: f64 = 8192.0;
/// Batches are advised in steps of so many spans.
const BATCH_STEP: f64 = 64.0;
/// The longest queue in memory that is advised without a word, bytes of spans.
const MOST_BYTES: f64 = 1024.0 * 1024.0 * 1024.0;
/// Pauses between attempts that let a queue be short, seconds. They cost an attempt of each consumer every few seconds.
const QUICK_S: (f64, f64) = (1.0, 5.0);

/// Settings with what follows from them.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct HopChoice {
    /// What is set.
    pub settings: HopSettings,
    /// What follows.
    pub outlook: HopOutlook,
}

/// What keeps settings from being enough.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HopShortfall {
    /// Not even many consumers with large batches send so much.
    Ceiling,
    /// The queue takes more memory than a collector usually has.
    Memory,
}

/// What to set of an exporter for a demand.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HopPlan {
    /// What is asked.
    pub demand: HopDemand,
    /// What is set now.
    pub now: HopChoice,
    /// The cheapest settings; where none suffice, the best there are.
    pub advised: HopChoice,
    /// What they lack; nothing: they lose nothing.
    pub lacks: Vec<HopShortfall>,
}

/// A plan, and whose it is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NamedHopPlan {
    /// The collector: its name in the path, or the file of its configuration.
    pub hop: String,
    /// Its exporter.
    pub exporter: String,
    /// What to set of it.
    pub plan: HopPlan,
}

impl HopPlan {
    /// What is set now is what is advised.
    pub fn is_settled(&self) -> bool {
        self.advised.settings == self.now.settings && self.lacks.is_empty()
    }
}

/// Finds the cheapest settings; `None` where the demand is not sound. What is set now and is enough stays as it is: nothing is made
/// smaller, for an empty queue costs nothing, and an idle consumer little.
pub fn plan(demand: &HopDemand, now: &HopSettings) -> Option<HopPlan> {
    if !demand.is_sound() {
        return None;
    }
    let (settings, lacks) = cheapest(demand, now);
    let chosen = |settings: HopSettings| HopChoice { settings, outlook: settings.outlook(demand) };
    Some(HopPlan { demand: *demand, now: chosen(*now), advised: chosen(settings), lacks })
}

fn cheapest(demand: &HopDemand, now: &HopSettings) -> (HopSettings, Vec<HopShortfall>) {
    let wanted = demand.times(MARGIN);
    let mut lacks = Vec::new();
    let mut settings = *now;
    if settings.keeps(&wanted, demand.outage_s) {
        return (settings, lacks);
    }
    settings.queue = true;
    send(&mut settings, demand, &mut lacks);
    if demand.outage_s > 0.0 {
        settings.retry = true;
        settings.retry_initial_s = settings.retry_initial_s.min(QUICK_S.0);
        settings.retry_most_s = settings.retry_most_s.min(QUICK_S.1);
        if !settings.goes_on(demand.outage_s) {
            settings.give_up_s = settings.recovery(demand.outage_s).failing_s.ceil() + 1.0;
        }
    }
    // Of the rate as it is: with the margin on it requests would be larger, and fewer of them.
    let spans = settings.needed(&wanted, demand.outage_s).max(settings.needed(demand, demand.outage_s));
    let size = settings.size_for(spans, demand);
    if size > settings.queue_size {
        let step = match settings.sizer {
            QueueSizer::Requests => 10,
            QueueSizer::Items => 1024,
            QueueSizer::Bytes => 1 << 20,
        };
        settings.queue_size = size.next_multiple_of(step);
    }
    if !settings.disk && settings.room(demand) * demand.span_bytes > MOST_BYTES {
        lacks.push(HopShortfall::Memory);
    }
    (settings, lacks)
}

/// As many consumers as the rate needs, and where those would be too many, larger batches of the exporter's own.
fn send(settings: &mut HopSettings, demand: &HopDemand, lacks: &mut Vec<HopShortfall>) {
    let wanted = demand.spans_per_s * MARGIN;
    if settings.ceiling(demand) >= wanted {
        return;
    }
    let under_way = wanted * demand.round_trip_s;
    let consumers = (under_way / settings.sent(demand)).ceil() as u64;
    settings.consumers = consumers.min(MOST_CONSUMERS).max(settings.consumers);
    if consumers <= MOST_CONSUMERS {
        return;
    }
    let each = under_way / settings.consumers as f64;
    let least = ((each / BATCH_STEP).ceil() * BATCH_STEP).min(MOST_BATCH);
    if least > settings.sent(demand) {
        // Two of them would make batches twice.
        settings.processor = None;
        let flush_s = settings.own.unwrap_or(OwnBatch::DEFAULT).flush_s;
        settings.own = Some(OwnBatch { least, most: least.max(demand.request_spans), flush_s });
    }
    if settings.ceiling(demand) < demand.spans_per_s {
        lacks.push(HopShortfall::Ceiling);
    }
}
