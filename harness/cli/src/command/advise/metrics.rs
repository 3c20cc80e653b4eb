//! `spanfate advise --metrics`: from what processes and collectors say of themselves.

use serde::Serialize;
use spanfate_analysis::metrics::{ScrapedPlace, observe};
use spanfate_model::advice::observed::FleetRow;
use spanfate_model::verdict::ExitCode;

use crate::args::AdviseArguments;
use crate::error::Error;
use crate::session::outside::pages::{Page, PagesAsked, nothing_found, read};
use crate::show;

/// Reads every place, and prints a row for each batch processor and exporter that is there.
pub(super) fn run(arguments: &AdviseArguments) -> Result<ExitCode, Error> {
    let asked = PagesAsked {
        given: &arguments.metrics,
        apart: arguments.apart,
        at: arguments.at,
        lasting: arguments.lasting,
    };
    let (pages, left_out) = read(&asked)?;
    for note in &left_out {
        show::note(note);
    }
    let seen: Vec<ScrapedPlace<'_>> = pages.iter().map(Page::place).collect();
    let rows = observe(&seen, arguments.batch.map(std::num::NonZero::get));
    if rows.is_empty() {
        return Err(Error::Unsuited(nothing_found(&pages)));
    }
    let text = if arguments.json {
        show::pretty(&FleetAnswer { rows: &rows })?
    } else {
        spanfate_report::observed(&rows)
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

/// What `--json` prints.
#[derive(Serialize)]
struct FleetAnswer<'a> {
    rows: &'a [FleetRow],
}
