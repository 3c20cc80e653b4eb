//! The figures of a comparison: how each is compared, and its values.

use std::collections::BTreeSet;

use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::change::Change;
use spanfate_model::result::{Basis, Compared, ComparedBy, TrialResult};
use spanfate_model::scenario::figure::{Figure, Quantile};

use crate::expect::disturbed::{Bounds, PlannedArm, bounds_of, is_only_disturbed};
use crate::expect::{validity_of, value_of};
use crate::statistics::{BetterSide, EffectMeasure, EffectScale, JudgedEffect, exact};

/// Which way a figure is better.
fn direction(figure: Figure) -> BetterSide {
    match figure.less_is_better() {
        Some(true) => BetterSide::Less,
        Some(false) => BetterSide::More,
        None => BetterSide::Neither,
    }
}

/// How a figure is compared. Shares are subtracted, everything else is divided: a loss rate may be zero.
pub(super) fn measure(figure: Figure, smallest: f64) -> EffectMeasure {
    let scale = if figure.is_ratio() { EffectScale::Difference } else { EffectScale::Ratio };
    EffectMeasure { scale, direction: direction(figure), smallest }
}

/// The trials of one side, and their plan where it is at hand.
pub(super) struct ComparedArm<'a> {
    pub(super) trials: Vec<&'a TrialResult>,
    pub(super) planned: Option<PlannedArm<'a>>,
}

impl ComparedArm<'_> {
    fn bounds(&self, figure: Figure, trial: &TrialResult) -> Option<Bounds> {
        bounds_of(figure, value_of(figure, trial), trial, self.planned?)
    }

    /// Whether the values of two sides differ whatever disturbance made of them in trials that are not valid.
    fn is_apart(&self, other: &Self, figure: Figure) -> bool {
        let basis = validity_of(figure);
        let bounds = |arm: &Self, trial: &TrialResult| -> Option<Bounds> {
            let value = value_of(figure, trial)?;
            match trial.is_valid(basis) {
                true => Some(Bounds { low: value, high: value }),
                false if is_only_disturbed(trial, basis) => arm.bounds(figure, trial),
                false => None,
            }
        };
        let all = |arm: &Self| -> Option<Bounds> {
            let each: Option<Vec<Bounds>> = arm.trials.iter().map(|trial| bounds(arm, trial)).collect();
            each?.into_iter().reduce(|a, b| Bounds { low: a.low.min(b.low), high: a.high.max(b.high) })
        };
        all(self).zip(all(other)).is_some_and(|(one, two)| one.high < two.low || two.high < one.low)
    }

    /// Whether disturbance can neither have made nor hidden anything of a figure, in any trial that is not valid for it.
    pub(super) fn is_exact(&self, figure: Figure) -> bool {
        let basis = validity_of(figure);
        let exact = |trial: &TrialResult| self.bounds(figure, trial).is_some_and(Bounds::is_exact);
        self.trials
            .iter()
            .all(|trial| trial.is_valid(basis) || !is_only_disturbed(trial, basis) || exact(trial))
    }
}

/// The value of a trial that may be compared: of one that is valid for the figure. Where `exact`, that is, in all disturbed trials of
/// both sides nothing of it can be made or hidden, of these, too: to take only those where it is so would choose by the outcome.
pub(super) fn usable(figure: Figure, trial: &TrialResult, exact: bool) -> Option<f64> {
    let basis = validity_of(figure);
    let usable = trial.is_valid(basis) || (exact && is_only_disturbed(trial, basis));
    usable.then(|| value_of(figure, trial)).flatten()
}

/// The value of a trial that ran to its end, whether it is valid or not.
pub(super) fn whole(figure: Figure, trial: &TrialResult) -> Option<f64> {
    (trial.status == Status::Complete).then(|| value_of(figure, trial)).flatten()
}

/// What is said of a figure of which some trials are not valid, unless all trials together say that the candidate is worse: else it would be
/// enough to disturb those that show it.
pub(super) fn unless_all_say_worse(judged: JudgedEffect, all: &JudgedEffect) -> JudgedEffect {
    let worse = |change| matches!(change, Change::Worse | Change::Different);
    if worse(judged.change) || !worse(all.change) {
        return judged;
    }
    let reason = "the trials that are valid do not show it, but together with those that are not the candidate is worse";
    JudgedEffect { change: Change::Inconclusive, effect: None, reason: Some(reason.to_owned()), ..judged }
}

/// Whether no machine makes or hides anything of a figure: it is valid in every trial.
pub(super) fn knows_no_noise(figure: Figure) -> bool {
    validity_of(figure) == Basis::Accounting
}

/// Whether a figure stays where it is when a few percent of the time are taken: half of the requests are faster than a median, whatever
/// becomes of the slowest.
pub(super) const fn stands_stalls(figure: Figure) -> bool {
    matches!(figure, Figure::Response(Quantile::P50))
}

/// Why a trial is not valid for a figure: the first check that failed, with its value and bound.
pub(super) fn spoilt_by(figure: Figure, trial: &TrialResult) -> Option<String> {
    let basis = validity_of(figure);
    let mark = trial.validity.iter().find(|mark| mark.figure.is(&basis) && !mark.valid)?;
    Some(mark.said())
}

