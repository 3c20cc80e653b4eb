//! The queue of a batch processor, run again from what was measured: how well that does, and which causes make the loss vanish when they
//! are taken away.

mod course;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cause::LossFactor;

pub use course::{MovedSeries, QueueCourse, SeriesOnset};

/// The replay of one export path that dropped spans, in one start of a service. Whole trials, warm-up included.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PathReplay {
    /// The service.
    pub service: String,
    /// Which start of it, from 0.
    pub incarnation: u32,
    /// The export path, as in the ledger.
    pub path: String,
    /// Spans that came to the queue.
    pub arrived: u64,
    /// Of these, spans that it refused, by the span ledger.
    pub dropped: u64,
    /// The same by the replay of the queue with the calls as they were measured.
    pub replayed: u64,
    /// By so many spans the drops of both differ at the worst moment.
    pub apart: u64,
    /// Whether `replayed` is within 1 % or 10 spans of `dropped`.
    pub fits: bool,
    /// Dropped by a worker that runs freely, with the times of calls that were measured around then; what causes are measured against.
    pub free: u64,
    /// Spans of the measured part that are dropped even if nothing is ever slow: requests start as intended, spans come as
    /// fast as the fastest tenth did, and each call takes what the fastest took. What others do to the machine cannot make it larger. Absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_stalls: Option<u64>,
    /// Spans of the measured part that are dropped even if each call and each span gets back three times what others took of the core
    /// meanwhile. Absent where that is not known, or others took more than a fifth of the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<u64>,
    /// Between which two values the loss less what the law predicts of the same calls lies, as shares of the spans of the measured part,
    /// whatever of that time others took. Absent where that is not known, or the law does not speak of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law_gap: Option<(f64, f64)>,
    /// Most spans that waited in the queue.
    pub deepest: u64,
    /// When the first and the last span was dropped, milliseconds from the start of the load.
    pub from_ms: f64,
    /// The last.
    pub to_ms: f64,
    /// What a call of the exporter was made of while spans were dropped.
    pub cycle: WorkerCycle,
    /// The service's CPU while spans were dropped.
    pub cpu: CpuWitness,
    /// The causes, the largest share first; none where the replay does not fit.
    pub causes: Vec<CauseShare>,
    /// The share of the lost spans that no cause explains.
    pub unknown: f64,
    /// When the first cause began to act before the first drop, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset_ms: Option<f64>,
    /// Calls took no longer than usual while spans were dropped: their median is at most twice that of the others.
    #[serde(default)]
    pub usual_calls: bool,
    /// The queue is shorter than the SDK's own, which would have held everything, and neither calls nor requests were slower than usual
    /// while spans were dropped.
    #[serde(default)]
    pub small_queue: bool,
    /// Services that began nothing and ended nothing for a time, and whose return brought the spans that were dropped; by when they
    /// began to stand still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stood: Vec<Standstill>,
    /// Faults of the scenario, by their numbers in the variant, and the share of the lost spans that vanishes without their windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<(usize, f64)>,
    /// Other settings, and what would be dropped with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<TriedSettings>,
    /// The queue over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<QueueCourse>,
    /// What moved on the way to these drops and through them, in its own service and in the others, by time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub onsets: Vec<SeriesOnset>,
    /// Batches and queues of other variants that differ in nothing else, and what would be dropped with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<TriedSettings>,
    /// Dropped if two workers shared the queue; absent where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_workers: Option<u64>,
    /// How the time of an export grows with its batch, fitted to calls of several sizes; absent where they were all alike, so that
    /// only what a span costs the CPU is taken to grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<ExportGrowth>,
}

/// A time in which a service did nothing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Standstill {
    /// The service.
    pub service: String,
    /// The last thing it did before, milliseconds from the start of the load.
    pub from_ms: f64,
    /// The first thing it did after.
    pub to_ms: f64,
}

/// How much longer an export takes per further span.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExportGrowth {
    /// Microseconds per span.
    pub per_span_us: f64,
    /// Spans of the smaller calls that it was fitted to, in the middle.
    pub from: u64,
    /// Spans of the larger ones.
    pub to: u64,
}

