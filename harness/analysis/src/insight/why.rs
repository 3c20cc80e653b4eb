//! Why spans are lost.

use std::collections::BTreeMap;

use spanfate_model::fate::signal::AlertRule;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{
    Late, LossCause, LostTo, Nearest, Prediction, QueueLimit, RunResult, SilentLosses, VariantResult,
};

use super::alike::set_alike;
use super::suspects::suspects;
use super::{planned, worst_law};
use crate::replay::proof;

/// Lost spans of the whole trials by fate, in the order of a span's way.
fn lost_by_fate(result: &RunResult) -> BTreeMap<Fate, u64> {
    let mut out = BTreeMap::new();
    let trials = result.variants.iter().flat_map(|variant| &variant.trials);
    for (fate, count) in trials.flat_map(|trial| &trial.ledger.fates) {
        if fate.class() == FateClass::Lost && count.total > 0 {
            *out.entry(*fate).or_insert(0) += count.total;
        }
    }
    out
}

/// Spans of the measured part that a variant lost to each fate.
pub(super) fn fates(variant: &VariantResult) -> impl Iterator<Item = (Fate, u64)> {
    let known = variant.summary.lost_by_fate.iter();
    known.map(|(fate, count)| (*fate, *count)).filter(|(_, count)| *count > 0)
}

/// Lost spans of the run by fate, most first.
pub(super) fn lost(result: &RunResult) -> Vec<LostTo> {
    let of = |variant: &VariantResult, fate: Fate| {
        fates(variant).filter(|(own, _)| *own == fate).map(|(_, count)| count).sum::<u64>()
    };
    let one = |(fate, spans): (Fate, u64)| {
        let worst = result.variants.iter().max_by_key(|variant| of(variant, fate));
        let worst = worst.filter(|variant| of(variant, fate) > 0).map(|variant| variant.name.clone());
        LostTo { fate, spans, worst }
    };
    let mut out: Vec<LostTo> = lost_by_fate(result).into_iter().map(one).collect();
    out.sort_by_key(|lost| std::cmp::Reverse(lost.spans));
    out
}

/// The variants that lost spans in their measured part, those that lost the largest share first.
pub(super) fn losers(result: &RunResult) -> Vec<&VariantResult> {
    let mut losers: Vec<&VariantResult> =
        result.variants.iter().filter(|variant| variant.summary.lost > 0).collect();
    losers.sort_by(|a, b| b.summary.loss.mean.total_cmp(&a.summary.loss.mean));
    losers
}

/// Why each of these did.
pub(super) fn causes(result: &RunResult) -> Vec<LossCause> {
    losers(result).into_iter().filter_map(|loser| cause(result, loser)).collect()
}

fn cause(result: &RunResult, loser: &VariantResult) -> Option<LossCause> {
    let (fate, lost) = fates(loser).reduce(|most, one| if one.1 > most.1 { one } else { most })?;
    let law = worst_law(loser).copied();
    let full = fates(loser).any(|(fate, _)| fate.facts().full_queue);
    let bit = |number: &usize| {
        let faults = loser.trials.iter().flat_map(|trial| &trial.faults);
        faults.into_iter().any(|fault| fault.number == *number && fault.bit)
    };
    let numbers = loser.trials.iter().flat_map(|trial| &trial.faults).map(|fault| fault.number);
    let faults = numbers.max().map_or_else(Vec::new, |last| (0..=last).filter(bit).collect());
    Some(LossCause {
        variant: loser.name.clone(),
        fate,
        lost,
        of: loser.summary.lost,
        limit: law.as_ref().filter(|_| full).map(limit),
        law,
        late: late(result, loser),
        faults,
        proof: proof::of(loser).filter(|_| full),
        suspects: suspects(&loser.trials),
    })
}

fn limit(law: &Prediction) -> QueueLimit {
    if law.spans_per_s > law.ceiling { QueueLimit::Ceiling } else { QueueLimit::Standstill }
}

/// What the scenario made its receiver do, and who lost nothing without that.
fn late(result: &RunResult, loser: &VariantResult) -> Option<Late> {
    let own = planned(&result.plan, &loser.name)?;
    let answer_after = own.receiver.answer_after?;
    let clean = result.variants.iter().find(|variant| {
        let other = planned(&result.plan, &variant.name);
        let alike = other.is_some_and(|other| set_alike(own, other) && other.receiver.answer_after.is_none());
        alike && variant.summary.loss.valid && variant.summary.lost == 0
    });
    Some(Late { answer_after, without: clean.map(|variant| variant.name.clone()) })
}

/// The variant that was asked for the largest share of its ceiling.
pub(super) fn nearest(result: &RunResult) -> Option<Nearest> {
    let share = |law: &Prediction| law.spans_per_s / law.ceiling;
    let laws = result.variants.iter().filter_map(|variant| Some((variant, worst_law(variant)?)));
    let nearest = laws.max_by(|a, b| share(a.1).total_cmp(&share(b.1)));
    nearest.map(|(variant, law)| Nearest { variant: variant.name.clone(), law: *law })
}

/// What an operator is told of the lost spans.
pub(super) fn silent(result: &RunResult) -> Option<SilentLosses> {
    let mut out = SilentLosses::default();
    for (fate, spans) in lost_by_fate(result) {
        out.lost += spans;
        out.silent += if fate.is_silent() { spans } else { 0 };
        match fate.facts().signal.map(|signal| signal.rule) {
            Some(AlertRule::Counts(_)) => out.counted += spans,
            Some(AlertRule::Hints(_)) => out.hinted += spans,
            Some(AlertRule::None(_)) | None => out.untold += spans,
        }
    }
    (!result.variants.is_empty()).then_some(out)
}
