//! Where loss begins: loss by offered rate, for configurations that ran at several rates; or by how much of the ceiling was asked
//! for, where all ran at one.

use spanfate_model::law::Worker;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{Prediction, RunResult, TrialResult, VariantResult};

use crate::alike::{name_of, planned, same_but_load};
use crate::heat::is_conclusive;

/// A variant at one place of the axis.
pub(crate) struct Place<'a> {
    /// Requests per second, or the rate as a share of the ceiling.
    pub(crate) x: f64,
    pub(crate) variant: &'a VariantResult,
}

impl Place<'_> {
    fn conclusive(&self) -> impl Iterator<Item = &TrialResult> {
        self.variant.trials.iter().filter(|trial| is_conclusive(trial))
    }

    /// Whether a trial says that nothing is lost here, and none says otherwise.
    pub(crate) fn is_clean(&self) -> bool {
        self.conclusive().next().is_some() && !self.is_lossy()
    }

    /// Whether a trial lost something here.
    pub(crate) fn is_lossy(&self) -> bool {
        self.conclusive().any(|trial| trial.loss.lost > 0)
    }

    /// Each trial's loss rate, and whether it counts.
    pub(crate) fn trials(&self) -> impl Iterator<Item = (f64, bool)> {
        self.variant.trials.iter().map(|trial| (trial.loss.rate, is_conclusive(trial)))
    }
}

/// One configuration.
pub(crate) struct Line<'a> {
    pub(crate) name: String,
    /// Its places, ascending.
    pub(crate) places: Vec<Place<'a>>,
    /// The law's curve: place and loss rate.
    pub(crate) law: Vec<(f64, f64)>,
    /// Where the ceiling lies; on an axis of rates also in spans per second.
    pub(crate) ceiling: Option<(f64, f64)>,
}

/// Where loss begins.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Begin {
    /// Nothing can be said.
    Unknown,
    /// Nothing is lost up to there.
    After(f64),
    /// Something is lost from there on, the lowest place there is.
    Before(f64),
    /// The last place without loss, and the first with one.
    Between(f64, f64),
    /// The first place with loss, and a higher one without.
    Mixed(f64, f64),
}

impl Line<'_> {
    /// Where its loss begins, as far as trials that count say so.
    pub(crate) fn begin(&self) -> Begin {
        let mut clean = self.places.iter().filter(|place| place.is_clean()).map(|place| place.x);
        let lossy = self.places.iter().find(|place| place.is_lossy()).map(|place| place.x);
        match (lossy, clean.next_back()) {
            (None, None) => Begin::Unknown,
            (None, Some(last)) => Begin::After(last),
            (Some(first), Some(last)) if last > first => Begin::Mixed(first, last),
            (Some(first), Some(last)) => Begin::Between(last, first),
            (Some(first), None) => Begin::Before(first),
        }
    }
}

/// A variant with its plan and its rate.
type Rated<'a> = (f64, &'a VariantResult, &'a PlannedVariant);

/// Every configuration that ran at two rates or more, in the plan's order.
pub(crate) fn by_rate(result: &RunResult) -> Vec<Line<'_>> {
    let mut groups: Vec<Vec<Rated<'_>>> = Vec::new();
    for variant in &result.variants {
        let Some(plan) = planned(&result.plan, &variant.name) else { continue };
        let load = result.plan.load_of(plan);
        let Some(rate) = load.rate.filter(|_| load.is_steady()) else { continue };
        match groups.iter_mut().find(|group| group.iter().all(|(.., other)| same_but_load(other, plan))) {
            Some(group) => group.push((rate.0, variant, plan)),
            None => groups.push(vec![(rate.0, variant, plan)]),
        }
    }
    groups.retain(|group| {
        let first = group.first().map(|(rate, ..)| rate.to_bits());
        group.iter().any(|(rate, ..)| Some(rate.to_bits()) != first)
    });
    groups.into_iter().map(|group| line(result, group)).collect()
}

