//! The load's schedule, which exists before the first request, and the record of what became of each request.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::id::{SpanId, TraceTag, mix};
use crate::le::{put, u16_at, u32_at, u64_at};
use crate::scenario::{Arrival, Load};
use crate::unit::MonoNs;

/// Size of a record of the load log; the file is nothing but records.
pub const RECORD_BYTES: usize = 40;

/// The intended start of every request, in nanoseconds from the start of the load: warm-up, then the measured part.
///
/// Equal seeds give equal schedules (`ChaCha8`).
pub fn schedule(load: &Load, seed: u64) -> Vec<u64> {
    let total = load.warmup.nanos() + load.lasting.nanos();
    let gap = 1e9 / load.rate.0;
    match load.arrival {
        Arrival::Constant => {
            let count = (total as f64 / gap).round() as u64;
            (0..count).map(|i| (i as f64 * gap) as u64).collect()
        }
        Arrival::Poisson => {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut out = Vec::with_capacity((total as f64 / gap) as usize + 64);
            let mut at = 0.0;
            loop {
                let u: f64 = random.random();
                at -= (1.0 - u).ln() * gap;
                if at >= total as f64 {
                    return out;
                }
                out.push(at as u64);
            }
        }
    }
}

/// The span id that stands for the load in a request's `traceparent`: the parent of the service's first span.
pub const fn remote_parent(tag: &TraceTag, request: u32) -> SpanId {
    let id = mix(request as u64 ^ !tag.key);
    // Zero means "no span".
    SpanId(if id == 0 { 1_u64.to_be_bytes() } else { id.to_be_bytes() })
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
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
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Answered,
        Self::BadStatus,
        Self::InFlightCap,
        Self::GeneratorLate,
        Self::ConnectFailed,
        Self::Broken,
        Self::TimedOut,
    ];

    /// Whether the request was sent at all.
    pub const fn started(self) -> bool {
        !matches!(self, Self::InFlightCap | Self::GeneratorLate)
    }
}

/// One request of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoadRecord {
    /// Its number.
    pub request: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether its intended start lies in the measured part.
    pub measured: bool,
    /// HTTP status, 0 without one.
    pub status: u16,
    /// Intended start.
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
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        put(&mut out, 0, self.request.to_le_bytes());
        // Outcome codes start at 1, so that a hole in the file is not a success.
        out[4] = Outcome::ALL.iter().position(|o| *o == self.outcome).map_or(0, |i| i as u8 + 1);
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
pub fn read(bytes: &[u8]) -> impl Iterator<Item = LoadRecord> + '_ {
    bytes.chunks_exact(RECORD_BYTES).filter_map(|record| {
        let outcome = *Outcome::ALL.get(usize::from(record[4]).checked_sub(1)?)?;
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
    use std::num::NonZeroU32;

    use super::*;
    use crate::unit::{Period, Rate};

    fn load(arrival: Arrival) -> Load {
        Load {
            rate: Rate(5000.0),
            arrival,
            warmup: Period::millis(1000),
            lasting: Period::millis(4000),
            max_in_flight: NonZeroU32::MIN,
            timeout: Period::millis(1000),
        }
    }

    #[test]
    fn the_schedule_is_the_plan_and_nothing_else() {
        let constant = schedule(&load(Arrival::Constant), 1);
        assert_eq!(constant.len(), 25_000);
        assert_eq!(&constant[..3], [0, 200_000, 400_000]);
        let poisson = schedule(&load(Arrival::Poisson), 1);
        assert!((24_000..26_000).contains(&poisson.len()), "{}", poisson.len());
        assert!(poisson.is_sorted());
        assert_eq!(poisson, schedule(&load(Arrival::Poisson), 1));
        assert_ne!(poisson, schedule(&load(Arrival::Poisson), 2));
    }

    #[test]
    fn records_survive_a_round_trip() {
        let record = LoadRecord {
            request: 7,
            outcome: Outcome::TimedOut,
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
