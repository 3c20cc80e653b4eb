//! What follows from metrics that processes and collectors give of themselves: text in, rows out.
//!
//! Counters are differences of two moments, or means since the start: good enough for a rate, never for the fate of a span.

mod collector;
mod exporting;
mod exposition;
mod flow;
pub(crate) mod hop;
mod machine;
mod names;
mod outlast;
mod page;
mod processor;
mod risk;
mod thousands;
mod watched;
mod window;

use spanfate_model::advice::observed::FleetRow;

pub use exporting::{ExporterUse, exporter_uses, refused};
pub use machine::{MachineUse, machine_use};
pub use watched::CollectorWatch;
use window::ScrapeWindow;

/// A page of metrics and when it was taken.
#[derive(Clone, Copy, Debug)]
pub struct Scrape<'a> {
    /// Its text.
    pub text: &'a str,
    /// When it was taken, seconds since 1970, where that is known; what the page says itself comes first.
    pub at_s: Option<f64>,
}

/// What was looked at in one place, once or twice.
#[derive(Clone, Copy, Debug)]
pub struct ScrapedPlace<'a> {
    /// Where: a file or an address. Names services that the page does not name.
    pub source: &'a str,
    /// An earlier page, and how many seconds it was earlier.
    pub before: Option<(&'a str, f64)>,
    /// The page.
    pub last: Scrape<'a>,
}

/// A row per batch processor of the SDK and per exporter of a collector, in the order of the places, then by name. `batch`: what
/// all of them are set to, which metrics do not say.
pub fn observe(seen: &[ScrapedPlace<'_>], batch: Option<u32>) -> Vec<FleetRow> {
    seen.iter().flat_map(|one| of_place(one, batch)).collect()
}

/// The names of all metrics of a page, as often as they stand there.
pub fn metric_names(page: &str) -> Vec<String> {
    let mut out = Vec::new();
    exposition::each(page, |sample| out.push(sample.name.into_owned()));
    out
}

fn of_place(seen: &ScrapedPlace<'_>, batch: Option<u32>) -> Vec<FleetRow> {
    let last = page::read(seen.last.text, seen.source);
    let before = seen.before.map(|(text, apart_s)| (page::read(text, seen.source), apart_s));
    let at_s = last.at_s.or(seen.last.at_s);
    let mut rows = Vec::new();
    for (name, service) in &last.services {
        let window = ScrapeWindow::new(name, service, before.as_ref(), at_s);
        let mut own = processor::rows(name, &window, batch);
        own.extend(collector::rows(name, &window));
        rows.extend(own);
    }
    let doubtful = [
        (last.malformed, "lines of the page are no metrics and were passed over"),
        (last.repeated, "series are there twice; the first counts"),
    ];
    for (count, what) in doubtful {
        if let Some(first) = rows.first_mut().filter(|_| count > 0) {
            first.notes.push(format!("{count} {what}"));
        }
    }
    rows
}

#[cfg(test)]
mod tests;