fn line<'a>(result: &'a RunResult, mut group: Vec<Rated<'a>>) -> Line<'a> {
    group.sort_by(|a, b| a.0.total_cmp(&b.0));
    let axes = result.sweep.as_ref().map_or(&[][..], |sweep| &sweep.axes);
    let plans: Vec<&PlannedVariant> = group.iter().map(|(.., plan)| *plan).collect();
    let name = if axes.is_empty() { settings(&group) } else { name_of(&plans, axes) };
    let (mut law, mut ceiling) = (Vec::new(), None);
    if let (Some((worker, per_request)), Some((low, ..)), Some((high, _, plan))) =
        (worker(&group), group.first(), group.last())
    {
        let load = result.plan.load_of(plan);
        let curve = |rate: f64| {
            let loss = worker.loss(rate * per_request, load.warmup.seconds(), load.lasting.seconds());
            (rate, loss)
        };
        law = (0..=60).map(|n| curve(low + (high - low) * f64::from(n) / 60.0)).collect();
        ceiling = Some((worker.ceiling / per_request, worker.ceiling));
    }
    Line {
        name,
        places: group.into_iter().map(|(x, variant, _)| Place { x, variant }).collect(),
        law,
        ceiling,
    }
}

/// What is set besides the load.
fn settings(group: &[Rated<'_>]) -> String {
    let settings = group.first().map_or(&[][..], |(_, variant, _)| &variant.settings);
    let parts: Vec<String> = settings
        .iter()
        .filter(|(name, _)| name != "load")
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if parts.is_empty() { "as the scenario sets it".to_owned() } else { parts.join(", ") }
}

/// The worker behind a configuration by the means over its trials, and the spans of a request that reach it.
fn worker(group: &[Rated<'_>]) -> Option<(Worker, f64)> {
    let laws = |counts: bool| -> Vec<(f64, Prediction)> {
        let of = |(rate, variant, _): &Rated<'_>| {
            let rate = *rate;
            let used = variant.trials.iter().filter(|trial| !counts || is_conclusive(trial));
            used.filter_map(|trial| trial.loss.predicted).map(|law| (rate, law)).collect::<Vec<_>>()
        };
        group.iter().flat_map(of).collect()
    };
    let good = laws(true);
    let all = if good.is_empty() { laws(false) } else { good };
    let first = all.first()?.1;
    let n = all.len() as f64;
    let ceiling = all.iter().map(|(_, law)| law.ceiling).sum::<f64>() / n;
    let per_request = all.iter().map(|(rate, law)| law.spans_per_s / rate.max(1e-9)).sum::<f64>() / n;
    let worker = Worker { batch: f64::from(first.batch), queue: f64::from(first.queue), ceiling };
    (per_request > 0.0 && ceiling > 0.0).then_some((worker, per_request))
}

/// All variants without faults that the law speaks of, by the rate they were asked for as a share of their ceiling; `None` where
/// there are not two.
pub(crate) fn by_share(result: &RunResult) -> Option<Line<'_>> {
    let place = |variant: &'_ VariantResult| {
        let faultless = planned(&result.plan, &variant.name).is_some_and(|plan| plan.faults.is_empty());
        let laws: Vec<Prediction> = variant.trials.iter().filter_map(|trial| trial.loss.predicted).collect();
        let shares = laws.iter().map(|law| law.spans_per_s / law.ceiling);
        let x = shares.sum::<f64>() / laws.len().max(1) as f64;
        (faultless && !laws.is_empty() && x.is_finite()).then_some(x)
    };
    let all = result.variants.iter();
    let mut places: Vec<Place<'_>> =
        all.filter_map(|variant| Some(Place { x: place(variant)?, variant })).collect();
    places.sort_by(|a, b| a.x.total_cmp(&b.x));
    let end = places.last()?.x.max(1.2);
    // For ever: without the buffer, whose part depends on the length of the trial.
    let curve = |n: i32| {
        let x = end * f64::from(n) / 120.0;
        (x, (1.0 - 1.0 / x.max(1.0)).max(0.0))
    };
    let law = (0..=120).map(curve).collect();
    (places.len() > 1).then(|| Line { name: String::new(), places, law, ceiling: Some((1.0, 0.0)) })
}
