//! The instrument held against known truths: equal arms, a slower one, one that loses spans, and planted losses.

use std::num::NonZeroU32;

use spanfate_model::fate::{Fate, Filter};
use spanfate_model::finding::selftest::{SeededLoss, Selftest, SelftestCheck};
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::result::change::Change;
use spanfate_model::result::{ComparedBy, Comparison, RunResult, TrialResult};
use spanfate_model::scenario::figure::{Figure, Quantile};
use spanfate_model::scenario::{Compare, Gates, Plant};
use spanfate_model::verdict::Verdict;

use crate::compare::comparison::compare_arms;
use crate::statistics::counting_interval;

/// The arm that the others are compared with.
pub const BASE: &str = "same";
/// So many comparisons it takes to say anything about a share near 95 %.
const LEAST: u64 = 20;
/// Of the changes that are there, this share has to be found.
const FOUND: f64 = 0.95;
/// Of comparisons of equal arms, this share may raise an alarm.
const ALARMS: f64 = 0.05;

/// A kind of comparison: what is true, the other arm, the figure with its smallest change, and which change is right.
struct KnownTruth {
    truth: &'static str,
    arm: &'static str,
    figure: Figure,
    smallest: f64,
    right: Option<Change>,
}

const KINDS: [KnownTruth; 4] = [
    KnownTruth {
        truth: "the same twice",
        arm: "same-again",
        figure: Figure::Response(Quantile::P50),
        smallest: 0.03,
        right: None,
    },
    KnownTruth {
        truth: "the same twice",
        arm: "same-again",
        figure: Figure::LossRate,
        smallest: 0.001,
        right: None,
    },
    KnownTruth {
        truth: "handlers take 10 % longer",
        arm: "slower",
        figure: Figure::Response(Quantile::P50),
        smallest: 0.03,
        right: Some(Change::Worse),
    },
    KnownTruth {
        truth: "0.5 % of the spans are lost",
        arm: "lossy",
        figure: Figure::LossRate,
        smallest: 0.001,
        right: Some(Change::Worse),
    },
];

/// Collects rounds.
#[derive(Debug)]
pub struct Rounds {
    rounds: u64,
    pairs: u64,
    spans: u64,
    unplaced: u64,
    checks: Vec<SelftestCheck>,
}

impl Default for Rounds {
    fn default() -> Self {
        let check = |kind: &KnownTruth| SelftestCheck {
            truth: kind.truth.to_owned(),
            figure: kind.figure.to_string(),
            differs: kind.right.is_some(),
            ..SelftestCheck::default()
        };
        Self { rounds: 0, pairs: 0, spans: 0, unplaced: 0, checks: KINDS.iter().map(check).collect() }
    }
}

impl Rounds {
    /// Takes in a run of the arms.
    pub fn add(&mut self, result: &RunResult) {
        self.rounds += 1;
        let repetitions = result.plan.trials.iter().map(|trial| u32::from(trial.repetition) + 1).max();
        let pairs = repetitions.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        self.pairs = u64::from(pairs.get());
        for trial in result.variants.iter().flat_map(|variant| &variant.trials) {
            self.spans += trial.ledger.created;
            self.unplaced += trial.ledger.unexplained.count + trial.ledger.unexpected.count;
        }
        for (kind, check) in KINDS.iter().zip(&mut self.checks) {
            let compare = Compare {
                baseline: BASE.to_owned(),
                candidate: kind.arm.to_owned(),
                pairs,
                gate: Gates([(kind.figure, kind.smallest)].into()),
                ..Compare::default()
            };
            count(check, kind, &compare_arms(&compare, &result.plan, &result.variants));
        }
    }

    /// What all rounds come to, with what was planted.
    pub fn conclude(self, planted: Vec<SeededLoss>) -> Selftest {
        let Self { rounds, pairs, spans, unplaced, mut checks } = self;
        let mut reasons = Vec::new();
        for check in &mut checks {
            check.share = counting_interval(check.found, check.comparisons, 0.95);
            reasons.extend(judge(check));
        }
        for one in planted.iter().filter(|one| one.found != one.planted) {
            let why = format!("seeded {} {}, found {}", one.planted, one.what, one.found);
            reasons.push((Verdict::AccountingBroken, why));
        }
        if unplaced > 0 {
            let why = format!("{unplaced} spans are unexplained or unexpected");
            reasons.push((Verdict::AccountingBroken, why));
        }
        reasons.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        let verdict = reasons.iter().fold(Verdict::Pass, |worst, (verdict, _)| worst.worst(*verdict));
        let reasons = reasons.into_iter().map(|(_, reason)| reason).collect();
        let format = FORMAT.to_owned();
        Selftest { format, rounds, pairs, spans, unplaced, planted, checks, verdict, reasons }
    }
}

