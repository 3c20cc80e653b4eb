//! `spanfate analyze`, which is also the second half of `spanfate scenario`: raw logs to ledgers, result and report.

use std::path::{Path, PathBuf};

use spanfate_analysis::{ConcludedTrial, conclude_run, conclude_trial};
use spanfate_model::environment::Environment;
use spanfate_model::layout::RunDir;
use spanfate_model::manifest::RunManifest;
use spanfate_model::plan::Plan;
use spanfate_model::result::RunResult;
use spanfate_model::verdict::ExitCode;
use spanfate_report::{TableStyle, table};
use spanfate_run::project::Project;
use spanfate_run::store;

use super::{ci, report};
use crate::args::Output;
use crate::error::Error;
use crate::show;

/// Concludes a run again.
pub(super) fn run(run: &Path, output: &Output, color: bool) -> Result<ExitCode, Error> {
    let dir = find_run(run)?;
    let _lock = store::lock(&dir)?.ok_or_else(|| Error::Busy(dir.0.clone()))?;
    let result = conclude(&dir)?;
    print(&dir, &result, output, color)?;
    Ok(result.verdict.exit())
}

/// Finds a run by path, or by its id in `results/`.
pub(super) fn find_run(name: &Path) -> Result<RunDir, Error> {
    let inside = || Some(Project::find().ok()?.results().join(name));
    std::iter::once(name.to_owned())
        .chain(inside())
        .find(|path: &PathBuf| path.join("plan.json").is_file())
        .and_then(|path| std::fs::canonicalize(path).ok())
        .map(RunDir)
        .ok_or_else(|| Error::Missing {
            what: "run",
            name: name.display().to_string(),
            hint: "; give a results directory, or the id of a run in results/".to_owned(),
        })
}

/// Concludes every trial that was begun, then the run; writes ledgers and result.
pub(super) fn conclude(dir: &RunDir) -> Result<RunResult, Error> {
    let plan: Plan = store::read_plan(dir)?;
    let manifest: RunManifest = store::read_json(&dir.manifest())?;
    // A run that was killed while it built has no fingerprint yet.
    let environment: Environment = store::read_json(&dir.environment()).unwrap_or_default();
    let mut trials = Vec::new();
    for planned in plan.trials.iter().filter(|planned| manifest.trials.contains(&planned.index)) {
        if let Some(trial) = conclude_one(dir, &plan, planned, &environment)? {
            trials.push(trial);
        }
    }
    let result = conclude_run(plan, environment, &manifest, trials);
    store::write_json(&dir.result(), &result)?;
    Ok(result)
}

fn conclude_one(
    dir: &RunDir,
    plan: &Plan,
    planned: &spanfate_model::plan::PlannedTrial,
    environment: &Environment,
) -> Result<Option<ConcludedTrial>, Error> {
    let place = dir.trial(planned.index);
    if !place.manifest().is_file() {
        return Ok(None);
    }
    store::settle(&place)?;
    let logs = store::read_trial(&place)?;
    let trial = conclude_trial(plan, planned, environment.fixture_cpus.len(), &logs);
    store::write_json(&place.ledger(), &trial.result.ledger)?;
    Ok(Some(trial))
}

/// Writes the report, and what a build server reads, and prints the summary.
pub(super) fn print(dir: &RunDir, result: &RunResult, output: &Output, color: bool) -> Result<(), Error> {
    let report = report::write(dir, result, None)?;
    ci::write(dir, result, &output.ci)?;
    if output.json {
        return show::data(&String::from_utf8_lossy(&ci::stored(dir)?));
    }
    if output.quiet {
        for reason in &result.reasons {
            show::note(reason);
        }
        return Ok(());
    }
    show::data(&table(result, TableStyle { color, width: None }))?;
    show::note(&format!("results: {}\nreport:  {}", dir.0.display(), report.display()));
    Ok(())
}
