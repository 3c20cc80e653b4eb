//! Requests that came to nothing, and the quota that all ran under.

use std::collections::BTreeMap;

use spanfate_model::limits::QuotaFigures;
use spanfate_model::result::{RunResult, TrialResult, VariantResult};

use super::ink::{TermInk, paint};
use super::traces::{listed, name};
use crate::figures::sums::trials;
use crate::figures::undisturbed;
use crate::text::fit::clean;
use crate::text::number::TERMINAL;

/// How many variants have a line of their own.
const VARIANTS: usize = 3;

/// Requests that failed or were not started, the variants with most of them first.
pub(crate) fn requests(result: &RunResult) -> Vec<String> {
    if !result.plan.subject().has_load() {
        return Vec::new();
    }
    let mut all: Vec<(&VariantResult, u64)> = result
        .variants
        .iter()
        .map(|variant| (variant, variant.trials.iter().map(|trial| amiss(trial).values().sum::<u64>()).sum()))
        .filter(|(_, count)| *count > 0)
        .collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let lines = all.iter().take(VARIANTS).map(|(variant, count)| line(variant, *count)).collect();
    listed("requests", lines, all.len())
}

/// Response times without disturbance, where no trial is valid for latency.
pub(crate) fn undisturbed(result: &RunResult) -> Vec<String> {
    let all: Vec<String> = undisturbed::told(result, TERMINAL)
        .into_iter()
        .map(|told| format!("{}: {}; an estimate, it gates nothing", name(told.variant), clean(&told.says)))
        .collect();
    let count = all.len();
    listed("undisturbed", all.into_iter().take(VARIANTS).collect(), count)
}

/// Trials that were run more than once, and why.
pub(crate) fn attempts(result: &RunResult) -> Vec<String> {
    let all: Vec<String> = trials(result)
        .filter_map(|(variant, trial)| Some((variant, trial.index, trial.attempts.as_ref()?)))
        .map(|(variant, index, attempts)| {
            let text =
                format!("trial {} ({}): {}", index + 1, name(&variant.name), clean(&attempts.to_string()));
            paint(TermInk::Warn, &text)
        })
        .collect();
    let count = all.len();
    listed("repeated", all.into_iter().take(VARIANTS).collect(), count)
}

/// What went amiss, by reason: requests that were begun, and those that were not.
fn amiss(trial: &TrialResult) -> BTreeMap<&str, u64> {
    let mut out = BTreeMap::new();
    for (why, count) in trial.load.failed.iter().chain(&trial.load.not_started) {
        *out.entry(why.as_str()).or_insert(0) += count;
    }
    out
}

fn line(variant: &VariantResult, count: u64) -> String {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (why, count) in variant.trials.iter().flat_map(amiss) {
        *reasons.entry(why).or_insert(0) += count;
    }
    let mut reasons: Vec<(&str, u64)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let reasons: Vec<String> =
        reasons.iter().map(|(why, count)| format!("{} {}", TERMINAL.count(*count), clean(why))).collect();
    let intended: u64 = variant.trials.iter().map(|trial| trial.load.intended).sum();
    let text = format!(
        "{}: no 2xx answer is known of {} of {} ({})",
        name(&variant.name),
        TERMINAL.count(count),
        TERMINAL.count(intended),
        reasons.join(", ")
    );
    paint(TermInk::Warn, &text)
}

/// The quotas on CPU time, where there are any: the trial that was held back most.
pub(crate) fn quotas(result: &RunResult) -> Vec<String> {
    let most = |pick: fn(&TrialResult) -> Option<QuotaFigures>| {
        let all = trials(result).filter_map(|(_, trial)| pick(trial));
        all.max_by(|a, b| a.share().total_cmp(&b.share()))
    };
    let line = |quota: QuotaFigures, whom: &str| {
        let QuotaFigures { cores, periods, throttled, throttled_ms } = quota;
        let text = format!(
            "{cores} {} for {whom}, used up in {} of {} periods ({} s)",
            if cores.total_cmp(&1.0).is_eq() { "core" } else { "cores" },
            TERMINAL.count(throttled),
            TERMINAL.count(periods),
            TERMINAL.fixed(throttled_ms / 1e3, 1),
        );
        if throttled > 0 { paint(TermInk::Warn, &text) } else { text }
    };
    let harness = most(|trial| trial.usage.harness_quota).map(|quota| line(quota, "harness and services"));
    let service = most(|trial| trial.usage.fixture_quota).map(|quota| line(quota, "services"));
    let lines: Vec<String> = harness.into_iter().chain(service).collect();
    let count = lines.len();
    listed("cpu quota", lines, count)
}
