//! Whether a trial is worth another attempt: the machine spoilt a figure that something of the plan needs, and what needs it stays open.
//! What bounds decide, for or against, is sure on every machine, and is not asked again (ADR 016). Nobody may measure until the value is
//! liked: a trial that is valid is never made again, and what an attempt measured against an expectation is kept and counts. The figures
//! of a comparison are compared over all pairs: of these marks alone decide, or pairs would be chosen by what they show.

use std::collections::BTreeSet;

use spanfate_model::format::manifest::Status;
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{
    Basis, Spoiler, TrialResult, TrustCheck, Validity, VariantResult, VariantSummary,
};
use spanfate_model::scenario::Model;
use spanfate_model::scenario::expect::{Condition, Expect};
use spanfate_model::term::Term;
use spanfate_model::verdict::Verdict;

use crate::conclude::run::verdict_of;
use crate::expect::{is_answered, validity_of, value_of};

/// The marks by which the machine spoilt a figure that something open needs of a trial; none where another attempt would hide more
/// than it shows.
pub fn spoilt_by<'a>(plan: &Plan, trial: &'a TrialResult) -> Vec<&'a Validity> {
    // A trial that broke off has another reason than a busy machine.
    if trial.status != Status::Complete || trial.error.is_some() {
        return Vec::new();
    }
    // Books that do not close are the finding, however busy the machine was.
    if verdict_of(trial, plan) == Verdict::AccountingBroken {
        return Vec::new();
    }
    let needed = needed(plan, trial);
    let spoils = |mark: &&Validity| {
        let wanted = needed.iter().any(|basis| mark.figure.is(basis));
        wanted && !mark.valid && is_of_the_machine(mark)
    };
    let mut out: Vec<&Validity> = Vec::new();
    for mark in trial.validity.iter().filter(spoils) {
        // The same check may stand in the way of two figures.
        if !out.iter().any(|known| known.check == mark.check) {
            out.push(mark);
        }
    }
    out
}

/// The conditions of expectations and claims that speak of a variant.
fn conditions<'a>(plan: &'a Plan, variant: &'a str) -> impl Iterator<Item = &'a Condition> {
    let speaks = move |expect: &&Expect| {
        expect.variants.as_ref().is_none_or(|names| names.iter().any(|name| name == variant))
    };
    let claimed = plan.claims.iter().flat_map(|claim| &claim.holds_if);
    plan.expect.iter().chain(claimed).filter(speaks).map(|expect| &expect.that)
}

/// What a trial measured against expectations and claims, whether it may be believed or not.
pub fn measured_against(plan: &Plan, trial: &TrialResult) -> Vec<Term<Condition>> {
    let Some(variant) = variant_of(plan, trial.index) else { return Vec::new() };
    let against = |that: &&Condition| value_of(that.figure, trial).is_some_and(|value| !that.holds(value));
    let mut out: Vec<Term<Condition>> = Vec::new();
    for that in conditions(plan, &variant.name).filter(against).map(|that| Term::Known(*that)) {
        if !out.contains(&that) {
            out.push(that);
        }
    }
    out
}

/// What figures of a trial's variant something of the plan still needs: an expectation or a claim that the trial leaves open, and the
/// comparison.
fn needed(plan: &Plan, trial: &TrialResult) -> BTreeSet<Basis> {
    let Some(variant) = variant_of(plan, trial.index) else { return BTreeSet::new() };
    // A closed load shows no more than itself, however quiet the machine is.
    let may_gate = trial.load.model != Model::Closed;
    let alone = VariantResult {
        name: variant.name.clone(),
        settings: Vec::new(),
        trials: vec![trial.clone()],
        summary: VariantSummary::default(),
    };
    let open = |that: &&Condition| may_gate && !is_answered(that, plan, &alone);
    let expected = conditions(plan, &variant.name).filter(open).map(|that| that.figure);
    let compare = plan.compare.iter();
    let arms = compare.filter(|compare| [&compare.baseline, &compare.candidate].contains(&&variant.name));
    let gates = arms.flat_map(|compare| compare.gate.0.keys().copied());
    expected.chain(gates).map(validity_of).collect()
}

fn variant_of(plan: &Plan, index: u16) -> Option<&PlannedVariant> {
    plan.variant_of(plan.trials.iter().find(|planned| planned.index == index)?)
}

/// Whether quiet can mend it. Requests that fail, spans that nobody can place and limits that are met come from the program or the
/// surroundings, and would come again.
fn is_of_the_machine(mark: &Validity) -> bool {
    match mark.spoiler() {
        Some(Spoiler::Others | Spoiler::Quota | Spoiler::Samples) => true,
        Some(Spoiler::Load) => mark.check.known() != Some(&TrustCheck::Failed),
        Some(Spoiler::Witnesses | Spoiler::Limits) | None => false,
    }
}
