//! `spanfate scenario`: run, then exactly what `analyze` and `report` do.

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::ScenarioArguments;
use crate::error::Error;
use crate::outcome;
use crate::session::carry_out::carry_out;
use crate::session::selected::select;
use crate::show::{self, Shown};

/// Runs a scenario.
pub(super) fn run(arguments: &ScenarioArguments, color: bool) -> Result<ExitCode, Error> {
    let ScenarioArguments { selection, out, limits, output } = arguments;
    let selected = select(&selection.file, &selection.changes(), color)?;
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(output.quiet);
    let done = carry_out(&selected, out.as_deref(), limits.limits(false), &interrupt, &mut shown)?;
    outcome::say(done, output, color)
}
