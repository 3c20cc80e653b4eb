//! `spanfate report`: renders a run's report from its result; two runs side by side; or all runs.

use std::path::{Path, PathBuf};

use spanfate_analysis::comparison::{Apart, compare_runs};
use spanfate_model::layout::{RunDir, report_path};
use spanfate_model::result::RunResult;
use spanfate_model::verdict::ExitCode;
use spanfate_report::{Links, annotations, bmf, gobench, junit, markdown, side_by_side};
use spanfate_run::project::Project;
use spanfate_run::{opener, store};

use super::analyze::find_run;
use super::{ci, compare};
use crate::args::{Rendered, ReportArguments};
use crate::error::Error;
use crate::show;

mod serve;
mod shelf;

use shelf::Shelf;

/// Renders what is asked for.
pub(super) fn run(arguments: ReportArguments) -> Result<ExitCode, Error> {
    let ReportArguments { run, compare, index: _, serve, port, results, open, format, output } = arguments;
    if open && format != Rendered::Html {
        return Err(Error::Refused(
            "--open shows the report; what build servers read is opened by nothing".to_owned(),
        ));
    }
    if serve {
        return serve::run(shelf(results)?, port.unwrap_or_default());
    }
    let written = match (run, compare.as_slice()) {
        (Some(run), _) => match one(&find_run(&run)?, format, output)? {
            Some(path) => path,
            None => return Ok(ExitCode::Pass),
        },
        (None, [baseline, candidate]) => both(baseline, candidate, output)?,
        // Nothing else is left that one can ask for: `--index`.
        (None, _) => {
            let shelf = shelf(results)?;
            let path = output.unwrap_or_else(|| shelf.reports.join("index.html"));
            store::write_bytes(&path, spanfate_report::index(&shelf.entries(), Links::Files).as_bytes())?;
            path
        }
    };
    show::note(&format!("report: {}", written.display()));
    if open && !opener::open(&written) {
        show::note("there is nothing here to open it with; open that file in a browser");
    }
    Ok(ExitCode::Pass)
}

fn shelf(results: Option<PathBuf>) -> Result<Shelf, Error> {
    let project = Project::find();
    match results {
        // Reports of runs elsewhere lie beside them.
        Some(folder) if folder.is_dir() => Ok(Shelf::new(folder.clone(), folder)),
        Some(folder) => Err(Error::Missing {
            what: "results directory",
            name: folder.display().to_string(),
            hint: "; give the folder that holds the runs".to_owned(),
        }),
        None => project.map(|project| Shelf::new(project.results(), project.reports())).map_err(Error::from),
    }
}

/// Renders a run; gives the file that it wrote, if it wrote one for people.
fn one(dir: &RunDir, format: Rendered, output: Option<PathBuf>) -> Result<Option<PathBuf>, Error> {
    let result: RunResult = store::read_json(&dir.result())?;
    let text = match format {
        Rendered::Html => return write(dir, &result, output).map(Some),
        Rendered::Junit => junit(&result),
        Rendered::Markdown => markdown(&result),
        Rendered::Gobench => gobench(&result),
        Rendered::Bmf => bmf(&result),
        Rendered::Annotations => annotations(&result),
        Rendered::Json => String::from_utf8_lossy(&ci::stored(dir)?).into_owned(),
    };
    match output {
        Some(path) => store::write_bytes(&path, text.as_bytes())?,
        None => show::data(&text)?,
    }
    Ok(None)
}

/// Two runs side by side, each variant as `spanfate compare` compares it.
fn both(baseline: &Path, candidate: &Path, output: Option<PathBuf>) -> Result<PathBuf, Error> {
    let (base, other) = (compare::result_of(baseline)?, compare::result_of(candidate)?);
    let path = if let Some(path) = output {
        path
    } else {
        report_path(&Project::find()?.reports(), &format!("{}-and-{}", base.run_id, other.run_id))
    };
    store::write_bytes(&path, beside(&base, &other).as_bytes())?;
    Ok(path)
}

fn beside(baseline: &RunResult, candidate: &RunResult) -> String {
    let how = Apart { gates: None, any_machine: false };
    side_by_side(baseline, candidate, &compare_runs(baseline, candidate, &how))
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
