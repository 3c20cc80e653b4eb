//! `spanfate scenario`: run, then exactly what `analyze` and `report` do.

use spanfate_model::layout::RunDir;
use spanfate_model::verdict::ExitCode;
use spanfate_run::interrupt::Interrupt;
use spanfate_run::project::Project;
use spanfate_run::runner::{Limits, Run};
use spanfate_run::store;

use super::analyze;
use crate::args::{LimitArguments, Output, ScenarioArguments};
use crate::error::{Error, first_of};
use crate::select::select;
use crate::show::{self, Shown};

/// Runs a scenario.
pub(super) fn run(arguments: &ScenarioArguments, color: bool) -> Result<ExitCode, Error> {
    let selected = select(&arguments.selection, color)?;
    let project = Project::find()?;
    let interrupt = Interrupt::listen(show::note)?;
    let run = Run {
        project: &project,
        base: &selected.folder,
        results: arguments.out.clone().unwrap_or_else(|| project.results()),
        plan: &selected.plan,
        scenario: &selected.text,
        interrupt: &interrupt,
        limits: limits(arguments.limits, false),
    };
    carry_out(&run, arguments.output, color)
}

/// What the command line says about the end of a run.
pub(super) fn limits(arguments: LimitArguments, any_machine: bool) -> Limits {
    let LimitArguments { keep_going, max_duration } = arguments;
    Limits { most: max_duration.map(|most| most.0), keep_going, any_machine }
}

/// Carries out a run, concludes it and prints what came of it.
pub(super) fn carry_out(run: &Run<'_>, output: Output, color: bool) -> Result<ExitCode, Error> {
    let dir = run.prepare()?;
    let _lock = store::lock(&dir)?.ok_or_else(|| Error::Busy(dir.0.clone()))?;
    finish(run, &dir, output, color)
}

/// Runs what a directory does not have yet, concludes it and prints what came of it.
pub(super) fn finish(run: &Run<'_>, dir: &RunDir, output: Output, color: bool) -> Result<ExitCode, Error> {
    let mut shown = Shown::new(output.quiet);
    let done = run.execute(dir, &mut shown);
    shown.finish();
    let result = match analyze::conclude(dir) {
        Ok(result) => result,
        // What stopped the run says more than what kept its rest from being concluded.
        Err(error) => return Err(done.err().map_or(error, Error::Run)),
    };
    if result.variants.is_empty() {
        // Nothing was measured: an empty table would only hide the reason.
        if let Err(error) = done {
            return Err(Error::Run(error));
        }
    }
    analyze::print(dir, &result, output, color)?;
    let mut codes = vec![result.verdict.exit()];
    if let Err(error) = done {
        let error = Error::Run(error);
        show::error(&error, color);
        codes.push(error.exit());
    }
    codes.extend(
        run.interrupt
            .signal()
            .map(|signal| if signal == 2 { ExitCode::Interrupted } else { ExitCode::Terminated }),
    );
    Ok(first_of(&codes))
}
