//! The use cases: what this program does, whoever asks for it.
//!
//! A command translates its arguments into calls of these and prints what comes back; no command knows another. Nothing here reads
//! an argument, writes to a terminal or knows that there is one: what is to be seen while something goes on is told to an
//! [`Audience`], what came of it is returned.
//!
//! - `selected`: from a scenario, and what is changed of it, to a plan.
//! - `quick`: a scenario from a line of settings; `failed`: what of a run is worth another one.
//! - `fit`: a load that the machine carries, measured before the run.
//! - `runs`: the runs that are there: found, locked, read, listed.
//! - `carry_out`: a plan is run, or the rest of it, or a program is attended; then it is concluded.
//! - `conclude`: from raw logs to ledgers and a result, at any time again.
//! - `publish`: what is written of a result for readers: its report, and the files of build servers.
//! - `diff`: two stores of spans, held against each other.
//! - `evaluate`: answers of `why` held against hidden faults.
//! - `noise`: scenarios of known truth on a machine that is disturbed on purpose.
//! - `outside`: what a process and its collectors say of themselves: pages of metrics, traces, logs; causes and forecasts from them.
//! - `verify`: advised settings, run beside the original.
//! - `claims`: what somebody claims, judged by runs and inspections.
//! - `canary`: traces of known content through a live pipeline, and what came of each span.
//! - `series`: runs of one scenario that is changed from run to run; `frontier`, `bisect` and `selftest` are made of it.

pub(crate) mod arms;
pub(crate) mod bisect;
pub(crate) mod canary;
pub(crate) mod carry_out;
pub(crate) mod claims;
pub(crate) mod conclude;
pub(crate) mod diff;
pub(crate) mod evaluate;
pub(crate) mod failed;
pub(crate) mod fit;
pub(crate) mod frontier;
pub(crate) mod noise;
pub(crate) mod outside;
pub(crate) mod publish;
pub(crate) mod quick;
pub(crate) mod runs;
pub(crate) mod selected;
pub(crate) mod selftest;
pub(crate) mod series;
pub(crate) mod verify;

use spanfate_run::trial::progress::Progress;

/// Who is told how something goes on. Nobody else is: a use case has no terminal.
pub(crate) trait Audience {
    /// Something of a run that goes on.
    fn show(&mut self, progress: Progress);

    /// The run is over; concluding it comes next.
    fn finish(&mut self);

    /// A sentence that stays.
    fn note(&mut self, text: &str);
}
