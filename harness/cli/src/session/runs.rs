//! The runs that are there: found by path or id, locked, read, listed.

pub(crate) mod logs;
mod shelf;

use std::path::{Path, PathBuf};

use spanfate_analysis::with_insights;
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::RunManifest;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::result::RunResult;
use spanfate_run::host::project::Project;
use spanfate_run::store::{self, DirectoryClaim};

use crate::error::Error;
pub(crate) use shelf::Shelf;

/// A run that is ours as long as this value lives: no other process writes to it.
pub(crate) struct Held {
    pub(crate) dir: RunDir,
    _claim: DirectoryClaim,
}

/// Finds a run by path, or by its id where results usually go.
pub(crate) fn find(name: &Path) -> Result<RunDir, Error> {
    let inside = || Some(Project::find().ok()?.results().join(name));
    [name.to_owned(), Project::usual_results().join(name)]
        .into_iter()
        .chain(inside())
        .find(|path: &PathBuf| path.join("plan.json").is_file())
        .and_then(|path| std::fs::canonicalize(path).ok())
        .map(RunDir)
        .ok_or_else(|| Error::Missing {
            what: "run",
            name: name.display().to_string(),
            hint: unfit(name).to_owned(),
        })
}

/// Why a name leads to no run.
fn unfit(name: &Path) -> &'static str {
    match (name.is_dir(), name.join("run.json").is_file() || name.join("trial-000").is_dir()) {
        (true, true) => {
            "; the folder has logs of a run, but no plan.json that says what they are of: run the scenario again"
        }
        (true, false) => {
            "; the folder holds no run: a run's directory has a plan.json; `spanfate report --index` lists all runs"
        }
        _ => {
            "; give a results directory, or the id of a run in results/; `spanfate report --index` lists all runs"
        }
    }
}

/// The run that was begun last, where results usually go.
pub(crate) fn newest() -> Result<RunDir, Error> {
    let results = Project::usual_results();
    let entries = std::fs::read_dir(&results).into_iter().flatten().flatten();
    let begun = |path: PathBuf| {
        let dir = RunDir(path);
        let manifest: RunManifest = store::read_json(&dir.manifest()).ok()?;
        dir.plan().is_file().then_some((manifest.started_at, dir))
    };
    let runs = entries.filter_map(|entry| begun(entry.path()));
    let newest = runs.max_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.0.cmp(&other.0)));
    newest.map(|(_, dir)| dir).ok_or_else(|| Error::Missing {
        what: "run",
        name: results.display().to_string(),
        hint: "; give a results directory after the id".to_owned(),
    })
}

/// The result of a run, by its directory, its id, or the file itself.
pub(crate) fn result_of(name: &Path) -> Result<RunResult, Error> {
    if name.is_file() { Ok(read(name)?) } else { concluded(&find(name)?) }
}

/// The result in a run's directory; where there is none, what makes one is said.
pub(crate) fn concluded(dir: &RunDir) -> Result<RunResult, Error> {
    let file = dir.result();
    if !file.is_file() {
        return Err(Error::Missing {
            what: "result of the run",
            name: file.display().to_string(),
            hint: format!("; `spanfate analyze {}` concludes the run from its raw logs", dir.0.display()),
        });
    }
    Ok(read(&file)?)
}

/// A result as it was written, with its conclusions: one that is older than these gets them as a new one does.
pub(crate) fn read(file: &Path) -> Result<RunResult, spanfate_run::RunError> {
    Ok(with_insights(store::read_json(file)?))
}

/// Takes a run for this process; an error where another has it.
pub(crate) fn hold(dir: RunDir) -> Result<Held, Error> {
    match store::lock(&dir)? {
        Some(claim) => Ok(Held { dir, _claim: claim }),
        None => Err(Error::Busy(dir.0)),
    }
}

/// Finds a run and takes it for this process.
pub(crate) fn open(name: &Path) -> Result<Held, Error> {
    hold(find(name)?)
}

impl Held {
    /// What was planned.
    pub(crate) fn plan(&self) -> Result<Plan, Error> {
        Ok(store::read_plan(&self.dir)?)
    }

    /// How far it is.
    pub(crate) fn manifest(&self) -> Result<RunManifest, Error> {
        Ok(store::read_json(&self.dir.manifest())?)
    }

    /// The trials of its plan that were begun, or the one that is wanted.
    pub(crate) fn begun(&self, plan: &Plan, wanted: Option<u16>) -> Result<Vec<PlannedTrial>, Error> {
        let manifest = self.manifest()?;
        let begun =
            |index: u16| manifest.trials.contains(&index) && self.dir.trial(index).manifest().is_file();
        let trials: Vec<PlannedTrial> = plan
            .trials
            .iter()
            .filter(|trial| begun(trial.index) && wanted.is_none_or(|wanted| wanted == trial.index))
            .copied()
            .collect();
        match wanted.filter(|_| trials.is_empty()) {
            Some(wanted) => Err(Error::NothingSelected(format!(
                "there is no trial {wanted}; of {} planned trials (from 0) {} were begun",
                plan.trials.len(),
                manifest.trials.len()
            ))),
            None => Ok(trials),
        }
    }

    /// The raw logs of a trial, brought into its directory where they still lie elsewhere.
    pub(crate) fn logs(&self, trial: &PlannedTrial) -> Result<TrialLogs, Error> {
        let place = self.dir.trial(trial.index);
        store::settle(&place)?;
        Ok(store::read_trial(&place)?)
    }
}
