//! Pure functions from raw logs to ledger, figures and verdict. No I/O, no clock: `spanfate scenario` and
//! `spanfate analyze` run exactly this code on the same bytes, so they give the same result.

mod agreement;
mod breakdown;
mod cause;
pub mod comparison;
mod damage;
mod dose;
mod excuse;
mod expect;
mod fate;
pub mod frontier;
pub mod join;
pub mod law;
mod loadbook;
mod lost;
pub mod metrics;
mod opened;
mod overall;
mod peek;
mod probe;
mod process;
mod quantile;
mod receipts;
mod reconcile;
mod rows;
mod run;
pub mod selftest;
mod service;
pub mod statistics;
mod summary;
mod sweep;
mod tally;
mod timeline;
mod traces;
mod trial;
mod unwitnessed;
mod usage;
mod validity;
mod walk;

pub use expect::{validity_of, value_of};
pub use peek::conclude_peek;
pub use probe::describe as describe_probes;
pub use rows::{Exported, each_span};
pub use run::conclude_run;
pub use trial::{ConcludedTrial, TrialTimes, conclude_trial};
