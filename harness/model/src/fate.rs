//! Where a span ended: exactly one fate per span and export path.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The one terminal outcome of a span on an export path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fate {
    /// The receiver accepted at least one copy.
    Received,
    /// The sampler decided against it.
    NotSampled(Decider),
    /// Something of the user's removed it on purpose.
    Filtered(Filter),
    /// `End()` was never called, nor would have been.
    NeverEnded(Leak),
    /// Still open when the process died.
    CutOffAtExit,
    /// The batch processor's queue was full.
    DroppedQueueFull,
    /// `End()` was called after the provider's shutdown had begun.
    EndedAfterShutdown,
    /// Its `End()` was blocked by a full queue when the process stopped.
    BlockedInEnd,
    /// In the queue or a waiting batch when the process stopped.
    LostInQueueAtExit(Exit),
    /// Handed to the exporter, no result, and never received.
    LostInFlightAtExit,
    /// Inside the processor's `OnEnd` when the process died: queued or dropped cannot be known.
    InEndAtExit,
    /// The exporter reported an error and nothing was received.
    ExportFailed(Cause),
    /// The receiver rejected it in a partial success.
    RejectedPartial,
    /// Our receiver's own limit.
    RefusedByReceiver,
    /// Its request was answered and it never arrived; without a witness in the process nobody can say where it was lost.
    /// Such spans are counted, not named.
    LostBeforeReceiver,
}

/// Who decided not to sample.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Decider {
    /// The sampler itself.
    Sampler,
    /// The parent's flag.
    Parent,
}

/// What filtered the span.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Filter {
    /// A span processor.
    Processor,
    /// A wrapper around the exporter.
    ExporterWrapper,
}

/// Why a span was never ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Leak {
    /// Nobody called `End()`.
    Forgotten,
    /// A panic came before its `defer span.End()`.
    Panic,
    /// Its client neither read nor closed the body of the answer.
    BodyNotClosed,
}

/// How the process ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Exit {
    /// The shutdown deadline passed before the queue was empty.
    ShutdownDeadline,
    /// It exited without draining.
    Exit,
    /// It crashed.
    Crash,
    /// It was killed.
    Kill,
}

/// Why an export failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// Connection refused.
    Refused,
    /// Connection reset or closed.
    Reset,
    /// A deadline passed.
    Timeout,
    /// The request was larger than a limit.
    TooLarge,
    /// The receiver answered with an error status.
    Status,
    /// Anything else.
    Other,
}

/// What a fate means for the loss rate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FateClass {
    /// It arrived.
    Received,
    /// It was not meant to arrive.
    Deliberate,
    /// It should have arrived and did not.
    Lost,
}

const NAMES: [(Fate, &str); 27] = [
    (Fate::Received, "received"),
    (Fate::NotSampled(Decider::Sampler), "not_sampled.sampler"),
    (Fate::NotSampled(Decider::Parent), "not_sampled.parent"),
    (Fate::Filtered(Filter::Processor), "filtered.processor"),
    (Fate::Filtered(Filter::ExporterWrapper), "filtered.exporter_wrapper"),
    (Fate::NeverEnded(Leak::Forgotten), "never_ended.leak"),
    (Fate::NeverEnded(Leak::Panic), "never_ended.panic"),
    (Fate::NeverEnded(Leak::BodyNotClosed), "never_ended.body_not_closed"),
    (Fate::CutOffAtExit, "cut_off_at_exit"),
    (Fate::DroppedQueueFull, "dropped_queue_full"),
    (Fate::EndedAfterShutdown, "ended_after_shutdown"),
    (Fate::BlockedInEnd, "blocked_in_end"),
    (Fate::LostInQueueAtExit(Exit::ShutdownDeadline), "lost_in_queue_at_exit.shutdown_deadline"),
    (Fate::LostInQueueAtExit(Exit::Exit), "lost_in_queue_at_exit.exit"),
    (Fate::LostInQueueAtExit(Exit::Crash), "lost_in_queue_at_exit.crash"),
    (Fate::LostInQueueAtExit(Exit::Kill), "lost_in_queue_at_exit.kill"),
    (Fate::LostInFlightAtExit, "lost_in_flight_at_exit"),
    (Fate::InEndAtExit, "in_end_at_exit"),
    (Fate::ExportFailed(Cause::Refused), "export_failed.refused"),
    (Fate::ExportFailed(Cause::Reset), "export_failed.reset"),
    (Fate::ExportFailed(Cause::Timeout), "export_failed.timeout"),
    (Fate::ExportFailed(Cause::TooLarge), "export_failed.too_large"),
    (Fate::ExportFailed(Cause::Status), "export_failed.status"),
    (Fate::ExportFailed(Cause::Other), "export_failed.other"),
    (Fate::RejectedPartial, "rejected_partial"),
    (Fate::RefusedByReceiver, "refused_by_receiver"),
    (Fate::LostBeforeReceiver, "lost_before_receiver"),
];

impl Fate {
    /// Every fate with every reason, in the order of a span's way.
    pub fn all() -> Vec<Self> {
        NAMES.iter().map(|(fate, _)| *fate).collect()
    }

