//! `spanfate advise --metrics`: from what processes and collectors say of themselves.

use std::path::Path;

use serde::Serialize;
use spanfate_analysis::metrics::{Scrape, ScrapedPlace, metric_names, observe};
use spanfate_model::advice::observed::FleetRow;
use spanfate_model::verdict::ExitCode;
use spanfate_run::host::clock;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::scrape::{self, ScrapeError};

use crate::args::AdviseArguments;
use crate::error::Error;
use crate::show;

/// How often it is looked whether a signal asks for the end, nanoseconds.
const LOOK: u64 = 100_000_000;

/// Metrics of another kind that are named where none was of ours.
const NAMED: usize = 3;

/// A page in memory.
struct Page {
    source: String,
    before: Option<(String, f64)>,
    text: String,
    at_s: Option<f64>,
}

/// Reads every place, and prints a row for each batch processor and exporter that is there.
pub(super) fn run(arguments: &AdviseArguments) -> Result<ExitCode, Error> {
    let (urls, files): (Vec<String>, Vec<String>) =
        arguments.metrics.iter().cloned().partition(|given| scrape::is_address(given));
    if arguments.apart.is_some() && files.len() != 2 {
        return Err(Error::Refused(format!(
            "--apart is the time between two files of the same services, and {} were given",
            files.len()
        )));
    }
    let mut pages = of_files(arguments, &files)?;
    pages.extend(of_urls(arguments, &urls)?);
    let seen: Vec<ScrapedPlace<'_>> = pages
        .iter()
        .map(|page| ScrapedPlace {
            source: &page.source,
            before: page.before.as_ref().map(|(text, apart_s)| (text.as_str(), *apart_s)),
            last: Scrape { text: &page.text, at_s: page.at_s },
        })
        .collect();
    let rows = observe(&seen, arguments.batch.map(std::num::NonZero::get));
    if rows.is_empty() {
        return Err(Error::Unsuited(found(&pages)));
    }
    let text = if arguments.json {
        show::pretty(&FleetAnswer { rows: &rows })?
    } else {
        spanfate_report::observed(&rows)
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

/// What the pages have in place of what was looked for.
fn found(pages: &[Page]) -> String {
    let mut names: Vec<String> = pages.iter().flat_map(|page| metric_names(&page.text)).collect();
    names.sort();
    names.dedup();
    let sources: Vec<&str> = pages.iter().map(|page| page.source.as_str()).collect();
    let first: Vec<&str> = names.iter().map(String::as_str).take(NAMED).collect();
    let found = match names.len() {
        0 => "no line there is a metric".to_owned(),
        1 => format!("the only metric there is {}", first.join("")),
        all => format!("there are {all} other metrics, the first are {}", first.join(", ")),
    };
    format!(
        "{} has no metrics of a batch processor or of a collector's exporter; {found}. The Go SDK writes otel_sdk_processor_span_* and \
         otel_sdk_exporter_span_* where OTEL_GO_X_OBSERVABILITY=true is set, a collector writes otelcol_exporter_*",
        sources.join(", ")
    )
}

/// What `--json` prints.
#[derive(Serialize)]
struct FleetAnswer<'a> {
    rows: &'a [FleetRow],
}

fn of_files(arguments: &AdviseArguments, files: &[String]) -> Result<Vec<Page>, Error> {
    let mut pages = Vec::new();
    for name in files {
        let (text, written) = scrape::file(Path::new(name))?;
        pages.push(Page { source: name.clone(), before: None, text, at_s: arguments.at.or(written) });
    }
    if let Some(apart) = arguments.apart
        && let Some(mut last) = pages.pop()
    {
        last.before = pages.pop().map(|first| (first.text, apart.seconds()));
        pages.push(last);
    }
    Ok(pages)
}

/// Scrapes every address twice. A service that does not answer is said, and keeps no other from its row.
fn of_urls(arguments: &AdviseArguments, urls: &[String]) -> Result<Vec<Page>, Error> {
    if urls.is_empty() {
        return Ok(Vec::new());
    }
    let interrupt = Interrupt::listen(|_| ())?;
    let began = clock::now();
    let first = scrape::addresses(urls);
    // Those that are wrong are not waited for.
    if first.iter().all(Result::is_err) {
        return Err(failed(first));
    }
    let due = began.saturating_add(arguments.lasting.nanos());
    while clock::now() < due && !interrupt.requested() {
        clock::sleep_until((clock::now() + LOOK).min(due));
    }
    let again = clock::now();
    let last = scrape::addresses(urls);
    if last.iter().all(Result::is_err) {
        return Err(failed(last));
    }
    let apart_s = again.saturating_sub(began) as f64 / 1e9;
    let mut pages = Vec::new();
    for ((url, first), last) in urls.iter().zip(first).zip(last) {
        match (first, last) {
            (Ok(first), Ok(text)) => {
                pages.push(Page { source: url.clone(), before: Some((first, apart_s)), text, at_s: None });
            }
            (Err(error), _) | (_, Err(error)) => show::note(&format!("left out: {}", with_cause(&error))),
        }
    }
    Ok(pages)
}

fn failed(all: Vec<Result<String, ScrapeError>>) -> Error {
    let first = all.into_iter().find_map(Result::err);
    first.map_or_else(|| Error::Refused("there is no address to scrape".to_owned()), Error::Scrape)
}

fn with_cause(error: &ScrapeError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
