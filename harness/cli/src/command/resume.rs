//! `spanfate resume`: run what an interrupted run still lacks, then conclude all of it.

use std::path::PathBuf;

use spanfate_model::manifest::RunManifest;
use spanfate_model::verdict::ExitCode;
use spanfate_run::interrupt::Interrupt;
use spanfate_run::project::Project;
use spanfate_run::runner::Run;
use spanfate_run::store;

use super::{analyze, scenario};
use crate::args::ResumeArguments;
use crate::error::Error;
use crate::show;

/// Resumes a run.
pub(super) fn run(arguments: &ResumeArguments, color: bool) -> Result<ExitCode, Error> {
    let dir = analyze::find_run(&arguments.run)?;
    let _lock = store::lock(&dir)?.ok_or_else(|| Error::Busy(dir.0.clone()))?;
    let plan = store::read_plan(&dir)?;
    if plan.attached {
        let what = "a run of a program that was attached to has no plan to be resumed; attach again";
        return Err(Error::Refused(what.to_owned()));
    }
    let manifest: RunManifest = store::read_json(&dir.manifest())?;
    let project = Project::find()?;
    let base = manifest.base.map_or_else(|| project.scenarios(), PathBuf::from);
    let interrupt = Interrupt::listen(show::note)?;
    let run = Run {
        project: &project,
        base: &base,
        results: PathBuf::new(),
        plan: &plan,
        scenario: "",
        interrupt: &interrupt,
        limits: scenario::limits(arguments.limits, arguments.allow_env_mismatch),
    };
    scenario::finish(&run, &dir, &arguments.output, color)
}
