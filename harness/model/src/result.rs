//! `result.json`: everything that was concluded from a run. Reports are rendered from it and from nothing else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::breakdown::Breakdown;
use crate::books::damage::Damage;
use crate::books::explain::Explanation;
use crate::books::ledger::Ledger;
use crate::books::logs::LogBooks;
use crate::exporter::Effective;
use crate::fate::witness::WitnessReport;
use crate::format::manifest::{Quiet, Status};
use crate::limits::{LimitMet, QuotaFigures};
use crate::plan::Plan;
use crate::result::environment::Environment;
use crate::scenario::Model;
use crate::unread::UnreadRequests;
use crate::verdict::Verdict;

mod agreement;
mod attempts;
pub mod change;
mod claim;
mod clock;
mod comparison;
mod end;
pub mod environment;
mod expectation;
mod exports;
mod fault;
mod insight;
mod path;
mod probe;
mod replay;
mod service;
mod slice;
mod summary;
mod sweep;
mod trust;

pub use agreement::{Agreement, ById, CountedThing, HopTotal, PathTotal, Total};
pub use attempts::Attempts;
pub use claim::{ClaimOutcome, ClaimResult};
pub use clock::{Offset, TraceMatch};
pub use comparison::{Compared, ComparedBy, Comparison, Looks};
pub use end::{EndedBy, ProviderEnd, ServiceEnd, ShutdownCourse};
pub use expectation::{Expectation, Footing};
pub use exports::ServiceExports;
pub use fault::{Dose, FaultResult, FaultWindow};
pub use insight::{
    Advised, Begin, Candidate, Cost, DisturbedHop, FocusRule, FocusVariant, HopEvent, How, Insights, Late,
    Likeness, LineLaw, LossAlong, LossBegins, LossCause, LossPlace, LostTo, Nearest, PredictedBy,
    PredictedLoss, Price, QueueLimit, Selection, SilentLosses, Suspect, UNKNOWN_BELOW, VariantInsight, named,
};
pub use path::*;
pub use probe::{FirstLost, ProbeResult, ProbedProcessor};
pub use replay::{
    CauseShare, CpuWitness, ExportGrowth, LossProof, MovedSeries, PathReplay, QueueCourse, SeriesOnset,
    Standstill, TriedSettings, WorkerCycle,
};
pub use service::{ControlFigures, RateStep, ServiceResult};
pub use slice::Slice;
pub use summary::{Estimate, VariantSummary, WitnessCost};
pub use sweep::{Cell, SweepResult};
pub use trust::{Basis, Bound, EstimateDoubt, Spoiler, TrustCheck, UndisturbedTimes, Validity};

/// The whole result.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// Version of the format.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub format: String,
    /// Id of the run.
    pub run_id: String,
    /// How far it came.
    pub status: Status,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass, worst first.
    pub reasons: Vec<String>,
    /// The plan.
    pub plan: Plan,
    /// What it ran on.
    pub environment: Environment,
    /// One entry per variant that has a trial, in the plan's order.
    pub variants: Vec<VariantResult>,
    /// The expectations, judged.
    pub expectations: Vec<Expectation>,
    /// The claims, measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimResult>,
    /// What its sweep found, cell by cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepResult>,
    /// Its comparison of a baseline and a candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// What follows from all that; empty in results that are older than it.
    #[serde(default, skip_serializing_if = "Insights::is_empty")]
    pub insights: Insights,
}

/// A variant over its trials.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VariantResult {
    /// Name.
    pub name: String,
    /// What it sets, as text.
    pub settings: Vec<(String, String)>,
    /// Its trials.
    pub trials: Vec<TrialResult>,
    /// Figures over the trials.
    pub summary: VariantSummary,
}

