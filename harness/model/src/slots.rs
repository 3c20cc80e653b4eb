//! The process witness's span ledger as the fixture writes it (`docs/fixture-protocol.md`, section 4).

mod log;

use crate::id::{SpanId, SpanKey, TraceId};
use crate::le::{array_at, put, text_at, u32_at, u64_at};
use crate::unit::MonoNs;

pub use log::{LogEntry, LogRecord, RuntimeSample, read_log};

/// Size of the file's header.
pub const HEADER_BYTES: usize = 4096;
/// Size of one slot.
pub const SLOT_BYTES: usize = 128;
/// First bytes of a ledger.
pub const MAGIC: &[u8; 8] = b"SPNFATE1";
/// More slots than a span id has room for, or more log than any disk.
const SIZE_LIMIT: u64 = 1 << 40;
/// Version of the format this build reads.
pub const VERSION: u32 = 1;

/// A ledger whose header cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SlotsError {
    /// Shorter than its header.
    #[error("span ledger has {0} bytes; a header needs {HEADER_BYTES}")]
    Short(usize),
    /// The fixture died before the header was complete, or it is another file.
    #[error(
        "span ledger does not begin with SPNFATE1; the fixture died before it was ready, or this is another file"
    )]
    Magic,
    /// A size that no ledger has.
    #[error("span ledger claims {slots} slots and {log_bytes} bytes of log; its header is damaged")]
    Size {
        /// Slots it claims.
        slots: u64,
        /// Log bytes it claims.
        log_bytes: u64,
    },
    /// Written by another version.
    #[error("span ledger has version {found}; this build reads version {VERSION}")]
    Version {
        /// The version in the file.
        found: u32,
    },
}

/// The fixed part of the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Process id.
    pub pid: u32,
    /// Number of the process in the plan.
    pub process: u16,
    /// Which start of that process this is.
    pub incarnation: u32,
    /// GOMAXPROCS.
    pub gomaxprocs: u32,
    /// Capacity in slots.
    pub slots: u64,
    /// Capacity of the append log.
    pub log_bytes: u64,
    /// Key of the span id mix.
    pub salt: u64,
    /// Whether the batch processor blocks.
    pub blocking: bool,
    /// Service name.
    pub service: String,
    /// SDK version.
    pub sdk: String,
    /// Go version.
    pub go: String,
}

/// The live words: counters that can be read while the fixture runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Live {
    /// Slots handed out.
    pub next_slot: u64,
    /// Ids made without a slot.
    pub overflow: u64,
    /// Complete bytes of the append log.
    pub log_used: u64,
    /// Log records that did not fit.
    pub log_lost: u64,
    /// Phase: 1 starting, 2 ready, 3 server closing, 4 provider shutting down, 5 stopped.
    pub phase: u64,
    /// Queue length.
    pub queue: u64,
    /// Exports in flight.
    pub in_flight: u64,
    /// The SDK's own count of started, sampled spans.
    pub sdk_started_sampled: u64,
    /// The SDK's own count of started spans that are not sampled.
    pub sdk_started_unsampled: u64,
    /// The SDK's own count of live spans.
    pub sdk_live: i64,
    /// The SDK's own count of processed spans.
    pub sdk_processed: u64,
    /// The SDK's own count of spans dropped for a full queue.
    pub sdk_queue_full: u64,
    /// The exporter's own count of exported spans.
    pub sdk_exported: u64,
    /// The exporter's own count of spans that failed.
    pub sdk_export_failed: u64,
    /// Calls of the error handler.
    pub handled_errors: u64,
    /// Spans with an id that is not ours.
    pub unkeyed: u64,
}

/// Reads and checks the header.
pub fn read_header(bytes: &[u8]) -> Result<Header, SlotsError> {
    if bytes.len() < HEADER_BYTES {
        return Err(SlotsError::Short(bytes.len()));
    }
    if &bytes[..8] != MAGIC {
        return Err(SlotsError::Magic);
    }
    let found = u32_at(bytes, 8);
    if found != VERSION || u32_at(bytes, 12) as usize != SLOT_BYTES {
        return Err(SlotsError::Version { found });
    }
    let (slots, log_bytes) = (u64_at(bytes, 32), u64_at(bytes, 40));
    if slots.max(log_bytes) > SIZE_LIMIT {
        return Err(SlotsError::Size { slots, log_bytes });
    }
    Ok(Header {
        pid: u32_at(bytes, 16),
        process: u32_at(bytes, 20) as u16,
        incarnation: u32_at(bytes, 24),
        gomaxprocs: u32_at(bytes, 28),
        slots,
        log_bytes,
        salt: u64_at(bytes, 48),
        blocking: u32_at(bytes, 80) & 1 == 1,
        service: text_at(bytes, 128, 64),
        sdk: text_at(bytes, 192, 32),
        go: text_at(bytes, 224, 32),
    })
}

/// Reads the live words out of a header page.
pub fn read_live(bytes: &[u8]) -> Live {
    let word = |index: usize| u64_at(bytes, 512 + 64 * index);
    Live {
        next_slot: word(0),
        overflow: word(1),
        log_used: word(2),
        log_lost: word(3),
        phase: word(4),
        queue: word(5),
        in_flight: word(6),
        sdk_started_sampled: word(7),
        sdk_started_unsampled: word(8),
        sdk_live: word(9).cast_signed(),
        sdk_processed: word(10),
        sdk_queue_full: word(11),
        sdk_exported: word(12),
        sdk_export_failed: word(13),
        handled_errors: word(14),
        unkeyed: word(15),
    }
}

