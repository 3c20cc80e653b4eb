//! Configurations to choose from: what each costs under the same conditions, and which of them nothing beats.

use spanfate_model::choice::{Cost, front};
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{RunResult, VariantResult};
use spanfate_model::scenario::Axis;

use crate::alike::{axis_name, name_of, planned, same_conditions, set_alike, shared};
use crate::heat::is_conclusive;

/// A configuration.
pub(crate) struct Candidate {
    pub(crate) name: String,
    /// What it costs at its worst; `None` where it cannot be judged.
    pub(crate) cost: Option<Cost>,
    /// p99 of the time from creation to receipt at its worst, milliseconds.
    pub(crate) delay_ms: Option<f64>,
    /// Whether nothing beats it.
    pub(crate) best: bool,
}

/// What there is to choose from.
pub(crate) struct Choice {
    pub(crate) candidates: Vec<Candidate>,
    /// What changes under a configuration, where a sweep varies more than what one chooses: each is taken at its worst.
    pub(crate) over: Vec<String>,
    /// Conditions that are left out, because not every configuration could be judged under them.
    pub(crate) skipped: usize,
    /// Variants that ran under other conditions.
    pub(crate) others: usize,
    /// One of those that lose, where others ran under other conditions: it stands for the conditions.
    pub(crate) like: Option<String>,
}

/// A variant with its plan.
type Placed<'a> = (&'a VariantResult, &'a PlannedVariant);

impl Choice {
    /// That of a run; `None` where there are not two configurations that can be compared.
    pub(crate) fn of(result: &RunResult) -> Option<Self> {
        let placed: Vec<Placed<'_>> = result
            .variants
            .iter()
            .filter_map(|variant| Some((variant, planned(&result.plan, &variant.name)?)))
            .collect();
        let axes = result.sweep.as_ref().map_or(&[][..], |sweep| &sweep.axes);
        let mut choice = if axes.is_empty() { by_variant(&placed) } else { by_sweep(&placed, axes) };
        if choice.candidates.len() < 2 {
            return None;
        }
        let costs: Vec<Option<Cost>> = choice.candidates.iter().map(|candidate| candidate.cost).collect();
        for (candidate, best) in choice.candidates.iter_mut().zip(front(&costs)) {
            candidate.best = best;
        }
        Some(choice)
    }
}

/// The cost of a variant; a fault that did not happen leaves it unknown.
fn cost(variant: &VariantResult) -> Option<Cost> {
    Cost::of(variant).filter(|_| variant.trials.iter().any(is_conclusive))
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
fn by_variant(placed: &[Placed<'_>]) -> Choice {
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
        best: false,
    };
    Choice {
        candidates: most.iter().map(candidate).collect(),
        over: Vec::new(),
        skipped: 0,
        like: loser.filter(|_| others > 0).map(|(variant, _)| variant.name.clone()),
        others,
    }
}

/// A sweep: every configuration under all conditions under which each of them could be judged. Who was never judged does not
/// count.
fn by_sweep(placed: &[Placed<'_>], axes: &[Axis]) -> Choice {
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
            name: name_of(&plans(group), axes),
            cost: costs.and_then(|costs| costs.into_iter().reduce(Cost::worse)),
            delay_ms: delays.reduce(f64::max),
            best: false,
        }
    };
    Choice {
        candidates: configurations.iter().map(candidate).collect(),
        over: (0..axes.len()).filter(varied).filter_map(|axis| axes.get(axis)).map(axis_name).collect(),
        skipped: conditions.len() - usable.len(),
        others: 0,
        like: None,
    }
}

/// The cost of a configuration under some conditions.
fn under(group: &[Placed<'_>], conditions: &PlannedVariant) -> Option<Cost> {
    let own = group.iter().filter(|(_, plan)| same_conditions(plan, conditions));
    own.filter_map(|(variant, _)| cost(variant)).reduce(Cost::worse)
}
