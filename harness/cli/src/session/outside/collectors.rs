//! Collectors that run, looked at again and again by their pages.

use spanfate_analysis::metrics::CollectorWatch;
use spanfate_run::host::clock;
use spanfate_run::pages::scrape;
use spanfate_run::process::interrupt::Interrupt;

use super::pages::{failed, wait};
use crate::error::Error;

/// Distance of two looks, nanoseconds.
const LOOK: u64 = 1_000_000_000;

/// Looks at each address every second for so long, or until a signal asks for the end; after each look all of them are shown. Gives what
/// was seen, and what is to be said of those that were not there. One that is away later has fewer looks.
pub(crate) fn watch(
    urls: &[String],
    lasting: u64,
    interrupt: &Interrupt,
    mut shown: impl FnMut(&[CollectorWatch]) -> Result<(), Error>,
) -> Result<(Vec<CollectorWatch>, Vec<String>), Error> {
    if let Some(file) = urls.iter().find(|given| !scrape::is_address(given)) {
        return Err(Error::Refused(format!(
            "{file} is no http URL, and a peek is at what runs; `spanfate advise --metrics {file}` reads files"
        )));
    }
    let mut all: Vec<CollectorWatch> = urls.iter().map(|url| CollectorWatch::new(url)).collect();
    let mut away: Vec<Option<String>> = vec![None; urls.len()];
    let began = clock::now();
    let end = began.saturating_add(lasting);
    let mut next = began;
    loop {
        let pages = scrape::addresses(urls);
        if next == began && pages.iter().all(Result::is_err) {
            return Err(failed(pages));
        }
        let at_s = clock::now().saturating_sub(began) as f64 / 1e9;
        for ((one, page), away) in all.iter_mut().zip(pages).zip(&mut away) {
            match page {
                Ok(text) => one.see(text, at_s),
                Err(error) => *away = Some(error.to_string()),
            }
        }
        shown(&all)?;
        if next >= end || interrupt.requested() {
            break;
        }
        next = next.saturating_add(LOOK).max(clock::now()).min(end);
        wait(interrupt, next);
    }
    Ok((all, away.into_iter().flatten().collect()))
}
