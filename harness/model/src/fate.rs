//! Where a span ended: exactly one fate per span and export path.
//!
//! The list of fates is made from the type itself, and what is known of each is one table that is matched exhaustively
//! ([`FateFacts`]): a new fate does not compile before all of it is said.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An enum of plain variants, with the list of them.
macro_rules! listed {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$of:meta])* $variant:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
        }
    };
}

/// The enum of all fates, with the list of them: a variant with a reason stands in it once for every reason.
macro_rules! fates {
    ($(#[$meta:meta])* pub enum Fate { $($(#[$of:meta])* $variant:ident $(($reason:ident))?,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Fate { $($(#[$of])* $variant $(($reason))?,)+ }

        impl Fate {
            /// Every fate with every reason, in the order of a span's way.
            pub fn all() -> Vec<Self> {
                let mut all = Vec::new();
                $(fates!(push all $variant $($reason)?);)+
                all
            }
        }
    };
    (push $all:ident $variant:ident) => { $all.push(Self::$variant) };
    (push $all:ident $variant:ident $reason:ident) => {
        $all.extend($reason::ALL.iter().copied().map(Self::$variant))
    };
}

mod facts;
mod table;

pub use facts::{FateFacts, FateStage, Remedy};

fates! {
    /// The one terminal outcome of a span on an export path.
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
        /// Its provider had no span processor when it ended.
        NoProcessor,
        /// Its span processor has no exporter to hand it to.
        NoExporter,
        /// The batch processor's queue was full.
        DroppedQueueFull,
        /// `End()` was called after the provider's shutdown had begun.
        EndedAfterShutdown,
        /// Its `End()` was blocked by a full queue when the process stopped.
        BlockedInEnd,
        /// In the queue or a waiting batch when the process stopped.
        LostInQueueAtExit(ExitWay),
        /// Handed to the exporter, no result, and never received.
        LostInFlightAtExit,
        /// Inside the processor's `OnEnd` when the process died: queued or dropped cannot be known.
        InEndAtExit,
        /// The exporter reported an error and nothing was received.
        ExportFailed(ExportCause),
        /// The receiver rejected it in a partial success.
        RejectedPartial,
        /// Our receiver's own limit.
        RefusedByReceiver,
        /// A collector in the path answered that it does not take it, and nothing was received.
        RefusedByCollector,
        /// A collector in the path took it, and its sampler did not keep its trace.
        SampledByCollector(CollectorDecision),
        /// A collector in the path took it, and it never arrived at the next hop.
        LostInCollector(CollectorLoss),
        /// The storage engine at the end of the path answered that it does not take it, and did not keep it.
        RefusedByEngine,
        /// The storage engine at the end of the path took it, and did not show it when it was read back.
        LostInEngine(EngineLoss),
        /// Its exporter sent it to another endpoint than our receiver, which took it.
        SentElsewhere,
        /// Its request was answered and it never arrived; without a witness in the process nobody can say where it was lost.
        /// Such spans are counted, not named.
        LostBeforeReceiver,
    }
}

listed! {
    /// Who decided not to sample.
    pub enum Decider {
        /// The sampler itself.
        Sampler,
        /// The parent's flag.
        Parent,
    }
}

listed! {
    /// What filtered the span.
    pub enum Filter {
        /// A span processor.
        Processor,
        /// A wrapper around the exporter.
        ExporterWrapper,
        /// A filter of a collector in the path.
        Collector,
    }
}

listed! {
    /// Why a span was never ended.
    pub enum Leak {
        /// Nobody called `End()`.
        Forgotten,
        /// A panic came before its `defer span.End()`.
        Panic,
        /// Its client neither read nor closed the body of the answer.
        BodyNotClosed,
    }
}

listed! {
    /// How the process ended.
    pub enum ExitWay {
        /// The shutdown deadline passed before the queue was empty.
        ShutdownDeadline,
        /// It exited without draining.
        Exit,
        /// It crashed.
        Crash,
        /// It was killed.
        Kill,
    }
}

