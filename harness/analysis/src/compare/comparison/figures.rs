//! The figures of a comparison: how each is compared, and its values.

use std::collections::BTreeSet;

use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::Status;
use spanfate_model::result::change::Change;
use spanfate_model::result::{Compared, ComparedBy, TrialResult};
use spanfate_model::scenario::figure::Figure;

use crate::expect::{validity_of, value_of};
use crate::statistics::{BetterSide, EffectMeasure, EffectScale, exact};

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

/// The value of a trial that is valid for a figure.
pub(super) fn valid(figure: Figure, trial: &TrialResult) -> Option<f64> {
    trial.is_valid(validity_of(figure)).then(|| value_of(figure, trial)).flatten()
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

/// Counters with one value in all trials of each arm.
pub(super) fn counters(baseline: &[&TrialResult], candidate: &[&TrialResult]) -> Vec<Compared> {
    let one = |figure: Figure| {
        let values = |arm: &[&TrialResult]| -> Option<Vec<f64>> {
            // What a trial that broke off counted is no count of it.
            let whole = |trial: &&&TrialResult| trial.status == Status::Complete;
            arm.iter().filter(whole).map(|trial| value_of(figure, trial)).collect()
        };
        let (base, other) = (values(baseline)?, values(candidate)?);
        let change = exact(&base, &other, direction(figure))?;
        let (from, to) = (base.first().copied()?, other.first().copied()?);
        let measure =
            EffectMeasure { scale: EffectScale::Difference, direction: direction(figure), smallest: 0.0 };
        let row = row(figure, ComparedBy::Counter, base, other, &measure);
        Some(Compared { effect: Some(to - from), change, ..row })
    };
    let fates: BTreeSet<Fate> =
        baseline.iter().chain(candidate).flat_map(|trial| trial.ledger.fates.keys().copied()).collect();
    let plain = [
        Figure::SpansCreated,
        Figure::Duplicates,
        Figure::ReportedFailed,
        Figure::ExportsCalls,
        Figure::BytesPerSpan,
        Figure::AllocsPerSpan,
    ];
    let figures = plain.into_iter().chain(fates.into_iter().map(Figure::Fate));
    figures.filter_map(one).collect()
}

/// An effect in words.
pub(super) fn effect(row: &Compared, effect: f64) -> String {
    match row.figure.known() {
        _ if row.relative => format!("{:+.1} %", effect * 100.0),
        Some(figure) if figure.is_ratio() => format!("{:+.3} percentage points", effect * 100.0),
        Some(figure) if figure.is_time() => format!("{:+.3} ms", effect / 1e6),
        _ => format!("{effect:+}"),
    }
}
