//! Advised settings, run beside the original: which can run, and how near their prediction came.

use spanfate_model::finding::verify::{
    ArmLoss, RemedyPlan, UntriedRemedy, Verification, VerifiedRemedy, remedied,
};
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{Advised, How, PredictedLoss, RunResult, VariantResult};
use spanfate_model::verdict::Verdict;

use crate::insight::predicted;

/// The arms that show what the advice of a run is worth.
pub fn remedies(result: &RunResult) -> RemedyPlan {
    let mut out = RemedyPlan::default();
    for one in &result.insights.advice {
        match arm(result, one) {
            Ok(pair) => out.arms.extend(pair),
            Err(why) => {
                out.left_out.push(UntriedRemedy { variant: one.variant.clone(), why: why.to_owned() });
            }
        }
    }
    out
}

/// A variant as it is and with what is advised, or why there is nothing to run.
fn arm(result: &RunResult, one: &Advised) -> Result<[PlannedVariant; 2], &'static str> {
    let plan = &result.plan;
    let Some(own) = plan.variants.iter().find(|planned| planned.name == one.variant) else {
        return Err("the plan does not have it");
    };
    let Some(exporter) = one.exporter else {
        return Err(match one.how {
            How::NoCpu => "no setting is advised: the service has no CPU left",
            How::Short => "no setting is advised: none suffices",
            How::Calculated => "what is advised only code can set",
            _ => "no setting is advised",
        });
    };
    let base = PlannedVariant { cell: Vec::new(), ..own.clone() };
    let arm = PlannedVariant { name: remedied(&own.name), exporter, ..base.clone() };
    let reaches = plan.services.iter().all(|service| {
        let reached = plan.exporter_of(&arm, service);
        exporter.over(reached) == reached
    });
    if !reaches {
        return Err("a service has exporter settings of its own, which the advised ones would not reach");
    }
    Ok([base, arm])
}

/// Holds what ran against what was predicted. `before` gave the advice, `after` is the run of its arms.
pub fn verified(before: &RunResult, after: &RunResult, left_out: Vec<UntriedRemedy>) -> Verification {
    let one = |advised: &Advised| {
        let original = after.variant(&advised.variant)?;
        let measured = after.variant(&remedied(&advised.variant))?;
        Some(remedy(before, after, advised, (original, measured)))
    };
    Verification {
        run_id: Some(after.run_id.clone()),
        remedies: before.insights.advice.iter().filter_map(one).collect(),
        left_out,
    }
}

fn remedy(
    before: &RunResult,
    after: &RunResult,
    advised: &Advised,
    (original, measured): (&VariantResult, &VariantResult),
) -> VerifiedRemedy {
    let predicted = beside(after, original, measured).or(advised.predicted);
    let (was, is) = (loss(original), loss(measured));
    let apart_points = predicted.map(|predicted| (predicted.loss - is.loss) * 100.0);
    let (verdict, reason) = judged(was, is, apart_points);
    VerifiedRemedy {
        variant: advised.variant.clone(),
        lines: advised.lines.clone(),
        before: before.variant(&advised.variant).map_or(0.0, |variant| variant.summary.loss.mean),
        original: was,
        predicted,
        measured: is,
        apart_points,
        verdict,
        reason: reason.map(str::to_owned),
    }
}

/// What the replays of the original say of the settings that ran beside it.
fn beside(after: &RunResult, original: &VariantResult, measured: &VariantResult) -> Option<PredictedLoss> {
    let planned = |name: &str| after.plan.variants.iter().find(|planned| planned.name == name);
    predicted::of_variant(original, planned(&original.name)?, planned(&measured.name)?)
}

fn loss(variant: &VariantResult) -> ArmLoss {
    let loss = &variant.summary.loss;
    ArmLoss { loss: loss.mean, trials: variant.trials.len() as u64, valid: loss.valid }
}

fn judged(original: ArmLoss, measured: ArmLoss, apart: Option<f64>) -> (Verdict, Option<&'static str>) {
    let open = |reason| (Verdict::Inconclusive, Some(reason));
    match apart {
        _ if original.trials == 0 || measured.trials == 0 => open("not every arm ran"),
        _ if !(original.valid && measured.valid) => open(
            "the trials are not valid for loss: the machine was disturbed, or the load did not start as planned",
        ),
        _ if original.loss <= 0.0 => {
            open("the original lost nothing this time, so that nothing was to be mended")
        }
        None => open("nothing was predicted"),
        Some(apart) if apart.abs() > VerifiedRemedy::MOST_APART => {
            (Verdict::Fail, Some("the prediction is further off than 2 points"))
        }
        Some(_) => (Verdict::Pass, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_holds_within_two_points_where_both_arms_are_valid() {
        let arm = |loss, valid| ArmLoss { loss, trials: 3, valid };
        let verdict = |was, is, apart| judged(was, is, apart).0;
        let lossy = arm(0.2, true);
        assert_eq!(verdict(lossy, arm(0.019, true), Some(-1.9)), Verdict::Pass);
        assert_eq!(verdict(lossy, arm(0.021, true), Some(-2.1)), Verdict::Fail);
        assert_eq!(verdict(lossy, arm(0.0, true), Some(3.0)), Verdict::Fail);
        assert_eq!(verdict(lossy, arm(0.0, false), Some(0.0)), Verdict::Inconclusive);
        assert_eq!(verdict(arm(0.0, true), arm(0.0, true), Some(0.0)), Verdict::Inconclusive);
        assert_eq!(verdict(lossy, arm(0.0, true), None), Verdict::Inconclusive);
        assert_eq!(verdict(lossy, ArmLoss { trials: 0, ..lossy }, Some(0.0)), Verdict::Inconclusive);
    }
}
