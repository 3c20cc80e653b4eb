//! `spanfate scenario`: run, then exactly what `analyze` and `report` do.

use std::path::Path;

use spanfate_analysis::comparison::{is_decided, is_look};
use spanfate_model::layout::RunDir;
use spanfate_model::plan::PlannedTrial;
use spanfate_model::result::RunResult;
use spanfate_model::scenario::Compare;
use spanfate_model::verdict::ExitCode;
use spanfate_run::interrupt::Interrupt;
use spanfate_run::progress::Progress;
use spanfate_run::project::Project;
use spanfate_run::runner::{Limits, Run, Watcher};
use spanfate_run::store;

use super::analyze;
use crate::args::{LimitArguments, Output, ScenarioArguments};
use crate::error::{Error, first_of};
use crate::select::{Selected, select};
use crate::show::{self, Shown};

/// Runs a scenario.
pub(super) fn run(arguments: &ScenarioArguments, color: bool) -> Result<ExitCode, Error> {
    let selected = select(&arguments.selection, color)?;
    let limits = limits(arguments.limits, false);
    run_selected(&selected, arguments.out.as_deref(), limits, &arguments.output, color)
}

/// Runs what was selected, with results in `out` or where they usually go.
pub(super) fn run_selected(
    selected: &Selected,
    out: Option<&Path>,
    limits: Limits,
    output: &Output,
    color: bool,
) -> Result<ExitCode, Error> {
    let project = Project::find()?;
    let interrupt = Interrupt::listen(show::note)?;
    let run = Run {
        project: &project,
        base: &selected.folder,
        results: out.map_or_else(|| project.results(), Path::to_owned),
        plan: &selected.plan,
        scenario: &selected.text,
        interrupt: &interrupt,
        limits,
    };
    carry_out(&run, output, color)
}

/// What the command line says about the end of a run.
pub(super) fn limits(arguments: LimitArguments, any_machine: bool) -> Limits {
    let LimitArguments { keep_going, max_duration } = arguments;
    Limits { most: max_duration.map(|most| most.0), keep_going, any_machine }
}

/// Carries out a run, concludes it and prints what came of it.
pub(super) fn carry_out(run: &Run<'_>, output: &Output, color: bool) -> Result<ExitCode, Error> {
    let dir = run.prepare()?;
    let _lock = store::lock(&dir)?.ok_or_else(|| Error::Busy(dir.0.clone()))?;
    finish(run, &dir, output, color)
}

/// Carries out a run and concludes it. What stopped it, if something did, stands beside what was measured until then.
pub(super) fn measure(
    run: &Run<'_>,
    shown: &mut Shown,
) -> Result<(RunDir, RunResult, Result<(), spanfate_run::Error>), Error> {
    let dir = run.prepare()?;
    let _lock = store::lock(&dir)?.ok_or_else(|| Error::Busy(dir.0.clone()))?;
    let (result, done) = execute(run, &dir, shown)?;
    Ok((dir, result, done))
}

/// Runs what a directory does not have yet, and concludes it.
fn execute(
    run: &Run<'_>,
    dir: &RunDir,
    shown: &mut Shown,
) -> Result<(RunResult, Result<(), spanfate_run::Error>), Error> {
    let done = run.execute(dir, &mut Looking { shown, dir, compare: run.plan.compare.as_ref() });
    shown.finish();
    match analyze::conclude(dir) {
        Ok(result) => Ok((result, done)),
        // What stopped the run says more than what kept its rest from being concluded.
        Err(error) => Err(done.err().map_or(error, Error::Run)),
    }
}

/// Shows a run, and looks at its comparison where that was planned.
struct Looking<'a> {
    shown: &'a mut Shown,
    dir: &'a RunDir,
    compare: Option<&'a Compare>,
}

impl Watcher for Looking<'_> {
    fn show(&mut self, progress: Progress) {
        self.shown.show(progress);
    }

    fn enough(&mut self, done: &PlannedTrial, last_of_its_block: bool) -> Option<String> {
        let pairs = usize::from(done.repetition) + 1;
        if !last_of_its_block || !is_look(self.compare?, pairs) {
            return None;
        }
        // What cannot be concluded now is concluded at the end.
        let comparison = analyze::conclude(self.dir).ok()?.comparison?;
        is_decided(&comparison).then(|| format!("the comparison was decided after {pairs} pairs"))
    }
}

/// Runs what a directory does not have yet, concludes it and prints what came of it.
pub(super) fn finish(run: &Run<'_>, dir: &RunDir, output: &Output, color: bool) -> Result<ExitCode, Error> {
    let (result, done) = execute(run, dir, &mut Shown::new(output.quiet))?;
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
