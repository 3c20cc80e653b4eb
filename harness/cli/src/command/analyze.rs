//! `spanfate analyze`, which is also the second half of `spanfate scenario`: raw logs to ledgers, result and report.

use std::path::Path;

use spanfate_model::verdict::ExitCode;

use crate::args::Output;
use crate::error::Error;
use crate::outcome;
use crate::session::conclude::conclude;
use crate::session::runs;

/// Concludes a run again.
pub(super) fn run(run: &Path, output: &Output, color: bool) -> Result<ExitCode, Error> {
    let run = runs::open(run)?;
    let result = conclude(&run.dir)?;
    outcome::concluded(&run.dir, &result, output, color)?;
    Ok(result.verdict.exit())
}