/// A trial, concluded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TrialResult {
    /// Number in the plan.
    pub index: u16,
    /// Which repetition of its variant.
    pub repetition: u16,
    /// How far it came.
    pub status: Status,
    /// Which attempt at it this is, where it was run more than once; absent where the first one counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// What was seen of the machine before it, where it waited for a quiet one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// What the harness could not do.
    pub error: Option<String>,
    /// How the fixture ended, if it ended before it was asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by_itself: Option<String>,
    /// The ledger.
    pub ledger: Ledger,
    /// Loss in the measured part.
    pub loss: Loss,
    /// The load.
    pub load: LoadFigures,
    /// Exports.
    pub exports: ExportFigures,
    /// From the creation of a span to its first receipt, milliseconds.
    pub delay: Option<Quantiles>,
    /// Resources.
    pub usage: UsageFigures,
    /// What the SDK really used.
    pub effective: Option<Effective>,
    /// GOMAXPROCS of the fixture.
    pub gomaxprocs: u32,
    /// SDK version of the fixture.
    pub sdk: String,
    /// How the witnesses ended.
    pub witnesses: Vec<WitnessReport>,
    /// Where two witnesses speak of the same thing.
    pub agreement: Vec<Agreement>,
    /// What may be believed, per figure.
    pub validity: Vec<Validity>,
    /// The trial in slices of time.
    pub timeline: Vec<Slice>,
    /// The first lost span of each fate, explained; only in the first trial of its variant that has the fate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Explanation>,
    /// The services, in the plan's order.
    #[serde(default)]
    pub services: Vec<ServiceResult>,
    /// What was lost, by service, span, kind and place.
    #[serde(default)]
    pub breakdown: Vec<Breakdown>,
    /// Its faults, in the plan's order: when they acted, and the dose each reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultResult>,
    /// The collectors in the path, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<HopResult>,
    /// The storage engine in which a path ends, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineResult>,
    /// What it did to traces; absent without a process witness.
    #[serde(default)]
    pub damage: Option<Damage>,
    /// What the probes saw, by start of a service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeResult>,
    /// Limits of the harness's own surroundings that it met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits_met: Vec<LimitMet>,
    /// Requests of which the receiver could read no span, by reason. What was in them is not in its books.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadRequests>,
    /// The log lines of its services, held against its spans, where they were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogBooks>,
    /// The runtime's own trace beside the probes, by event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace_matches: Vec<TraceMatch>,
    /// The queues that dropped spans, run again; one per export path and start of a service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<PathReplay>,
}

/// Loss in the measured part: spans of requests whose intended start lies in it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// Spans that should have arrived: created, less those not meant to (not sampled, filtered).
    pub due: u64,
    /// Of these, received.
    pub received: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Lost, and nothing told an operator.
    pub silent: u64,
    /// `lost / due`.
    pub rate: f64,
    /// What the capacity model predicts for the measured part.
    pub predicted: Option<Prediction>,
}

/// The capacity model of the batch processor (`advice::law`), fed with what was measured.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// Predicted loss rate of the measured part.
    pub rate: f64,
    /// Spans per second, measured.
    pub spans_per_s: f64,
    /// Spans per export.
    pub batch: u32,
    /// Queue length.
    pub queue: u32,
    /// Mean time of an `ExportSpans` call with a full batch, milliseconds, measured.
    pub export_ms: f64,
    /// Ceiling `batch / export time`, spans per second.
    pub ceiling: f64,
}

