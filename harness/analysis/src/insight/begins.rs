//! Where loss begins: loss by offered rate, for configurations that ran at several rates; or by how much of the ceiling was asked
//! for, where all ran at one.

use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{
    Begin, LineLaw, LossAlong, LossBegins, LossPlace, Prediction, RunResult, TrialResult, VariantResult,
};

use super::alike::same_but_load;
use super::{name, planned};

/// A line per configuration that ran at several rates; where none did, one by shares of the ceiling.
pub(super) fn lines(result: &RunResult) -> Vec<LossBegins> {
    let rates = by_rate(result);
    if rates.is_empty() { by_share(result).into_iter().collect() } else { rates }
}

/// Where loss begins, as far as trials that count say so.
fn begin(places: &[LossPlace]) -> Begin {
    let mut clean = places.iter().filter(|place| place.lossy == Some(false)).map(|place| place.at);
    let lossy = places.iter().find(|place| place.lossy == Some(true)).map(|place| place.at);
    match (lossy, clean.next_back()) {
        (None, None) => Begin::Unknown,
        (None, Some(last)) => Begin::After(last),
        (Some(first), Some(last)) if last > first => Begin::Mixed(first, last),
        (Some(first), Some(last)) => Begin::Between(last, first),
        (Some(first), None) => Begin::Before(first),
    }
}

/// A variant at its place.
fn place(at: f64, variant: &VariantResult) -> LossPlace {
    let counts: Vec<&TrialResult> = variant.trials.iter().filter(|trial| trial.is_conclusive()).collect();
    let lossy = counts.iter().any(|trial| trial.loss.lost > 0);
    LossPlace { at, variant: variant.name.clone(), lossy: (!counts.is_empty()).then_some(lossy) }
}

/// A variant with its plan and its rate.
type Rated<'a> = (f64, &'a VariantResult, &'a PlannedVariant);

/// Every configuration that ran at two rates or more, in the plan's order.
fn by_rate(result: &RunResult) -> Vec<LossBegins> {
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

fn line(result: &RunResult, mut group: Vec<Rated<'_>>) -> LossBegins {
    group.sort_by(|a, b| a.0.total_cmp(&b.0));
    let axes = result.sweep.as_ref().map_or(&[][..], |sweep| &sweep.axes);
    let plans: Vec<&PlannedVariant> = group.iter().map(|(.., plan)| *plan).collect();
    let configuration = if axes.is_empty() {
        name::of_settings(group.first().map(|(_, variant, _)| *variant))
    } else {
        name::of_cells(&plans, axes)
    };
    let law = worker(&group).zip(group.last()).map(|((worker, per_request), (.., plan))| {
        let load = result.plan.load_of(plan);
        LineLaw {
            batch: worker.batch,
            queue: worker.queue,
            ceiling: worker.ceiling,
            per_request,
            warmup_s: load.warmup.seconds(),
            measured_s: load.lasting.seconds(),
        }
    });
    let places: Vec<LossPlace> = group.iter().map(|(rate, variant, _)| place(*rate, variant)).collect();
    LossBegins { configuration, along: LossAlong::Rate, begin: begin(&places), places, law }
}

/// The worker behind a configuration by the means over its trials, and the spans of a request that reach it.
fn worker(group: &[Rated<'_>]) -> Option<(Prediction, f64)> {
    let laws = |counts: bool| -> Vec<(f64, Prediction)> {
        let of = |(rate, variant, _): &Rated<'_>| {
            let rate = *rate;
            let used = variant.trials.iter().filter(|trial| !counts || trial.is_conclusive());
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
    (per_request > 0.0 && ceiling > 0.0).then_some((Prediction { ceiling, ..first }, per_request))
}

/// All variants without faults that the law speaks of, by the rate they were asked for as a share of their ceiling; `None` where
/// there are not two.
fn by_share(result: &RunResult) -> Option<LossBegins> {
    let share = |variant: &VariantResult| {
        let faultless = planned(&result.plan, &variant.name).is_some_and(|plan| plan.faults.is_empty());
        let laws: Vec<Prediction> = variant.trials.iter().filter_map(|trial| trial.loss.predicted).collect();
        let shares = laws.iter().map(|law| law.spans_per_s / law.ceiling);
        let x = shares.sum::<f64>() / laws.len().max(1) as f64;
        (faultless && !laws.is_empty() && x.is_finite()).then_some(x)
    };
    let all = result.variants.iter();
    let mut places: Vec<LossPlace> =
        all.filter_map(|variant| Some(place(share(variant)?, variant))).collect();
    places.sort_by(|a, b| a.at.total_cmp(&b.at));
    (places.len() > 1).then(|| LossBegins {
        configuration: String::new(),
        along: LossAlong::ShareOfCeiling,
        begin: begin(&places),
        places,
        law: None,
    })
}