/// What a fault inside the fixture says of itself (`docs/fixture-protocol.md`, section 6): counters that survive its death.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DoseWords {
    /// Times it was applied.
    pub applied: u64,
    /// When it was last applied.
    pub since: MonoNs,
    /// When it was last cleared; 0 while it acts.
    pub cleared: MonoNs,
    /// Events of its kind.
    pub events: u64,
    /// Amounts of its kind.
    pub amounts: [u64; 4],
}

/// Where the dose words begin in the header; 64 bytes for each fault.
const DOSES_AT: usize = 2048;

/// Reads a fault's dose words out of a header page.
pub fn read_dose(bytes: &[u8], fault: usize) -> DoseWords {
    let word = |index: usize| u64_at(bytes, DOSES_AT + 64 * fault + 8 * index);
    DoseWords {
        applied: word(0),
        since: word(1),
        cleared: word(2),
        events: word(3),
        amounts: [word(4), word(5), word(6), word(7)],
    }
}

/// One span's marks. A stage happened if and only if its time is not 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Slot {
    /// Trace and span id.
    pub key: SpanKey,
    /// Parent span id; zero for a root.
    pub parent: SpanId,
    /// Id made.
    pub created: MonoNs,
    /// Name id, as of the end.
    pub name: u32,
    /// Span kind.
    pub kind: u8,
    /// See the `FLAG_` constants.
    pub flags: u8,
    /// Number of the fault that touched it, plus one; 0: none.
    pub fault: u8,
    /// The SDK observed the start.
    pub started: MonoNs,
    /// `OnEnd` entered.
    pub ending: MonoNs,
    /// The SDK counted it as dropped for a full queue.
    pub dropped: MonoNs,
    /// `OnEnd` of the batch processor returned.
    pub ended: MonoNs,
    /// Handed to the exporter.
    pub exported: MonoNs,
    /// Batch number plus one; 0: none.
    pub batch: u32,
    /// Filtered by the exporter wrapper.
    pub filtered: MonoNs,
    /// The SDK observed the end.
    pub closed: MonoNs,
}

/// The span is sampled.
pub const FLAG_SAMPLED: u8 = 1;
/// The span is recording.
pub const FLAG_RECORDING: u8 = 2;
/// The parent is remote.
pub const FLAG_PARENT_REMOTE: u8 = 4;
/// The parent is sampled.
pub const FLAG_PARENT_SAMPLED: u8 = 8;
/// A panic was recorded on it.
pub const FLAG_PANIC: u8 = 16;

impl Slot {
    /// Reads a slot from its 128 bytes.
    pub fn read(bytes: &[u8]) -> Self {
        Self {
            key: SpanKey { trace: TraceId(array_at(bytes, 0)), span: SpanId(array_at(bytes, 16)) },
            parent: SpanId(array_at(bytes, 24)),
            created: u64_at(bytes, 32),
            name: u32_at(bytes, 40),
            kind: bytes.get(44).copied().unwrap_or_default(),
            flags: bytes.get(45).copied().unwrap_or_default(),
            fault: bytes.get(46).copied().unwrap_or_default(),
            started: u64_at(bytes, 48),
            ending: u64_at(bytes, 56),
            dropped: u64_at(bytes, 64),
            ended: u64_at(bytes, 72),
            exported: u64_at(bytes, 80),
            batch: u32_at(bytes, 88),
            filtered: u64_at(bytes, 96),
            closed: u64_at(bytes, 104),
        }
    }

    /// The slot's 128 bytes.
    pub fn write(&self) -> [u8; SLOT_BYTES] {
        let mut out = [0; SLOT_BYTES];
        put(&mut out, 0, self.key.trace.0);
        put(&mut out, 16, self.key.span.0);
        put(&mut out, 24, self.parent.0);
        let words = [
            (32, self.created),
            (48, self.started),
            (56, self.ending),
            (64, self.dropped),
            (72, self.ended),
            (80, self.exported),
            (96, self.filtered),
            (104, self.closed),
        ];
        for (at, word) in words {
            put(&mut out, at, word.to_le_bytes());
        }
        put(&mut out, 40, self.name.to_le_bytes());
        put(&mut out, 44, [self.kind, self.flags, self.fault]);
        put(&mut out, 88, self.batch.to_le_bytes());
        out
    }

    /// Whether a flag is set.
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_that_is_no_ledger_is_named_so() {
        assert_eq!(read_header(b"SPNFATE1"), Err(SlotsError::Short(8)));
        assert_eq!(read_header(&[0; HEADER_BYTES]), Err(SlotsError::Magic));
        let mut newer = vec![0; HEADER_BYTES];
        newer[..8].copy_from_slice(MAGIC);
        newer[8] = 2;
        assert_eq!(read_header(&newer), Err(SlotsError::Version { found: 2 }));
    }

    proptest! {
        #[test]
        fn a_slot_is_what_was_written(bytes in proptest::collection::vec(any::<u8>(), SLOT_BYTES)) {
            let slot = Slot::read(&bytes);
            prop_assert_eq!(Slot::read(&slot.write()), slot);
        }

        #[test]
        fn reading_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Slot::read(&bytes);
            let _ = read_live(&bytes);
            prop_assert!(read_log(&bytes).count() <= bytes.len() / 16);
        }
    }
}
