//! Pages of metrics, from files and over HTTP.

use std::path::Path;

use spanfate_analysis::metrics::{Scrape, ScrapedPlace, metric_names};
use spanfate_analysis::otlp::{self, OtlpPages};
use spanfate_model::quantity::unit::Period;
use spanfate_run::host::clock;
use spanfate_run::pages::scrape::{self, ScrapeError};
use spanfate_run::process::interrupt::Interrupt;

use crate::error::Error;

/// How often it is looked whether a signal asks for the end, nanoseconds.
const LOOK: u64 = 100_000_000;
/// Metrics of another kind that are named where none was of ours.
const NAMED: usize = 3;

/// A page in memory.
pub(crate) struct Page {
    pub(crate) source: String,
    /// An earlier one of the same place, and how many seconds it was earlier.
    pub(crate) before: Option<(String, f64)>,
    pub(crate) text: String,
    pub(crate) at_s: Option<f64>,
}

impl Page {
    /// The same as analysis takes it.
    pub(crate) fn place(&self) -> ScrapedPlace<'_> {
        ScrapedPlace {
            source: &self.source,
            before: self.before.as_ref().map(|(text, apart_s)| (text.as_str(), *apart_s)),
            last: Scrape { text: &self.text, at_s: self.at_s },
        }
    }
}

/// Which pages are wanted.
#[derive(Clone, Copy)]
pub(crate) struct PagesAsked<'a> {
    /// Files and URLs.
    pub(crate) given: &'a [String],
    /// The two files are of the same services, so long one after the other.
    pub(crate) apart: Option<Period>,
    /// When the files were scraped, seconds since 1970.
    pub(crate) at: Option<f64>,
    /// Time between the two scrapes of each URL.
    pub(crate) lasting: Period,
}

/// Files and URLs, as they are given.
pub(crate) fn files_and_urls(given: &[String]) -> (Vec<String>, Vec<String>) {
    given.iter().cloned().partition(|given| !scrape::is_address(given))
}

/// Every page that could be read, and what is to be said of those that could not.
pub(crate) fn read(asked: &PagesAsked<'_>) -> Result<(Vec<Page>, Vec<String>), Error> {
    let (files, urls) = files_and_urls(asked.given);
    if asked.apart.is_some() && files.len() != 2 {
        return Err(Error::Refused(format!(
            "--apart is the time between two files of the same services, and {} were given",
            files.len()
        )));
    }
    let mut pages = of_files(asked, &files)?;
    let (more, left_out) = of_urls(asked, &urls)?;
    pages.extend(more);
    Ok((pages, left_out))
}

/// What the pages have in place of what was looked for.
pub(crate) fn nothing_found(pages: &[Page]) -> String {
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

fn of_files(asked: &PagesAsked<'_>, files: &[String]) -> Result<Vec<Page>, Error> {
    let mut pages = Vec::new();
    for name in files {
        let (bytes, written) = scrape::bytes(Path::new(name))?;
        let source = name.clone();
        if otlp::is_otlp(&bytes) {
            let read = otlp::pages(&bytes).map_err(|error| {
                Error::Unsuited(format!("{name} looks like metrics of OTLP and is none: {error}"))
            })?;
            let OtlpPages { first, last, at_s } = read;
            pages.push(Page { source, before: first, text: last, at_s: Some(at_s) });
            continue;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        pages.push(Page { source, before: None, text, at_s: asked.at.or(written) });
    }
    if let Some(apart) = asked.apart
        && let Some(mut last) = pages.pop()
    {
        last.before = pages.pop().map(|first| (first.text, apart.seconds()));
        pages.push(last);
    }
    Ok(pages)
}

/// Scrapes every address twice. A service that does not answer is said, and keeps no other from its row.
fn of_urls(asked: &PagesAsked<'_>, urls: &[String]) -> Result<(Vec<Page>, Vec<String>), Error> {
    if urls.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let interrupt = Interrupt::listen(|_| ())?;
    let began = clock::now();
    let first = scrape::addresses(urls);
    // Those that are wrong are not waited for.
    if first.iter().all(Result::is_err) {
        return Err(failed(first));
    }
    wait(&interrupt, began.saturating_add(asked.lasting.nanos()));
    let again = clock::now();
    let last = scrape::addresses(urls);
    if last.iter().all(Result::is_err) {
        return Err(failed(last));
    }
    let apart_s = again.saturating_sub(began) as f64 / 1e9;
    let (mut pages, mut left_out) = (Vec::new(), Vec::new());
    for ((url, first), last) in urls.iter().zip(first).zip(last) {
        match (first, last) {
            (Ok(first), Ok(text)) => {
                pages.push(Page { source: url.clone(), before: Some((first, apart_s)), text, at_s: None });
            }
            (Err(error), _) | (_, Err(error)) => left_out.push(format!("left out: {}", with_cause(&error))),
        }
    }
    Ok((pages, left_out))
}

/// Waits until then, or until a signal asks for the end.
pub(super) fn wait(interrupt: &Interrupt, due: u64) {
    while clock::now() < due && !interrupt.requested() {
        clock::sleep_until((clock::now() + LOOK).min(due));
    }
}

/// Why none could be read.
pub(super) fn failed(all: Vec<Result<String, ScrapeError>>) -> Error {
    let first = all.into_iter().find_map(Result::err);
    first.map_or_else(|| Error::Refused("there is no address to scrape".to_owned()), Error::Scrape)
}

fn with_cause(error: &ScrapeError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