/// A row that nothing is said of yet.
pub(super) fn row(
    figure: Figure,
    way: ComparedBy,
    baseline: Vec<f64>,
    candidate: Vec<f64>,
    measure: &EffectMeasure,
) -> Compared {
    Compared {
        figure: figure.into(),
        way,
        baseline,
        candidate,
        relative: measure.scale == EffectScale::Ratio,
        effect: None,
        interval: None,
        p: None,
        adjusted: None,
        detectable: None,
        smallest: measure.smallest,
        change: Change::Inconclusive,
        reason: None,
    }
}

/// Counters with one value in all trials of each arm. Of one trial each, counts of spans are compared: equal ones are the same, others
/// differ if no disturbance can have made the difference.
pub(super) fn counters(baseline: &ComparedArm<'_>, candidate: &ComparedArm<'_>) -> Vec<Compared> {
    let one = |figure: Figure| {
        // What a trial that broke off counted is no count of it.
        let whole = |arm: &ComparedArm<'_>| -> Option<Vec<f64>> {
            let whole = arm.trials.iter().filter(|trial| trial.status == Status::Complete);
            whole.map(|trial| value_of(figure, trial)).collect()
        };
        let (base, other) = (whole(baseline)?, whole(candidate)?);
        let (change, reason) = match exact(&base, &other, direction(figure)) {
            Some(Change::Same) => (Change::Same, None),
            // By chance two trials of each arm agree once in a while.
            Some(_) if base.len().min(other.len()) < fewest(figure) => return None,
            Some(_) if !baseline.is_apart(candidate, figure) => {
                (Change::Inconclusive, Some("disturbance may have made the difference".to_owned()))
            }
            Some(change) => (change, None),
            None if base.len() == 1 && other.len() == 1 => once(figure, baseline, candidate)?,
            None => return None,
        };
        let (from, to) = (base.first().copied()?, other.first().copied()?);
        let measure =
            EffectMeasure { scale: EffectScale::Difference, direction: direction(figure), smallest: 0.0 };
        let row = row(figure, ComparedBy::Counter, base, other, &measure);
        Some(Compared { effect: Some(to - from), change, reason, ..row })
    };
    let trials = || baseline.trials.iter().chain(&candidate.trials);
    let fates: BTreeSet<Fate> = trials().flat_map(|trial| trial.ledger.fates.keys().copied()).collect();
    let plain = [
        Figure::SpansCreated,
        Figure::Duplicates,
        Figure::ReportedFailed,
        Figure::ExportsCalls,
        Figure::BytesPerSpan,
        Figure::AllocsPerSpan,
        Figure::AllocBytesPerSpan,
    ];
    let figures = plain.into_iter().chain(fates.into_iter().map(Figure::Fate));
    figures.filter_map(one).collect()
}

/// In how many trials of each arm a counter must be the same before a difference is one. What a timer moves by one is the same by chance
/// in two trials of each arm, and differs between these, once in eight comparisons of the same; in four, once in 128.
const fn fewest(figure: Figure) -> usize {
    if is_of_calls(figure) { 4 } else { 2 }
}

/// Whether a counter depends on how the spans were divided into calls, which timers decide; else it counts spans.
const fn is_of_calls(figure: Figure) -> bool {
    matches!(
        figure,
        Figure::ExportsCalls | Figure::BytesPerSpan | Figure::AllocsPerSpan | Figure::AllocBytesPerSpan
    )
}

/// A counter of one whole trial each; `None` where it is no count of spans and differs.
fn once(
    figure: Figure,
    baseline: &ComparedArm<'_>,
    candidate: &ComparedArm<'_>,
) -> Option<(Change, Option<String>)> {
    let bounds = |arm: &ComparedArm<'_>| {
        let trial = arm.trials.iter().find(|trial| trial.status == Status::Complete)?;
        Some((value_of(figure, trial)?, arm.bounds(figure, trial)))
    };
    let ((from, base), (to, other)) = (bounds(baseline)?, bounds(candidate)?);
    if from.total_cmp(&to).is_eq() {
        return Some((Change::Same, None));
    }
    let spans = !is_of_calls(figure);
    let apart = base.zip(other).is_some_and(|(base, other)| base.high < other.low || other.high < base.low);
    if spans && apart {
        let change = exact(&[from; 2], &[to; 2], direction(figure))?;
        return Some((change, None));
    }
    let why = format!("{ONCE}, and this count may differ from trial to trial: {REPEAT}");
    spans.then_some((Change::Inconclusive, Some(why)))
}

/// Of runs with one trial.
pub(super) const ONCE: &str = "each side has one trial";
/// What helps then.
pub(super) const REPEAT: &str = "run both with `--trials 5`";

/// An effect in words.
pub(super) fn effect(row: &Compared, effect: f64) -> String {
    match row.figure.known() {
        _ if row.relative => format!("{:+.1} %", effect * 100.0),
        Some(figure) if figure.is_ratio() => format!("{:+.3} percentage points", effect * 100.0),
        Some(figure) if figure.is_time() => format!("{:+.3} ms", effect / 1e6),
        _ => format!("{effect:+}"),
    }
}