/// Counts one comparison. The counters of the arms are not asked: an arm that loses spans differs in them as well.
fn count(check: &mut SelftestCheck, kind: &KnownTruth, comparison: &Comparison) {
    let row = comparison.rows.iter().find(|row| row.way == ComparedBy::Paired);
    let Some(row) = row.filter(|row| row.effect.is_some()) else {
        check.spoilt += 1;
        return;
    };
    check.comparisons += 1;
    match (row.change, kind.right) {
        (found, Some(right)) if found == right => check.found += 1,
        (Change::Better | Change::Worse | Change::Different, None) => check.found += 1,
        (Change::Inconclusive, _) => check.unsure += 1,
        _ => {}
    }
}

/// What speaks against an instrument that has this share.
fn judge(check: &SelftestCheck) -> Option<(Verdict, String)> {
    let SelftestCheck { truth, figure, comparisons, found, .. } = check;
    let (low, _) = check.share.unwrap_or_default();
    let share = *found as f64 / (*comparisons).max(1) as f64;
    if check.differs && *comparisons >= LEAST && share < FOUND {
        let why = format!("{truth}: found in {found} of {comparisons} by {figure}, less than 95 %");
        return Some((Verdict::Fail, why));
    }
    // So many alarms are no chance any more.
    if !check.differs && low > ALARMS {
        let why = format!("{truth}: {found} false alarms of {comparisons} by {figure}, more than 5 %");
        return Some((Verdict::Fail, why));
    }
    (*comparisons < LEAST).then(|| {
        let why =
            format!("{truth}: {comparisons} comparisons by {figure} say little; run at least {LEAST} rounds");
        (Verdict::Inconclusive, why)
    })
}

/// What was found of what a trial planted.
pub fn planted(plant: &Plant, trial: &TrialResult) -> Vec<SeededLoss> {
    let one = |what: &str, planted: u64, found: u64| SeededLoss { what: what.to_owned(), planted, found };
    let batch = trial.effective.as_ref().map_or(0, |effective| u64::from(effective.batch));
    let twice = trial.ledger.copies.get(&2).copied().unwrap_or_default();
    let all = vec![
        one(
            "spans that the exporter's wrapper filters",
            u64::from(plant.filter),
            trial.ledger.total(Fate::Filtered(Filter::ExporterWrapper)),
        ),
        one(
            "acknowledged spans that the receiver throws away",
            u64::from(plant.discard_acknowledged),
            trial.ledger.unexplained.count,
        ),
        one("spans of batches that are sent twice", u64::from(plant.double_send) * batch, twice),
    ];
    // What was not planted and not found is not worth a word.
    all.into_iter().filter(|one| one.planted + one.found > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(differs: bool, comparisons: u64, found: u64) -> Option<Verdict> {
        let mut check = SelftestCheck { differs, comparisons, found, ..SelftestCheck::default() };
        check.share = counting_interval(found, comparisons, 0.95);
        judge(&check).map(|(verdict, _)| verdict)
    }

    #[test]
    fn few_comparisons_say_little_and_many_alarms_are_no_chance() {
        assert_eq!(check(true, 60, 60), None);
        assert_eq!(check(true, 60, 57), None);
        assert_eq!(check(true, 60, 56), Some(Verdict::Fail));
        assert_eq!(check(true, 10, 10), Some(Verdict::Inconclusive));
        assert_eq!(check(false, 60, 0), None);
        // 5 of 60 are more than 5 %, and may be chance.
        assert_eq!(check(false, 60, 5), None);
        assert_eq!(check(false, 60, 9), Some(Verdict::Fail));
    }

    #[test]
    fn a_planted_span_that_is_not_found_breaks_the_books() {
        let planted = |found| vec![SeededLoss { what: "spans".to_owned(), planted: 5, found }];
        assert_eq!(Rounds::default().conclude(planted(4)).verdict, Verdict::AccountingBroken);
        // Without a round there is nothing but doubt.
        assert_eq!(Rounds::default().conclude(planted(5)).verdict, Verdict::Inconclusive);
    }
}
