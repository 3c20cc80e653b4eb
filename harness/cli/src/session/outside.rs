//! What a process and its collectors say of themselves: read, and concluded from.

pub(crate) mod collectors;
pub(crate) mod configurations;
pub(crate) mod contract;
pub(crate) mod forecast;
pub(crate) mod pages;

use std::path::Path;

use spanfate_analysis::metrics::ScrapedPlace;
use spanfate_analysis::outside::{BesideMetrics, outside, table};
use spanfate_model::finding::outside::{OutsideSuspect, OutsideWhy};
use spanfate_run::pages::scrape;

use crate::error::Error;
use pages::{Page, PagesAsked, nothing_found};

/// What causes are asked of.
pub(crate) struct OutsideAsked<'a> {
    pub(crate) pages: PagesAsked<'a>,
    pub(crate) batch: Option<u32>,
    pub(crate) traces: Option<&'a Path>,
    pub(crate) logs: Option<&'a Path>,
}

/// The causes, and what was left out.
pub(crate) fn causes(asked: &OutsideAsked<'_>) -> Result<(OutsideWhy, Vec<String>), Error> {
    let traces = asked.traces.map(scrape::bytes).transpose()?.map(|(bytes, _)| bytes);
    let logs = asked.logs.map(scrape::file).transpose()?.map(|(text, _)| text);
    let (pages, left_out) = pages::read(&asked.pages)?;
    let seen: Vec<ScrapedPlace<'_>> = pages.iter().map(Page::place).collect();
    let beside = BesideMetrics { traces: traces.as_deref(), logs: logs.as_deref() };
    let found = outside(&seen, asked.batch, beside).map_err(Error::Unsuited)?;
    if found.parts.is_empty() {
        return Err(Error::Unsuited(nothing_found(&pages)));
    }
    Ok((found, left_out))
}

/// Who is to blame by a table of series, and one of spans; nothing where what is given is no table.
pub(crate) fn of_table(asked: &OutsideAsked<'_>) -> Result<Option<Vec<OutsideSuspect>>, Error> {
    let [sole] = asked.pages.given else { return Ok(None) };
    if scrape::is_address(sole) {
        return Ok(None);
    }
    let (metrics, _) = scrape::file(Path::new(sole))?;
    if !table::is_table(&metrics) {
        return Ok(None);
    }
    let traces = asked.traces.map(scrape::file).transpose()?.map(|(text, _)| text);
    table::blamed(&metrics, traces.as_deref()).map(Some).map_err(Error::Unsuited)
}
