//! The event log of a trial: what the harness did and saw, one JSON object per line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::measure::Measured;
use crate::quantity::unit::MonoNs;
use crate::term::Term;

/// One line of `events.ndjson`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: MonoNs,
    /// What.
    pub kind: EventKind,
    /// Who says so, for example `harness` or `fixture`.
    pub source: String,
    /// Details, as the kind needs.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub data: serde_json::Value,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A phase of the trial began.
    PhaseBegan,
    /// A child process started.
    ProcessStarted,
    /// A child process ended.
    ProcessExited,
    /// A witness lost statements.
    WitnessGap,
    /// The user asked to stop.
    Interrupted,
    /// A fault began to act; see [`crate::format::event::FaultEvent`].
    FaultApplied,
    /// A fixture says that a fault of its code acts now, or no more; see [`crate::format::event::FaultEvent`].
    FaultConfirmed,
    /// A fault ended; see [`crate::format::event::FaultEvent`].
    FaultCleared,
    /// A fault could not act, or never began; see [`crate::format::event::FaultEvent`].
    FaultMissed,
    /// A sampling endpoint was asked for less; see [`crate::format::event::AskedEvent`].
    SamplingAsked,
}

/// What made a controller ask a service's sampling endpoint for less.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct AskedEvent {
    /// The service.
    pub service: String,
    /// Share of its fullest queue that was filled.
    pub filled: f64,
    /// Exports that had failed since the look before.
    pub failed: u64,
    /// Why the endpoint did not take all rules; absent: it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Amounts that an injector measured, by what.
pub type Amounts = BTreeMap<Term<Measured>, u64>;

/// The data of an event that a fault makes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FaultEvent {
    /// Number of the fault in its variant.
    pub fault: usize,
    /// Of a confirmation: since when it acts, or no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<MonoNs>,
    /// Of a confirmation: whether it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
    /// Why it began or did not, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// State of the service when it began, as its span ledger says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<LiveState>,
    /// What the injector measured until it ended: names and amounts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: Amounts,
}

/// The live words of a span ledger that matter to a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LiveState {
    /// Spans in the batch processor's queue.
    pub queue: u64,
    /// Exports in flight.
    pub in_flight: u64,
    /// Spans created.
    pub created: u64,
}

/// One sample of `usage.ndjson`, taken about every 100 ms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct UsageSample {
    /// When.
    pub at: MonoNs,
    /// CPU time of the fixture so far, nanoseconds (clock-tick resolution).
    pub fixture_cpu_ns: u64,
    /// Time the fixture's threads were ready to run and waited for a CPU so far, nanoseconds.
    #[serde(default)]
    pub fixture_wait_ns: u64,
    /// Resident memory of the fixture, bytes.
    pub fixture_rss: u64,
    /// CPU time of the harness so far, nanoseconds.
    pub harness_cpu_ns: u64,
    /// Idle time of the fixture's cores so far, nanoseconds.
    pub core_idle_ns: u64,
    /// Stolen time of the fixture's cores so far, nanoseconds.
    pub core_steal_ns: u64,
    /// Time in which some task waited for a CPU so far (pressure stall information), nanoseconds.
    pub pressure_ns: u64,
    /// Queue length of the batch processor.
    pub queue: u64,
    /// Exports in flight.
    pub in_flight: u64,
    /// Slots handed out.
    pub created: u64,
    /// The quota on CPU time that the harness and what it starts run under; nothing where there is none.
    #[serde(default, skip_serializing_if = "QuotaCount::is_none")]
    pub harness_quota: QuotaCount,
    /// That of the services, where they run in another control group.
    #[serde(default, skip_serializing_if = "QuotaCount::is_none")]
    pub fixture_quota: QuotaCount,
}

/// A quota on CPU time, and what the kernel counts of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QuotaCount {
    /// Thousandths of a core that may be used.
    pub milli_cores: u64,
    /// Periods so far in which something was ready to run.
    pub periods: u64,
    /// Of these, periods in which the quota was used up.
    pub throttled: u64,
    /// Time so far in which what was ready to run was kept from it, nanoseconds, added up over the CPUs.
    pub throttled_ns: u64,
}

impl QuotaCount {
    /// Whether there is no quota.
    pub const fn is_none(&self) -> bool {
        self.milli_cores == 0
    }
}

/// An event of a runtime/trace, as `go-fixtures/tools/cmd/traceevents` writes it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TraceEvent {
    /// What: `gc_begin`, `stw_end`, `goroutine_create` …
    pub kind: String,
    /// When.
    pub at: MonoNs,
    /// Its goroutine; of `goroutine_create` the new one.
    #[serde(default)]
    pub goroutine: i64,
}
