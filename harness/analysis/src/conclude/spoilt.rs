//! Whether a trial is worth another attempt: the machine spoilt a figure that something of the plan needs. Marks alone decide; no
//! figure's value is asked, or a value that is not liked would be measured until it is.

use std::collections::BTreeSet;

use spanfate_model::format::manifest::Status;
use spanfate_model::plan::Plan;
use spanfate_model::result::{Basis, Spoiler, TrialResult, TrustCheck, Validity};
use spanfate_model::scenario::expect::Expect;
use spanfate_model::verdict::Verdict;

use crate::conclude::run::verdict_of;
use crate::expect::validity_of;

/// The marks by which the machine spoilt a figure that is needed of a trial; none where another attempt would hide more than it
/// shows.
pub fn spoilt_by<'a>(plan: &Plan, trial: &'a TrialResult) -> Vec<&'a Validity> {
    // A trial that broke off has another reason than a busy machine.
    if trial.status != Status::Complete || trial.error.is_some() {
        return Vec::new();
    }
    // Books that do not close are the finding, however busy the machine was.
    if verdict_of(trial, plan) == Verdict::AccountingBroken {
        return Vec::new();
    }
    let needed = needed(plan, trial.index);
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

/// What figures of a trial's variant something of the plan needs: an expectation, a claim, the comparison.
fn needed(plan: &Plan, index: u16) -> BTreeSet<Basis> {
    let planned = plan.trials.iter().find(|planned| planned.index == index);
    let Some(variant) = planned.and_then(|planned| plan.variant_of(planned)) else { return BTreeSet::new() };
    let speaks =
        |expect: &&Expect| expect.variants.as_ref().is_none_or(|names| names.contains(&variant.name));
    let conditions = plan.claims.iter().flat_map(|claim| &claim.holds_if);
    let expected = plan.expect.iter().chain(conditions).filter(speaks).map(|expect| expect.that.figure);
    let compare = plan.compare.iter();
    let arms = compare.filter(|compare| [&compare.baseline, &compare.candidate].contains(&&variant.name));
    let gates = arms.flat_map(|compare| compare.gate.0.keys().copied());
    expected.chain(gates).map(validity_of).collect()
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
