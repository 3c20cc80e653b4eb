//! The append log of a span ledger.

use super::PathInfo;
use crate::quantity::le::{put, u16_at, u32_at, u64_at};
use crate::quantity::unit::MonoNs;

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
        /// Its export path.
        path: u32,
    },
    /// `ExportSpans` returned.
    ExportEnd {
        /// Batch number.
        batch: u32,
        /// The error, if it returned one.
        error: Option<String>,
        /// Its export path.
        path: u32,
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
    /// The shutdown of a path's processor began.
    PathShutdown(u32),
    /// What an export path is made of.
    PathInfo(PathInfo),
    /// A sampler that follows the load has another rate, or its first.
    Rate(RateChange),
    /// A kind this build does not know.
    Unknown(u16),
}

/// A rate of a sampler, with the readings that made it; shares in millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RateChange {
    /// Share of the traces that is kept.
    pub rate: u32,
    /// Share of the processor time that the process may use.
    pub cpu: u32,
    /// Share of its memory.
    pub memory: u32,
    /// Requests per 1,000 seconds.
    pub requests: u64,
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
    /// Heap objects that the process has allocated so far; 0 in ledgers that do not say.
    pub allocated: u64,
    /// Their bytes.
    pub allocated_bytes: u64,
    /// Span ids that the process has made so far.
    pub spans: u64,
}

/// Walks the append log; ends at the first record that is not whole.
#[inline]
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

#[inline]
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
        2 => LogEntry::ExportBegin { batch: u32_at(body, 0), spans: u32_at(body, 4), path: u32_at(body, 8) },
        3 => LogEntry::ExportEnd {
            batch: u32_at(body, 0),
            error: (u32_at(body, 4) != 0).then(|| text(8, 16)),
            path: u32_at(body, 12),
        },
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
            allocated: u64_at(body, 48),
            allocated_bytes: u64_at(body, 56),
            spans: u64_at(body, 64),
        }),
        9 => LogEntry::PathShutdown(u32_at(body, 0)),
        10 => LogEntry::PathInfo(PathInfo::read(body)),
        11 => LogEntry::Rate(RateChange {
            rate: u32_at(body, 0),
            cpu: u32_at(body, 4),
            memory: u32_at(body, 8),
            requests: u64_at(body, 16),
        }),
        other => LogEntry::Unknown(other),
    };
    LogRecord { at: u64_at(record, 8), entry }
}

impl LogRecord {
    /// Its bytes. A kind that this build does not know has no body.
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![0; 8];
        out.extend(self.at.to_le_bytes());
        self.entry.write_body(&mut out);
        out.resize(out.len().next_multiple_of(8), 0);
        let length = out.len() as u32;
        put(&mut out, 0, length.to_le_bytes());
        put(&mut out, 4, self.entry.kind().to_le_bytes());
        out
    }
}

impl LogEntry {
    /// Number of the export path that it is about, if it is about one.
    pub const fn path(&self) -> Option<u32> {
        match self {
            Self::ExportBegin { path, .. } | Self::ExportEnd { path, .. } | Self::PathShutdown(path) => {
                Some(*path)
            }
            Self::PathInfo(info) => Some(info.path),
            _ => None,
        }
    }

    /// The number of its kind.
    const fn kind(&self) -> u16 {
        match self {
            Self::Name { .. } => 1,
            Self::ExportBegin { .. } => 2,
            Self::ExportEnd { .. } => 3,
            Self::HandledError(_) => 4,
            Self::ClockPair { .. } => 5,
            Self::Phase(_) => 6,
            Self::ShutdownEnd { .. } => 7,
            Self::Runtime(_) => 8,
            Self::PathShutdown(_) => 9,
            Self::PathInfo(_) => 10,
            Self::Rate(_) => 11,
            Self::Unknown(kind) => *kind,
        }
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        let mut halves = |words: &[u32]| out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        let length = |text: &str| text.len() as u32;
        match self {
            Self::Name { id, text } => halves(&[*id, length(text)]),
            // A ledger of one path says nothing of it.
            Self::ExportBegin { batch, spans, path: 0 } => halves(&[*batch, *spans]),
            Self::ExportBegin { batch, spans, path } => halves(&[*batch, *spans, *path, 0]),
            Self::ExportEnd { batch, error, path } => {
                let text = error.as_deref().unwrap_or_default();
                halves(&[*batch, u32::from(error.is_some()), length(text), *path]);
            }
            Self::HandledError(text) => halves(&[length(text), 0]),
            Self::Phase(number) | Self::PathShutdown(number) => halves(&[*number, 0]),
            Self::ShutdownEnd { error } => {
                halves(&[u32::from(error.is_some()), length(error.as_deref().unwrap_or_default())]);
            }
            Self::PathInfo(info) => info.write(out),
            Self::Rate(RateChange { rate, cpu, memory, .. }) => halves(&[*rate, *cpu, *memory, 0]),
            Self::ClockPair { .. } | Self::Runtime(_) | Self::Unknown(_) => {}
        }
        match self {
            Self::Name { text, .. } | Self::HandledError(text) => out.extend(text.bytes()),
            Self::ExportEnd { error: Some(text), .. } | Self::ShutdownEnd { error: Some(text) } => {
                out.extend(text.bytes());
            }
            Self::ClockPair { mono, wall } => {
                out.extend([*mono, *wall].into_iter().flat_map(u64::to_le_bytes));
            }
            Self::Runtime(sample) => out.extend(sample.words().into_iter().flat_map(u64::to_le_bytes)),
            Self::Rate(change) => out.extend(change.requests.to_le_bytes()),
            _ => {}
        }
    }
}

impl RuntimeSample {
    /// Its words, in the order of the file.
    const fn words(&self) -> [u64; 9] {
        [
            self.heap,
            self.gc_cycles,
            self.stopped_ns,
            self.goroutines,
            self.queue,
            self.in_flight,
            self.allocated,
            self.allocated_bytes,
            self.spans,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A runtime sample of so many words, which count from 1.
    fn sample(words: u64) -> Vec<u8> {
        let mut out = Vec::from(((16 + 8 * words) as u32).to_le_bytes());
        out.extend([8, 0, 0, 0]);
        out.extend((0..=words).flat_map(u64::to_le_bytes));
        out
    }

    #[test]
    fn a_runtime_sample_of_an_older_fixture_knows_no_allocations() {
        let older = RuntimeSample {
            heap: 1,
            gc_cycles: 2,
            stopped_ns: 3,
            goroutines: 4,
            queue: 5,
            in_flight: 6,
            ..RuntimeSample::default()
        };
        let newer = RuntimeSample { allocated: 7, allocated_bytes: 8, spans: 9, ..older };
        let log = [sample(6), sample(9), sample(12)].concat();
        let read: Vec<LogEntry> = read_log(&log).map(|record| record.entry).collect();
        assert_eq!(read, [older, newer, newer].map(LogEntry::Runtime));
    }
}
