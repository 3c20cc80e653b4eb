//! `spanfate report`: renders a run's report from its result.

use std::path::PathBuf;

use spanfate_model::layout::{RunDir, report_path};
use spanfate_model::result::RunResult;
use spanfate_model::verdict::ExitCode;
use spanfate_report::{annotations, bmf, gobench, junit, markdown};
use spanfate_run::project::Project;
use spanfate_run::store;

use super::analyze::find_run;
use super::ci;
use crate::args::{Rendered, ReportArguments};
use crate::error::Error;
use crate::show;

/// Renders the report of a run that has been concluded.
pub(super) fn run(arguments: ReportArguments) -> Result<ExitCode, Error> {
    let ReportArguments { run, format, output } = arguments;
    let dir = find_run(&run)?;
    let result: RunResult = store::read_json(&dir.result())?;
    let text = match format {
        Rendered::Html => {
            let path = write(&dir, &result, output)?;
            show::note(&format!("report: {}", path.display()));
            return Ok(ExitCode::Pass);
        }
        Rendered::Junit => junit(&result),
        Rendered::Markdown => markdown(&result),
        Rendered::Gobench => gobench(&result),
        Rendered::Bmf => bmf(&result),
        Rendered::Annotations => annotations(&result),
        Rendered::Json => String::from_utf8_lossy(&ci::stored(&dir)?).into_owned(),
    };
    match output {
        Some(path) => store::write_bytes(&path, text.as_bytes())?,
        None => show::data(&text)?,
    }
    Ok(ExitCode::Pass)
}

/// Writes the report of a result: to the project's `reports/` when the run lies in its `results/`, else beside the run.
pub(super) fn write(dir: &RunDir, result: &RunResult, output: Option<PathBuf>) -> Result<PathBuf, Error> {
    let path = output.unwrap_or_else(|| report_path(&reports_of(dir), &result.run_id));
    store::write_bytes(&path, spanfate_report::html(result).as_bytes())?;
    Ok(path)
}

fn reports_of(dir: &RunDir) -> PathBuf {
    let runs = dir.0.parent().and_then(|parent| parent.canonicalize().ok());
    let project = Project::find().ok().filter(|project| project.results().canonicalize().ok() == runs);
    project.map(|project| project.reports()).or(runs).unwrap_or_else(|| dir.0.clone())
}
