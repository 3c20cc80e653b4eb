//! What a run tells while it goes on. Showing it is the caller's business.

use crate::fixture::BuildLine;

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
    /// A trial could not be finished, and the run goes on.
    TrialFailed {
        /// Its number, from 0.
        index: u16,
        /// Why.
        why: String,
    },
    /// A trial's logs are in place.
    TrialEnded {
        /// Its number, from 0.
        index: u16,
    },
}
