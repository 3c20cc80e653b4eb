//! A variant over its trials.

use std::collections::BTreeMap;

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::format::manifest::Status;
use spanfate_model::result::{
    Basis, Bound, Estimate, Quantiles, Spoiler, TrialResult, TrustCheck, Validity, VariantSummary,
};
use spanfate_model::scenario::Model;
use spanfate_model::term::Term;

use crate::conclude::overall;
use crate::conclude::trial::ConcludedTrial;
use crate::statistics::quantile::{Recorded, Times};
use crate::statistics::{clean_bound, estimate};

/// Sums up the trials of a variant. Loss and times rest on the valid trials where there are any.
pub(crate) fn summarise(trials: &[ConcludedTrial]) -> VariantSummary {
    let all: Vec<&ConcludedTrial> = trials.iter().collect();
    let used = preferred(&all, |trial| trial.result.status != Status::Partial);
    let loss_trials = preferred(&used, |trial| trial.result.is_valid(Basis::Loss));
    let latency_trials = preferred(&used, |trial| trial.result.is_valid(Basis::Latency));
    let loss_valid = used.iter().any(|trial| trial.result.is_valid(Basis::Loss));
    let latency_valid = used.iter().any(|trial| trial.result.is_valid(Basis::Latency));
    let used: Vec<&TrialResult> = used.iter().map(|trial| &trial.result).collect();
    let rates: Vec<f64> = loss_trials.iter().map(|trial| trial.result.loss.rate).collect();
    let predicted: Vec<f64> = loss_trials
        .iter()
        .filter_map(|trial| trial.result.loss.predicted.map(|prediction| prediction.rate))
        .collect();
    let sum = |pick: fn(&TrialResult) -> u64| used.iter().map(|trial| pick(trial)).sum();
    let response = |pick: fn(&Quantiles) -> f64| {
        quantile(&latency_trials, latency_valid, |trial| trial.load.response.as_ref().map(pick))
    };
    let delay = |pick: fn(&Quantiles) -> f64| {
        quantile(&loss_trials, loss_valid, |trial| trial.delay.as_ref().map(pick))
    };
    VariantSummary {
        trials: used.len() as u64,
        loss: estimate(&rates, loss_valid),
        lossy_bound: lossy_bound(&used),
        predicted: mean(&predicted),
        created: sum(|trial| trial.ledger.created_measured),
        received: sum(|trial| trial.loss.received),
        lost: sum(|trial| trial.loss.lost),
        lost_by_fate: lost_by_fate(&used),
        response: merged(&latency_trials.iter().map(|trial| &trial.times.response).collect::<Vec<_>>()),
        delay: merged(&loss_trials.iter().map(|trial| &trial.times.delay).collect::<Vec<_>>()),
        response_p50: response(|q| q.p50),
        response_p99: response(|q| q.p99),
        delay_p50: delay(|q| q.p50),
        delay_p99: delay(|q| q.p99),
        fixture_cpu: mean(&used.iter().map(|t| t.usage.fixture_cpu).collect::<Vec<_>>()).unwrap_or_default(),
        fixture_rss: used.iter().map(|trial| trial.usage.fixture_rss).max().unwrap_or_default(),
        achieved: mean(&used.iter().map(|t| t.load.achieved).collect::<Vec<_>>()).unwrap_or_default(),
        marks: marks(&trials.iter().map(|trial| &trial.result).collect::<Vec<_>>()),
        breakdown: overall::breakdown(&used),
        damage: overall::damage(&used),
        witness_cost: None,
        probe_cost: None,
    }
}

/// Those that are better to rest on, where there are any; else all.
fn preferred<'a>(
    trials: &[&'a ConcludedTrial],
    better: fn(&ConcludedTrial) -> bool,
) -> Vec<&'a ConcludedTrial> {
    let some: Vec<&ConcludedTrial> = trials.iter().copied().filter(|trial| better(trial)).collect();
    if some.is_empty() { trials.to_vec() } else { some }
}

/// The quantiles of all values of all these trials: what a request or a span met, whichever trial it was in.
fn merged(all: &[&Recorded]) -> Option<Quantiles> {
    let mut times = Times::new();
    for recorded in all {
        times.add(recorded);
    }
    times.quantiles()
}

/// A quantile of each trial, over the trials: how far it is known.
fn quantile(
    trials: &[&ConcludedTrial],
    valid: bool,
    pick: impl Fn(&TrialResult) -> Option<f64>,
) -> Option<Estimate> {
    let values: Vec<f64> = trials.iter().filter_map(|trial| pick(&trial.result)).collect();
    (!values.is_empty()).then(|| estimate(&values, valid))
}

