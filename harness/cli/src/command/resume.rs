//! `spanfate resume`: run what an interrupted run still lacks, then conclude all of it.

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::ResumeArguments;
use crate::error::Error;
use crate::outcome;
use crate::session::carry_out::resume;
use crate::show::{self, Shown};

/// Resumes a run.
pub(super) fn run(arguments: &ResumeArguments, color: bool) -> Result<ExitCode, Error> {
    let ResumeArguments { run, allow_env_mismatch, limits, output } = arguments;
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(output.quiet);
    let done = resume(run, limits.limits(*allow_env_mismatch, &output.ci), &interrupt, &mut shown)?;
    outcome::say(done, output, color)
}
