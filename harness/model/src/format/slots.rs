//! The process witness's span ledger as the fixture writes it (`docs/fixture-protocol.md`, section 4).

mod log;
mod path;
mod slot;

use crate::quantity::le::{put, put_text, text_at, u32_at, u64_at};
use crate::quantity::unit::MonoNs;

pub use log::{LogEntry, LogRecord, RateChange, RuntimeSample, read_log};
pub use path::{PATH_BYTES, Parts, PathInfo, PathRecord};
pub use slot::{
    FLAG_KEY, FLAG_PANIC, FLAG_PARENT_REMOTE, FLAG_PARENT_SAMPLED, FLAG_RECORDING, FLAG_SAMPLED, Slot,
};

/// Size of the file's header.
pub const HEADER_BYTES: usize = 4096;
/// Size of one slot.
pub const SLOT_BYTES: usize = 128;
/// First bytes of a ledger.
pub const MAGIC: &[u8; 8] = b"SPNFATE1";
/// More slots than a span id has room for, or more log than any disk.
const SIZE_LIMIT: u64 = 1 << 40;
/// Version of the format of a ledger with one export path.
pub const VERSION: u32 = 1;
/// The same with several.
pub const VERSION_PATHS: u32 = 2;
/// Most further paths that a ledger may have.
pub const MOST_PATHS: u32 = 15;

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
    #[error("span ledger has version {found}; this build reads versions {VERSION} and {VERSION_PATHS}")]
    Version {
        /// The version in the file.
        found: u32,
    },
}

/// The fixed part of the header.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
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
    /// Monotonic time of the clock base.
    pub base: MonoNs,
    /// Wall clock at the base, unix nanoseconds.
    pub base_wall: u64,
    /// Uncertainty of the base, nanoseconds.
    pub bracket: u64,
    /// Whether the batch processor blocks.
    pub blocking: bool,
    /// Export paths beside the main one.
    pub paths: u32,
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
    if ![VERSION, VERSION_PATHS].contains(&found) || u32_at(bytes, 12) as usize != SLOT_BYTES {
        return Err(SlotsError::Version { found });
    }
    let paths = if found == VERSION_PATHS { u32_at(bytes, 84) } else { 0 };
    let (slots, log_bytes) = (u64_at(bytes, 32), u64_at(bytes, 40));
    if slots.max(log_bytes) > SIZE_LIMIT || paths > MOST_PATHS {
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
        base: u64_at(bytes, 56),
        base_wall: u64_at(bytes, 64),
        bracket: u64_at(bytes, 72),
        blocking: u32_at(bytes, 80) & 1 == 1,
        paths,
        service: text_at(bytes, 128, 64),
        sdk: text_at(bytes, 192, 32),
        go: text_at(bytes, 224, 32),
    })
}

impl Header {
    /// The header's page, without live words and doses.
    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        put(&mut out, 0, *MAGIC);
        let words = [
            (8, if self.paths > 0 { VERSION_PATHS } else { VERSION }),
            (12, SLOT_BYTES as u32),
            (16, self.pid),
            (20, u32::from(self.process)),
            (24, self.incarnation),
            (28, self.gomaxprocs),
            (80, u32::from(self.blocking)),
            (84, self.paths),
        ];
        for (at, word) in words {
            put(&mut out, at, word.to_le_bytes());
        }
        let words = [self.slots, self.log_bytes, self.salt, self.base, self.base_wall, self.bracket];
        for (index, word) in words.into_iter().enumerate() {
            put(&mut out, 32 + 8 * index, word.to_le_bytes());
        }
        put_text(&mut out, 128, 64, &self.service);
        put_text(&mut out, 192, 32, &self.sdk);
        put_text(&mut out, 224, 32, &self.go);
        out
    }
}

/// Where the live words begin in the header; each has a cache line.
const LIVE_AT: usize = 512;

/// Reads the live words out of a header page.
pub fn read_live(bytes: &[u8]) -> Live {
    let word = |index: usize| u64_at(bytes, LIVE_AT + 64 * index);
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

impl Live {
    /// Writes them into a header page.
    pub fn write(&self, page: &mut [u8; HEADER_BYTES]) {
        let words = [
            self.next_slot,
            self.overflow,
            self.log_used,
            self.log_lost,
            self.phase,
            self.queue,
            self.in_flight,
            self.sdk_started_sampled,
            self.sdk_started_unsampled,
            self.sdk_live.cast_unsigned(),
            self.sdk_processed,
            self.sdk_queue_full,
            self.sdk_exported,
            self.sdk_export_failed,
            self.handled_errors,
            self.unkeyed,
        ];
        for (index, word) in words.into_iter().enumerate() {
            put(page, LIVE_AT + 64 * index, word.to_le_bytes());
        }
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

impl DoseWords {
    /// Writes those of a fault, from 0 to 31, into a header page.
    pub fn write(&self, page: &mut [u8; HEADER_BYTES], fault: usize) {
        let [a, b, c, d] = self.amounts;
        let words = [self.applied, self.since, self.cleared, self.events, a, b, c, d];
        for (index, word) in words.into_iter().enumerate() {
            put(page, DOSES_AT + 64 * fault + 8 * index, word.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
