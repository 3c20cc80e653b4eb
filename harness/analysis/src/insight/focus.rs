//! Which variant a reader looks at first.

use spanfate_model::exporter::Exporter;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{FocusRule, FocusVariant, RunResult, VariantResult};

use super::why::losers;

/// The variant that people run today, or what the others are held against. Where it lost nothing and another did, the other.
pub(super) fn focus(result: &RunResult) -> Option<FocusVariant> {
    let (usual, rule) = usual(result)?;
    let focused = |variant: &VariantResult, rule| FocusVariant { variant: variant.name.clone(), rule };
    let losers = losers(result);
    match losers.first() {
        Some(worst) if losers.iter().all(|loser| loser.name != usual.name) => {
            Some(focused(worst, FocusRule::LosesMost))
        }
        _ => Some(focused(usual, rule)),
    }
}

/// The baseline of a comparison; else the first variant that sets nothing; else the first.
fn usual(result: &RunResult) -> Option<(&VariantResult, FocusRule)> {
    let plan = &result.plan;
    let baseline = plan.compare.as_ref().and_then(|compare| result.variant(&compare.baseline));
    if let Some(baseline) = baseline {
        return Some((baseline, FocusRule::Baseline));
    }
    let mut bare = plan.variants.iter().filter(|planned| sets_nothing(planned));
    if let Some(first) = bare.find_map(|planned| result.variant(&planned.name)) {
        return Some((first, FocusRule::SetsNothing));
    }
    result.variants.first().map(|first| (first, FocusRule::First))
}

/// The protocol is no choice of the SDK: each variant has to have one.
fn sets_nothing(planned: &PlannedVariant) -> bool {
    let knobs = Exporter { protocol: None, ..planned.exporter };
    knobs == Exporter::default()
}
