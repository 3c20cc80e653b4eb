//! What follows from a result for its readers: why spans are lost, who is to blame, what to set, what to choose, where loss begins. Pure functions of
//! the rest of a result, so that an older one gives the same conclusions when it is opened.

mod advice;
pub(crate) mod alike;
mod begins;
mod choice;
pub(crate) mod confidence;
mod focus;
pub(crate) mod front;
mod hop_advice;
mod in_hops;
mod name;
pub(crate) mod predicted;
pub(crate) mod score;
pub(crate) mod suspects;
#[cfg(test)]
mod tests;
pub(crate) mod verified;
mod why;

use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{
    Insights, Likeness, Prediction, RunResult, TrialResult, VariantInsight, VariantResult,
};

/// Concludes.
pub fn insights(result: &RunResult) -> Insights {
    let likenesses = alike::likenesses(&result.plan.variants);
    Insights {
        variants: result.variants.iter().map(|variant| of(result, variant, &likenesses)).collect(),
        focus: focus::focus(result),
        lost: why::lost(result),
        why: why::causes(result),
        nearest: why::nearest(result),
        advice: advice::advise(result),
        hops: hop_advice::advise(result),
        choice: choice::choose(result),
        begins: begins::lines(result),
        silent: why::silent(result),
    }
}

/// The result with its conclusions, which one that was written before them lacks.
#[must_use]
pub fn with_insights(mut result: RunResult) -> RunResult {
    if result.insights.is_empty() {
        result.insights = insights(&result);
    }
    if result.insights.focus.is_none() {
        result.insights.focus = focus::focus(&result);
    }
    result
}

fn of(result: &RunResult, variant: &VariantResult, likenesses: &[Likeness]) -> VariantInsight {
    let at = result.plan.variants.iter().position(|planned| planned.name == variant.name);
    let good: Vec<&TrialResult> = variant.trials.iter().filter(|trial| trial.is_conclusive()).collect();
    let all: Vec<&TrialResult> = variant.trials.iter().collect();
    let used = if good.is_empty() { &all } else { &good };
    let share = |trial: &&TrialResult| trial.loss.lost as f64 / trial.loss.due.max(1) as f64;
    let sum: f64 = used.iter().map(share).sum();
    VariantInsight {
        variant: variant.name.clone(),
        likeness: at.and_then(|at| likenesses.get(at)).copied().unwrap_or_default(),
        loss: sum / used.len().max(1) as f64,
        conclusive: good.len() as u64,
        lossy: good.iter().filter(|trial| trial.loss.lost > 0).count() as u64,
    }
}

/// The plan of a variant, by its name.
fn planned<'a>(plan: &'a Plan, name: &str) -> Option<&'a PlannedVariant> {
    plan.variants.iter().find(|planned| planned.name == name)
}

/// What the law was fed with where most was lost: on the path, in the service, or in the trial.
fn worst_law(variant: &VariantResult) -> Option<&Prediction> {
    let worst = variant.trials.iter().max_by_key(|trial| trial.loss.lost)?;
    let paths = worst.services.iter().flat_map(|service| &service.paths).map(|path| &path.loss);
    let losses = worst.services.iter().map(|service| &service.loss).chain(paths);
    let known = losses.filter(|loss| loss.predicted.is_some());
    let loss = known.max_by_key(|loss| loss.lost);
    loss.map_or(worst.loss.predicted.as_ref(), |loss| loss.predicted.as_ref())
}
