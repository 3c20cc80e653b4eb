//! The rounds of a search: each is a run of its own, in which every configuration that is still searched for has its next
//! value. So all of them share the machine's weather.

pub(super) use spanfate_analysis::compare::frontier::TrialSight;
use spanfate_model::fate::FateClass;
use spanfate_model::finding::frontier::Along;
use spanfate_model::quantity::unit::{MonoNs, Period};
use spanfate_model::result::{Basis, RunResult, TrialResult};
use spanfate_model::scenario::Variant;
use spanfate_model::verdict::Verdict;
use spanfate_run::host::clock;

use super::{MeasuredWorker, SearchedVariant, hops, vary};
use crate::error::Error;
use crate::session::Audience;
use crate::session::selected::Selected;
use crate::session::series::Series;

/// How a search ended.
pub(crate) enum SearchEnded {
    /// Every configuration has its answer.
    Done,
    /// By a signal.
    Interrupted(i32),
    /// The time was over.
    OutOfTime,
    /// The books of a run do not close; its reasons.
    Broken(String),
}

impl SearchEnded {
    pub(super) fn why(&self) -> Option<String> {
        match self {
            Self::Done => None,
            Self::Interrupted(2) => Some("Ctrl-C".to_owned()),
            Self::Interrupted(_) => Some("SIGTERM".to_owned()),
            Self::OutOfTime => Some("the time that --max-duration gives".to_owned()),
            Self::Broken(why) => Some(format!("accounting broken: {why}")),
        }
    }
}

/// A search, round after round.
pub(super) struct SearchRounds<'a> {
    pub(super) series: &'a Series,
    pub(super) along: Along,
    pub(super) most: Option<Period>,
}

impl SearchRounds<'_> {
    /// Runs rounds until every configuration has its answer.
    pub(super) fn search(
        &self,
        candidates: &mut [SearchedVariant],
        audience: &mut dyn Audience,
    ) -> Result<SearchEnded, Error> {
        let began = clock::now();
        let mut round = 0;
        loop {
            let next: Vec<(usize, f64)> = candidates
                .iter()
                .enumerate()
                .filter_map(|(at, one)| Some((at, one.search.next()?)))
                .collect();
            if next.is_empty() {
                return Ok(SearchEnded::Done);
            }
            round += 1;
            let values: Vec<(&Variant, f64)> =
                next.iter().filter_map(|(at, value)| Some((&candidates.get(*at)?.variant, *value))).collect();
            audience.note(&format!("round {round}: {}", self.describe(&values)));
            let selected = self.series.select(&vary::with(&self.series.scenario, self.along, &values))?;
            if !self.in_time(began, &selected) {
                return Ok(SearchEnded::OutOfTime);
            }
            let (_, result) = self.series.run(&selected, audience)?;
            if let Some(signal) = self.series.interrupt.signal() {
                return Ok(SearchEnded::Interrupted(signal));
            }
            if result.verdict == Verdict::AccountingBroken {
                return Ok(SearchEnded::Broken(result.reasons.first().cloned().unwrap_or_default()));
            }
            for (at, value) in next {
                if let Some(one) = candidates.get_mut(at) {
                    learn(one, value, &result);
                }
            }
        }
    }

    fn in_time(&self, began: MonoNs, selected: &Selected) -> bool {
        let needed = selected.plan.estimated_seconds(&selected.plan.trials);
        let passed = (clock::now() - began) as f64 / 1e9;
        self.most.is_none_or(|most| passed + needed <= most.seconds())
    }

    fn describe(&self, values: &[(&Variant, f64)]) -> String {
        let one = |(variant, value): &(&Variant, f64)| match self.along {
            Along::Rate => format!("{} at {value:.0}/s", variant.name),
            Along::Outage => format!("{} through {value:.2} s", variant.name),
        };
        values.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Takes in what the trials of a round saw of a configuration.
fn learn(one: &mut SearchedVariant, value: f64, result: &RunResult) {
    let Some(variant) = result.variants.iter().find(|variant| variant.name == one.variant.name) else {
        return;
    };
    for trial in &variant.trials {
        one.search.saw(value, seen(trial));
        if trial.load.started > 0 {
            one.spans_per_request = trial.ledger.created as f64 / trial.load.started as f64;
        }
        // The time of an export grows with the load; the newest value is nearest to the limit.
        one.worker = worker(trial).or(one.worker);
        hops::learn(&mut one.hops, trial);
    }
}

/// What a trial says: the whole of it counts, its warm-up, too. Other work on the machine can make losses and never mends
/// them, so a trial that lost nothing is clean on a busy machine as well.
pub(super) fn seen(trial: &TrialResult) -> TrialSight {
    let whole = trial.error.is_none() && trial.faults.iter().all(|fault| fault.bit);
    let marks = || trial.validity.iter().filter(|mark| mark.figure.is(&Basis::Loss));
    match trial.ledger.class(FateClass::Lost).0 {
        0 if whole && marks().all(|mark| mark.valid || mark.is_of_others()) => TrialSight::Clean,
        1.. if whole && trial.is_valid(Basis::Loss) => TrialSight::Lossy,
        _ => TrialSight::Unusable,
    }
}

/// The batch processor of a trial; none where it blocks, or where no batch was full.
pub(super) fn worker(trial: &TrialResult) -> Option<MeasuredWorker> {
    let effective = trial.effective.as_ref().filter(|effective| !effective.block)?;
    let export_ms = trial.exports.full_batch_ms.filter(|ms| *ms > 0.0)?;
    Some(MeasuredWorker { batch: effective.batch, queue: effective.queue, export_ms })
}