listed! {
    /// Why a sampler of a collector did not keep a span.
    pub enum CollectorDecision {
        /// Its policies decided against the trace.
        Policy,
        /// It came after the decision against its trace.
        Late,
        /// Its trace was removed before the decision, for want of room.
        TooEarly,
        /// By its policies, for want of room or for its size: the counters say how many of each, and not which.
        Unclear,
        /// A sampler by probability decided against the trace.
        Probability,
        /// Its trace was larger than what the sampler decides on.
        TooLarge,
    }
}

listed! {
    /// How a collector lost what it had taken.
    pub enum CollectorLoss {
        /// The queue of its exporter had no room.
        QueueFull,
        /// Its exporter gave up.
        SendFailed,
        /// Its memory limiter refused it after the client had been told that it was taken.
        MemoryLimit,
        /// It stopped in order and still held it.
        Shutdown,
        /// It crashed or was killed and still held it.
        Crash,
        /// The collector's own metrics do not say how.
        Unknown,
    }
}

listed! {
    /// How a storage engine lost what it had taken.
    pub enum EngineLoss {
        /// It held it in its memory when its process ended.
        Memory,
        /// It still ran, and nobody knows.
        Unknown,
    }
}

listed! {
    /// Why an export failed.
    pub enum ExportCause {
        /// Connection refused.
        Refused,
        /// Connection reset or closed.
        Reset,
        /// A deadline passed.
        Timeout,
        /// The request was larger than the receiver takes.
        TooLarge,
        /// The receiver answered with an error status.
        Status,
        /// It was larger than a limit of the client's own, and not sent.
        PayloadLimit,
        /// The client could not encode it.
        NotEncodable,
        /// There was no TLS connection, for one side does not speak TLS or does not believe the other.
        Tls,
        /// The name of the endpoint could not be looked up.
        NameNotFound,
        /// The receiver did not accept who sends, or does not allow it.
        Unauthenticated,
        /// Anything else.
        Other,
    }
}

impl ExportCause {
    /// Its name, as it stands behind the point in that of its fate.
    pub fn name(self) -> &'static str {
        let fate = Fate::ExportFailed(self).name();
        fate.split_once('.').map_or(fate, |(_, cause)| cause)
    }
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

impl Fate {
    /// All that is known of it; what people read of it is said differently while a test rewords all texts.
    #[inline]
    pub fn facts(self) -> &'static FateFacts {
        table::of(self).as_said_now()
    }

    /// Its name as results, scenarios and people write it.
    #[inline]
    pub const fn name(self) -> &'static str {
        table::of(self).name
    }

    /// Names that stand for several fates, which differ in their reason only.
    pub fn groups() -> Vec<&'static str> {
        let mut out: Vec<&'static str> =
            Self::all().into_iter().filter_map(|fate| Some(fate.name().split_once('.')?.0)).collect();
        out.dedup();
        out
    }

    /// Whether a name stands for it and for others.
    pub fn is_in(self, group: &str) -> bool {
        self.name().split_once('.').is_some_and(|(first, _)| first == group)
    }

    /// The fate of a name as [`fmt::Display`] writes it.
    pub fn by_name(name: &str) -> Option<Self> {
        // Results of the first version knew no reason.
        let name = if name == "never_ended" { "never_ended.leak" } else { name };
        Self::all().into_iter().find(|fate| fate.name() == name)
    }

    /// What the fate means for the loss rate.
    #[inline]
    pub const fn class(self) -> FateClass {
        table::of(self).class
    }

    /// Whether an operator gets no signal from the SDK's defaults.
    #[inline]
    pub const fn is_silent(self) -> bool {
        table::of(self).silent
    }

    /// One sentence for people.
    pub fn explain(self) -> &'static str {
        self.facts().explain
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
            "enum": Self::all().into_iter().map(Self::name).collect::<Vec<_>>(),
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

pub mod signal;
#[cfg(test)]
mod tests;
pub mod witness;
