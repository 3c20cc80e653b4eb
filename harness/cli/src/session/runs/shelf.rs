//! The runs of a results folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use spanfate_model::finding::index::{Concluded, RunEntry};
use spanfate_model::format::layout::{RunDir, report_path};
use spanfate_model::format::manifest::RunManifest;
use spanfate_model::result::RunResult;
use spanfate_run::host::project::Project;
use spanfate_run::store;

use crate::error::Error;

/// When a result was written, and what was read of it then.
type ReadBefore = (Option<SystemTime>, Result<Concluded, String>);

/// A results folder, with the folder of its reports. What was read is kept: results are large, and rarely change.
pub(crate) struct Shelf {
    results: PathBuf,
    pub(crate) reports: PathBuf,
    known: Mutex<BTreeMap<String, ReadBefore>>,
}

impl Shelf {
    /// The runs of a folder, whose reports lie beside them; those where results usually go where none is given.
    pub(crate) fn of(results: Option<PathBuf>) -> Result<Self, Error> {
        match results {
            Some(folder) if folder.is_dir() => Ok(Self::new(folder.clone(), folder)),
            Some(folder) => Err(Error::Missing {
                what: "results directory",
                name: folder.display().to_string(),
                hint: "; give the folder that holds the runs".to_owned(),
            }),
            None => Ok(Self::new(Project::usual_results(), Project::usual_reports())),
        }
    }

    fn new(results: PathBuf, reports: PathBuf) -> Self {
        Self { results, reports, known: Mutex::default() }
    }

    /// Every folder that holds a plan.
    pub(crate) fn entries(&self) -> Vec<RunEntry> {
        let folders = fs::read_dir(&self.results).into_iter().flatten().flatten();
        let mut out: Vec<RunEntry> = folders
            .map(|folder| RunDir(folder.path()))
            .filter(|dir| dir.plan().is_file())
            .map(|dir| self.entry(&dir))
            .collect();
        out.sort_by(|a, b| a.run.cmp(&b.run));
        out
    }

    /// The result of a run that is listed; a name is never made a path.
    pub(crate) fn result(&self, run: &str) -> Option<Result<RunResult, String>> {
        let entry = self.entries().into_iter().find(|entry| entry.run == run)?;
        let read = super::read(&RunDir(self.results.join(entry.run)).result());
        Some(read.map_err(|error| error.to_string()))
    }

    fn entry(&self, dir: &RunDir) -> RunEntry {
        let run = dir.id();
        let manifest: RunManifest = store::read_json(&dir.manifest()).unwrap_or_default();
        let report = Some(report_path(&self.reports, &run)).filter(|path| path.is_file());
        RunEntry { began: manifest.started_at, found: self.found(&run, dir), report, run }
    }

    fn found(&self, run: &str, dir: &RunDir) -> Result<Concluded, String> {
        let file = dir.result();
        if !file.is_file() {
            return Err(format!("no result yet; `spanfate analyze {run}` concludes it"));
        }
        let written = fs::metadata(&file).and_then(|data| data.modified()).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.get(run).filter(|(then, _)| then.is_some() && *then == written) {
            return found.clone();
        }
        let read: Result<RunResult, _> = store::read_json(&file);
        let found = read.map(|result| Concluded::of(&result)).map_err(|error| error.to_string());
        known.insert(run.to_owned(), (written, found.clone()));
        found
    }
}
