//! `spanfate diff --live`: two streams, held against each other while they come in.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::verdict::ExitCode;
use spanfate_run::host::clock;
use spanfate_run::process::interrupt::Interrupt;

use super::{task, tell};
use crate::args::DiffArguments;
use crate::error::{Error, first_of, of_signal};
use crate::session::diff::live::{LiveAsked, LiveNews, watch};
use crate::show::{self, Shown};

/// Traces that differ are told one by one, so many in a second.
const MOST_TOLD: u32 = 10;
const SECOND: u64 = 1_000_000_000;

/// Receives, compares, and prints the whole at the end.
pub(super) fn run(arguments: &DiffArguments, color: bool) -> Result<ExitCode, Error> {
    let asked = LiveAsked {
        listen: arguments.receivers().map_err(Error::Refused)?,
        window: arguments.window(),
        lasting: arguments.lasting,
        task: task(arguments),
    };
    // The summary is the answer to a signal.
    let interrupt = Interrupt::listen(|_| ())?;
    let mut shown = Shown::new(false);
    let mut told = ToldLines::default();
    let found = watch(&asked, &interrupt, &mut |news| match news {
        LiveNews::Begins { left, right } => show::note(&format!(
            "comparing what comes to {left} (left) and {right} (right), gRPC and HTTP; window {}",
            asked.window
        )),
        LiveNews::Differs(verdict) => {
            if told.another(clock::now()) {
                show::note(&spanfate_report::diff_verdict(verdict));
            }
        }
        LiveNews::Stands(stands) => {
            shown.status(|| spanfate_report::diff_stands(&stands.counts, &stands.traces));
        }
        LiveNews::Ends(stands) if stands.waiting > 0 => show::note(&format!(
            "{} traces still wait for spans, for at most {} more; Ctrl-C ends it at once",
            stands.waiting, asked.window
        )),
        LiveNews::Ends(_) => {}
    })?;
    shown.end();
    tell(&found, arguments, color)?;
    let verdict = found.verdict.exit();
    // Without a time a signal is how it ends; with one it is cut short.
    Ok(match interrupt.signal().filter(|_| arguments.lasting.is_some()) {
        Some(signal) => first_of(&[of_signal(signal), verdict]),
        None => verdict,
    })
}

/// Lines of the second that goes on.
#[derive(Default)]
struct ToldLines {
    since: MonoNs,
    lines: u32,
}

impl ToldLines {
    /// Whether there is room for one more.
    fn another(&mut self, now: MonoNs) -> bool {
        if now.saturating_sub(self.since) >= SECOND {
            (self.since, self.lines) = (now, 0);
        }
        self.lines += 1;
        self.lines <= MOST_TOLD
    }
}
