//! `spanfate why`: the causes of each variant's losses, proved by running its queues again, and what helps.

mod outside;

use serde::Serialize;
use spanfate_model::finding::verify::Verification;
use spanfate_model::format::layout::RunDir;
use spanfate_model::result::{Advised, LossCause, PathReplay, RunResult};
use spanfate_model::verdict::ExitCode;
use spanfate_report::{TableStyle, evaluation, why};
use spanfate_run::process::interrupt::Interrupt;

use crate::args::{WhyArguments, WhyFormat};
use crate::error::{Error, of_signal};
use crate::session::conclude::reconcluded;
use crate::session::evaluate::{EvaluationOrder, evaluate};
use crate::session::runs;
use crate::session::verify::verify;
use crate::show::{self, Shown};

/// The answer as JSON.
#[derive(Serialize)]
struct WhyAnswer<'a> {
    run_id: &'a str,
    why: &'a [LossCause],
    advice: &'a [Advised],
    replays: Vec<ReplayOfTrial<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<&'a Verification>,
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
    if arguments.evaluation.evaluate {
        return evaluated(arguments);
    }
    let dir = match &arguments.run {
        Some(run) => runs::find(run)?,
        None => runs::newest()?,
    };
    if arguments.run.is_none() {
        show::note(&format!("of the newest run, {}", dir.0.display()));
    }
    let result = reconcluded(RunDir(dir.0.clone()))?;
    if arguments.verify {
        return verified(arguments, &dir, &result, color);
    }
    match arguments.format {
        WhyFormat::Text => show::data(&why(&result, TableStyle { color, width: None }))?,
        WhyFormat::Json => show::data(&show::pretty(&answer(&result, None))?)?,
    }
    Ok(ExitCode::Pass)
}

/// Runs what is advised, too.
fn verified(
    arguments: &WhyArguments,
    dir: &RunDir,
    result: &RunResult,
    color: bool,
) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen(show::note)?;
    let mut shown = Shown::new(false);
    let order = (trials(arguments, 3), arguments.out.as_deref());
    let (found, exit) = verify(dir, result, order, &interrupt, &mut shown)?;
    match arguments.format {
        WhyFormat::Text => {
            show::data(&spanfate_report::verification(&found, TableStyle { color, width: None }))?;
        }
        WhyFormat::Json => show::data(&show::pretty(&answer(result, Some(&found)))?)?,
    }
    Ok(interrupt.signal().map_or(exit, of_signal))
}

/// Trials of each arm.
fn trials(arguments: &WhyArguments, usual: u16) -> u16 {
    arguments.trials.map_or(usual, |trials| u16::try_from(trials.get()).unwrap_or(u16::MAX))
}

/// Holds answers against hidden faults.
fn evaluated(arguments: &WhyArguments) -> Result<ExitCode, Error> {
    let given = &arguments.evaluation;
    let order = EvaluationOrder {
        cases: given.cases,
        seed: given.seed,
        set: given.set.set(),
        most: arguments.outside.lasting,
        confidence: given.confidence.clone(),
        resume: given.resume.clone(),
        from: given.from.clone(),
        kinds: given.kinds.clone(),
        keep: given.keep,
        verify: arguments.verify.then(|| trials(arguments, 1)),
        out: arguments.out.clone(),
    };
    let interrupt = Interrupt::listen(show::note)?;
    let (dir, found) = evaluate(&order, &interrupt, &mut Shown::new(true))?;
    match arguments.format {
        WhyFormat::Text => show::data(&evaluation(&found))?,
        WhyFormat::Json => show::data(&show::pretty(&found)?)?,
    }
    show::note(&format!("results: {}", dir.display()));
    Ok(interrupt.signal().map_or(ExitCode::Pass, of_signal))
}

fn answer<'a>(result: &'a RunResult, verified: Option<&'a Verification>) -> WhyAnswer<'a> {
    let trials =
        result.variants.iter().flat_map(|variant| variant.trials.iter().map(move |trial| (variant, trial)));
    let replays = trials
        .flat_map(|(variant, trial)| {
            let of = move |replay| ReplayOfTrial { variant: &variant.name, trial: trial.index, replay };
            trial.replays.iter().map(of)
        })
        .collect();
    let insights = &result.insights;
    WhyAnswer { run_id: &result.run_id, why: &insights.why, advice: &insights.advice, replays, verified }
}