    /// Names that stand for several fates, which differ in their reason only.
    pub fn groups() -> Vec<&'static str> {
        let mut out: Vec<&'static str> =
            NAMES.iter().filter_map(|(_, name)| Some(name.split_once('.')?.0)).collect();
        out.dedup();
        out
    }

    /// Whether a name stands for it and for others.
    pub fn is_in(self, group: &str) -> bool {
        self.to_string().split_once('.').is_some_and(|(first, _)| first == group)
    }

    /// The fate of a name as [`fmt::Display`] writes it.
    pub fn by_name(name: &str) -> Option<Self> {
        // Results of the first version knew no reason.
        let name = if name == "never_ended" { "never_ended.leak" } else { name };
        NAMES.iter().find(|(_, known)| *known == name).map(|(fate, _)| *fate)
    }

    /// What the fate means for the loss rate.
    pub const fn class(self) -> FateClass {
        match self {
            Self::Received => FateClass::Received,
            Self::NotSampled(_) | Self::Filtered(_) => FateClass::Deliberate,
            Self::NeverEnded(_)
            | Self::CutOffAtExit
            | Self::DroppedQueueFull
            | Self::EndedAfterShutdown
            | Self::BlockedInEnd
            | Self::LostInQueueAtExit(_)
            | Self::LostInFlightAtExit
            | Self::InEndAtExit
            | Self::ExportFailed(_)
            | Self::RejectedPartial
            | Self::RefusedByReceiver
            | Self::LostBeforeReceiver => FateClass::Lost,
        }
    }

    /// Whether an operator gets no signal from the SDK's defaults (the error handler prints export errors; a full queue,
    /// an exit and a leak say nothing). Of a span lost nobody knows where, this is not known either, so not claimed.
    pub const fn is_silent(self) -> bool {
        match self {
            Self::ExportFailed(_)
            | Self::RejectedPartial
            | Self::RefusedByReceiver
            | Self::LostBeforeReceiver
            | Self::Received
            | Self::NotSampled(_)
            | Self::Filtered(_) => false,
            Self::NeverEnded(_)
            | Self::CutOffAtExit
            | Self::DroppedQueueFull
            | Self::EndedAfterShutdown
            | Self::BlockedInEnd
            | Self::LostInQueueAtExit(_)
            | Self::LostInFlightAtExit
            | Self::InEndAtExit => true,
        }
    }

    /// One sentence for people.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Received => "the receiver accepted it",
            Self::NotSampled(Decider::Sampler) => "the sampler decided against it",
            Self::NotSampled(Decider::Parent) => "its parent was not sampled",
            Self::Filtered(Filter::Processor) => "a span processor removed it on purpose",
            Self::Filtered(Filter::ExporterWrapper) => "an exporter wrapper removed it on purpose",
            Self::NeverEnded(Leak::Forgotten) => "End() was never called",
            Self::NeverEnded(Leak::Panic) => "a panic came before its defer span.End()",
            Self::NeverEnded(Leak::BodyNotClosed) => "the body of the answer was neither read nor closed",
            Self::CutOffAtExit => "it was still open when the process died",
            Self::DroppedQueueFull => "the batch processor's queue was full when the span ended",
            Self::EndedAfterShutdown => "it ended after the provider was shut down",
            Self::BlockedInEnd => "its End() was still blocked by the full queue when the process stopped",
            Self::LostInQueueAtExit(Exit::ShutdownDeadline) => {
                "queued; the shutdown deadline passed before its export"
            }
            Self::LostInQueueAtExit(Exit::Exit) => "queued; the process exited without draining the queue",
            Self::LostInQueueAtExit(Exit::Crash) => "queued when the process crashed",
            Self::LostInQueueAtExit(Exit::Kill) => "queued when the process was killed",
            Self::LostInFlightAtExit => {
                "handed to the exporter; the process ended before a result, nothing arrived"
            }
            Self::InEndAtExit => "inside OnEnd when the process died; queued or dropped cannot be known",
            Self::ExportFailed(Cause::Refused) => "its export failed: connection refused",
            Self::ExportFailed(Cause::Reset) => "its export failed: connection reset or closed",
            Self::ExportFailed(Cause::Timeout) => "its export failed: deadline passed",
            Self::ExportFailed(Cause::TooLarge) => "its export failed: request too large",
            Self::ExportFailed(Cause::Status) => "its export failed: error status from the receiver",
            Self::ExportFailed(Cause::Other) => "its export failed",
            Self::RejectedPartial => "the receiver rejected it in a partial success",
            Self::RefusedByReceiver => "the receiver refused its request by a limit of its own",
            Self::LostBeforeReceiver => {
                "it never arrived; without a witness in the process nobody can say where it was lost"
            }
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(fate, _)| fate == self).map_or("?", |(_, name)| name))
    }
}

impl JsonSchema for Fate {
    fn schema_name() -> Cow<'static, str> {
        "Fate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Where a span ended.",
            "enum": NAMES.map(|(_, name)| name),
        })
    }
}

impl Serialize for Fate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::by_name(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown fate `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fate_has_a_name_of_its_own() {
        for fate in Fate::all() {
            assert_eq!(Fate::by_name(&fate.to_string()), Some(fate));
        }
    }
}
