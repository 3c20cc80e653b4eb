//! `spanfate doctor`.

use spanfate_model::verdict::ExitCode;
use spanfate_run::doctor::{CheckOutcome, examine};

use crate::error::Error;
use crate::show;

/// Prints what this machine has and lacks; fails if scenarios cannot run on it.
pub(in crate::command) fn run(color: bool) -> Result<ExitCode, Error> {
    let lines = examine();
    let mut out = String::new();
    for line in &lines {
        let (word, paint) = match line.state {
            CheckOutcome::Ok => ("ok", "32"),
            CheckOutcome::Warn => ("warn", "33"),
            CheckOutcome::Absent => ("absent", "31"),
        };
        let word = if color { format!("\u{1b}[{paint}m{word:<6}\u{1b}[0m") } else { format!("{word:<6}") };
        out += &format!("{word} {:<20} {}\n", line.what, line.found);
        if line.state != CheckOutcome::Ok {
            out += &format!("       why it matters: {}\n       what to do:     {}\n", line.why, line.remedy);
        }
    }
    show::data(&out)?;
    let unfit = lines.iter().any(|line| line.needed && line.state == CheckOutcome::Absent);
    if unfit { Err(Error::Unfit) } else { Ok(ExitCode::Pass) }
}
