//! How much each configuration of a scenario carries without a loss, by search; beside it what the law predicts.

mod adviser;
mod hop_adviser;
mod hops;
mod rounds;
mod vary;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use spanfate_analysis::compare::frontier::FrontierSearch;
use spanfate_model::advice::hop::NamedHopPlan;
use spanfate_model::advice::law;
use spanfate_model::advice::plan::AdvicePlan as Advice;
use spanfate_model::finding::frontier::{Along, Frontier, Lawful, VariantFrontier, Verified};
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::quantity::unit::Period;
use spanfate_model::scenario::{Scenario, Variant};
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::store;

use super::Audience;
use super::selected::keep_variants;
use super::series::Series;
use crate::error::Error;
use crate::scenario_file::Loaded;
use hops::MeasuredHop;
pub(crate) use rounds::SearchEnded;
use rounds::SearchRounds;

/// The lowest value that is tried, as a share of the scenario's own.
const LEAST: f64 = 1.0 / 64.0;

/// What is searched for, and how hard.
#[derive(Clone, Debug)]
pub(crate) struct Quest {
    pub(crate) along: Along,
    /// Only these variants; all where none is named.
    pub(crate) variants: Vec<String>,
    /// Clean trials that a value needs.
    pub(crate) repeats: NonZeroU32,
    /// How well the frontier is to be known, percent.
    pub(crate) resolution: NonZeroU32,
    /// The highest value that is tried, as a multiple of the scenario's own.
    pub(crate) most: NonZeroU32,
    /// When the search ends at the latest.
    pub(crate) max_duration: Option<Period>,
    /// Whether to say, and to verify, what the scenario's own demand needs.
    pub(crate) advice: bool,
}

/// What a search found.
pub(crate) struct Found {
    /// Where its runs are.
    pub(crate) dir: PathBuf,
    pub(crate) frontier: Frontier,
    /// What the scenario's own demand needs.
    pub(crate) advice: Option<Advice>,
    /// What it needs of each collector in the path.
    pub(crate) hops: Vec<NamedHopPlan>,
    pub(crate) ended: SearchEnded,
}

/// A configuration with its search.
struct SearchedVariant {
    variant: Variant,
    search: FrontierSearch,
    /// The newest measurement of its worker.
    worker: Option<MeasuredWorker>,
    /// Spans a request made.
    spans_per_request: f64,
    /// The collectors in its path, with the newest measurement of each.
    hops: Vec<MeasuredHop>,
}

/// A batch processor as a trial measured it.
#[derive(Clone, Copy)]
struct MeasuredWorker {
    batch: u32,
    queue: u32,
    /// Mean time of an export of a full batch, milliseconds.
    export_ms: f64,
}

/// Searches, with results in `out` or where they usually go, and writes what it found.
pub(crate) fn search(
    loaded: Loaded,
    quest: &Quest,
    out: Option<&Path>,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<Found, Error> {
    let along = quest.along;
    let mut scenario = loaded.scenario;
    keep_variants(&mut scenario, &quest.variants)?;
    scenario.compare = None;
    scenario.expect.clear();
    scenario.trials = quest.repeats;
    let mut candidates = candidates(&mut scenario, quest)?;
    let file = (loaded.text, loaded.folder);
    let series = Series::begin(scenario, file, (out, "frontier"), interrupt)?;
    let scenario = &series.scenario;
    let rounds = SearchRounds { series: &series, along, most: quest.max_duration };
    let ended = rounds.search(&mut candidates, audience)?;
    let seconds = vary::seconds(scenario);
    let first = candidates.first().filter(|_| quest.advice && matches!(ended, SearchEnded::Done));
    let advised = match first {
        Some(first) => adviser::advise(&series, first, audience)?,
        None => None,
    };
    let (advice, verified) = advised.map(|advised| (advised.plan, advised.verified)).unzip();
    let mut verified: Vec<Verified> = verified.unwrap_or_default();
    let hops = match first {
        Some(first) => hop_adviser::advise(&series, first, (advice.as_ref(), &mut verified), audience)?,
        None => Vec::new(),
    };
    let frontier = Frontier {
        format: FORMAT.to_owned(),
        scenario: scenario.name.clone(),
        along,
        seconds,
        repeats: u64::from(quest.repeats.get()),
        variants: candidates.iter().map(|one| limit(one, along, seconds, scenario)).collect(),
        verified,
        stopped_by: ended.why(),
    };
    store::write_json(&series.dir.join("frontier.json"), &frontier)?;
    Ok(Found { dir: series.dir, frontier, advice, hops, ended })
}

fn candidates(scenario: &mut Scenario, quest: &Quest) -> Result<Vec<SearchedVariant>, Error> {
    if scenario.variant.is_empty() {
        scenario.variant.push(Variant::default());
    }
    let variants = scenario.variant.clone();
    let one = |variant: Variant| {
        let start = vary::start(scenario, &variant, quest.along).map_err(Error::Refused)?;
        let most = start * f64::from(quest.most.get());
        let resolution = f64::from(quest.resolution.get()) / 100.0;
        let repeats = u64::from(quest.repeats.get());
        Ok(SearchedVariant {
            hops: hops::of(scenario, &variant),
            variant,
            search: FrontierSearch::new(start, (start * LEAST, most), resolution, repeats),
            worker: None,
            spans_per_request: 0.0,
        })
    };
    variants.into_iter().map(one).collect()
}

/// What was found of a configuration, and the law's word on it.
fn limit(one: &SearchedVariant, along: Along, seconds: f64, scenario: &Scenario) -> VariantFrontier {
    let each = one.spans_per_request.max(1.0);
    let law = one.worker.map(|worker| {
        let MeasuredWorker { batch, queue, export_ms } = worker;
        let law = law::Worker::measured(batch, queue, export_ms / 1e3);
        let predicted = match along {
            Along::Rate => law.carried(seconds) / each,
            Along::Outage => law.outlasts(vary::rate(scenario, &one.variant) * each),
        };
        Lawful { batch, queue, export_ms, ceiling: law.ceiling, predicted }
    });
    VariantFrontier {
        variant: one.variant.name.clone(),
        found: one.search.found(),
        spans_per_request: one.spans_per_request,
        law,
        hops: hops::limits(one, along, seconds, scenario),
    }
}

/// What a search would advise first for a scenario's first configuration, if it measured that worker: batch, queue, milliseconds of
/// an export.
#[cfg(test)]
pub(crate) fn asked(scenario: &Scenario, (batch, queue, export_ms): (u32, u32, f64)) -> Option<Advice> {
    let worker = MeasuredWorker { batch, queue, export_ms };
    let candidate = SearchedVariant {
        variant: scenario.variant.first()?.clone(),
        search: FrontierSearch::new(1.0, (1.0, 1.0), 0.1, 1),
        worker: Some(worker),
        spans_per_request: 1.0,
        hops: Vec::new(),
    };
    adviser::first(&candidate, scenario, worker)
}
