//! A baseline and a candidate: counters without noise first, then the figures that decide.

mod figures;
mod looks;
mod runs;

use spanfate_model::plan::Plan;
use spanfate_model::result::change::Change;
use spanfate_model::result::{Compared, ComparedBy, Comparison, Looks, TrialResult, VariantResult};
use spanfate_model::scenario::{ALPHA, Compare};
use spanfate_model::verdict::Verdict;

use crate::statistics::{Gate, JudgedEffect, SPENDING, alpha_at, judge};

pub use looks::{is_look, looks_at};
pub use runs::{Apart, compare_runs};

/// Compares the two variants that a plan names, over the pairs that ran.
pub(crate) fn inside(plan: &Plan, variants: &[VariantResult]) -> Option<Comparison> {
    Some(compare_arms(plan.compare.as_ref()?, variants))
}

/// Compares two variants over the pairs that ran. A variant that has not run has no pair.
pub fn compare_arms(compare: &Compare, variants: &[VariantResult]) -> Comparison {
    let arm = |name: &str| variants.iter().find(|variant| variant.name == name);
    let trials = |name: &str| arm(name).map_or(&[][..], |variant| &variant.trials);
    let pairs = pairs(trials(&compare.baseline), trials(&compare.candidate));
    let (look, looks) = looks::of(compare, pairs.len());
    // A look that was not planned spends nothing; there is none.
    let alpha = alpha_at(look, looks, ALPHA).unwrap_or_default();
    let mut rows = counters(&pairs);
    rows.extend(paired(compare, &pairs, alpha));
    let mut reasons = Vec::new();
    if pairs.is_empty() {
        reasons.push((Verdict::Inconclusive, "no pair has run".to_owned()));
    }
    reasons.extend(rows.iter().filter_map(complaint));
    let comparison = Comparison {
        baseline: compare.baseline.clone(),
        candidate: compare.candidate.clone(),
        pairs: pairs.len() as u64,
        planned: u64::from(compare.pairs.get()),
        interleaved: true,
        alpha: ALPHA,
        looks: (looks > 1).then(|| Looks {
            planned: looks as u64,
            decided: look as u64,
            rule: SPENDING.to_owned(),
        }),
        environment: Vec::new(),
        rows,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
    };
    conclude(comparison, reasons)
}

/// Whether more pairs could not change what it says: a figure is worse, or none is in doubt.
pub fn is_decided(comparison: &Comparison) -> bool {
    let paired = || comparison.rows.iter().filter(|row| row.way == ComparedBy::Paired);
    paired().any(|row| row.change == Change::Worse) || paired().all(|row| row.change != Change::Inconclusive)
}

/// Puts the reasons in, worst first, and the verdict they come to.
fn conclude(comparison: Comparison, mut reasons: Vec<(Verdict, String)>) -> Comparison {
    reasons.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = reasons.iter().fold(Verdict::Pass, |worst, (verdict, _)| worst.worst(*verdict));
    Comparison { verdict, reasons: reasons.into_iter().map(|(_, reason)| reason).collect(), ..comparison }
}

/// Why a row is no pass.
fn complaint(row: &Compared) -> Option<(Verdict, String)> {
    let verdict = match row.change {
        Change::Better | Change::Same => return None,
        Change::Worse | Change::Different => Verdict::Fail,
        Change::Inconclusive => Verdict::Inconclusive,
    };
    let why = row.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let effect = row.effect.map(|effect| format!(" by {}", figures::effect(row, effect))).unwrap_or_default();
    Some((verdict, format!("{} is {}{effect}{why}", row.figure, row.change)))
}

/// A trial of the baseline and one of the candidate, of one repetition.
type Pair<'a> = (&'a TrialResult, &'a TrialResult);

fn pairs<'a>(baseline: &'a [TrialResult], candidate: &'a [TrialResult]) -> Vec<Pair<'a>> {
    let partner = |one: &&TrialResult| candidate.iter().find(|other| other.repetition == one.repetition);
    baseline.iter().filter_map(|one| Some((one, partner(&one)?))).collect()
}

/// Counters that do not differ within an arm. Those that do are no counters of this scenario, and are left to `gate`.
fn counters(pairs: &[Pair<'_>]) -> Vec<Compared> {
    let baseline: Vec<&TrialResult> = pairs.iter().map(|pair| pair.0).collect();
    let candidate: Vec<&TrialResult> = pairs.iter().map(|pair| pair.1).collect();
    figures::counters(&baseline, &candidate)
}

/// The figures that decide, pair by pair, all judged together.
fn paired(compare: &Compare, pairs: &[Pair<'_>], alpha: f64) -> Vec<Compared> {
    let mut rows = Vec::new();
    let mut gates = Vec::new();
    for (figure, smallest) in &compare.gate.0 {
        let measure = figures::measure(*figure, *smallest);
        let values: Vec<(f64, f64)> = pairs
            .iter()
            .filter_map(|(a, b)| Some((figures::valid(*figure, a)?, figures::valid(*figure, b)?)))
            .collect();
        gates.push(Gate { pairs: values.clone(), measure });
        let (baseline, candidate) = values.into_iter().unzip();
        rows.push(figures::row(*figure, ComparedBy::Paired, baseline, candidate, &measure));
    }
    let spoilt = |row: &Compared| pairs.len() - row.baseline.len();
    let judged = judge(&gates, alpha);
    rows.into_iter().zip(judged).map(|(row, judged)| with(spoilt(&row), row, judged)).collect()
}

/// A row with what was judged of it.
fn with(spoilt: usize, row: Compared, judged: JudgedEffect) -> Compared {
    let reason = judged.reason.map(|reason| match spoilt {
        0 => reason,
        _ => format!("{reason} ({spoilt} pairs are not valid for it)"),
    });
    Compared {
        effect: judged.effect,
        interval: judged.interval,
        p: judged.p,
        adjusted: judged.adjusted,
        detectable: judged.detectable,
        change: judged.change,
        reason,
        ..row
    }
}
