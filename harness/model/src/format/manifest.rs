//! What is written while a run goes on, so that a torn one can still be analysed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exporter::Effective;
use crate::format::probe::ProbeManifest;
use crate::limits::LimitMet;
use crate::quantity::unit::MonoNs;
use crate::scenario::expect::Condition;
use crate::term::Term;
use crate::unread::UnreadRequests;

/// Version of the files in a results directory; additions only within a major.
pub const FORMAT: &str = "1.0";

/// How far something came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything that was planned was done.
    Complete,
    /// The user stopped it; what was done is accounted.
    Interrupted,
    /// It broke off (also: the harness was killed); what was done is accounted as far as the logs allow.
    #[default]
    Partial,
}

/// `run.json`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct RunManifest {
    /// Version of the format.
    pub format: String,
    /// Id of the run.
    pub run_id: String,
    /// How far it came; `partial` until the end.
    pub status: Status,
    /// Why it ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// Wall-clock start, unix seconds.
    pub started_at: u64,
    /// Trials that were begun, in order.
    pub trials: Vec<u16>,
    /// The scenario file's folder, where commands and checkouts of the user's own are looked for when the run is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Why trials were left out on purpose: a comparison that was decided before all its pairs had run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enough: Option<String>,
    /// How the machine that resumed it differs from the one that began it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixed: Vec<String>,
    /// How often a trial that the machine spoilt may be run again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeat_spoilt: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// `spoilt.json` of an attempt at a trial that was made again.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SpoiltAttempt {
    /// Which attempt it was, from 1.
    pub attempt: u16,
    /// What spoilt it, as its marks said when it was judged. Empty where only another trial of its block was spoilt.
    pub by: Vec<String>,
    /// Expectations of its variant that its values did not meet. They count where no attempt is valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Term<Condition>>,
}

/// `trial.json`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TrialManifest {
    /// Version of the format.
    pub format: String,
    /// Number of the trial in the plan.
    pub trial: u16,
    /// How far it came; `partial` until its logs are in the trial's directory.
    pub status: Status,
    /// Directory on tmpfs that holds the raw logs until they are copied here; gone afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<String>,
    /// Processes with a span ledger.
    pub processes: Vec<ProcessManifest>,
    /// Every start of a collector in the path, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<HopManifest>,
    /// The storage engine in which a path ends; its starts stand among those of the collectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineManifest>,
    /// Times of the phases.
    pub phases: Phases,
    /// What was seen of the machine before it, where it waited for a quiet one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// How the thread of the load was scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_scheduling: Option<String>,
    /// Limits of the harness's own surroundings that it met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits_met: Vec<LimitMet>,
    /// Requests of which the receiver could read no span, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadRequests>,
    /// Whole spans that the receiver kept, where it was to keep some; absent in a torn trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptSpans>,
    /// What the harness could not do, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Whole spans beside a wire log: the messages that were accepted, as they came.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KeptSpans {
    /// File name of those in protobuf, each behind its length as four bytes, big endian; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protobuf: Option<String>,
    /// File name of those in JSON, one a line; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// How many messages.
    pub messages: u64,
    /// Spans in them.
    pub spans: u64,
    /// Accepted spans that are not in them.
    pub missed: u64,
    /// Requests with metrics or log records that were accepted and not kept; absent where none were to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals_missed: Option<u64>,
    /// Bytes of each file, by its name: one that was cut between two messages looks whole by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, u64>,
}

/// What a trial waited for before it began.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Quiet {
    /// How long it looked and waited, milliseconds.
    pub waited_ms: u64,
    /// Whether the machine was quiet in the end, or the trial began because the time for waiting was over.
    pub came: bool,
    /// The cores in the last second before the trial.
    pub cores: Vec<CoreLook>,
    /// The fixture's core: the one from which the hypervisor took least.
    pub fixture: Vec<u32>,
}

/// A core in a second before a trial.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CoreLook {
    /// Its number.
    pub cpu: u32,
    /// Share of the time in which it was not idle. What was stolen is part of it.
    pub busy: f64,
    /// Share of the time that the hypervisor took.
    pub steal: f64,
}

/// A fixture process of a trial.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProcessManifest {
    /// Service name.
    pub service: String,
    /// Number of the process in the plan.
    pub process: u16,
    /// Which start of it this is.
    pub incarnation: u32,
    /// File name of its span ledger; absent with `witness = "off"`.
    pub ledger: Option<String>,
    /// The probes on it, where the scenario wants some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeManifest>,
    /// File name of the events of its runtime/trace, where it writes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// What the SDK really uses.
    pub effective: Option<Effective>,
    /// What its environment tells a program of the user's own about its telemetry, of the variables that decide whether any comes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub telemetry: BTreeMap<String, String>,
    /// Where it was told to send its spans, as `127.0.0.1:4317`: to our receiver, or to a link before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// GOMAXPROCS.
    pub gomaxprocs: u32,
    /// Go version.
    pub go: String,
    /// SDK version.
    pub sdk: String,
    /// How it ended; absent in a torn trial.
    pub end: Option<ProcessEnd>,
}

