//! A baseline and a candidate: counters without noise first, then the figures that decide.

mod figures;
mod looks;
mod runs;

use spanfate_model::plan::Plan;
use spanfate_model::result::change::Change;
use spanfate_model::result::{Compared, ComparedBy, Comparison, Looks, TrialResult, VariantResult};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::scenario::{ALPHA, Compare};
use spanfate_model::verdict::Verdict;

use crate::compare::comparison::figures::ComparedArm;
use crate::expect::disturbed::PlannedArm;
use crate::statistics::{Gate, JudgedEffect, SPENDING, alpha_at, judge, least_pairs};

pub use looks::{is_look, looks_at};
pub use runs::{Apart, compare_runs};

/// Compares the two variants that a plan names, over the pairs that ran.
pub(crate) fn inside(plan: &Plan, variants: &[VariantResult]) -> Option<Comparison> {
    Some(compare_arms(plan.compare.as_ref()?, plan, variants))
}

/// Compares two variants over the pairs that ran. A variant that has not run has no pair.
pub fn compare_arms(compare: &Compare, plan: &Plan, variants: &[VariantResult]) -> Comparison {
    let arm = |name: &str| variants.iter().find(|variant| variant.name == name);
    let trials = |name: &str| arm(name).map_or(&[][..], |variant| &variant.trials);
    let pairs = pairs(trials(&compare.baseline), trials(&compare.candidate));
    let (look, looks) = looks::of(compare, pairs.len());
    // A look that was not planned spends nothing; there is none.
    let alpha = alpha_at(look, looks, ALPHA).unwrap_or_default();
    let (one, other) = arms(compare, plan, &pairs);
    // Counters that differ within an arm are none of this scenario, and are left to `gate`.
    let mut rows = figures::counters(&one, &other);
    rows.extend(paired(compare, plan, &pairs, alpha));
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

/// Both sides of pairs.
fn arms<'a>(compare: &Compare, plan: &'a Plan, pairs: &[Pair<'a>]) -> (ComparedArm<'a>, ComparedArm<'a>) {
    let (baseline, candidate) = pairs.iter().copied().unzip();
    let arm = |name: &str, trials| ComparedArm { trials, planned: PlannedArm::of(plan, name) };
    (arm(&compare.baseline, baseline), arm(&compare.candidate, candidate))
}

/// A figure that decides, with the pairs that may be compared.
struct GatedFigure {
    figure: Figure,
    row: Compared,
    gate: Gate,
    /// The same over all pairs, whether valid or not.
    all: Gate,
    /// Whether its pairs were disturbed, both halves alike, and show no more than that the candidate is worse.
    one_way: bool,
    /// Pairs that are not valid for it.
    spoilt: usize,
}

/// The figures that decide, pair by pair, all judged together. Those that know no noise come first.
fn paired(compare: &Compare, plan: &Plan, pairs: &[Pair<'_>], alpha: f64) -> Vec<Compared> {
    let sides = arms(compare, plan, pairs);
    let least = least_pairs(compare.gate.0.len(), alpha, 1);
    let mut gates: Vec<GatedFigure> = compare
        .gate
        .0
        .iter()
        .map(|(figure, smallest)| gated((*figure, *smallest), pairs, &sides, least))
        .collect();
    gates.sort_by_key(|gate| !figures::knows_no_noise(gate.figure));
    let judged = |pick: fn(&GatedFigure) -> &Gate| {
        judge(&gates.iter().map(|gated| pick(gated).clone()).collect::<Vec<_>>(), alpha)
    };
    let said = judged(|gated| &gated.gate).into_iter().zip(judged(|gated| &gated.all));
    let trials = || pairs.iter().flat_map(|(a, b)| [a, b]);
    let told = |(gated, (judged, all)): (GatedFigure, (JudgedEffect, JudgedEffect))| {
        let GatedFigure { figure, row, one_way, spoilt, .. } = gated;
        let by = trials().find_map(|trial| figures::spoilt_by(figure, trial));
        let judged = match one_way {
            true => only_worse(judged, spoilt),
            false if spoilt > 0 => figures::unless_all_say_worse(judged, &all),
            false => judged,
        };
        with(&Spoilt { pairs: spoilt, by }, row, judged)
    };
    let said: Vec<_> = said.collect();
    gates.into_iter().zip(said).map(told).collect()
}

/// The pairs of a figure: those that are valid for it, or exact in all that are disturbed. Where these are too few to prove anything,
/// pairs of which both halves ran on a disturbed machine tell of a median whether the candidate is worse: the order within a pair is
/// random, so what others take makes no difference between equal arms but by chance, which the test allows for. Marks alone decide
/// which pairs these are.
fn gated(
    (figure, smallest): (Figure, f64),
    pairs: &[Pair<'_>],
    (baseline, candidate): &(ComparedArm<'_>, ComparedArm<'_>),
    least: Option<usize>,
) -> GatedFigure {
    let measure = figures::measure(figure, smallest);
    let exact = baseline.is_exact(figure) && candidate.is_exact(figure);
    let of = |value: &dyn Fn(&TrialResult) -> Option<f64>| -> Vec<(f64, f64)> {
        pairs.iter().filter_map(|(a, b)| Some((value(a)?, value(b)?))).collect()
    };
    let valid = of(&|trial| figures::usable(figure, trial, exact));
    let spoilt = pairs.len() - valid.len();
    let few = spoilt > 0 && least.is_none_or(|least| valid.len() < least);
    let one_way = few && figures::stands_stalls(figure);
    let values = if one_way { of(&|trial| figures::usable(figure, trial, true)) } else { valid };
    let (base, other) = values.iter().copied().unzip();
    let row = figures::row(figure, ComparedBy::Paired, base, other, &measure);
    let all = Gate { pairs: of(&|trial| figures::whole(figure, trial)), measure };
    GatedFigure { figure, row, gate: Gate { pairs: values, measure }, all, one_way, spoilt }
}

/// What pairs that were disturbed alike may say: that the candidate is worse, and nothing else. What others take may hide a change.
fn only_worse(judged: JudgedEffect, spoilt: usize) -> JudgedEffect {
    match judged.change {
        Change::Worse => JudgedEffect {
            reason: Some(format!(
                "{spoilt} pairs were disturbed, in random order, which slows no arm more than the other"
            )),
            ..judged
        },
        Change::Inconclusive => judged,
        Change::Better | Change::Same | Change::Different => JudgedEffect {
            change: Change::Inconclusive,
            reason: Some("pairs that were disturbed show no more than that a candidate is worse".to_owned()),
            ..judged
        },
    }
}

/// Pairs that are not valid for a figure, and what spoilt the first of them.
#[derive(Default)]
struct Spoilt {
    pairs: usize,
    by: Option<String>,
}

/// A row with what was judged of it.
fn with(spoilt: &Spoilt, row: Compared, judged: JudgedEffect) -> Compared {
    let reason = judged.reason.map(|reason| match (spoilt.pairs, &spoilt.by) {
        (0, _) => reason,
        (pairs, None) => format!("{reason} ({pairs} pairs are not valid for it)"),
        (pairs, Some(by)) => format!("{reason} ({pairs} pairs are not valid for it: {by})"),
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

#[cfg(test)]
mod tests;