/// The load's own books and latencies.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LoadFigures {
    /// Open or closed.
    #[serde(default)]
    pub model: Model,
    /// How its thread was scheduled: `real-time`, or `ordinary` and why.
    #[serde(default)]
    pub scheduling: String,
    /// Requests in the schedule.
    pub intended: u64,
    /// Started.
    pub started: u64,
    /// Not started, by reason.
    pub not_started: BTreeMap<String, u64>,
    /// Answered with 2xx.
    pub answered: u64,
    /// Started, but not answered with 2xx, by reason.
    pub failed: BTreeMap<String, u64>,
    /// Share of the measured part's started requests that were not answered with 2xx.
    #[serde(default)]
    pub failed_share: f64,
    /// Requests per second asked for, on average over the measured part; 0 in a closed load, which asks for nothing.
    pub offered: f64,
    /// Requests per second started in the measured part.
    pub achieved: f64,
    /// Lowest share of the intended requests that was started within a window of 1 s.
    pub worst_window: f64,
    /// Latency from the intended start, milliseconds; of a failed request the time until its failure. In a closed load
    /// nothing is intended, so it is the service time.
    pub response: Option<Quantiles>,
    /// Latency from the actual start, milliseconds.
    pub service: Option<Quantiles>,
    /// Actual minus intended start, milliseconds.
    pub start_lag: Option<Quantiles>,
    /// Where the trial is not valid for latency for want of time: an estimate of the response times without disturbance. It gates nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undisturbed: Option<UndisturbedTimes>,
}

/// Quantiles of a distribution, milliseconds.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// Values it rests on.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// 50 %.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// Largest.
    pub max: f64,
    /// Points `(quantile, milliseconds)` of the whole curve, for plots.
    pub curve: Vec<(f64, f64)>,
}

/// Export calls as the exporter wrapper saw them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExportFigures {
    /// Calls.
    pub calls: u64,
    /// Calls that returned an error.
    pub failed: u64,
    /// Of the failed calls, how many by what their error says: the cause of an export's failure (`refused`, `tls`, `other`), in
    /// place of `status` and `unauthenticated` a gRPC code or an HTTP status, or `partial success`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed_by: BTreeMap<String, u64>,
    /// What the first error says whose cause is `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_error: Option<String>,
    /// Calls without a result.
    pub unfinished: u64,
    /// Time of the longest call that had a result, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<f64>,
    /// Mean time of a call with a full batch, milliseconds.
    pub full_batch_ms: Option<f64>,
    /// Mean spans per call.
    pub spans_per_call: f64,
    /// Requests the receiver saw.
    pub requests: u64,
    /// Bytes per span on the wire.
    pub wire_bytes_per_span: f64,
    /// Bytes per span uncompressed.
    pub raw_bytes_per_span: f64,
    /// Connections the receiver saw.
    pub connections: u64,
}

/// Resources in the measured part.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct UsageFigures {
    /// Samples the figures rest on.
    #[serde(default)]
    pub samples: u64,
    /// CPU of the fixture, cores.
    pub fixture_cpu: f64,
    /// Highest resident memory of the fixture, bytes. The span ledger's pages are part of it.
    pub fixture_rss: u64,
    /// CPU of the harness, cores.
    pub harness_cpu: f64,
    /// CPU that neither fixture nor idle took on the fixture's cores, share of these cores.
    pub foreign: f64,
    /// The quota on CPU time that the harness, and services in the same control group, ran under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness_quota: Option<QuotaFigures>,
    /// That of services in another control group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixture_quota: Option<QuotaFigures>,
    /// Time the fixture's threads were ready to run and waited for a CPU, share of the time.
    #[serde(default)]
    pub fixture_wait: f64,
    /// Stolen time on the fixture's cores, share.
    pub steal: f64,
    /// Share of time in which some task waited for a CPU.
    pub pressure: f64,
    /// Garbage collections.
    pub gc_cycles: u64,
    /// Stop-the-world time, milliseconds.
    pub stopped_ms: f64,
    /// Heap allocations of the fixtures; absent without a process witness that counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocations: Option<Allocations>,
}

/// Heap allocations of whole processes, with the spans they made in the same time: between the first and the last look of each
/// within the measured part.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Allocations {
    /// Objects.
    pub objects: u64,
    /// Bytes.
    pub bytes: u64,
    /// Spans made.
    pub spans: u64,
    /// Objects per span.
    pub per_span: f64,
    /// Bytes per span.
    pub bytes_per_span: f64,
}
