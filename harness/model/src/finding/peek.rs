//! What `spanfate peek` sees of a process that runs, and what follows from it.

use serde::Serialize;

use crate::advice::plan::AdvicePlan;
use crate::advice::why::{Variable, assumption, overrun, shortfalls, variables};
use crate::format::probe::ProcessorSettings;
use crate::quantity::unit::MonoNs;

/// All places that spans offered to a batch processor can be in, at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// When.
    pub at: MonoNs,
    /// Dropped since it is watched; the SDK's counter may have passed 2^32 meanwhile.
    pub dropped: u64,
    /// Handed to the exporter since it is watched.
    pub handed: u64,
    /// In the queue.
    pub queue: u32,
    /// In the batch that is being gathered, and not yet handed over.
    pub gathered: u32,
}

/// Times of exports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExportTimes {
    /// How many.
    pub count: u64,
    /// Their spans.
    pub spans: u64,
    /// Nanoseconds in all.
    pub sum: u64,
    /// The longest, nanoseconds.
    pub most: u64,
}

impl ExportTimes {
    /// Adds an export.
    pub fn add(&mut self, spans: u32, ns: u64) {
        self.count += 1;
        self.spans += u64::from(spans);
        self.sum += ns;
        self.most = self.most.max(ns);
    }

    /// How much longer an export takes per further span, seconds, as these and larger ones show; none where they are too few, or
    /// too much alike.
    pub fn growth_to(&self, larger: &Self) -> Option<f64> {
        const FEW: u64 = 5;
        if self.count < FEW || larger.count < FEW {
            return None;
        }
        let mean = |sum: u64, of: &Self| sum as f64 / of.count as f64;
        let (from, to) = (mean(self.spans, self), mean(larger.spans, larger));
        let longer = (mean(larger.sum, larger) - mean(self.sum, self)).max(0.0) / 1e9;
        (to >= 2.0 * from).then(|| longer / (to - from))
    }
}

/// What was seen of one batch processor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WatchedProcessor {
    /// What it is set to.
    pub settings: ProcessorSettings,
    /// What was read there fits together.
    pub fits: bool,
    /// When it was first looked at.
    pub since: MonoNs,
    /// The look that rates begin with.
    pub first: Look,
    /// The last.
    pub last: Look,
    /// The SDK's counter of dropped spans in that one.
    pub counter: u32,
    /// The most spans seen in its queue.
    pub queue_most: u32,
    /// Exports of full batches that succeeded, and whose begin was seen.
    pub full: ExportTimes,
    /// All exports that succeeded, and whose begin was seen. How long a failure takes is no round trip: it may be a timeout.
    pub all: ExportTimes,
    /// Exports that ended, also those whose begin was not seen.
    pub ended: u64,
    /// Of these, exports that failed.
    pub failed: u64,
    /// The longest export whose begin was seen, failed or not, nanoseconds.
    pub slowest: u64,
    /// What the last error said.
    pub error: Option<String>,
    /// When its worker was last heard of; never, where it is known by the spans it was offered only.
    pub heard: Option<MonoNs>,
    /// Spans that its exporter has.
    pub exporting: u32,
    /// Since when it has them.
    pub exporting_since: MonoNs,
    /// Its shutdown began.
    pub shut: bool,
}

/// What was seen of a process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Observation {
    /// The process.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Go version.
    pub go: String,
    /// SDK version; empty where the binary does not say it.
    pub sdk: String,
    /// Versions that the places of fields were taken from, where its own are not known.
    pub nearest: Option<String>,
    /// Milliseconds since its start.
    pub age_ms: u64,
    /// When the probes were all there.
    pub began: MonoNs,
    /// The last look.
    pub ended: MonoNs,
    /// Its batch processors, in the order in which they were found.
    pub processors: Vec<WatchedProcessor>,
    /// Spans exported by processors without a queue.
    pub unqueued: u64,
    /// Exports of these that failed, and what the last error said.
    pub unqueued_failed: (u64, Option<String>),
    /// Records that were lost on the way.
    pub lost: u64,
    /// It ended while it was watched.
    pub gone: bool,
    /// It exported so often that the probes were taken away early.
    pub dear: bool,
}

/// What follows for a process.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Peek {
    /// The process.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Go version.
    pub go: String,
    /// SDK version; empty where the binary does not say it.
    pub sdk: String,
    /// Seconds since its start.
    pub age_s: f64,
    /// Seconds that it was watched.
    pub watched_s: f64,
    /// Its batch processors.
    pub processors: Vec<ProcessorPeek>,
    /// Spans exported by processors without a queue.
    pub unqueued: u64,
    /// Exports of these that failed.
    pub unqueued_failed: u64,
    /// What the last error of these said.
    pub unqueued_error: Option<String>,
    /// What makes figures doubtful.
    pub notes: Vec<String>,
}

