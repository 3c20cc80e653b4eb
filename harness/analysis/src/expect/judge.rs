//! One expectation on one variant.

use spanfate_model::format::manifest::Status;
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

/// What a trial says of a figure.
struct SeenValue<'a> {
    trial: &'a TrialResult,
    value: f64,
    valid: bool,
    /// Where only disturbance is amiss: between which values it would have been without.
    bounds: Option<Bounds>,
}

impl SeenValue<'_> {
    /// Whether it is sure that the condition does not hold, whatever the machine did.
    fn surely_fails(&self, condition: &Condition) -> bool {
        !self.valid && self.bounds.is_some_and(|bounds| bounds.meet(condition) == Some(false))
    }

    /// Whether a trial that is not valid measured what does not hold, and it is not known that the machine made it.
    fn speaks_against(&self, condition: &Condition) -> bool {
        let unknown = rule_of(condition.figure).made != DisturbanceMakes::Anything;
        unknown && !self.valid && self.trial.status != Status::Partial && !condition.holds(self.value)
    }
}

/// Judges an expectation on a variant: on its valid trials, and on what disturbance can neither have made nor hidden in the others.
pub(super) fn judge(condition: &Condition, plan: &Plan, variant: &VariantResult) -> Expectation {
    let basis = validity_of(condition.figure);
    let valid: Vec<&TrialResult> = variant.trials.iter().filter(|trial| trial.is_valid(basis)).collect();
    let said = if basis != Basis::Accounting && is_closed(variant) {
        let values = measured(condition.figure, &valid);
        open(values, CLOSED.to_owned())
    } else {
        let seen = seen(condition.figure, plan, variant);
        let on_valid = (!valid.is_empty()).then(|| on_valid(condition, &valid));
        match (on_valid, surely_broken(condition, &seen)) {
            (Some(said), _) if said.verdict == Verdict::Fail => said,
            (_, Some(fails)) => fails,
            (Some(said), None) => beside_others(condition, variant, &seen, said),
            (None, None) => on_disturbed(condition, variant, &seen),
        }
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

fn seen<'a>(figure: Figure, plan: &Plan, variant: &'a VariantResult) -> Vec<SeenValue<'a>> {
    let basis = validity_of(figure);
    let arm = PlannedArm::of(plan, &variant.name);
    let one = |trial: &'a TrialResult| {
        let value = value_of(figure, trial)?;
        let valid = trial.is_valid(basis);
        let asked = arm.filter(|_| !valid && is_only_disturbed(trial, basis));
        let bounds = asked.and_then(|arm| bounds_of(figure, Some(value), trial, arm));
        Some(SeenValue { trial, value, valid, bounds })
    };
    variant.trials.iter().filter_map(one).collect()
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

/// The verdict where a disturbed trial fails for sure: its bounds all fail, so it would have failed on a quiet machine, too.
fn surely_broken(condition: &Condition, seen: &[SeenValue<'_>]) -> Option<JudgedValues> {
    let broken: Vec<&SeenValue<'_>> = seen.iter().filter(|one| one.surely_fails(condition)).collect();
    if broken.is_empty() {
        return None;
    }
    let values: Vec<f64> =
        seen.iter().filter(|one| one.valid || one.bounds.is_some()).map(|one| one.value).collect();
    let shown: Vec<f64> = broken.iter().map(|one| one.value).collect();
    let reason = format!("{}, and disturbance made none of it", told(condition.figure, &shown, values.len()));
    let exact = broken.iter().all(|one| one.bounds.is_some_and(Bounds::is_exact));
    Some(JudgedValues { values, verdict: Verdict::Fail, reason: Some(reason), footing: footing(exact) })
}

const fn footing(exact: bool) -> Footing {
    if exact { Footing::Proven } else { Footing::Conservative }
}

/// What valid trials say, beside others that are not. Those that measured what does not hold keep them from passing: else it would be
/// enough to disturb the trial that fails.
fn beside_others(
    condition: &Condition,
    variant: &VariantResult,
    seen: &[SeenValue<'_>],
    said: JudgedValues,
) -> JudgedValues {
    let against: Vec<f64> =
        seen.iter().filter(|one| one.speaks_against(condition)).map(|one| one.value).collect();
    if said.verdict != Verdict::Pass || against.is_empty() {
        return said;
    }
    let why = format!(
        "what is valid holds, but a trial that is not valid {}; {}",
        told(condition.figure, &against, seen.len()),
        spoilt_by(validity_of(condition.figure), variant)
    );
    open(said.values, why)
}

/// Where no trial is valid, and none fails for sure. A trial whose bounds all hold passes, if no other measured what does not hold, nor an
/// attempt that was made again.
fn on_disturbed(condition: &Condition, variant: &VariantResult, seen: &[SeenValue<'_>]) -> JudgedValues {
    let why = || why_invalid(validity_of(condition.figure), variant);
    let usable: Vec<(f64, Bounds)> =
        seen.iter().filter_map(|one| one.bounds.map(|bounds| (one.value, bounds))).collect();
    let holding = || usable.iter().filter(|(_, bounds)| bounds.meet(condition) == Some(true));
    let agreed = seen.iter().all(|one| condition.holds(one.value));
    if holding().next().is_some() && agreed {
        if variant.trials.iter().any(|trial| an_attempt_speaks_against(condition, trial)) {
            return open(Vec::new(), format!("{}; an attempt before measured what does not hold", why()));
        }
        let values = usable.iter().map(|(value, _)| *value).collect();
        let footing = footing(holding().all(|(_, bounds)| bounds.is_exact()));
        return JudgedValues { values, verdict: Verdict::Pass, reason: None, footing };
    }
    let footing =
        if usable.is_empty() || !waits(condition.figure) { Footing::Valid } else { Footing::NeedsReplay };
    JudgedValues { footing, ..open(Vec::new(), why()) }
}

/// Whether an attempt at a trial that was made again measured what does not hold.
fn an_attempt_speaks_against(condition: &Condition, trial: &TrialResult) -> bool {
    let attempts = trial.attempts.iter().flat_map(|all| &all.spoilt);
    attempts.flat_map(|attempt| &attempt.against).any(|that| that.is(condition))
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

/// Why no trial is valid for a figure.
pub(super) fn why_invalid(figure: Basis, variant: &VariantResult) -> String {
    format!("no trial is valid for {figure}: {}", spoilt_by(figure, variant))
}

/// What spoils the first trial that is not valid for a figure, and what can be done: the first check that failed, but where time was taken
/// that one before a load that came late for it.
fn spoilt_by(figure: Basis, variant: &VariantResult) -> String {
    let failed =
        |trial: &&TrialResult| trial.validity.iter().any(|mark| mark.figure.is(&figure) && !mark.valid);
    let spoilt = variant.trials.iter().find(failed);
    let marks = spoilt.into_iter().flat_map(|trial| &trial.validity);
    match marks.filter(|mark| mark.figure.is(&figure) && !mark.valid).min_by_key(|mark| !mark.is_of_others())
    {
        Some(mark) => format!("{}; {}", mark.said(), remedy(mark)),
        None => "none is complete".to_owned(),
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
