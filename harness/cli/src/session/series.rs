//! Several runs of one scenario, changed from run to run, in a directory of their own.

use std::path::{Path, PathBuf};

use spanfate_model::finding::noise::Disturbance;
use spanfate_model::format::layout::RunDir;
use spanfate_model::result::RunResult;
use spanfate_model::scenario::Scenario;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::{Limits, RunOrder, fresh_directory};

use super::Audience;
use super::carry_out;
use super::selected::Selected;
use crate::error::Error;

/// What all runs of a series share.
pub(crate) struct Series {
    pub(super) project: Project,
    /// The scenario that is changed from run to run.
    pub(super) scenario: Scenario,
    text: String,
    base: PathBuf,
    /// Where the runs go.
    pub(super) dir: PathBuf,
    pub(super) interrupt: Interrupt,
    pub(super) limits: Limits,
    /// What is done to the machine while its runs go on.
    pub(super) disturbance: Option<Disturbance>,
}

impl Series {
    /// Makes its directory, named after the scenario and what the series is. `text` and `base` are those of the scenario's file.
    pub(super) fn begin(
        scenario: Scenario,
        (text, base): (String, PathBuf),
        (out, what): (Option<&Path>, &str),
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let results = out.map_or_else(Project::usual_results, Path::to_owned);
        let dir = fresh_directory(&results, &format!("{}-{what}", scenario.name))?;
        Self::inside(scenario, (text, base), &dir, interrupt)
    }

    /// Runs go into a directory that is there. `text` and `base` are those of the scenario's file.
    pub(super) fn inside(
        scenario: Scenario,
        (text, base): (String, PathBuf),
        dir: &Path,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let (project, interrupt, dir) = (Project::find()?, interrupt.clone(), dir.to_owned());
        let limits = Limits::default();
        Ok(Self { project, scenario, text, base, dir, interrupt, limits, disturbance: None })
    }

    /// The same on a machine that is disturbed.
    pub(super) fn disturbed(self, what: Disturbance, limits: Limits) -> Self {
        Self { disturbance: Some(what), limits, ..self }
    }

    /// The same, ended early or not.
    pub(super) fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The plan of a changed scenario.
    pub(super) fn select(&self, scenario: &Scenario) -> Result<Selected, Error> {
        Selected::of(scenario, self.text.clone(), self.base.clone())
    }

    /// Carries out one run and concludes it.
    pub(super) fn run(
        &self,
        selected: &Selected,
        audience: &mut dyn Audience,
    ) -> Result<(RunDir, RunResult), Error> {
        let run = RunOrder {
            project: &self.project,
            base: &self.base,
            results: self.dir.clone(),
            plan: &selected.plan,
            scenario: &selected.text,
            interrupt: &self.interrupt,
            limits: self.limits,
            relay: None,
            disturbance: self.disturbance,
        };
        let outcome = carry_out::begin(&run, audience)?;
        match outcome.stopped {
            Some(error) => Err(Error::Run(error)),
            None => Ok((outcome.run.dir, outcome.result)),
        }
    }
}
