//! `spanfate selftest`: the instrument held against known truths, on this machine.

use std::path::Path;

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::SelftestArguments;
use crate::error::{Error, of_signal};
use crate::scenario_file;
use crate::session::selftest::selftest;
use crate::show::{self, Shown};

/// Runs rounds until the time is over.
pub(super) fn run(arguments: &SelftestArguments, color: bool) -> Result<ExitCode, Error> {
    let loaded = scenario_file::load(Path::new("selftest"), color)?;
    let interrupt = Interrupt::listen(show::note)?;
    // Hundreds of rounds: one line for each is enough.
    let mut shown = Shown::new(true);
    let (dir, found) = selftest(loaded, arguments.lasting, arguments.out.as_deref(), &interrupt, &mut shown)?;
    if arguments.json {
        show::data(&show::pretty(&found)?)?;
    } else {
        show::data(&spanfate_report::selftest(&found))?;
        show::note(&format!("results: {}", dir.display()));
    }
    Ok(interrupt.signal().map_or_else(|| found.verdict.exit(), of_signal))
}
