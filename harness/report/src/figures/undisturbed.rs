//! Response times without disturbance, of variants of which no trial is valid for latency: an estimate, said as one.

use spanfate_model::result::{Basis, RunResult, UndisturbedTimes, VariantResult};

use crate::text::number::Numbers;

/// What is told of a variant.
pub(crate) struct EstimateTold<'a> {
    pub(crate) variant: &'a str,
    pub(crate) says: String,
}

/// Of each variant without a valid trial that has an estimate, or a reason why there is none.
pub(crate) fn told<'a>(result: &'a RunResult, numbers: Numbers) -> Vec<EstimateTold<'a>> {
    let one = |variant: &'a VariantResult| {
        Some(EstimateTold { variant: &variant.name, says: says(variant, numbers)? })
    };
    result.variants.iter().filter_map(one).collect()
}

fn says(variant: &VariantResult, numbers: Numbers) -> Option<String> {
    if variant.trials.iter().any(|trial| trial.is_valid(Basis::Latency)) {
        return None;
    }
    let all: Vec<&UndisturbedTimes> =
        variant.trials.iter().filter_map(|trial| trial.load.undisturbed.as_ref()).collect();
    let known: Vec<&UndisturbedTimes> = all.iter().copied().filter(|one| one.p50.is_some()).collect();
    let Some(first) = known.first() else {
        let doubt = all.iter().find_map(|one| one.doubt.as_ref())?;
        return Some(format!("no estimate: {doubt}"));
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let p50 = mean(&known.iter().filter_map(|one| one.p50).collect::<Vec<_>>());
    let tails: Vec<f64> = known.iter().filter_map(|one| one.p99).collect();
    let tail = if tails.len() == known.len() {
        format!(", p99 {}", numbers.ms(mean(&tails)))
    } else {
        String::new()
    };
    let share = mean(&known.iter().map(|one| one.share).collect::<Vec<_>>());
    let trials =
        if all.len() > 1 { format!(" in {} of {} trials", known.len(), all.len()) } else { String::new() };
    Some(format!(
        "p50 {}{tail}, of the {} % of requests with {} undisturbed before and {} after their start{trials}",
        numbers.ms(p50),
        numbers.fixed(share * 100.0, 0),
        numbers.ms(first.guard_ms),
        numbers.ms(first.reach_ms),
    ))
}
