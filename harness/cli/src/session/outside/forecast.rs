//! When the first span will be dropped: metrics or a process are looked at again and again.

use std::collections::BTreeMap;
use std::path::Path;

use spanfate_analysis::forecast::{between_pages, between_peeks, forecast_of};
use spanfate_analysis::metrics::{Scrape, ScrapedPlace};
use spanfate_model::finding::forecast::{DropForecast, ForecastLook};
use spanfate_model::finding::peek::WatchedProcessor;
use spanfate_model::quantity::unit::Period;
use spanfate_run::host::clock;
use spanfate_run::pages::scrape;
use spanfate_run::peek::Peeker;
use spanfate_run::process::interrupt::Interrupt;

use super::pages::{failed, wait};
use crate::error::Error;

/// Distance of two looks into a process, nanoseconds.
const PEEK: u64 = 250_000_000;

/// Who is told of each look: the seconds since the first one, and what is to be expected.
pub(crate) type TellForecast<'a> = &'a mut dyn FnMut(f64, &[DropForecast]) -> Result<(), Error>;

/// How often something is looked at, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct ForecastPace {
    pub(crate) every: Period,
    /// Until a signal asks for the end, where it is absent.
    pub(crate) lasting: Option<Period>,
}

impl ForecastPace {
    fn end(&self, began: u64) -> u64 {
        self.lasting.map_or(u64::MAX / 2, |lasting| began.saturating_add(lasting.nanos()))
    }
}

/// Looks by service and component.
#[derive(Default)]
struct WatchedParts(BTreeMap<(String, String), Vec<ForecastLook>>);

impl WatchedParts {
    fn add(&mut self, service: String, component: String, look: ForecastLook) {
        self.0.entry((service, component)).or_default().push(look);
    }

    fn forecasts(&self) -> Vec<DropForecast> {
        self.0.iter().map(|((service, component), looks)| forecast_of(service, component, looks)).collect()
    }

    /// Adds what two pages of a source say.
    fn see(
        &mut self,
        source: &str,
        (first, last): (&str, &str),
        (apart_s, at_s): (f64, f64),
        batch: Option<u32>,
    ) {
        let last = Scrape { text: last, at_s: None };
        let place = ScrapedPlace { source, before: Some((first, apart_s)), last };
        for (service, component, look) in between_pages(&place, batch, at_s) {
            self.add(service, component, look);
        }
    }
}

/// Of files that are pages of the same services, one after the other.
pub(crate) fn of_files(
    files: &[String],
    apart: Period,
    batch: Option<u32>,
) -> Result<Vec<DropForecast>, Error> {
    let mut texts = Vec::new();
    for file in files {
        texts.push(scrape::file(Path::new(file))?.0);
    }
    let mut seen = WatchedParts::default();
    for (at, pair) in texts.windows(2).enumerate() {
        let at_s = (at + 1) as f64 * apart.seconds();
        seen.see("pages", (&pair[0], &pair[1]), (apart.seconds(), at_s), batch);
    }
    let found = seen.forecasts();
    if found.is_empty() {
        return Err(Error::Unsuited(
            "the files say nothing of a batch processor from one to the next: give them in the order of time, with \
             otel_sdk_processor_span_* and otel_sdk_exporter_operation_duration_* in them"
                .to_owned(),
        ));
    }
    Ok(found)
}

/// Of pages over HTTP.
pub(crate) fn of_urls(
    urls: &[String],
    pace: ForecastPace,
    batch: Option<u32>,
    tell: TellForecast<'_>,
) -> Result<Vec<DropForecast>, Error> {
    let interrupt = Interrupt::listen(|_| ())?;
    let began = clock::now();
    let end = pace.end(began);
    let mut seen = WatchedParts::default();
    let mut before: Vec<Option<(String, u64)>> = vec![None; urls.len()];
    let mut next = began;
    loop {
        let now = clock::now();
        let pages = scrape::addresses(urls);
        if pages.iter().all(Result::is_err) {
            // Who never answered is not waited for; who ended was watched as long as it could be.
            return if now == began || seen.0.is_empty() { Err(failed(pages)) } else { Ok(seen.forecasts()) };
        }
        let at_s = now.saturating_sub(began) as f64 / 1e9;
        for ((url, before), page) in urls.iter().zip(&mut before).zip(pages) {
            let Ok(read) = page else { continue };
            if let Some((text, then)) = before {
                let apart_s = now.saturating_sub(*then) as f64 / 1e9;
                seen.see(url, (text, &read), (apart_s, at_s), batch);
            }
            *before = Some((read, now));
        }
        tell(at_s, &seen.forecasts())?;
        next = next.saturating_add(pace.every.nanos().max(PEEK));
        if next > end || interrupt.requested() {
            return Ok(seen.forecasts());
        }
        wait(&interrupt, next);
    }
}

/// Of a process.
pub(crate) fn of_process(
    pid: u32,
    pace: ForecastPace,
    tell: TellForecast<'_>,
) -> Result<Vec<DropForecast>, Error> {
    let interrupt = Interrupt::listen(|_| ())?;
    let began = clock::now();
    let end = pace.end(began);
    let mut peeker = Peeker::open(pid, end.saturating_sub(began))?;
    let mut seen = WatchedParts::default();
    let mut before: Vec<WatchedProcessor> = Vec::new();
    let (mut next, mut due) = (began, began);
    while peeker.look() && clock::now() < end && !interrupt.requested() {
        let now = clock::now();
        if now >= due {
            due = due.saturating_add(pace.every.nanos().max(PEEK));
            let observed = peeker.observation();
            // Processors are found one after the other, and keep their places.
            for (at, (first, last)) in before.iter().zip(&observed.processors).enumerate() {
                if let Some(look) = between_peeks(first, last, began) {
                    seen.add(observed.name.clone(), format!("processor {}", at + 1), look);
                }
            }
            before = observed.processors;
            tell(now.saturating_sub(began) as f64 / 1e9, &seen.forecasts())?;
        }
        next = (next + PEEK).max(now);
        clock::sleep_until(next);
    }
    Ok(seen.forecasts())
}
