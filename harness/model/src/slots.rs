//! The process witness's span ledger as the fixture writes it (`docs/fixture-protocol.md`, section 4).

use crate::id::{SpanId, SpanKey, TraceId};
use crate::le::{array_at, text_at, u16_at, u32_at, u64_at};
use crate::unit::MonoNs;

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

    /// Whether a flag is set.
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// One record of the append log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRecord {
    /// When it was written.
    pub at: MonoNs,
    /// What it says.
    pub entry: LogEntry,
}

/// What a log record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogEntry {
    /// A span name got its id.
    Name {
        /// The id.
        id: u32,
        /// The name.
        text: String,
    },
    /// `ExportSpans` was called.
    ExportBegin {
        /// Batch number.
        batch: u32,
        /// Spans in it.
        spans: u32,
    },
    /// `ExportSpans` returned.
    ExportEnd {
        /// Batch number.
        batch: u32,
        /// The error, if it returned one.
        error: Option<String>,
    },
    /// The SDK gave an error to its handler.
    HandledError(String),
    /// Monotonic and wall clock read together.
    ClockPair {
        /// Monotonic time.
        mono: MonoNs,
        /// Wall time, unix nanoseconds.
        wall: u64,
    },
    /// The fixture entered a phase.
    Phase(u32),
    /// The provider's shutdown returned.
    ShutdownEnd {
        /// The error, if it returned one.
        error: Option<String>,
    },
    /// State of the Go runtime and the batch processor.
    Runtime(RuntimeSample),
    /// A kind this build does not know.
    Unknown(u16),
}

/// State of the Go runtime and the batch processor at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RuntimeSample {
    /// Heap in use, bytes.
    pub heap: u64,
    /// Garbage collections so far.
    pub gc_cycles: u64,
    /// Stop-the-world time so far.
    pub stopped_ns: u64,
    /// Goroutines.
    pub goroutines: u64,
    /// Queue length.
    pub queue: u64,
    /// Exports in flight.
    pub in_flight: u64,
}

/// Walks the append log; ends at the first record that is not whole.
pub fn read_log(log: &[u8]) -> impl Iterator<Item = LogRecord> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = u32_at(log, at) as usize;
        if length < 16 || !length.is_multiple_of(8) {
            return None;
        }
        let record = log.get(at..at + length)?;
        at += length;
        Some(read_record(record))
    })
}

fn read_record(record: &[u8]) -> LogRecord {
    let kind = u16_at(record, 4);
    let body = &record[16..];
    let text = |length_at: usize, from: usize| {
        let length = u32_at(body, length_at) as usize;
        let end = (from + length).min(body.len());
        String::from_utf8_lossy(body.get(from..end).unwrap_or_default()).into_owned()
    };
    let entry = match kind {
        1 => LogEntry::Name { id: u32_at(body, 0), text: text(4, 8) },
        2 => LogEntry::ExportBegin { batch: u32_at(body, 0), spans: u32_at(body, 4) },
        3 => {
            LogEntry::ExportEnd { batch: u32_at(body, 0), error: (u32_at(body, 4) != 0).then(|| text(8, 16)) }
        }
        4 => LogEntry::HandledError(text(0, 8)),
        5 => LogEntry::ClockPair { mono: u64_at(body, 0), wall: u64_at(body, 8) },
        6 => LogEntry::Phase(u32_at(body, 0)),
        7 => LogEntry::ShutdownEnd { error: (u32_at(body, 0) != 0).then(|| text(4, 8)) },
        8 => LogEntry::Runtime(RuntimeSample {
            heap: u64_at(body, 0),
            gc_cycles: u64_at(body, 8),
            stopped_ns: u64_at(body, 16),
            goroutines: u64_at(body, 24),
            queue: u64_at(body, 32),
            in_flight: u64_at(body, 40),
        }),
        other => LogEntry::Unknown(other),
    };
    LogRecord { at: u64_at(record, 8), entry }
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
        fn reading_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Slot::read(&bytes);
            let _ = read_live(&bytes);
            prop_assert!(read_log(&bytes).count() <= bytes.len() / 16);
        }
    }
}
