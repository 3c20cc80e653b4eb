//! `spanfate report`: renders a run's report from its result; two runs side by side; or all runs.

use std::path::PathBuf;

use spanfate_model::format::layout::RunDir;
use spanfate_model::verdict::ExitCode;
use spanfate_report::{IndexLinks, annotations, bmf, gobench, junit, markdown};
use spanfate_run::host::opener;
use spanfate_run::store;

use crate::args::{Rendered, ReportArguments, again};
use crate::error::Error;
use crate::session::publish;
use crate::session::runs::{Shelf, concluded, find};
use crate::show;

mod serve;

/// Renders what is asked for.
pub(super) fn run(arguments: ReportArguments) -> Result<ExitCode, Error> {
    let ReportArguments { run, compare, index: _, serve, port, results, open, format, output } = arguments;
    if open && format != Rendered::Html {
        return Err(Error::Refused(
            "--open shows the report; what build servers read is opened by nothing".to_owned(),
        ));
    }
    if serve {
        return serve::run(Shelf::of(results)?, port.unwrap_or_default());
    }
    let written = match (run, compare.as_slice()) {
        (Some(run), _) => match one(&find(&run)?, format, output)? {
            Some(path) => path,
            None => return Ok(ExitCode::Pass),
        },
        (None, [baseline, candidate]) => publish::comparison(baseline, candidate, output)?,
        // Nothing else is left that one can ask for: `--index`.
        (None, _) => {
            let shelf = Shelf::of(results)?;
            let path = output.unwrap_or_else(|| shelf.reports.join("index.html"));
            store::write_bytes(
                &path,
                spanfate_report::index(&shelf.entries(), IndexLinks::Files).as_bytes(),
            )?;
            path
        }
    };
    show::note(&format!("report: {}", written.display()));
    if open && !opener::open(&written) {
        show::note("there is nothing here to open it with; open that file in a browser");
    }
    Ok(ExitCode::Pass)
}

/// Renders a run; gives the file that it wrote, if it wrote one for people.
fn one(dir: &RunDir, format: Rendered, output: Option<PathBuf>) -> Result<Option<PathBuf>, Error> {
    let result = concluded(dir)?;
    let command = again(&result);
    let again = command.as_deref();
    let text = match format {
        Rendered::Html => return publish::report(dir, &result, again, output).map(Some),
        Rendered::Junit => junit(&result, again),
        Rendered::Markdown => markdown(&result, again),
        Rendered::Gobench => gobench(&result),
        Rendered::Bmf => bmf(&result),
        Rendered::Annotations => annotations(&result),
        Rendered::Json => String::from_utf8_lossy(&publish::stored(dir)?).into_owned(),
    };
    match output {
        Some(path) => store::write_bytes(&path, text.as_bytes())?,
        None => show::data(&text)?,
    }
    Ok(None)
}
