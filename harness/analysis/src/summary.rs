//! A variant over its trials.

use std::collections::BTreeMap;

use spanfate_model::fate::FateClass;
use spanfate_model::manifest::Status;
use spanfate_model::result::{Quantiles, Summary, TrialResult};
use spanfate_model::scenario::Model;
use spanfate_model::witness::WitnessState;

use crate::overall;
use crate::statistics::estimate;

/// Sums up the trials of a variant. Loss and times rest on the valid trials where there are any.
pub(crate) fn summarise(trials: &[TrialResult]) -> Summary {
    let whole: Vec<&TrialResult> = trials.iter().filter(|trial| trial.status != Status::Partial).collect();
    let used = if whole.is_empty() { trials.iter().collect() } else { whole };
    let loss_trials = valid_or_all(&used, "loss");
    let latency_trials = valid_or_all(&used, "latency");
    let rates: Vec<f64> = loss_trials.iter().map(|trial| trial.loss.rate).collect();
    let predicted: Vec<f64> = loss_trials
        .iter()
        .filter_map(|trial| trial.loss.predicted.map(|prediction| prediction.rate))
        .collect();
    let sum = |pick: fn(&TrialResult) -> u64| used.iter().map(|trial| pick(trial)).sum();
    Summary {
        trials: used.len() as u64,
        loss: estimate(&rates, used.iter().any(|trial| trial.is_valid("loss"))),
        predicted: mean(&predicted),
        created: sum(|trial| trial.ledger.created_measured),
        received: sum(|trial| trial.loss.received),
        lost: sum(|trial| trial.loss.lost),
        lost_by_fate: lost_by_fate(&used),
        response: median(&latency_trials, |trial| trial.load.response.as_ref()),
        delay: median(&loss_trials, |trial| trial.delay.as_ref()),
        fixture_cpu: mean(&used.iter().map(|t| t.usage.fixture_cpu).collect::<Vec<_>>()).unwrap_or_default(),
        fixture_rss: used.iter().map(|trial| trial.usage.fixture_rss).max().unwrap_or_default(),
        achieved: mean(&used.iter().map(|t| t.load.achieved).collect::<Vec<_>>()).unwrap_or_default(),
        marks: marks(trials),
        breakdown: overall::breakdown(&used),
        damage: overall::damage(&used),
        witness_cost: None,
        probe_cost: None,
    }
}

fn valid_or_all<'a>(trials: &[&'a TrialResult], figure: &str) -> Vec<&'a TrialResult> {
    let valid: Vec<&TrialResult> = trials.iter().copied().filter(|trial| trial.is_valid(figure)).collect();
    if valid.is_empty() { trials.to_vec() } else { valid }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn lost_by_fate(trials: &[&TrialResult]) -> BTreeMap<String, u64> {
    let mut out = BTreeMap::new();
    for (fate, count) in trials.iter().flat_map(|trial| &trial.ledger.fates) {
        if fate.class() == FateClass::Lost && count.measured > 0 {
            *out.entry(fate.to_string()).or_insert(0) += count.measured;
        }
    }
    out
}

/// The trial whose p99 is the median: whole curves are not averaged.
fn median(trials: &[&TrialResult], pick: fn(&TrialResult) -> Option<&Quantiles>) -> Option<Quantiles> {
    let mut all: Vec<&Quantiles> = trials.iter().filter_map(|trial| pick(trial)).collect();
    all.sort_by(|a, b| a.p99.total_cmp(&b.p99));
    all.get(all.len().saturating_sub(1) / 2).map(|quantiles| (*quantiles).clone())
}

fn marks(trials: &[TrialResult]) -> Vec<String> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for mark in trials.iter().flat_map(marks_of) {
        match counted.iter_mut().find(|(known, _)| *known == mark) {
            Some((_, count)) => *count += 1,
            None => counted.push((mark, 1)),
        }
    }
    let all = trials.len();
    let show =
        |(mark, count): (String, usize)| if all > 1 { format!("{mark} in {count} of {all}") } else { mark };
    counted.into_iter().map(show).collect()
}

/// What is spoilt in one trial, each thing once.
fn marks_of(trial: &TrialResult) -> Vec<String> {
    let mut out = Vec::new();
    let mut put = |text: String| {
        if !out.contains(&text) {
            out.push(text);
        }
    };
    if trial.load.model == Model::Closed {
        put("closed: no gate".to_owned());
    }
    if trial.status != Status::Complete {
        put("not complete".to_owned());
    }
    for mark in trial.validity.iter().filter(|mark| !mark.valid) {
        put(format!("{} spoilt", mark.figure));
    }
    for report in trial.witnesses.iter().filter(|report| matches!(report.state, WitnessState::Lossy(_))) {
        put(format!("{} witness has a gap", report.witness.as_str()));
    }
    if trial.ledger.is_broken() {
        put("accounting broken".to_owned());
    }
    out
}