/// A cause of drops.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CauseShare {
    /// Which.
    pub cause: LossFactor,
    /// Its share of the lost spans: what vanishes with it, averaged over all orders in which the causes can be taken away (Shapley), each by the
    /// same part, somewhat more than is needed to save what can be saved.
    pub share: f64,
    /// What vanishes when it alone is taken away.
    pub alone: f64,
}

/// What a call of the exporter was made of, mean milliseconds per call.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct WorkerCycle {
    /// Calls.
    pub calls: u64,
    /// From the end of the call before until its spans were there.
    pub waiting_ms: f64,
    /// From then until the call: the worker was not run.
    pub unrun_ms: f64,
    /// Making the message.
    pub serialising_ms: f64,
    /// Longer than the fastest tenth of the calls, while the service lacked CPU.
    pub starved_ms: f64,
    /// Under way to the receiver and back.
    pub network_ms: f64,
    /// At the receiver.
    pub receiver_ms: f64,
    /// In calls that failed or were tried again.
    pub failing_ms: f64,
    /// While the service stood still, or was busy with what had waited meanwhile.
    #[serde(default)]
    pub behind_ms: f64,
}

/// The CPU of the services of a trial, over a time.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct CpuWitness {
    /// Cores used.
    pub used: f64,
    /// Cores there were: by number, or by a quota on CPU time.
    pub cores: f64,
    /// Time that threads were ready to run and waited for a CPU, in seconds per second.
    pub waited: f64,
    /// Time that a quota kept them from running, milliseconds.
    pub throttled_ms: f64,
    /// Median time from the start of a request to the end of its spans, milliseconds.
    pub served_ms: f64,
    /// The same of the fastest tenth of the whole trial.
    pub undisturbed_ms: f64,
}

/// Other settings of a batch processor, and what the replay says of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TriedSettings {
    /// Spans per export.
    pub batch: u64,
    /// Queue length.
    pub queue: u64,
    /// Spans that would be dropped.
    pub dropped: u64,
    /// Of these, spans of the measured part.
    #[serde(default)]
    pub measured: u64,
}

/// What the replays of a variant's full queues say, over its trials: each counts as much as it dropped.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LossProof {
    /// Replays, and how many of them fit.
    pub replays: u64,
    /// Of these, replays that fit.
    pub fitting: u64,
    /// Spans that queues refused, by the span ledgers; whole trials, warm-up included.
    pub dropped: u64,
    /// The same by the replays.
    pub replayed: u64,
    /// The causes, the largest share first; of the replays that fit.
    pub causes: Vec<CauseShare>,
    /// The share that no cause explains.
    pub unknown: f64,
    /// What a call was made of where most was dropped.
    pub cycle: WorkerCycle,
    /// The service's CPU there.
    pub cpu: CpuWitness,
    /// Faults by number, and the share of the lost spans that vanishes without their windows; where most was dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<(usize, f64)>,
    /// The smallest larger settings that drop nothing in any replay, or else those that drop least; absent where CPU is the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<TriedSettings>,
    /// Spans that would be dropped if two workers shared each queue; absent where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_workers: Option<u64>,
    /// How the time of an export grows with its batch, where most was dropped; absent where no calls of several sizes tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<ExportGrowth>,
}

impl LossProof {
    /// The share of the lost spans whose cause is that the service has too little CPU: to run at all, or to make its messages.
    pub fn of_cpu(&self) -> f64 {
        self.share(|cause| matches!(cause, LossFactor::CpuStarved | LossFactor::SlowSerialising))
    }

    /// The share of the lost spans that causes of some kind explain.
    pub fn share(&self, counts: impl Fn(LossFactor) -> bool) -> f64 {
        // The sum of nothing is minus zero.
        self.causes.iter().filter(|cause| counts(cause.cause)).map(|cause| cause.share).sum::<f64>() + 0.0
    }

    /// Whether most lost spans are lost for want of CPU, so that no setting of a batch processor helps.
    pub fn lacks_cpu(&self) -> bool {
        self.of_cpu() >= 0.5
    }
}
