//! Configurations to choose from: what each costs under the same conditions, and which of them nothing beats.

use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{Candidate, Cost, RunResult, Selection, TrialResult, VariantResult};
use spanfate_model::scenario::Axis;

use super::alike::{same_conditions, set_alike};
use super::front::{self, front, steps, worse};
use super::name::{self, shared};
use super::planned;

/// A variant with its plan.
type Placed<'a> = (&'a VariantResult, &'a PlannedVariant);

/// That of a run; `None` where there are not two configurations that can be compared.
pub(super) fn choose(result: &RunResult) -> Option<Selection> {
    let placed: Vec<Placed<'_>> = result
        .variants
        .iter()
        .filter_map(|variant| Some((variant, planned(&result.plan, &variant.name)?)))
        .collect();
    let axes = result.sweep.as_ref().map_or(&[][..], |sweep| &sweep.axes);
    let mut out = if axes.is_empty() { by_variant(&placed) } else { by_sweep(&placed, axes) };
    if out.candidates.len() < 2 {
        return None;
    }
    let costs: Vec<Option<Cost>> = out.candidates.iter().map(|candidate| candidate.cost).collect();
    for (candidate, best) in out.candidates.iter_mut().zip(front(&costs)) {
        candidate.best = best;
    }
    name_the_best(&mut out, &costs);
    Some(out)
}

/// Which of them loses nothing for least, or loses least.
fn name_the_best(out: &mut Selection, costs: &[Option<Cost>]) {
    let judged = || costs.iter().enumerate().filter_map(|(at, cost)| Some((at, (*cost)?)));
    let clean = || judged().filter(|(_, cost)| cost.loss <= 0.0).map(|(at, cost)| (at, steps(cost)));
    out.cheapest = clean().min_by_key(|(_, steps)| (steps[2], steps[1])).map(|(at, _)| at);
    let fastest = clean().min_by_key(|(_, steps)| (steps[1], steps[2]));
    let time = |place: Option<usize>| costs.get(place?).copied().flatten().map(|cost| steps(cost)[1]);
    out.fastest =
        fastest.filter(|(_, steps)| time(out.cheapest).is_some_and(|than| steps[1] < than)).map(|(at, _)| at);
    if out.cheapest.is_none() {
        out.least = judged().min_by_key(|(_, cost)| steps(*cost)).map(|(at, _)| at);
    }
}

/// The cost of a variant; a fault that did not happen leaves it unknown.
fn cost(variant: &VariantResult) -> Option<Cost> {
    front::cost(variant).filter(|_| variant.trials.iter().any(TrialResult::is_conclusive))
}

fn delay(variant: &VariantResult) -> Option<f64> {
    variant.summary.delay.as_ref().map(|times| times.p99)
}

fn plans<'a>(group: &[Placed<'a>]) -> Vec<&'a PlannedVariant> {
    group.iter().map(|(_, plan)| *plan).collect()
}

/// Groups by a relation, in order of appearance.
fn groups<'a>(
    placed: &[Placed<'a>],
    alike: fn(&PlannedVariant, &PlannedVariant) -> bool,
) -> Vec<Vec<Placed<'a>>> {
    let mut out: Vec<Vec<Placed<'a>>> = Vec::new();
    for one in placed {
        match out.iter_mut().find(|group| group.first().is_some_and(|first| alike(first.1, one.1))) {
            Some(group) => group.push(*one),
            None => out.push(vec![*one]),
        }
    }
    out
}

/// Without a sweep: a set of variants under the same conditions. One in which some lose and others do not has most to choose from,
/// then one in which any loses, then the largest; the first of these.
fn by_variant(placed: &[Placed<'_>]) -> Selection {
    let worth = |group: &Vec<Placed<'_>>| {
        let lossy = group.iter().filter(|(variant, _)| variant.summary.lost > 0).count();
        let several = group.len() > 1;
        (several && lossy > 0 && lossy < group.len(), several && lossy > 0, group.len())
    };
    let all = groups(placed, same_conditions);
    let most = all.into_iter().reduce(|most, group| if worth(&group) > worth(&most) { group } else { most });
    let most = most.unwrap_or_default();
    let others = placed.len() - most.len();
    let loser = most.iter().find(|(variant, _)| variant.summary.lost > 0);
    let candidate = |(variant, _): &Placed<'_>| Candidate {
        name: variant.name.clone(),
        cost: cost(variant),
        delay_ms: delay(variant),
        trials: variant.summary.loss.n,
        best: false,
    };
    Selection {
        candidates: most.iter().map(candidate).collect(),
        over: Vec::new(),
        skipped: 0,
        like: loser.filter(|_| others > 0).map(|(variant, _)| variant.name.clone()),
        others,
        ..Selection::default()
    }
}

/// A sweep: every configuration under all conditions under which each of them could be judged. Who was never judged does not
/// count.
fn by_sweep(placed: &[Placed<'_>], axes: &[Axis]) -> Selection {
    let configurations = groups(placed, set_alike);
    let judged: Vec<&Vec<Placed<'_>>> = configurations
        .iter()
        .filter(|group| group.iter().any(|(variant, _)| cost(variant).is_some()))
        .collect();
    let conditions = groups(placed, same_conditions);
    let usable: Vec<&PlannedVariant> = conditions
        .iter()
        .filter_map(|condition| condition.first().map(|(_, plan)| *plan))
        .filter(|plan| judged.iter().all(|group| under(group, plan).is_some()))
        .collect();
    let varied = |axis: &usize| configurations.iter().any(|group| !shared(&plans(group), *axis));
    let candidate = |group: &Vec<Placed<'_>>| {
        let costs: Option<Vec<Cost>> = usable.iter().map(|plan| under(group, plan)).collect();
        let delays = group.iter().filter_map(|(variant, _)| delay(variant));
        Candidate {
            name: name::of_cells(&plans(group), axes),
            cost: costs.and_then(|costs| costs.into_iter().reduce(worse)),
            delay_ms: delays.reduce(f64::max),
            trials: group.iter().map(|(variant, _)| variant.summary.loss.n).min().unwrap_or_default(),
            best: false,
        }
    };
    Selection {
        candidates: configurations.iter().map(candidate).collect(),
        over: (0..axes.len()).filter(varied).filter_map(|axis| axes.get(axis)).map(Axis::title).collect(),
        skipped: conditions.len() - usable.len(),
        ..Selection::default()
    }
}

/// The cost of a configuration under some conditions.
fn under(group: &[Placed<'_>], conditions: &PlannedVariant) -> Option<Cost> {
    let own = group.iter().filter(|(_, plan)| same_conditions(plan, conditions));
    own.filter_map(|(variant, _)| cost(variant)).reduce(worse)
}
