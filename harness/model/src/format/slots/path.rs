//! What a ledger holds of a further export path: a region of records beside the slots, and what the log says of the path.

use super::{HEADER_BYTES, Header, Live, SLOT_BYTES};
use crate::quantity::le::{put, u32_at, u64_at};
use crate::quantity::unit::MonoNs;

/// Size of a span's record on a further path.
pub const PATH_BYTES: usize = 64;

/// One span's marks on a further path. A stage happened if and only if its time is not 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PathRecord {
    /// `OnEnd` of the path's processor entered.
    pub ending: MonoNs,
    /// The SDK counted it as dropped for a full queue.
    pub dropped: MonoNs,
    /// `OnEnd` returned.
    pub ended: MonoNs,
    /// Handed to the exporter.
    pub exported: MonoNs,
    /// Number of its batch on this path plus one; 0: none.
    pub batch: u32,
    /// Filtered by the exporter wrapper.
    pub filtered: MonoNs,
    /// A span processor in front was called with it and handed nothing on.
    pub hidden: MonoNs,
}

impl PathRecord {
    /// Reads a record from its 64 bytes.
    pub fn read(bytes: &[u8]) -> Self {
        Self {
            ending: u64_at(bytes, 0),
            dropped: u64_at(bytes, 8),
            ended: u64_at(bytes, 16),
            exported: u64_at(bytes, 24),
            batch: u32_at(bytes, 32),
            filtered: u64_at(bytes, 40),
            hidden: u64_at(bytes, 48),
        }
    }

    /// The record's 64 bytes.
    pub fn write(&self) -> [u8; PATH_BYTES] {
        let mut out = [0; PATH_BYTES];
        let words = [
            (0, self.ending),
            (8, self.dropped),
            (16, self.ended),
            (24, self.exported),
            (40, self.filtered),
            (48, self.hidden),
        ];
        for (at, word) in words {
            put(&mut out, at, word.to_le_bytes());
        }
        put(&mut out, 32, self.batch.to_le_bytes());
        out
    }
}

/// What the log says of an export path, where a ledger has several.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PathInfo {
    /// Its number; 0 is the main one.
    pub path: u32,
    /// Its tracer provider, from 0.
    pub provider: u32,
    /// It has no queue.
    pub simple: bool,
    /// Its processor blocks on a full queue.
    pub blocking: bool,
    /// A span processor that hides spans stands in front of it.
    pub filtered: bool,
    /// Length of its queue.
    pub queue: u32,
    /// Spans per export at most.
    pub batch: u32,
    /// Schedule delay, microseconds.
    pub delay_us: u64,
    /// Export timeout, microseconds.
    pub timeout_us: u64,
    /// Its name in the scenario.
    pub name: String,
    /// Its exporter: `otlp grpc` or `otlp http`.
    pub exporter: String,
}

impl PathInfo {
    pub(super) fn read(body: &[u8]) -> Self {
        let (kind, flags) = (u32_at(body, 8), u32_at(body, 12));
        let (name, exporter) = (u32_at(body, 40) as usize, u32_at(body, 44) as usize);
        let text = |from: usize, length: usize| {
            let end = from.saturating_add(length).min(body.len());
            String::from_utf8_lossy(body.get(from..end).unwrap_or_default()).into_owned()
        };
        Self {
            path: u32_at(body, 0),
            provider: u32_at(body, 4),
            simple: kind == 2,
            blocking: flags & 1 != 0,
            filtered: flags & 2 != 0,
            queue: u32_at(body, 16),
            batch: u32_at(body, 20),
            delay_us: u64_at(body, 24),
            timeout_us: u64_at(body, 32),
            name: text(48, name),
            exporter: text(48usize.saturating_add(name), exporter),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let kind = if self.simple { 2 } else { 1 };
        let flags = u32::from(self.blocking) | u32::from(self.filtered) << 1;
        let halves = [self.path, self.provider, kind, flags, self.queue, self.batch];
        out.extend(halves.into_iter().flat_map(u32::to_le_bytes));
        out.extend([self.delay_us, self.timeout_us].into_iter().flat_map(u64::to_le_bytes));
        let lengths = [self.name.len() as u32, self.exporter.len() as u32];
        out.extend(lengths.into_iter().flat_map(u32::to_le_bytes));
        out.extend(self.name.bytes().chain(self.exporter.bytes()));
    }
}

/// Where the parts of a ledger lie in a file, in bytes from its start: slots, the region of each further path, the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// Slots that are in use.
    pub slots: std::ops::Range<usize>,
    /// Records of the same spans, per further path.
    pub paths: Vec<std::ops::Range<usize>>,
    /// Bytes of the log that are in use.
    pub log: std::ops::Range<usize>,
}

impl Parts {
    /// The parts of a file of some length: as its fixture writes it, or shortened by what was never used. Of a torn one they
    /// end behind its end.
    pub fn of(header: &Header, live: &Live, length: usize) -> Self {
        let whole = end_of_records(header, header.slots) as u64 + header.log_bytes;
        let room = if length as u64 == whole { header.slots } else { live.next_slot.min(header.slots) };
        Self::with_room(header, live, room)
    }

    /// The parts of a file as its fixture writes it, also where its end is missing.
    pub fn as_written(header: &Header, live: &Live) -> Self {
        Self::with_room(header, live, header.slots)
    }

    /// Of a file that has room for so many spans.
    fn with_room(header: &Header, live: &Live, room: u64) -> Self {
        let used = live.next_slot.min(header.slots) as usize;
        let region = |path: usize| {
            let from = HEADER_BYTES + room as usize * (SLOT_BYTES + path * PATH_BYTES);
            from..from + used * PATH_BYTES
        };
        let log = end_of_records(header, room);
        Self {
            slots: HEADER_BYTES..HEADER_BYTES + used * SLOT_BYTES,
            paths: (0..header.paths as usize).map(region).collect(),
            log: log..log.saturating_add(live.log_used as usize),
        }
    }
}

/// Where the log begins behind room for so many spans.
const fn end_of_records(header: &Header, room: u64) -> usize {
    HEADER_BYTES + room as usize * (SLOT_BYTES + header.paths as usize * PATH_BYTES)
}
