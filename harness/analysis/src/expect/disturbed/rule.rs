//! The rule of each figure: what disturbance may have made of it, and what it may have hidden. The table stands in ADR 016, and a test
//! holds the two together.

use spanfate_model::fate::{CollectorDecision, CollectorLoss, EngineLoss, ExitWay, Fate};
use spanfate_model::scenario::figure::{Figure, TraceState};

/// How much of a value disturbance may have made: how low it may be without.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum DisturbanceMakes {
    /// Nothing: no machine makes it.
    Nothing,
    /// As much as the edges of a script's windows of time may have moved.
    AtEdges,
    /// What no script caused, and of what one did as much as the edges of its windows of time may have moved.
    BeyondScript,
    /// What a queue would not lose without the stalls. Until a replay tells, only what the script's own delays force counts.
    BeyondReplay,
    /// As long as time was taken.
    TimeTaken,
    /// Any of it.
    Anything,
}

/// How much more of it there may be without disturbance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Hidden {
    /// None: disturbance only adds to it.
    Nothing,
    /// As much as the edges of a script's windows of time may have moved.
    AtEdges,
    /// What spans hide that were lost by the machine first.
    BehindLoss,
    /// What a replay of the queue shows once time is given back; any amount where none is there.
    BeyondReplay,
    /// As many as the queues and batches of a process hold that the script ends at a moment of its own, open spans in any number; none
    /// where the script ends no process, or ends it in a state.
    UpToCapacity,
    /// Any amount.
    Anything,
}

/// What disturbance does to a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DisturbanceRule {
    /// How low it may be without.
    pub(crate) made: DisturbanceMakes,
    /// How high it may be without.
    pub(crate) hidden: Hidden,
}

/// The rule of a figure.
pub(crate) fn rule_of(figure: Figure) -> DisturbanceRule {
    let (made, hidden) = match figure {
        Figure::LossRate => (DisturbanceMakes::BeyondReplay, Hidden::AtEdges),
        Figure::Fate(fate) => of_fate(fate),
        Figure::Fates(group) => {
            // The worst of its fates.
            let fates = Fate::all().into_iter().filter(|fate| fate.is_in(group)).map(of_fate);
            fates.fold((DisturbanceMakes::Nothing, Hidden::Nothing), |a, b| (a.0.max(b.0), a.1.max(b.1)))
        }
        Figure::ExportsFailed | Figure::RequestsFailed => (DisturbanceMakes::BeyondScript, Hidden::AtEdges),
        Figure::ExportsLongest | Figure::ShutdownLongest => (DisturbanceMakes::TimeTaken, Hidden::Nothing),
        Figure::Traces(TraceState::Split | TraceState::Complete) | Figure::SpansReceived => {
            (DisturbanceMakes::AtEdges, Hidden::BehindLoss)
        }
        Figure::Traces(TraceState::Headless | TraceState::Torn | TraceState::Absent) => {
            (DisturbanceMakes::BeyondScript, Hidden::BehindLoss)
        }
        Figure::Delay(_) => (DisturbanceMakes::Anything, Hidden::BehindLoss),
        // A lost span is one that is not kept: nothing else of it is the machine's.
        Figure::Kept(_) => (DisturbanceMakes::Nothing, Hidden::BehindLoss),
        Figure::LossLawGap => (DisturbanceMakes::BeyondReplay, Hidden::BeyondReplay),
        Figure::Why(_)
        | Figure::Control(_)
        | Figure::ExportsBytes
        | Figure::ExportsCalls
        | Figure::CpuPerRequest
        | Figure::MemoryPeak
        | Figure::LogLines
        | Figure::LogsAnchored
        | Figure::LogsDangling
        | Figure::Response(_) => (DisturbanceMakes::Anything, Hidden::Anything),
        Figure::Duplicates
        | Figure::ReportedFailed
        | Figure::WitnessDifference
        | Figure::ProbeIds
        | Figure::ProbeLost
        | Figure::ProbeUncounted
        | Figure::ProbeOvercount
        | Figure::ProbeTrapTaken
        | Figure::TraceUnmatched
        | Figure::SpansCreated
        | Figure::PanicsRecorded
        | Figure::BytesPerSpan
        | Figure::RawBytesPerSpan
        | Figure::AllocsPerSpan
        | Figure::AllocBytesPerSpan
        | Figure::LogsUnanchored
        | Figure::ProcessesDied => (DisturbanceMakes::Nothing, Hidden::Nothing),
    };
    DisturbanceRule { made, hidden }
}

/// The rule of a fate.
const fn of_fate(fate: Fate) -> (DisturbanceMakes, Hidden) {
    match fate {
        Fate::NotSampled(_)
        | Fate::NoProcessor
        | Fate::NoExporter
        | Fate::SampledByCollector(CollectorDecision::Unclear)
        | Fate::LostInEngine(EngineLoss::Unknown) => (DisturbanceMakes::Nothing, Hidden::Nothing),
        // On a slow machine the last look at a collector's counters may come too early to prove what it lost while it stopped.
        Fate::LostInCollector(CollectorLoss::Unknown) => (DisturbanceMakes::BeyondScript, Hidden::Nothing),
        Fate::Filtered(_) | Fate::SentElsewhere => (DisturbanceMakes::Nothing, Hidden::BehindLoss),
        Fate::Received => (DisturbanceMakes::AtEdges, Hidden::BehindLoss),
        Fate::NeverEnded(_) => (DisturbanceMakes::AtEdges, Hidden::AtEdges),
        // What an engine had taken is gone with it: a machine moves the moment of its end, and makes none.
        Fate::LostInEngine(EngineLoss::Memory) => (DisturbanceMakes::AtEdges, Hidden::BehindLoss),
        Fate::DroppedQueueFull | Fate::LostBeforeReceiver => {
            (DisturbanceMakes::BeyondReplay, Hidden::AtEdges)
        }
        Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline) => {
            (DisturbanceMakes::BeyondReplay, Hidden::BehindLoss)
        }
        Fate::LostInQueueAtExit(ExitWay::Exit | ExitWay::Crash | ExitWay::Kill)
        | Fate::LostInFlightAtExit
        | Fate::InEndAtExit
        | Fate::CutOffAtExit => (DisturbanceMakes::BeyondScript, Hidden::UpToCapacity),
        Fate::RejectedPartial | Fate::ExportFailed(_) | Fate::EndedAfterShutdown | Fate::BlockedInEnd => {
            (DisturbanceMakes::BeyondScript, Hidden::BehindLoss)
        }
        Fate::RefusedByReceiver
        | Fate::RefusedByCollector
        | Fate::SampledByCollector(_)
        | Fate::LostInCollector(_)
        | Fate::RefusedByEngine => (DisturbanceMakes::Anything, Hidden::Anything),
    }
}
