//! What can go wrong on purpose. Each kind names the dose by which it proves that it happened.

pub mod answer;
mod bounds;
mod code;
pub mod measure;
mod network;
mod process;
mod schedule;
mod target;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::Leak;
use crate::fault::answer::ScriptedAnswer;
use crate::fault::measure::Measure;

pub use bounds::{Excess, LONGEST, MOST_HELD};
pub use code::{
    ClockStep, CodeExit, ContextLost, Deep, Gc, Hang, HowExit, HowLost, LruLocked, Panic, PanicOutcome,
    PanicPlace, PoolExhausted, SamplingRule, SlowSerialisation, SpanError, WhatError,
};
pub use network::{
    Bandwidth, Direction, Latency, LimitData, Packets, ResetPeer, Shaper, Slicer, SlowClose, Timeout,
};
pub use process::{Cpu, Down, Neighbour, Oom};
pub use schedule::{At, PlannedWindow, Requests, Trigger};
pub use target::Target;

pub(crate) use schedule::repeated;

/// Most faults of a variant: the span ledger's header has that many places for doses.
pub const MOST: usize = 32;

/// A kind of fault.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Network: bytes arrive later.
    Latency(Latency),
    /// Network: bytes arrive no faster than that.
    Bandwidth(Bandwidth),
    /// Network: bytes arrive in small pieces.
    Slicer(Slicer),
    /// Network: nothing arrives any more; the connection ends after a time, or never.
    Timeout(Timeout),
    /// Network: the end of a connection arrives late.
    SlowClose(SlowClose),
    /// Network: connections are reset.
    ResetPeer(ResetPeer),
    /// Network: a connection ends after some bytes.
    LimitData(LimitData),
    /// Network: connections are cut and new ones refused.
    Down,
    /// Network: packets are delayed, lost or duplicated by the kernel, where it has netem.
    Packets(Packets),
    /// Network: packets pass no faster than that, by the kernel.
    Shaper(Shaper),
    /// Process: SIGTERM, an orderly stop within the service's `shutdown`.
    Terminate(Down),
    /// Process: SIGKILL.
    Kill(Down),
    /// Process: SIGHUP, at which a collector reads its configuration again: its pipeline stops in order and starts anew.
    Reload,
    /// Process: SIGSTOP, and SIGCONT at the end.
    Pause,
    /// Process: it grows beyond a limit on its memory, and the kernel kills it.
    Oom(Oom),
    /// Process: a quota on its CPU time.
    Cpu(Cpu),
    /// Process: a neighbour that spins on the same core.
    Neighbour(Neighbour),
    /// Runtime: garbage, live heap, other settings, forced collections.
    Gc(Gc),
    /// Code: a panic.
    Panic(Panic),
    /// Code: the goroutine or the process ends without a panic.
    Exit(CodeExit),
    /// Code: a call goes on without its trace context.
    ContextLost(ContextLost),
    /// Code: a deep call stack.
    Deep(Deep),
    /// Code: a span is not ended as it should be.
    SpanError(SpanError),
    /// Code: the cache's connections are taken.
    PoolExhausted(PoolExhausted),
    /// Code: the cache's lock is held.
    LruLocked(LruLocked),
    /// Code: the exporter needs CPU time per span.
    SlowSerialisation(SlowSerialisation),
    /// Code: spans are stamped by a wall clock that is off.
    ClockStep(ClockStep),
    /// Code: a handler hangs.
    Hang(Hang),
    /// Code: a rule for what is exported, sent to the service's sampling endpoint.
    SamplingRule(SamplingRule),
    /// Receiver: how it answers.
    Answer(ScriptedAnswer),
}

/// What makes a trace worth keeping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceMark {
    /// A span of it failed.
    Error,
    /// A span of it was slow.
    Slow,
}

/// Where a kind acts, and so what it can be put on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// On a link between two of load, services and receiver.
    Network,
    /// On a service's process, from outside.
    Process,
    /// Inside a service that is a fixture.
    Code,
    /// In the receiver.
    Receiver,
}