/// How often trials may lose something, where none of several did; a spoilt trial does not count as clean.
fn lossy_bound(trials: &[&TrialResult]) -> Option<f64> {
    let clean = trials.iter().filter(|trial| trial.is_valid(Basis::Loss) && trial.loss.due > 0).count();
    let lossy = trials.iter().any(|trial| trial.loss.lost > 0);
    if lossy || clean < 2 { None } else { clean_bound(clean as u64) }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn lost_by_fate(trials: &[&TrialResult]) -> BTreeMap<Fate, u64> {
    let mut out = BTreeMap::new();
    for (fate, count) in trials.iter().flat_map(|trial| &trial.ledger.fates) {
        if fate.class() == FateClass::Lost && count.measured > 0 {
            *out.entry(*fate).or_insert(0) += count.measured;
        }
    }
    out
}

fn marks(trials: &[&TrialResult]) -> Vec<String> {
    let mut counted: Vec<SummaryMark> = Vec::new();
    for mark in trials.iter().flat_map(|trial| marks_of(trial)) {
        match counted.iter_mut().find(|known| known.what == mark.what && known.check == mark.check) {
            Some(known) => known.count(&mark),
            None => counted.push(mark),
        }
    }
    counted.iter().map(|mark| mark.show(trials.len())).collect()
}

/// Something that is not as it should be, with how many trials have it.
struct SummaryMark {
    what: String,
    /// The check that failed, its worst value and the bound.
    check: Option<Term<TrustCheck>>,
    worst: f64,
    bound: f64,
    above: bool,
    trials: usize,
}

impl SummaryMark {
    const fn plain(what: String) -> Self {
        Self { what, check: None, worst: 0.0, bound: 0.0, above: true, trials: 1 }
    }

    /// A figure that is not valid: the check that failed, with its value.
    fn of(mark: &Validity) -> Self {
        let above = mark.side().map_or(mark.measured > mark.bound, |side| side == Bound::AtMost);
        Self {
            what: format!("{} not valid", mark.figure),
            check: Some(mark.check.clone()),
            worst: mark.measured,
            bound: mark.bound,
            above,
            trials: 1,
        }
    }

    fn count(&mut self, other: &Self) {
        self.trials += 1;
        let (worst, bound) = (self.worst, self.bound);
        // A start lag has a bound of its own in each trial.
        if (other.worst - other.bound > worst - bound) == self.above {
            (self.worst, self.bound) = (other.worst, other.bound);
        }
    }

    fn show(&self, all: usize) -> String {
        let of = if all > 1 { format!(" in {} of {all}", self.trials) } else { String::new() };
        let Some(check) = &self.check else { return format!("{}{of}", self.what) };
        let name = check.known().map_or_else(|| check.to_string(), |check| brief(*check).to_owned());
        let sign = if self.above { '>' } else { '<' };
        format!("{}: {name} {} {sign} {}{of}", self.what, self.worst, self.bound)
    }
}

/// A check in a word or two.
const fn brief(check: TrustCheck) -> &'static str {
    match check {
        TrustCheck::Started => "requests started",
        TrustCheck::Unplaced => "spans not placed",
        TrustCheck::Uncounted => "spans not counted",
        TrustCheck::Samples => "usage samples",
        TrustCheck::ForeignCpu => "neighbour CPU",
        TrustCheck::Steal => "steal",
        TrustCheck::Failed => "requests failed",
        TrustCheck::StartLag => "start lag p99 ms",
        TrustCheck::Throttled => "CPU quota used up",
        TrustCheck::Limits => "limits met",
    }
}

/// What is not as it should be in one trial, each thing once.
fn marks_of(trial: &TrialResult) -> Vec<SummaryMark> {
    let mut out: Vec<SummaryMark> = Vec::new();
    let mut put = |mark: SummaryMark| {
        if out.iter().all(|known| known.what != mark.what) {
            out.push(mark);
        }
    };
    let plain = |text: &str| SummaryMark::plain(text.to_owned());
    if trial.load.model == Model::Closed {
        put(plain("closed: no gate"));
    }
    if trial.status != Status::Complete {
        put(plain("not complete"));
    }
    for mark in trial.validity.iter().filter(|mark| !mark.valid) {
        // The first check that fails stands for the figure.
        put(SummaryMark::of(mark));
        match mark.spoiler() {
            Some(Spoiler::Quota) => put(plain("held back by a CPU quota")),
            Some(Spoiler::Limits) => put(plain("a limit of ours was met")),
            _ => {}
        }
    }
    for report in trial.witnesses.iter().filter(|report| matches!(report.state, WitnessState::Lossy(_))) {
        put(SummaryMark::plain(format!("{} witness has a gap", report.witness.as_str())));
    }
    if trial.ledger.is_broken() {
        put(plain("accounting broken"));
    }
    out
}
