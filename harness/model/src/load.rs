//! The load: its plan, its schedule, which exists before the first request, and the record of what became of each request.

mod curve;
mod planned;
mod schedule;

use crate::quantity::id::{SpanId, TraceTag, mix};
use crate::quantity::le::{put, u16_at, u32_at, u64_at};
use crate::quantity::unit::MonoNs;

pub use self::planned::{Closed, PlannedLoad, PlannedReplay};
pub use self::schedule::schedule;

/// Size of a record of the load log; the file is nothing but records.
pub const RECORD_BYTES: usize = 40;

/// The span id that stands for the load in a request's `traceparent`: the parent of the service's first span.
#[inline]
pub const fn remote_parent(tag: &TraceTag, request: u32) -> SpanId {
    let id = mix(request as u64 ^ !tag.key);
    // Zero means "no span".
    SpanId(if id == 0 { 1_u64.to_be_bytes() } else { id.to_be_bytes() })
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RequestOutcome {
    /// Answered with a 2xx status.
    Answered,
    /// Answered with another status.
    BadStatus,
    /// Not started: too many requests were open.
    InFlightCap,
    /// Not started: the generator fell behind until the load's end, or was stopped.
    GeneratorLate,
    /// No connection.
    ConnectFailed,
    /// The connection broke.
    Broken,
    /// No answer within the bound.
    TimedOut,
    /// No connection, because the harness had no descriptor or no port left: it was not sent.
    LimitMet,
}

impl RequestOutcome {
    const ALL: [Self; 8] = [
        Self::Answered,
        Self::BadStatus,
        Self::InFlightCap,
        Self::GeneratorLate,
        Self::ConnectFailed,
        Self::Broken,
        Self::TimedOut,
        Self::LimitMet,
    ];

    /// Whether the request was begun: one that then found no connection was not sent.
    #[inline]
    pub const fn started(self) -> bool {
        !matches!(self, Self::InFlightCap | Self::GeneratorLate)
    }

    /// Whether the request may have come to the service.
    #[inline]
    pub const fn may_have_been_sent(self) -> bool {
        self.started() && !matches!(self, Self::ConnectFailed | Self::LimitMet)
    }
}

/// One request of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoadRecord {
    /// Its number.
    pub request: u32,
    /// What became of it.
    pub outcome: RequestOutcome,
    /// Whether its intended start lies in the measured part.
    pub measured: bool,
    /// HTTP status, 0 without one.
    pub status: u16,
    /// Intended start; in a closed load the actual start.
    pub intended: MonoNs,
    /// Actual start, 0 if it was not started.
    pub started: MonoNs,
    /// Last byte of the answer, or the time of failure.
    pub done: MonoNs,
    /// Number of the connection it went over.
    pub connection: u32,
}

impl LoadRecord {
    /// Writes the record.
    #[inline]
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        put(&mut out, 0, self.request.to_le_bytes());
        // Outcome codes start at 1, so that a hole in the file is not a success.
        out[4] = RequestOutcome::ALL.iter().position(|o| *o == self.outcome).map_or(0, |i| i as u8 + 1);
        out[5] = u8::from(self.measured);
        put(&mut out, 6, self.status.to_le_bytes());
        put(&mut out, 8, self.intended.to_le_bytes());
        put(&mut out, 16, self.started.to_le_bytes());
        put(&mut out, 24, self.done.to_le_bytes());
        put(&mut out, 32, self.connection.to_le_bytes());
        out
    }
}

/// Reads a load log; records that are not whole or not known are left out.
#[inline]
pub fn read(bytes: &[u8]) -> impl Iterator<Item = LoadRecord> + '_ {
    bytes.chunks_exact(RECORD_BYTES).filter_map(|record| {
        let outcome = *RequestOutcome::ALL.get(usize::from(record[4]).checked_sub(1)?)?;
        Some(LoadRecord {
            request: u32_at(record, 0),
            outcome,
            measured: record[5] == 1,
            status: u16_at(record, 6),
            intended: u64_at(record, 8),
            started: u64_at(record, 16),
            done: u64_at(record, 24),
            connection: u32_at(record, 32),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_a_round_trip() {
        let record = LoadRecord {
            request: 7,
            outcome: RequestOutcome::TimedOut,
            measured: true,
            status: 0,
            intended: 1,
            started: 2,
            done: 3,
            connection: 4,
        };
        let mut log = record.write().to_vec();
        log.extend([0; RECORD_BYTES]);
        log.extend([1; 9]);
        assert_eq!(read(&log).collect::<Vec<_>>(), [record]);
    }
}
