//! Why spans are lost: the causes that a replay of a queue tells apart, what else can be named, and what a claim can call them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::{CollectorLoss, EngineLoss, ExitWay, Fate};

/// What can make a queue run full, each with the value that it has undisturbed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum LossFactor {
    /// The receiver had requests for long before it answered; undisturbed it answers at once.
    SlowAnswer,
    /// Requests and answers were under way for long; undisturbed they take no time.
    SlowNetwork,
    /// Making the message takes CPU time for each span; undisturbed none.
    SlowSerialising,
    /// The service wanted to run and was not run: within calls, before calls, and in its handlers; undisturbed it runs at once.
    CpuStarved,
    /// Requests came in bursts; undisturbed they come at an even pace.
    Burst,
    /// Exports failed or were tried again; undisturbed they succeed at once.
    ExportFailing,
}

impl LossFactor {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SlowAnswer,
        Self::SlowNetwork,
        Self::SlowSerialising,
        Self::CpuStarved,
        Self::Burst,
        Self::ExportFailing,
    ];

    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SlowAnswer => "slow_answer",
            Self::SlowNetwork => "slow_network",
            Self::SlowSerialising => "slow_serialising",
            Self::CpuStarved => "cpu_starved",
            Self::Burst => "burst",
            Self::ExportFailing => "export_failing",
        }
    }
}

/// A cause of a service's lost spans: what made its queue run full, or what became of them elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum NamedCause {
    /// The receiver answered late.
    SlowAnswer,
    /// Requests and answers were under way for long.
    SlowNetwork,
    /// Making the messages took CPU time.
    SlowSerialising,
    /// The service wanted to run and was not run.
    CpuStarved,
    /// Spans came in bursts: the load did, or a service stood still and caught up.
    Burst,
    /// Exports failed or were tried again.
    ExportFailing,
    /// The queue is shorter than the SDK's own, and nothing was slower than usual.
    SmallQueue,
    /// The process ended with spans in it.
    ProcessEnded,
    /// The time to shut down was over before the queue was empty.
    ShutdownDeadline,
    /// `End()` was not called.
    NeverEnded,
    /// `End()` was called after the provider's shutdown.
    EndedLate,
    /// The receiver rejected or refused them.
    Rejected,
    /// Its provider has no way out for them: no processor, no exporter, or another endpoint.
    NoWayOut,
    /// A collector had taken them, and its exporter's queue had no room.
    CollectorQueueFull,
    /// A collector had taken them, and its exporter gave up.
    CollectorSendFailed,
    /// A collector had taken them, and its memory limiter refused them then.
    CollectorMemoryLimit,
    /// A collector was asked to stop and still held them.
    CollectorStopped,
    /// A collector crashed or was killed and still held them.
    CollectorCrashed,
    /// A collector had taken them and lost them; how its own metrics do not say.
    CollectorLost,
    /// A collector answered that it does not take them, until its clients gave up.
    CollectorRefused,
    /// A storage engine had taken them, and ended with them in its memory.
    EngineEnded,
    /// A storage engine had taken them, and did not show them.
    EngineLost,
    /// A storage engine answered that it does not take them, until its clients gave up.
    EngineRefused,
}

