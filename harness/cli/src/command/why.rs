//! `spanfate why`: the causes of each variant's losses, proved by running its queues again, and what helps.

mod outside;

use serde::Serialize;
use spanfate_model::result::{Advised, LossCause, PathReplay, RunResult};
use spanfate_model::verdict::ExitCode;
use spanfate_report::{TableStyle, why};

use crate::args::{WhyArguments, WhyFormat};
use crate::error::Error;
use crate::session::conclude::reconcluded;
use crate::session::runs;
use crate::show;

/// The answer as JSON.
#[derive(Serialize)]
struct WhyAnswer<'a> {
    run_id: &'a str,
    why: &'a [LossCause],
    advice: &'a [Advised],
    replays: Vec<ReplayOfTrial<'a>>,
}

/// A replay, and whose it is.
#[derive(Serialize)]
struct ReplayOfTrial<'a> {
    variant: &'a str,
    trial: u16,
    replay: &'a PathReplay,
}

/// Tells why spans of a run were lost.
pub(super) fn run(arguments: &WhyArguments, color: bool) -> Result<ExitCode, Error> {
    if let Some(outside) = outside::run(arguments) {
        return outside;
    }
    let dir = match &arguments.run {
        Some(run) => runs::find(run)?,
        None => runs::newest()?,
    };
    if arguments.run.is_none() {
        show::note(&format!("of the newest run, {}", dir.0.display()));
    }
    let result = reconcluded(dir)?;
    match arguments.format {
        WhyFormat::Text => show::data(&why(&result, TableStyle { color, width: None }))?,
        WhyFormat::Json => show::data(&show::pretty(&answer(&result))?)?,
    }
    Ok(ExitCode::Pass)
}

fn answer(result: &RunResult) -> WhyAnswer<'_> {
    let trials =
        result.variants.iter().flat_map(|variant| variant.trials.iter().map(move |trial| (variant, trial)));
    let replays = trials
        .flat_map(|(variant, trial)| {
            let of = move |replay| ReplayOfTrial { variant: &variant.name, trial: trial.index, replay };
            trial.replays.iter().map(of)
        })
        .collect();
    WhyAnswer { run_id: &result.run_id, why: &result.insights.why, advice: &result.insights.advice, replays }
}