/// How a batch processor does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessorHealth {
    /// It dropped nothing while it was watched.
    Keeping,
    /// It dropped spans while it was watched.
    Losing,
    /// Every export that ended failed: whatever is offered is lost.
    Failing,
    /// Its worker exports nothing.
    Stuck,
    /// Its worker was not heard of, which its schedule delay permits.
    Unheard,
    /// It was shut down.
    Shut,
}

/// Round trip of exports.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RoundTrip {
    /// Mean, milliseconds.
    pub mean_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Exports it rests on.
    pub exports: u64,
    /// Their mean number of spans.
    pub spans: f64,
    /// They had full batches; else the time of a full one is longer.
    pub full: bool,
}

/// What follows for a batch processor.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ProcessorPeek {
    /// How it does.
    pub state: ProcessorHealth,
    /// Seconds that it was watched.
    pub watched_s: f64,
    /// Spans dropped since the process started, as the SDK counts them: with 32 bits.
    pub dropped_total: u32,
    /// That counter may have begun anew, so that it is a lower bound.
    pub may_have_wrapped: bool,
    /// Spans dropped while it was watched.
    pub dropped: u64,
    /// Length of its queue.
    pub queue: u32,
    /// Spans per export at most.
    pub batch: u32,
    /// `End()` waits where the queue is full; else the span is dropped.
    pub blocks: bool,
    /// Schedule delay, milliseconds.
    pub delay_ms: f64,
    /// Export timeout, milliseconds.
    pub timeout_ms: f64,
    /// Spans in the queue at the end.
    pub queued: u32,
    /// The most spans seen in the queue.
    pub queued_most: u32,
    /// Spans in the batch that is being gathered or exported, at the end.
    pub gathered: u32,
    /// Seconds that an export is under way at the end.
    pub under_way_s: Option<f64>,
    /// Exports that ended while it was watched.
    pub exports: u64,
    /// Those that failed.
    pub failed: u64,
    /// What the last error said.
    pub last_error: Option<String>,
    /// Seconds since its worker was heard of, where it is stuck or unheard.
    pub silent_s: Option<f64>,
    /// Round trip of exports that succeeded; absent where none did.
    pub round_trip: Option<RoundTrip>,
    /// Spans offered per second; absent where two looks are too close to each other.
    pub offered_per_s: Option<f64>,
    /// What it can export per second: batch over round trip.
    pub ceiling_per_s: Option<f64>,
    /// Offered over ceiling.
    pub load: Option<f64>,
    /// What to set; absent where nothing needs to change, or too little is known.
    pub advice: Option<Advice>,
}

/// What to set, as the adviser works it out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Advice {
    /// Spans per export at most.
    pub batch: u32,
    /// Length of the queue.
    pub queue: u32,
    /// What the worker can export per second then, if an export takes no longer.
    pub ceiling_per_s: f64,
    /// Memory of the spans when queue and batch are full, bytes.
    pub memory_bytes: u64,
    /// What those that are there take of that already, bytes.
    pub memory_now_bytes: u64,
    /// Nothing is lost by the capacity model then, with the margin.
    pub suffices: bool,
    /// The batch is so large that a receiver's limit of a message may be met.
    pub large: bool,
    /// The variables to set.
    pub set: Vec<Variable>,
    /// Why it drops spans although its worker keeps up on average, and what queue that takes.
    pub overrun: Option<String>,
    /// What a larger batch rests on.
    pub assumes: Option<String>,
    /// What is missing, and what else to do, in a sentence each.
    pub shortfalls: Vec<String>,
}

impl Advice {
    /// What a plan says; `None` where nothing needs to change.
    pub fn of(plan: &AdvicePlan) -> Option<Self> {
        let (advised, lacks) = plan.advised();
        (!plan.is_settled()).then(|| Self {
            batch: advised.settings.batch,
            queue: advised.settings.queue,
            ceiling_per_s: advised.outlook.ceiling_per_s,
            memory_bytes: advised.outlook.memory_bytes,
            memory_now_bytes: plan.now.outlook.memory_bytes,
            suffices: lacks.is_empty(),
            large: plan.is_large(),
            set: variables(&advised.settings, &plan.now.settings, &plan.demand),
            overrun: overrun(plan),
            assumes: assumption(plan),
            shortfalls: shortfalls(plan),
        })
    }
}
