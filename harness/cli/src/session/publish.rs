//! What is written of a result for readers: its report, and the files of build servers.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use spanfate_analysis::compare::comparison::{Apart, compare_runs};
use spanfate_model::format::layout::{RunDir, report_path};
use spanfate_model::result::RunResult;
use spanfate_report::{annotations, bmf, gobench, junit, markdown, side_by_side};
use spanfate_run::host::project::Project;
use spanfate_run::store;

use super::runs::result_of;
use crate::error::Error;

/// Writes the report of a result, to the project's `reports/` when the run lies in its `results/`, else beside the run; gives its
/// path. `again` is the command that runs it again, where there is one.
pub(crate) fn report(
    dir: &RunDir,
    result: &RunResult,
    again: Option<&str>,
    output: Option<PathBuf>,
) -> Result<PathBuf, Error> {
    let path = output.unwrap_or_else(|| report_path(&reports_of(dir), &result.run_id));
    store::write_bytes(&path, spanfate_report::html(result, again).as_bytes())?;
    Ok(path)
}

/// Where reports of what lies in a results folder go: to the project's `reports/`, or beside it.
pub(super) fn reports_of(dir: &RunDir) -> PathBuf {
    let runs = dir.0.parent().and_then(|parent| parent.canonicalize().ok());
    let project = runs.as_deref().and_then(Project::of_results);
    project.map(|project| project.reports()).or(runs).unwrap_or_else(|| dir.0.clone())
}

/// Writes a page with two runs side by side; gives its path.
pub(crate) fn comparison(
    baseline: &Path,
    candidate: &Path,
    output: Option<PathBuf>,
) -> Result<PathBuf, Error> {
    let (base, other) = (result_of(baseline)?, result_of(candidate)?);
    let path = match output {
        Some(path) => path,
        None => report_path(&Project::usual_reports(), &format!("{}-and-{}", base.run_id, other.run_id)),
    };
    store::write_bytes(&path, beside(&base, &other).as_bytes())?;
    Ok(path)
}

/// Two runs side by side, each variant as `spanfate compare` compares it.
pub(crate) fn beside(baseline: &RunResult, candidate: &RunResult) -> String {
    let how = Apart { gates: None, any_machine: false };
    side_by_side(baseline, candidate, &compare_runs(baseline, candidate, &how))
}

/// Writes the files of build servers into a folder, where one is given. Where a GitHub workflow runs this, its summary is one of
/// them, and its annotations are given back: lines that its runner reads from what a step prints.
pub(crate) fn for_build_servers(
    dir: &RunDir,
    result: &RunResult,
    again: Option<&str>,
    folder: Option<&Path>,
) -> Result<Option<String>, Error> {
    let Some(folder) = folder else { return Ok(None) };
    let summary = markdown(result, again);
    store::write_bytes(&folder.join("junit.xml"), junit(result, again).as_bytes())?;
    store::write_bytes(&folder.join("summary.md"), summary.as_bytes())?;
    store::write_bytes(&folder.join("benchmark.txt"), gobench(result).as_bytes())?;
    store::write_bytes(&folder.join("bmf.json"), bmf(result).as_bytes())?;
    store::write_bytes(&folder.join("result.json"), &stored(dir)?)?;
    if let Some(file) = set("GITHUB_STEP_SUMMARY") {
        append(&PathBuf::from(file), &summary)?;
    }
    let wanted = set("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    Ok(wanted.then(|| annotations(result)))
}

/// The bytes of a run's `result.json`.
pub(crate) fn stored(dir: &RunDir) -> Result<Vec<u8>, Error> {
    let path = dir.result();
    let read = std::fs::read(&path);
    read.map_err(|source| spanfate_run::RunError::File { action: "read", path, source }.into())
}

fn append(path: &Path, text: &str) -> Result<(), Error> {
    let written: io::Result<()> = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    written
        .map_err(|source| spanfate_run::RunError::ResultNotWritten { path: path.to_owned(), source }.into())
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
