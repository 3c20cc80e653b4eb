//! The sums of the ledgers, over the whole trials, warm-up included.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{Ledger, ListedSpans};
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{RunResult, TrialResult, VariantResult};

/// A list of spans in a ledger.
pub(crate) type SpanList = fn(&Ledger) -> &ListedSpans;

/// Spans that no fate could be given to, worst first.
pub(crate) const LISTS: [(&str, SpanList); 3] = [
    ("unexplained", |ledger| &ledger.unexplained),
    ("unexpected", |ledger| &ledger.unexpected),
    ("unaccounted", |ledger| &ledger.unaccounted),
];

/// The books of some trials.
#[derive(Clone, Copy, Default)]
pub(crate) struct Books {
    pub(crate) created: u64,
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) deliberate: u64,
    pub(crate) unexplained: u64,
    pub(crate) unaccounted: u64,
    pub(crate) unexpected: u64,
    /// Lost, and nothing told an operator.
    pub(crate) silent: u64,
    /// Received more than once.
    pub(crate) repeated: u64,
    /// Received, although the SDK was told that the export had failed.
    pub(crate) reported_failed: u64,
    /// Spans of calls that a client made again by itself; they are in no other number.
    pub(crate) made_again: u64,
}

impl Books {
    /// The books of a run.
    pub(crate) fn of_run(result: &RunResult) -> Self {
        Self::of(&trials(result).map(|(_, trial)| &trial.ledger).collect::<Vec<_>>())
    }

    /// The books of a variant.
    pub(crate) fn of_variant(variant: &VariantResult) -> Self {
        Self::of(&variant.trials.iter().map(|trial| &trial.ledger).collect::<Vec<_>>())
    }

    /// The books of some ledgers.
    pub(crate) fn of(ledgers: &[&Ledger]) -> Self {
        let mut sum = Self::default();
        for ledger in ledgers {
            sum.created += ledger.created;
            sum.received += ledger.class(FateClass::Received).0;
            sum.lost += ledger.class(FateClass::Lost).0;
            sum.deliberate += ledger.class(FateClass::Deliberate).0;
            sum.unexplained += ledger.unexplained.count;
            sum.unaccounted += ledger.unaccounted.count;
            sum.unexpected += ledger.unexpected.count;
            sum.silent += ledger.silent;
            sum.repeated +=
                ledger.copies.iter().filter(|(n, _)| **n > 1).map(|(_, spans)| spans).sum::<u64>();
            sum.reported_failed += ledger.reported_failed;
            sum.made_again += ledger.expected.repeated;
        }
        sum
    }
}

/// What complete witnesses would not allow, over the run: how many spans, and what is wrong with them.
pub(crate) fn contradictions(result: &RunResult) -> Vec<(u64, &'static str)> {
    let mut out: Vec<(u64, &'static str)> = Vec::new();
    for (count, what) in trials(result).flat_map(|(_, trial)| trial.ledger.contradictions()) {
        match out.iter_mut().find(|(_, known)| *known == what) {
            Some((sum, _)) => *sum += count,
            None => out.push((count, what)),
        }
    }
    out
}

/// All trials of a run with their variants, in the plan's order of variants.
pub(crate) fn trials(result: &RunResult) -> impl Iterator<Item = (&VariantResult, &TrialResult)> {
    result.variants.iter().flat_map(|variant| variant.trials.iter().map(move |trial| (variant, trial)))
}

/// Spans by fate, over the whole trials and in their measured parts, in the order of a span's way.
pub(crate) fn fates(variants: &[VariantResult]) -> BTreeMap<Fate, (u64, u64)> {
    let mut out = BTreeMap::new();
    for (fate, count) in
        variants.iter().flat_map(|variant| &variant.trials).flat_map(|trial| &trial.ledger.fates)
    {
        let sum = out.entry(*fate).or_insert((0, 0));
        sum.0 += count.total;
        sum.1 += count.measured;
    }
    out.retain(|_, (total, _)| *total > 0);
    out
}
