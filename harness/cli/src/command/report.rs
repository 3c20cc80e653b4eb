//! `spanfate report`: renders a run's report from its result.

use std::path::{Path, PathBuf};

use spanfate_model::layout::{RunDir, report_path};
use spanfate_model::result::RunResult;
use spanfate_model::verdict::ExitCode;
use spanfate_run::project::Project;
use spanfate_run::store;

use super::analyze::find_run;
use crate::error::Error;
use crate::show;

/// Renders the report of a run that has been concluded.
pub(super) fn run(run: &Path, output: Option<PathBuf>) -> Result<ExitCode, Error> {
    let dir = find_run(run)?;
    let result: RunResult = store::read_json(&dir.result())?;
    let path = write(&dir, &result, output)?;
    show::note(&format!("report: {}", path.display()));
    Ok(ExitCode::Pass)
}

/// Writes the report of a result: to `reports/` of the project, or beside the results where there is no project.
pub(super) fn write(dir: &RunDir, result: &RunResult, output: Option<PathBuf>) -> Result<PathBuf, Error> {
    let path = output.unwrap_or_else(|| {
        let reports = Project::find().map_or_else(|_| dir.0.clone(), |project| project.reports());
        report_path(&reports, &result.run_id)
    });
    store::write_bytes(&path, spanfate_report::html(result).as_bytes())?;
    Ok(path)
}
