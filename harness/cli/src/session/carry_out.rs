//! A plan is run, or the rest of it, or a program is attended to its end; then it is concluded from what it left on disk.

pub(crate) mod attached;

use std::path::{Path, PathBuf};

use spanfate_analysis::compare::comparison::{is_decided, is_look};
use spanfate_analysis::{measured_against, spoilt_by};
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::SpoiltAttempt;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::result::{RunResult, Validity};
use spanfate_model::verdict::ExitCode;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::{Limits, RunOrder, Watcher};
use spanfate_run::trial::progress::Progress;

use super::Audience;
use super::conclude::{conclude, conclude_again};
use super::runs::{self, Held};
use super::selected::Selected;
use crate::error::{Error, first_of, of_run, of_signal};

/// A run that is over, with what it came to.
pub(crate) struct Outcome {
    pub(crate) run: Held,
    pub(crate) result: RunResult,
    /// What stopped it, where something did: it stands beside what was measured until then.
    pub(crate) stopped: Option<spanfate_run::RunError>,
    /// Whether the user stopped it, or stops what still follows from it.
    interrupt: Interrupt,
}

impl Outcome {
    /// The exit code of a command that had it carried out.
    pub(crate) fn exit(&self) -> ExitCode {
        let mut codes = vec![self.result.verdict.exit()];
        codes.extend(self.stopped.as_ref().map(of_run));
        codes.extend(self.interrupt.signal().map(of_signal));
        first_of(&codes)
    }
}

/// Runs what was selected, with results in `out` or where they usually go.
pub(crate) fn carry_out(
    selected: &Selected,
    out: Option<&Path>,
    limits: Limits,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<Outcome, Error> {
    let project = Project::find()?;
    let run = RunOrder {
        project: &project,
        base: &selected.folder,
        results: out.map_or_else(Project::usual_results, Path::to_owned),
        plan: &selected.plan,
        scenario: &selected.text,
        interrupt,
        limits,
        relay: None,
        disturbance: None,
    };
    tell_changes(&run, audience)?;
    begin(&run, audience)
}

/// Makes a run's directory, carries it out there and concludes it.
pub(crate) fn begin(run: &RunOrder<'_>, audience: &mut dyn Audience) -> Result<Outcome, Error> {
    execute(run, runs::hold(run.prepare()?)?, audience)
}

/// Says what is otherwise in configurations of collectors, before anything runs.
pub(crate) fn tell_changes(run: &RunOrder<'_>, audience: &mut dyn Audience) -> Result<(), Error> {
    for line in spanfate_run::collector_changes(run.plan, run.base)? {
        audience.note(&line);
    }
    Ok(())
}

/// Runs what a run still lacks, and concludes all of it.
pub(crate) fn resume(
    name: &Path,
    limits: Limits,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<Outcome, Error> {
    let held = runs::open(name)?;
    let plan = held.plan()?;
    if !plan.subject().is_repeatable() {
        let what = "a run of a program that was attached to has no plan to be resumed; attach again";
        return Err(Error::Refused(what.to_owned()));
    }
    let project = Project::find()?;
    let base = held.manifest()?.base.map_or_else(|| project.scenarios(), PathBuf::from);
    let run = RunOrder {
        project: &project,
        base: &base,
        results: PathBuf::new(),
        plan: &plan,
        scenario: "",
        interrupt,
        limits,
        relay: None,
        disturbance: None,
    };
    execute(&run, held, audience)
}

/// Runs a program without a load of ours to its end. What could not be attached to leaves no run behind.
pub(crate) fn attend(run: &RunOrder<'_>, audience: &mut dyn Audience) -> Result<Outcome, Error> {
    tell_changes(run, audience)?;
    let held = runs::hold(run.prepare()?)?;
    let command = run.plan.services.first().map_or_else(String::new, |service| service.command.join(" "));
    audience
        .note(&format!("starting {command} with its spans sent to this program; Ctrl-C is handed on to it"));
    if let Some(relay) = run.relay {
        audience.note(&format!("all that it exports goes on to {}, whose answers it gets", relay.shown()));
    }
    let dir = RunDir(held.dir.0.clone());
    let done = run.execute(&dir, &mut Watching { audience, dir: &dir, plan: run.plan });
    audience.finish();
    if let Err(error) = done {
        drop(std::fs::remove_dir_all(&dir.0));
        return Err(Error::Run(error));
    }
    // A signal has ended the program, not the run.
    let interrupt = Interrupt::default();
    Ok(Outcome { result: conclude(&dir)?, run: held, stopped: None, interrupt })
}

/// Runs what a directory does not have yet, and concludes it.
fn execute(run: &RunOrder<'_>, held: Held, audience: &mut dyn Audience) -> Result<Outcome, Error> {
    let done = run.execute(&held.dir, &mut Watching { audience, dir: &held.dir, plan: run.plan });
    audience.finish();
    match conclude(&held.dir) {
        Ok(result) => {
            let interrupt = run.interrupt.clone();
            Ok(Outcome { result, run: held, stopped: done.err(), interrupt })
        }
        // What stopped the run says more than what kept its rest from being concluded.
        Err(error) => Err(done.err().map_or(error, Error::Run)),
    }
}

/// Shows a run, and looks at its comparison where that was planned.
struct Watching<'a> {
    audience: &'a mut dyn Audience,
    dir: &'a RunDir,
    plan: &'a Plan,
}

impl Watcher for Watching<'_> {
    fn show(&mut self, progress: Progress) {
        self.audience.show(progress);
    }

    fn enough(&mut self, done: &PlannedTrial, last_of_its_block: bool) -> Option<String> {
        let pairs = usize::from(done.repetition) + 1;
        if !last_of_its_block || !is_look(self.plan.compare.as_ref()?, pairs) {
            return None;
        }
        // What cannot be concluded now is concluded at the end.
        let comparison = conclude(self.dir).ok()?.comparison?;
        is_decided(&comparison).then(|| format!("the comparison was decided after {pairs} pairs"))
    }

    fn spoilt(&mut self, done: &PlannedTrial) -> SpoiltAttempt {
        // What cannot be concluded now is concluded at the end; it is no reason to run something again.
        let Ok(Some(trial)) = conclude_again(self.dir, self.plan, done) else {
            return SpoiltAttempt::default();
        };
        let (plan, trial) = (self.plan, &trial.result);
        let by = spoilt_by(plan, trial).into_iter().map(Validity::said).collect();
        SpoiltAttempt { by, against: measured_against(plan, trial), ..SpoiltAttempt::default() }
    }
}
