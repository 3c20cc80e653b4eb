//! Pure functions from raw logs to ledger, figures and verdict. No I/O, no clock: `spanfate scenario` and
//! `spanfate analyze` run exactly this code on the same bytes, so they give the same result.

mod books;
pub mod canary;
pub mod claims;
pub mod compare;
mod conclude;
pub mod contract;
mod evidence;
mod expect;
mod explain;
pub mod forecast;
mod insight;
pub mod join;
pub mod lint;
pub mod metrics;
pub mod otlp;
pub mod outside;
mod peek;
mod replay;
pub mod statistics;

pub use books::logs::{LogJoin, MOST_LINE, UnreadableLog, join_logs};
pub use books::rows::{Exported, each_span};
pub use conclude::fit::carried;
pub use conclude::run::{conclude_run, verdict_of};
pub use conclude::spoilt::{measured_against, spoilt_by};
pub use conclude::trial::{ConcludedTrial, TrialTimes, conclude_trial};
pub use conclude::validity::is_undisturbed;
pub use evidence::blind::blinded;
pub use evidence::probe::describe as describe_probes;
pub use expect::{validity_of, value_of};
pub use explain::{Ids, WantedSpans, explain, ids_beginning_with};
pub use insight::confidence::{fit as fit_confidence, held as held_confidence};
pub use insight::score::{first_causes, score};
pub use insight::suspects::suspects;
pub use insight::verified::{remedies, verified};
pub use insight::{insights, with_insights};
pub use peek::conclude_peek;
