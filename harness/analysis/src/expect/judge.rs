//! One expectation on one variant.

use spanfate_model::plan::Plan;
use spanfate_model::result::{
    Basis, Expectation, Footing, Spoiler, TrialResult, TrustCheck, Validity, VariantResult,
};
use spanfate_model::scenario::Model;
use spanfate_model::scenario::expect::Condition;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::verdict::Verdict;

use super::disturbed::{Bounds, DisturbanceMakes, PlannedArm, bounds_of, is_only_disturbed, rule_of};
use super::why::{undefined, unproved};
use super::{validity_of, value_of};

/// What is said of an expectation.
struct JudgedValues {
    values: Vec<f64>,
    verdict: Verdict,
    reason: Option<String>,
    footing: Footing,
}

/// Judges an expectation on a variant: on its valid trials; where it has none, on what disturbance can neither have made nor hidden.
pub(super) fn judge(condition: &Condition, plan: &Plan, variant: &VariantResult) -> Expectation {
    let basis = validity_of(condition.figure);
    let valid: Vec<&TrialResult> = variant.trials.iter().filter(|trial| trial.is_valid(basis)).collect();
    let said = if basis != Basis::Accounting && is_closed(variant) {
        let values = measured(condition.figure, &valid);
        open(values, CLOSED.to_owned())
    } else if valid.is_empty() {
        on_disturbed(condition, plan, variant)
    } else {
        on_valid(condition, &valid)
    };
    let JudgedValues { values, verdict, reason, footing } = said;
    Expectation { that: (*condition).into(), variant: variant.name.clone(), values, verdict, reason, footing }
}

fn measured(figure: Figure, trials: &[&TrialResult]) -> Vec<f64> {
    trials.iter().filter_map(|trial| value_of(figure, trial)).collect()
}

/// Nothing can be said.
const fn open(values: Vec<f64>, reason: String) -> JudgedValues {
    JudgedValues { values, verdict: Verdict::Inconclusive, reason: Some(reason), footing: Footing::Valid }
}

fn on_valid(condition: &Condition, valid: &[&TrialResult]) -> JudgedValues {
    let values = measured(condition.figure, valid);
    let broken: Vec<f64> = values.iter().copied().filter(|value| !condition.holds(*value)).collect();
    if values.is_empty() {
        let reason = valid.iter().find_map(|trial| {
            unproved(condition.figure, trial).or_else(|| undefined(condition.figure, trial))
        });
        return open(values, reason.unwrap_or("the figure was not measured").to_owned());
    }
    let unproved = valid.iter().find_map(|trial| unproved(condition.figure, trial));
    let (verdict, reason) = match (broken.len(), unproved) {
        (0, Some(reason)) => return open(values, reason.to_owned()),
        (0, None) => (Verdict::Pass, None),
        _ => (Verdict::Fail, Some(told(condition.figure, &broken, values.len()))),
    };
    JudgedValues { values, verdict, reason, footing: Footing::Valid }
}

/// What was measured where a condition does not hold.
fn told(figure: Figure, broken: &[f64], of: usize) -> String {
    let trials = if of > 1 { format!(" ({} of {of} trials)", broken.len()) } else { String::new() };
    let shown: Vec<String> = broken.iter().map(|value| show(figure, *value)).collect();
    format!("measured {}{trials}", shown.join(", "))
}

/// Where no trial is valid. A trial whose bounds all fail fails; one whose bounds all hold passes, if no other measured what does not hold.
fn on_disturbed(condition: &Condition, plan: &Plan, variant: &VariantResult) -> JudgedValues {
    let figure = condition.figure;
    let basis = validity_of(figure);
    let spoilt = || open(Vec::new(), why_invalid(basis, variant));
    let Some(arm) = PlannedArm::of(plan, &variant.name) else { return spoilt() };
    let bounds = |trial: &TrialResult| {
        let value = value_of(figure, trial)?;
        let bounds = bounds_of(figure, Some(value), trial, arm)?;
        Some((value, is_only_disturbed(trial, basis).then_some(bounds)))
    };
    let seen: Vec<(f64, Option<Bounds>)> = variant.trials.iter().filter_map(bounds).collect();
    let usable: Vec<(f64, Bounds)> =
        seen.iter().filter_map(|(value, b)| b.map(|bounds| (*value, bounds))).collect();
    let values: Vec<f64> = usable.iter().map(|(value, _)| *value).collect();
    let meets = |wanted: bool| usable.iter().filter(move |(_, b)| b.meet(condition) == Some(wanted));
    let footing = |exact: bool| if exact { Footing::Proven } else { Footing::Conservative };
    let broken: Vec<f64> = meets(false).map(|(value, _)| *value).collect();
    if !broken.is_empty() {
        let reason = format!("{}, and disturbance made none of it", told(figure, &broken, values.len()));
        let footing = footing(meets(false).all(|(_, bounds)| bounds.is_exact()));
        return JudgedValues { values, verdict: Verdict::Fail, reason: Some(reason), footing };
    }
    if meets(true).next().is_some() && seen.iter().all(|(value, _)| condition.holds(*value)) {
        let footing = footing(meets(true).all(|(_, bounds)| bounds.is_exact()));
        return JudgedValues { values, verdict: Verdict::Pass, reason: None, footing };
    }
    let footing = if usable.is_empty() || !waits(figure) { Footing::Valid } else { Footing::NeedsReplay };
    JudgedValues { footing, ..spoilt() }
}

/// Whether a replay of the queue would tell more of a figure.
fn waits(figure: Figure) -> bool {
    matches!(
        rule_of(figure).made,
        DisturbanceMakes::BeyondReplay | DisturbanceMakes::BeyondScript | DisturbanceMakes::TimeTaken
    )
}

/// Why a closed load shows no more than itself.
const CLOSED: &str = "closed-loop load waits for the service: it cannot gate (coordinated omission)";

fn is_closed(variant: &VariantResult) -> bool {
    variant.trials.iter().any(|trial| trial.load.model == Model::Closed)
}

/// Why no trial is valid for a figure: the first check that failed, and what can be done.
fn why_invalid(figure: Basis, variant: &VariantResult) -> String {
    let marks = variant.trials.iter().flat_map(|trial| &trial.validity);
    match marks.into_iter().find(|mark| mark.figure.is(&figure) && !mark.valid) {
        Some(mark) => {
            let Validity { check, measured, bound, .. } = mark;
            format!("no trial is valid for {figure}: {check}: {measured}, bound {bound}; {}", remedy(mark))
        }
        None => format!("no trial is valid for {figure}: none is complete"),
    }
}

/// What somebody can do who may not own the machine.
fn remedy(mark: &Validity) -> &'static str {
    if mark.check.is(&TrustCheck::Steal) {
        return "the host gave the core to others, and nothing inside the machine stops that: run again at another time, or on a \
                machine whose cores are not shared";
    }
    match mark.spoiler() {
        // Quiet does not bring back spans that nobody counted.
        Some(Spoiler::Witnesses) => "only complete witnesses, one in the process among them, could tell",
        Some(Spoiler::Quota) => "lift the quota, or take a load that fits into it",
        Some(Spoiler::Limits) => "raise the limit and run again",
        Some(Spoiler::Load | Spoiler::Samples | Spoiler::Others) | None => "stop other work and run again",
    }
}

fn show(figure: Figure, value: f64) -> String {
    if figure.is_time() {
        format!("{:.3} ms", value / 1e6)
    } else if figure.is_ratio() {
        format!("{:.3} %", value * 100.0)
    } else {
        format!("{value}")
    }
}
