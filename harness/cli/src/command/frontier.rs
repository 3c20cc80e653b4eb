//! `spanfate frontier`: how much each configuration carries without a loss, by search; beside it what the law predicts.

mod adviser;
mod rounds;
mod vary;

use spanfate_analysis::frontier::Search;
use spanfate_analysis::law::{carried, outlasted};
use spanfate_model::frontier::{Along, Frontier, Lawful, Limit};
use spanfate_model::manifest::FORMAT;
use spanfate_model::scenario::{Scenario, Variant};
use spanfate_model::verdict::ExitCode;
use spanfate_run::store;

use super::series::Series;
use crate::args::{self, FrontierArguments};
use crate::error::Error;
use crate::{scenario_file, select, show};
use rounds::{Ended, Rounds};

/// The lowest value that is tried, as a share of the scenario's own.
const LEAST: f64 = 1.0 / 64.0;

/// A configuration with its search.
struct Candidate {
    variant: Variant,
    search: Search,
    /// The newest measurement of its worker.
    worker: Option<Worker>,
    /// Spans a request made.
    spans_per_request: f64,
}

/// A batch processor as a trial measured it.
#[derive(Clone, Copy)]
struct Worker {
    batch: u32,
    queue: u32,
    /// Mean time of an export of a full batch, milliseconds.
    export_ms: f64,
}

/// Searches.
pub(super) fn run(arguments: &FrontierArguments, color: bool) -> Result<ExitCode, Error> {
    let along = match arguments.along {
        args::Along::Rate => Along::Rate,
        args::Along::Outage => Along::Outage,
    };
    let loaded = scenario_file::load(&arguments.scenario, color)?;
    let mut scenario = loaded.scenario;
    select::keep_variants(&mut scenario, &arguments.variants)?;
    scenario.compare = None;
    scenario.expect.clear();
    scenario.trials = arguments.repeats;
    let mut candidates = candidates(&mut scenario, along, arguments)?;
    let file = (loaded.text, loaded.folder);
    let series = Series::begin(scenario, file, arguments.out.as_deref(), "frontier")?;
    let scenario = &series.scenario;
    let ended = Rounds { series: &series, along, most: arguments.max_duration }.search(&mut candidates)?;
    let seconds = vary::seconds(scenario);
    let first = candidates.first().filter(|_| !arguments.no_advice && matches!(ended, Ended::Done));
    let advised = match first {
        Some(first) => adviser::advise(&series, first)?,
        None => None,
    };
    let frontier = Frontier {
        format: FORMAT.to_owned(),
        scenario: scenario.name.clone(),
        along,
        seconds,
        repeats: u64::from(arguments.repeats.get()),
        variants: candidates.iter().map(|one| limit(one, along, seconds, scenario)).collect(),
        verified: advised.as_ref().map_or_else(Vec::new, |advised| advised.verified.clone()),
        stopped_by: ended.why(),
    };
    store::write_json(&series.dir.join("frontier.json"), &frontier)?;
    if arguments.json {
        show::data(&super::pretty(&frontier)?)?;
    } else {
        show::data(&spanfate_report::frontier(&frontier, advised.as_ref().map(|advised| &advised.plan)))?;
        show::note(&format!("results: {}", series.dir.display()));
    }
    Ok(exit(&frontier, &ended))
}

fn exit(frontier: &Frontier, ended: &Ended) -> ExitCode {
    use spanfate_model::frontier::End;
    match ended {
        Ended::Interrupted(2) => ExitCode::Interrupted,
        Ended::Interrupted(_) => ExitCode::Terminated,
        Ended::OutOfTime => ExitCode::DeadlinePassed,
        Ended::Broken(_) => ExitCode::AccountingBroken,
        Ended::Done if frontier.variants.iter().all(|one| one.found.end != End::Machine) => ExitCode::Pass,
        Ended::Done => ExitCode::Inconclusive,
    }
}

fn candidates(
    scenario: &mut Scenario,
    along: Along,
    arguments: &FrontierArguments,
) -> Result<Vec<Candidate>, Error> {
    if scenario.variant.is_empty() {
        scenario.variant.push(Variant::default());
    }
    let variants = scenario.variant.clone();
    let one = |variant: Variant| {
        let start = vary::start(scenario, &variant, along).map_err(Error::Refused)?;
        let most = start * f64::from(arguments.most.get());
        let resolution = f64::from(arguments.resolution.get()) / 100.0;
        let repeats = u64::from(arguments.repeats.get());
        Ok(Candidate {
            variant,
            search: Search::new(start, (start * LEAST, most), resolution, repeats),
            worker: None,
            spans_per_request: 0.0,
        })
    };
    variants.into_iter().map(one).collect()
}

/// What was found of a configuration, and the law's word on it.
fn limit(one: &Candidate, along: Along, seconds: f64, scenario: &Scenario) -> Limit {
    let each = one.spans_per_request.max(1.0);
    let law = one.worker.map(|worker| {
        let (batch, queue) = (f64::from(worker.batch), f64::from(worker.queue));
        let ceiling = batch / worker.export_ms * 1e3;
        let predicted = match along {
            Along::Rate => carried(batch, queue, ceiling, seconds) / each,
            Along::Outage => outlasted(batch, queue, vary::rate(scenario, &one.variant) * each),
        };
        let Worker { batch, queue, export_ms } = worker;
        Lawful { batch, queue, export_ms, ceiling, predicted }
    });
    Limit {
        variant: one.variant.name.clone(),
        found: one.search.found(),
        spans_per_request: one.spans_per_request,
        law,
    }
}