impl FaultKind {
    /// Its name in files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::Bandwidth(_) => "bandwidth",
            Self::Slicer(_) => "slicer",
            Self::Timeout(_) => "timeout",
            Self::SlowClose(_) => "slow_close",
            Self::ResetPeer(_) => "reset_peer",
            Self::LimitData(_) => "limit_data",
            Self::Down => "down",
            Self::Packets(_) => "packets",
            Self::Shaper(_) => "shaper",
            Self::Terminate(_) => "terminate",
            Self::Kill(_) => "kill",
            Self::Reload => "reload",
            Self::Pause => "pause",
            Self::Oom(_) => "oom",
            Self::Cpu(_) => "cpu",
            Self::Neighbour(_) => "neighbour",
            Self::Gc(_) => "gc",
            Self::Panic(_) => "panic",
            Self::Exit(_) => "exit",
            Self::ContextLost(_) => "context_lost",
            Self::Deep(_) => "deep",
            Self::SpanError(_) => "span_error",
            Self::PoolExhausted(_) => "pool_exhausted",
            Self::LruLocked(_) => "lru_locked",
            Self::SlowSerialisation(_) => "slow_serialisation",
            Self::ClockStep(_) => "clock_step",
            Self::Hang(_) => "hang",
            Self::SamplingRule(_) => "sampling_rule",
            Self::Answer(_) => "answer",
        }
    }

    /// Where it acts.
    pub const fn family(&self) -> Family {
        match self {
            Self::Latency(_)
            | Self::Bandwidth(_)
            | Self::Slicer(_)
            | Self::Timeout(_)
            | Self::SlowClose(_)
            | Self::ResetPeer(_)
            | Self::LimitData(_)
            | Self::Packets(_)
            | Self::Shaper(_)
            | Self::Down => Family::Network,
            Self::Terminate(_)
            | Self::Kill(_)
            | Self::Reload
            | Self::Pause
            | Self::Oom(_)
            | Self::Cpu(_)
            | Self::Neighbour(_) => Family::Process,
            Self::Gc(_)
            | Self::Panic(_)
            | Self::Exit(_)
            | Self::ContextLost(_)
            | Self::Deep(_)
            | Self::SpanError(_)
            | Self::PoolExhausted(_)
            | Self::LruLocked(_)
            | Self::SlowSerialisation(_)
            | Self::ClockStep(_)
            | Self::Hang(_)
            | Self::SamplingRule(_) => Family::Code,
            Self::Answer(_) => Family::Receiver,
        }
    }

    /// Whether the kernel makes it happen to packets, in a network namespace of the trial's own; other faults of links need a proxy.
    pub const fn is_of_packets(&self) -> bool {
        matches!(self, Self::Packets(_) | Self::Shaper(_))
    }

    /// Whether it happens at one moment: a length would mean nothing.
    pub const fn is_moment(&self) -> bool {
        matches!(self, Self::Terminate(_) | Self::Kill(_) | Self::Reload | Self::SamplingRule(_))
    }

    /// Whether it may end the process it is put on, and after how long the process is started again.
    pub const fn ends_process(&self) -> Option<Option<crate::quantity::unit::Period>> {
        match self {
            Self::Terminate(down) | Self::Kill(down) => Some(down.restart_after),
            Self::Oom(oom) => Some(oom.restart_after),
            Self::Panic(panic) if panic.outcome.is_fatal() => Some(panic.restart_after),
            Self::Exit(exit) if exit.how.ends_process() => Some(exit.restart_after),
            _ => None,
        }
    }

    /// Why a span that it touches never ends, if that is so.
    pub const fn leak(&self) -> Option<Leak> {
        match self {
            Self::Panic(Panic { place: PanicPlace::BeforeDefer, .. }) => Some(Leak::Panic),
            Self::SpanError(SpanError { what: WhatError::NeverEnded, .. }) => Some(Leak::Forgotten),
            Self::SpanError(SpanError { what: WhatError::BodyUnread, .. }) => Some(Leak::BodyNotClosed),
            _ => None,
        }
    }

    /// What the traces of the requests that it hits are to somebody who samples, if they are anything.
    pub const fn marks(&self) -> Option<TraceMark> {
        match self {
            Self::SpanError(SpanError { what: WhatError::Failed, .. }) => Some(TraceMark::Error),
            Self::Hang(_) => Some(TraceMark::Slow),
            _ => None,
        }
    }

    /// What its main dose counts.
    pub const fn dose(&self) -> Measure {
        match self {
            Self::Latency(_) => Measure::OperationsDelayed,
            Self::Bandwidth(_) | Self::Slicer(_) => Measure::OperationsSlower,
            Self::Packets(packets) if packets.loss > 0.0 => Measure::PacketsLost,
            Self::Packets(_) => Measure::PacketsActedOn,
            Self::Shaper(_) => Measure::PacketsHeldOrDropped,
            Self::SlowClose(_) => Measure::BytesOfEnded,
            Self::Timeout(_) => Measure::OperationsStalled,
            Self::ResetPeer(_) | Self::LimitData(_) | Self::Down => Measure::OperationsBroken,
            Self::Terminate(_) | Self::Kill(_) => Measure::ProcessesEnded,
            Self::Reload => Measure::Reloads,
            Self::Pause => Measure::StoppedMs,
            Self::Oom(_) => Measure::OomKills,
            Self::Cpu(_) => Measure::ThrottledMs,
            Self::Neighbour(_) => Measure::NeighbourCpuMs,
            Self::Gc(_) => Measure::Collections,
            Self::Panic(_) => Measure::Panics,
            Self::Exit(_) => Measure::Exits,
            Self::ContextLost(_) => Measure::ContextsLost,
            Self::Deep(_) => Measure::DeepCalls,
            Self::SpanError(_) => Measure::SpansTreated,
            Self::PoolExhausted(_) => Measure::RequestsForConnection,
            Self::LruLocked(_) => Measure::LookupsForLock,
            Self::SlowSerialisation(_) => Measure::ExportsSlowed,
            Self::ClockStep(_) => Measure::SpansStamped,
            Self::Hang(_) => Measure::RequestsHung,
            Self::SamplingRule(_) => Measure::SpansLeftOut,
            Self::Answer(_) => Measure::RequestsActedOn,
        }
    }
}
