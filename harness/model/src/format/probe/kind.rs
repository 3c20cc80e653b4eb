//! What a record of the kernel side is about; the numbers are those of `enum kind` in `probes/bpf/record.h`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a record of the kernel side says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum ProbeKind {
    /// A recording span was started.
    Started = 1,
    /// `End` was called on a span, perhaps not for the first time.
    Ended,
    /// A span was offered to the batch processor.
    Offered,
    /// The queue took it.
    Queued,
    /// The queue was full and it was dropped.
    Dropped,
    /// Its goroutine asks a queue that blocks for room.
    Blocked,
    /// The same gave up.
    GivenUp,
    /// The batch processor looks for spans to export.
    Export,
    /// It hands a batch to its exporter.
    Handover,
    /// A span of that batch.
    Handed,
    /// The exporter returned.
    Exported,
    /// Text of the error that came before, on the same goroutine.
    Text,
    /// The batch processor's shutdown began.
    Shutdown,
    /// It returned.
    Shut,
    /// The batch processor's worker has emptied the queue and ends.
    Drained,
    /// A span was made, recording or not; counted only.
    Created,
    /// A garbage collection began.
    GcBegin,
    /// Its mark phase ends.
    GcEnd,
    /// The world is being stopped.
    StwBegin,
    /// It starts again.
    StwEnd,
    /// A goroutine was made.
    Goroutine,
    /// A hit of a site on which no probe should sit; counted only.
    Trap,
    /// A call of the function that a trap sits on; counted only.
    Calls,
    /// A goroutine ends.
    Gone,
    /// A span was offered to a processor without a queue.
    Simple,
    /// An entry of a provider's list of span processors.
    Listed,
    /// A provider's shutdown began.
    Closing,
    /// The SDK's OTLP exporter was called, by whomever.
    Sending,
    /// A span that it was given by an exporter around it.
    Sent,
    /// It returned to an exporter around it.
    Returned,
    /// A provider's shutdown returned.
    Closed,
    /// The `OnEnd` of a span processor that is not the SDK's returned.
    Passed,
}

impl ProbeKind {
    /// All of them, by code.
    pub const ALL: [Self; 32] = [
        Self::Started,
        Self::Ended,
        Self::Offered,
        Self::Queued,
        Self::Dropped,
        Self::Blocked,
        Self::GivenUp,
        Self::Export,
        Self::Handover,
        Self::Handed,
        Self::Exported,
        Self::Text,
        Self::Shutdown,
        Self::Shut,
        Self::Drained,
        Self::Created,
        Self::GcBegin,
        Self::GcEnd,
        Self::StwBegin,
        Self::StwEnd,
        Self::Goroutine,
        Self::Trap,
        Self::Calls,
        Self::Gone,
        Self::Simple,
        Self::Listed,
        Self::Closing,
        Self::Sending,
        Self::Sent,
        Self::Returned,
        Self::Closed,
        Self::Passed,
    ];

    /// The kind of a code.
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// Its name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ended => "ended",
            Self::Offered => "offered",
            Self::Queued => "queued",
            Self::Dropped => "dropped",
            Self::Blocked => "blocked",
            Self::GivenUp => "given up",
            Self::Export => "export",
            Self::Handover => "handover",
            Self::Handed => "handed",
            Self::Exported => "exported",
            Self::Text => "text",
            Self::Shutdown => "shutdown",
            Self::Shut => "shut",
            Self::Drained => "drained",
            Self::Created => "created",
            Self::GcBegin => "GC begin",
            Self::GcEnd => "GC end",
            Self::StwBegin => "stop the world",
            Self::StwEnd => "start the world",
            Self::Goroutine => "goroutine",
            Self::Trap => "trap",
            Self::Calls => "calls of the trap's function",
            Self::Gone => "goroutine gone",
            Self::Simple => "offered without a queue",
            Self::Listed => "processor of a provider",
            Self::Closing => "provider's shutdown",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Returned => "returned",
            Self::Closed => "provider's shutdown returned",
            Self::Passed => "processor of its own returned",
        }
    }

    /// Whether its records are about one span.
    pub const fn is_of_span(self) -> bool {
        matches!(
            self,
            Self::Started
                | Self::Ended
                | Self::Offered
                | Self::Queued
                | Self::Dropped
                | Self::Blocked
                | Self::GivenUp
                | Self::Handed
                | Self::Simple
                | Self::Sent
        )
    }

    /// Whether its records are about a batch processor.
    pub(super) const fn is_of_processor(self) -> bool {
        matches!(
            self,
            Self::Export
                | Self::Handover
                | Self::Exported
                | Self::Shutdown
                | Self::Shut
                | Self::Drained
                | Self::Sending
                | Self::Returned
        )
    }
}
