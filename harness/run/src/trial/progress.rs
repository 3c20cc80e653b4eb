//! What a run tells while it goes on. Showing it is the caller's business.

use std::sync::atomic::{AtomicU64, Ordering};

use spanfate_model::format::manifest::Quiet;

use crate::fixture::BuildLine;
use crate::probe::LiveCounts;

/// How far a program is that runs without a load of ours. For people; the logs are exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Life {
    /// Spans started.
    pub started: u64,
    /// Dropped for a full queue.
    pub dropped: u64,
    /// Handed to an exporter.
    pub handed: u64,
    /// Batches that came back with an error.
    pub failed: u64,
    /// Accepted by our receiver, or by the endpoint behind it.
    pub received: u64,
    /// Requests that the endpoint behind the relay did not take.
    pub not_taken: u64,
}

impl Life {
    /// What probes on it have seen; the rest is unknown to them.
    pub(crate) fn of(seen: &LiveCounts) -> Self {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (started, dropped) = (of(&seen.started), of(&seen.dropped));
        Self { started, dropped, handed: of(&seen.handed), failed: of(&seen.failed), ..Self::default() }
    }

    /// Two of them together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            started: self.started + other.started,
            dropped: self.dropped + other.dropped,
            handed: self.handed + other.handed,
            failed: self.failed + other.failed,
            received: self.received + other.received,
            not_taken: self.not_taken + other.not_taken,
        }
    }
}

/// How far a trial is, for the progress line.
pub(crate) enum Tick {
    /// Under a load: its phase, requests started, requests in the schedule, spans received.
    Load { phase: &'static str, started: u64, intended: u64, received: u64 },
    /// Without one.
    Life(Life),
    /// Why the relay could not hand something on, or that it does again.
    Relay(Option<String>),
    /// What is waited for, where that takes long.
    Awaits(String),
}

/// Something worth showing.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A fixture is built.
    Build {
        /// Its name.
        fixture: String,
        /// What the build says.
        line: BuildLine,
    },
    /// A trial begins.
    TrialBegan {
        /// Its number, from 0.
        index: u16,
        /// How many there are.
        total: usize,
        /// Name of its variant.
        variant: String,
        /// Expected seconds until the run's end.
        left_s: f64,
    },
    /// A trial goes on.
    Tick {
        /// Phase of the trial.
        phase: &'static str,
        /// Requests started.
        started: u64,
        /// Requests in the schedule.
        intended: u64,
        /// Spans received so far.
        received: u64,
        /// Expected seconds until the run's end.
        left_s: f64,
    },
    /// A program without a load of ours goes on.
    Life(Life),
    /// What the relay could not hand on last, and why; nothing where it hands on again.
    Relay(Option<String>),
    /// What a trial waits for before its load, where that takes long.
    Awaits(String),
    /// A trial could not be finished, and the run goes on.
    TrialFailed {
        /// Its number, from 0.
        index: u16,
        /// Why.
        why: String,
    },
    /// A trial looked for a quiet machine before it began.
    Waited {
        /// Its number, from 0.
        index: u16,
        /// What it saw.
        quiet: Quiet,
    },
    /// A trial is run again.
    Again {
        /// Its number, from 0.
        index: u16,
        /// Which attempt comes now, from 1.
        attempt: u16,
        /// The most there may be.
        most: u16,
        /// What spoilt the one before; nothing where another trial of its block was spoilt.
        by: Vec<String>,
    },
    /// A trial's logs are in place.
    TrialEnded {
        /// Its number, from 0.
        index: u16,
    },
}
