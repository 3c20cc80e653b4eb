//! `spanfate why` from outside data, and its forecast.

use serde::Serialize;
use spanfate_model::finding::forecast::DropForecast;
use spanfate_model::finding::outside::OutsideSuspect;
use spanfate_model::quantity::unit::Period;
use spanfate_model::verdict::ExitCode;
use spanfate_report::{drop_forecast, drop_forecasts, outside, outside_suspects};

use crate::args::{OutsideArguments, WhyArguments, WhyFormat};
use crate::error::Error;
use crate::session::outside::forecast::{ForecastPace, of_files, of_process, of_urls};
use crate::session::outside::pages::{PagesAsked, files_and_urls};
use crate::session::outside::{OutsideAsked, causes, of_table};
use crate::show;

/// How long URLs are watched where nobody says it.
const LASTING_MS: u64 = 15_000;

/// A forecast as JSON.
#[derive(Serialize)]
struct ForecastAnswer<'a> {
    forecasts: &'a [DropForecast],
}

/// Suspects of tables as JSON.
#[derive(Serialize)]
struct SuspectsAnswer<'a> {
    suspects: &'a [OutsideSuspect],
}

/// What is asked of outside data; nothing where a run is asked about.
pub(super) fn run(arguments: &WhyArguments) -> Option<Result<ExitCode, Error>> {
    let OutsideArguments { metrics, forecast, pid, .. } = &arguments.outside;
    if *forecast {
        Some(foretell(arguments))
    } else {
        (!metrics.is_empty() || pid.is_some()).then(|| explain(arguments))
    }
}

fn explain(arguments: &WhyArguments) -> Result<ExitCode, Error> {
    let outside_of = &arguments.outside;
    let asked = OutsideAsked {
        pages: PagesAsked {
            given: &outside_of.metrics,
            apart: outside_of.apart,
            at: outside_of.at,
            lasting: outside_of.lasting.unwrap_or(Period::millis(LASTING_MS)),
        },
        batch: outside_of.batch.map(std::num::NonZero::get),
        traces: outside_of.traces.as_deref(),
        logs: outside_of.logs.as_deref(),
    };
    if let Some(suspects) = of_table(&asked)? {
        match arguments.format {
            WhyFormat::Text => show::data(&outside_suspects(&suspects))?,
            WhyFormat::Json => show::data(&show::pretty(&SuspectsAnswer { suspects: &suspects })?)?,
        }
        return Ok(ExitCode::Pass);
    }
    let (found, left_out) = causes(&asked)?;
    for note in &left_out {
        show::note(note);
    }
    match arguments.format {
        WhyFormat::Text => show::data(&outside(&found))?,
        WhyFormat::Json => show::data(&show::pretty(&found)?)?,
    }
    Ok(ExitCode::Pass)
}

fn foretell(arguments: &WhyArguments) -> Result<ExitCode, Error> {
    let OutsideArguments { metrics, apart, batch, pid, every, lasting, .. } = &arguments.outside;
    let batch = batch.map(std::num::NonZero::get);
    let pace = ForecastPace { every: *every, lasting: *lasting };
    let text = arguments.format == WhyFormat::Text;
    let mut tell = |at_s: f64, forecasts: &[DropForecast]| -> Result<(), Error> {
        if text && !forecasts.is_empty() {
            let lines: Vec<String> = forecasts.iter().map(|one| drop_forecast(one, at_s)).collect();
            show::data(&format!("{}\n", lines.join("\n")))?;
        }
        Ok(())
    };
    let (files, urls) = files_and_urls(metrics);
    let found = match (pid, files.len(), urls.len()) {
        (Some(pid), ..) => of_process(*pid, pace, &mut tell)?,
        (None, 0, 0) => return Err(Error::Refused("--forecast needs --metrics or --pid".to_owned())),
        (None, 0, _) => of_urls(&urls, pace, batch, &mut tell)?,
        (None, _, 0) => match apart {
            Some(apart) => of_files(&files, *apart, batch)?,
            None => {
                return Err(Error::Refused(
                    "--forecast of files needs --apart, the time from one to the next".to_owned(),
                ));
            }
        },
        _ => return Err(Error::Refused("a forecast is of files or of URLs, not of both".to_owned())),
    };
    match arguments.format {
        WhyFormat::Text => show::data(&drop_forecasts(&found))?,
        WhyFormat::Json => show::data(&show::pretty(&ForecastAnswer { forecasts: &found })?)?,
    }
    Ok(ExitCode::Pass)
}