/// A start of a collector in the path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HopManifest {
    /// Name of the hop.
    pub hop: String,
    /// Its place in the path, from 0.
    pub place: u8,
    /// Which start of it this is.
    pub incarnation: u32,
    /// When it was started.
    pub began: MonoNs,
    /// When it was seen to listen; 0: it never was.
    pub ready: MonoNs,
    /// How it ended; absent in a torn trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<ProcessEnd>,
    /// Pages of its own metrics, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<HopPageManifest>,
    /// The exporter that leads on the path, where it has a configuration of its user's; absent: it has one exporter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exporter: Option<String>,
    /// The exporter that leads to a storage engine beside the receiver; absent: none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_engine: Option<String>,
    /// How long its processors may hold a span on purpose, nanoseconds; 0: not known, or not at all.
    #[serde(default, skip_serializing_if = "is_zero_ns")]
    pub holds: MonoNs,
    /// CPU time of the tap before it over the whole trial, nanoseconds; stands with the last start. 0: not known.
    #[serde(default, skip_serializing_if = "is_zero_ns")]
    pub tap_cpu_ns: u64,
    /// Its further exporters, each with a receiver of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<HopEndManifest>,
    /// What is otherwise than in its user's configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewritten: Vec<HopRewrite>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_zero_ns(time: &MonoNs) -> bool {
    *time == 0
}

/// Where a further exporter of a collector sends to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HopEndManifest {
    /// The exporter's name in the configuration.
    pub exporter: String,
    /// File name of the log of its receiver.
    pub file: String,
}

/// A storage engine at the end of a path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EngineManifest {
    /// Its name.
    pub name: String,
    /// There is no receiver beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// What was read back of it; absent in a torn trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<EngineBack>,
}

/// What was read back of an engine.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EngineBack {
    /// File name of the log of the spans that it showed, in the format of the wire log.
    pub file: String,
    /// File name of what it answered, one body a line, where whole spans are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies: Option<String>,
    /// Bytes of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bodies_bytes: Option<u64>,
    /// When the reading began; a start that had ended by then had nothing left to show.
    pub at: MonoNs,
    /// Pages that were read.
    pub pages: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Traces in them, each once.
    pub traces: u64,
    /// Why it was not read to the end; absent: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A value of a collector's configuration that was set for a trial.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopRewrite {
    /// The path of its keys, as `exporters::otlp::endpoint`.
    pub key: String,
    /// What the file says; absent where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What it is in the trial.
    pub now: String,
}

/// A page of a collector's own metrics.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HopPageManifest {
    /// File name in the trial's directory.
    pub file: String,
    /// When it was asked for.
    pub at: MonoNs,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_none_left(count: &u32) -> bool {
    *count == 0
}

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ProcessEnd {
    /// When the harness saw it.
    pub at: MonoNs,
    /// Exit code, if it exited.
    pub code: Option<i32>,
    /// Signal, if one ended it.
    pub signal: Option<i32>,
    /// When the harness asked it to stop, if it did.
    pub asked_to_stop: Option<MonoNs>,
    /// Whether it said that its shutdown had finished.
    pub said_stopped: bool,
    /// The error the provider's shutdown returned.
    pub shutdown_error: Option<String>,
    /// Number of the fault that ended it, or that may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<usize>,
    /// The signal by which the harness asked it to stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_with: Option<i32>,
    /// The harness asked because its user had asked for an end: by Ctrl-C, or as a server asks for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked_by_user: bool,
    /// When the harness killed it, because its time to shut down was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killed: Option<MonoNs>,
    /// What the kernel killed while it ran; absent where it counts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom: Option<OomKills>,
    /// Processes that a program of the user's own had started and that ran when it had ended. The harness ends them with it.
    #[serde(default, skip_serializing_if = "is_none_left")]
    pub left: u32,
}

/// Processes that the kernel killed because memory had run out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OomKills {
    /// How many.
    pub count: u64,
    /// Only those of the process's own control group were counted; else those of the whole machine.
    pub in_group: bool,
}

/// Times of a trial's phases; 0 where a phase was not reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Phases {
    /// Preparation began.
    pub prepared: MonoNs,
    /// The fixture was ready.
    pub ready: MonoNs,
    /// First intended start.
    pub load_began: MonoNs,
    /// First intended start of the measured part.
    pub measured_from: MonoNs,
    /// End of the schedule.
    pub load_ended: MonoNs,
    /// All requests were answered or given up.
    pub drained: MonoNs,
    /// The fixture was gone.
    pub stopped: MonoNs,
    /// The logs were in place.
    pub finished: MonoNs,
}
