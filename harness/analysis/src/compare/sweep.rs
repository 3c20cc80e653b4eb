//! A sweep's cells side by side, and which of them nothing beats.

use spanfate_model::plan::Plan;
use spanfate_model::result::{Basis, Cell, Cost, SweepResult, TrialResult, VariantResult};

use crate::insight::front::{cost, front};

/// Concludes the sweep of a plan, if it has one.
pub(crate) fn conclude(plan: &Plan, variants: &[VariantResult]) -> Option<SweepResult> {
    if plan.sweep.is_empty() {
        return None;
    }
    let (mut cells, costs): (Vec<Cell>, Vec<Option<Cost>>) =
        variants.iter().filter_map(|variant| Some((cell(plan, variant)?, cost(variant)))).unzip();
    for (cell, best) in cells.iter_mut().zip(front(&costs)) {
        cell.pareto = best;
    }
    Some(SweepResult { axes: plan.sweep.clone(), cells })
}

fn cell(plan: &Plan, variant: &VariantResult) -> Option<Cell> {
    let planned = plan.variants.iter().find(|planned| planned.name == variant.name)?;
    let valid: Vec<&TrialResult> =
        variant.trials.iter().filter(|trial| trial.is_valid(Basis::Loss)).collect();
    let summary = &variant.summary;
    Some(Cell {
        variant: variant.name.clone(),
        at: planned.cell.clone(),
        trials: valid.len() as u64,
        lossy: valid.iter().filter(|trial| trial.loss.lost > 0).count() as u64,
        loss: summary.loss.mean,
        valid: !valid.is_empty() && variant.trials.iter().any(|trial| trial.is_valid(Basis::Latency)),
        response_p99: summary.response.as_ref().map(|times| times.p99),
        delay_p99: summary.delay.as_ref().map(|times| times.p99),
        memory: summary.fixture_rss,
        pareto: false,
    })
}