impl NamedCause {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::SlowAnswer,
        Self::SlowNetwork,
        Self::SlowSerialising,
        Self::CpuStarved,
        Self::Burst,
        Self::ExportFailing,
        Self::SmallQueue,
        Self::ProcessEnded,
        Self::ShutdownDeadline,
        Self::NeverEnded,
        Self::EndedLate,
        Self::Rejected,
        Self::NoWayOut,
        Self::CollectorQueueFull,
        Self::CollectorSendFailed,
        Self::CollectorMemoryLimit,
        Self::CollectorStopped,
        Self::CollectorCrashed,
        Self::CollectorLost,
        Self::CollectorRefused,
        Self::EngineEnded,
        Self::EngineLost,
        Self::EngineRefused,
    ];

    /// Whether it acts in a storage engine, so that it can be named only where a path ends in one.
    pub const fn is_of_engine(self) -> bool {
        matches!(self, Self::EngineEnded | Self::EngineLost | Self::EngineRefused)
    }

    /// Whether it acts in a collector, so that it can be named only where one is in the path.
    pub const fn is_of_collector(self) -> bool {
        matches!(
            self,
            Self::CollectorQueueFull
                | Self::CollectorSendFailed
                | Self::CollectorMemoryLimit
                | Self::CollectorStopped
                | Self::CollectorCrashed
                | Self::CollectorLost
                | Self::CollectorRefused
        )
    }

    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SlowAnswer => "slow_answer",
            Self::SlowNetwork => "slow_network",
            Self::SlowSerialising => "slow_serialising",
            Self::CpuStarved => "cpu_starved",
            Self::Burst => "burst",
            Self::ExportFailing => "export_failing",
            Self::SmallQueue => "small_queue",
            Self::ProcessEnded => "process_ended",
            Self::ShutdownDeadline => "shutdown_deadline",
            Self::NeverEnded => "never_ended",
            Self::EndedLate => "ended_late",
            Self::Rejected => "rejected",
            Self::NoWayOut => "no_way_out",
            Self::CollectorQueueFull => "collector_queue_full",
            Self::CollectorSendFailed => "collector_send_failed",
            Self::CollectorMemoryLimit => "collector_memory_limit",
            Self::CollectorStopped => "collector_stopped",
            Self::CollectorCrashed => "collector_crashed",
            Self::CollectorLost => "collector_lost",
            Self::CollectorRefused => "collector_refused",
            Self::EngineEnded => "engine_ended",
            Self::EngineLost => "engine_lost",
            Self::EngineRefused => "engine_refused",
        }
    }

    /// The cause of a span that met a fate; nothing where a full queue did it, or nobody knows. `deadline`: the service's time to
    /// shut down was over while it still had spans.
    pub const fn of_fate(fate: Fate, deadline: bool) -> Option<Self> {
        Some(match fate {
            Fate::ExportFailed(_) => Self::ExportFailing,
            Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline) => Self::ShutdownDeadline,
            Fate::LostInFlightAtExit | Fate::LostInQueueAtExit(ExitWay::Exit) if deadline => {
                Self::ShutdownDeadline
            }
            Fate::LostInQueueAtExit(_)
            | Fate::LostInFlightAtExit
            | Fate::InEndAtExit
            | Fate::BlockedInEnd
            | Fate::CutOffAtExit => Self::ProcessEnded,
            Fate::NeverEnded(_) => Self::NeverEnded,
            Fate::EndedAfterShutdown => Self::EndedLate,
            Fate::RejectedPartial | Fate::RefusedByReceiver => Self::Rejected,
            Fate::RefusedByCollector => Self::CollectorRefused,
            Fate::LostInCollector(loss) => match loss {
                CollectorLoss::QueueFull => Self::CollectorQueueFull,
                CollectorLoss::SendFailed => Self::CollectorSendFailed,
                CollectorLoss::MemoryLimit => Self::CollectorMemoryLimit,
                CollectorLoss::Shutdown => Self::CollectorStopped,
                CollectorLoss::Crash => Self::CollectorCrashed,
                CollectorLoss::Unknown => Self::CollectorLost,
            },
            Fate::RefusedByEngine => Self::EngineRefused,
            Fate::LostInEngine(EngineLoss::Memory) => Self::EngineEnded,
            Fate::LostInEngine(EngineLoss::Unknown) => Self::EngineLost,
            Fate::NoProcessor | Fate::NoExporter | Fate::SentElsewhere => Self::NoWayOut,
            Fate::Received
            | Fate::NotSampled(_)
            | Fate::Filtered(_)
            | Fate::DroppedQueueFull
            | Fate::LostBeforeReceiver
            | Fate::SampledByCollector(_) => return None,
        })
    }
}

impl From<LossFactor> for NamedCause {
    fn from(factor: LossFactor) -> Self {
        match factor {
            LossFactor::SlowAnswer => Self::SlowAnswer,
            LossFactor::SlowNetwork => Self::SlowNetwork,
            LossFactor::SlowSerialising => Self::SlowSerialising,
            LossFactor::CpuStarved => Self::CpuStarved,
            LossFactor::Burst => Self::Burst,
            LossFactor::ExportFailing => Self::ExportFailing,
        }
    }
}

/// A cause of lost spans that a claim can name: a cause of a replay, or several that go together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The time between a request and its answer, outside of the service: the three that follow.
    ExportRoundTrip,
    /// The receiver answers late.
    SlowAnswer,
    /// Requests and answers are under way for long.
    SlowNetwork,
    /// Exports fail or are tried again.
    ExportFailing,
    /// The service has too little CPU: the two that follow.
    Cpu,
    /// It wants to run and is not run.
    CpuStarved,
    /// Its messages cost CPU time.
    SlowSerialising,
    /// Requests come in bursts.
    Burst,
}

impl Because {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ExportRoundTrip,
        Self::SlowAnswer,
        Self::SlowNetwork,
        Self::ExportFailing,
        Self::Cpu,
        Self::CpuStarved,
        Self::SlowSerialising,
        Self::Burst,
    ];

    /// Whether a cause counts for it.
    pub const fn counts(self, cause: LossFactor) -> bool {
        use LossFactor::{Burst, CpuStarved, ExportFailing, SlowAnswer, SlowNetwork, SlowSerialising};
        matches!(
            (self, cause),
            (Self::ExportRoundTrip, SlowAnswer | SlowNetwork | ExportFailing)
                | (Self::SlowAnswer, SlowAnswer)
                | (Self::SlowNetwork, SlowNetwork)
                | (Self::ExportFailing, ExportFailing)
                | (Self::Cpu, CpuStarved | SlowSerialising)
                | (Self::CpuStarved, CpuStarved)
                | (Self::SlowSerialising, SlowSerialising)
                | (Self::Burst, Burst)
        )
    }

    /// Its name in scenarios.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExportRoundTrip => "export_round_trip",
            Self::SlowAnswer => "slow_answer",
            Self::SlowNetwork => "slow_network",
            Self::ExportFailing => "export_failing",
            Self::Cpu => "cpu",
            Self::CpuStarved => "cpu_starved",
            Self::SlowSerialising => "slow_serialising",
            Self::Burst => "burst",
        }
    }
}
