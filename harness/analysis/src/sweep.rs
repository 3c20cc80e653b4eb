//! A sweep's cells side by side, and which of them nothing beats.

use spanfate_model::plan::Plan;
use spanfate_model::result::{Cell, SweepResult, TrialResult, VariantResult};

/// Loss rates closer than this are one: a twentieth of a percent. No loss at all is apart from all others.
const LOSS_STEP: f64 = 0.0005;
/// Times closer than this share are one.
const TIME_STEP: f64 = 0.10;
/// Sizes of memory closer than this share are one.
const MEMORY_STEP: f64 = 0.05;

/// Concludes the sweep of a plan, if it has one.
pub(crate) fn conclude(plan: &Plan, variants: &[VariantResult]) -> Option<SweepResult> {
    if plan.sweep.is_empty() {
        return None;
    }
    let mut cells: Vec<Cell> = variants.iter().filter_map(|variant| cell(plan, variant)).collect();
    let ranks: Vec<Option<[i64; 3]>> = cells.iter().map(rank).collect();
    for (cell, own) in cells.iter_mut().zip(&ranks) {
        cell.pareto = own.is_some_and(|own| !ranks.iter().flatten().any(|other| beats(other, &own)));
    }
    Some(SweepResult { axes: plan.sweep.clone(), cells })
}

fn cell(plan: &Plan, variant: &VariantResult) -> Option<Cell> {
    let planned = plan.variants.iter().find(|planned| planned.name == variant.name)?;
    let valid: Vec<&TrialResult> = variant.trials.iter().filter(|trial| trial.is_valid("loss")).collect();
    let summary = &variant.summary;
    Some(Cell {
        variant: variant.name.clone(),
        at: planned.cell.clone(),
        trials: valid.len() as u64,
        lossy: valid.iter().filter(|trial| trial.loss.lost > 0).count() as u64,
        loss: summary.loss.mean,
        valid: !valid.is_empty() && variant.trials.iter().any(|trial| trial.is_valid("latency")),
        response_p99: summary.response.as_ref().map(|times| times.p99),
        delay_p99: summary.delay.as_ref().map(|times| times.p99),
        memory: summary.fixture_rss,
        pareto: false,
    })
}

/// A cell's figures in steps of what a trial can tell apart: equal steps are equal, so that "beats" has no circles.
fn rank(cell: &Cell) -> Option<[i64; 3]> {
    let steps = |value: f64, share: f64| (value.max(1e-9).ln() / share.ln_1p()).round() as i64;
    let loss = if cell.loss > 0.0 { 1 + (cell.loss / LOSS_STEP).floor() as i64 } else { 0 };
    let response = cell.response_p99.filter(|_| cell.valid)?;
    Some([loss, steps(response, TIME_STEP), steps(cell.memory as f64, MEMORY_STEP)])
}

/// At least as good in everything, and better in something.
fn beats(one: &[i64; 3], other: &[i64; 3]) -> bool {
    one != other && one.iter().zip(other).all(|(one, other)| one <= other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_nothing_beats_is_never_empty_and_never_beaten(
            ranks in proptest::collection::vec([0i64..4, 0i64..4, 0i64..4], 1..40),
        ) {
            let best: Vec<_> =
                ranks.iter().filter(|own| !ranks.iter().any(|other| beats(other, own))).collect();
            prop_assert!(!best.is_empty());
            for rank in &ranks {
                // Whoever is not among the best is beaten by one of them.
                prop_assert!(best.contains(&rank) || best.iter().any(|one| beats(one, rank)));
            }
        }
    }

    #[test]
    fn a_cell_that_loses_nothing_is_apart_from_one_that_loses_little() {
        let cell = |loss: f64, p99: f64, memory: u64| Cell {
            loss,
            response_p99: Some(p99),
            memory,
            valid: true,
            ..Cell::default()
        };
        let ranks = |cells: &[Cell]| cells.iter().map(|cell| rank(cell).unwrap()).collect::<Vec<_>>();
        let found = ranks(&[cell(0.0, 10.0, 1 << 26), cell(1e-6, 10.2, 1 << 26), cell(0.3, 5.0, 1 << 25)]);
        assert!(beats(&found[0], &found[1]) && !beats(&found[0], &found[2]) && !beats(&found[2], &found[0]));
        assert_eq!(rank(&Cell { valid: false, ..cell(0.0, 1.0, 1) }), None);
    }
}
