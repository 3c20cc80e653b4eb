//! Two runs that were not interleaved. Machines drift between runs, and no number of trials within each shows by how
//! much; so the drift is allowed for, not estimated.

use spanfate_model::result::change::Change;

use super::effect::{EffectMeasure, EffectScale, JudgedEffect};
use super::interval::{mean, variance};
use super::inverse::t_quantile;

/// Drift between two runs that is allowed for unless the caller knows better: 15 %. Where a machine drifts by 5 % (standard
/// deviation), false alarms are 54 % without an allowance, 17 % with one of 5 %, 3.4 % with 10 % and 0.4 % with 15 %
/// (`cargo test -p spanfate-analysis --test simulation -- --nocapture`); the margin is for machines that drift more.
pub const DRIFT: f64 = 0.15;

/// Judges a candidate run against a baseline run. `drift` is the allowance: a share of the figure, for a difference of the
/// larger mean.
///
/// The interval is Welch's at 95 %, widened by the allowance. Worse or better: all of it lies on one side of no change, that
/// is, the whole Welch interval lies beyond the allowance, and the effect is at least the smallest that matters. Same: all
/// of it is smaller than that, which an allowance above the smallest effect never lets happen: two runs apart cannot show
/// that nothing changed, because a drift may hide a change as well as feign one. Interleave the two instead.
pub fn apart(base: &[f64], candidate: &[f64], measure: &EffectMeasure, drift: f64) -> JudgedEffect {
    match widened(base, candidate, measure, drift) {
        Ok((change, interval)) => name(change, interval, measure, drift),
        Err(reason) => JudgedEffect::unusable(reason),
    }
}

/// Effect and interval, as they are averaged.
fn widened(
    base: &[f64],
    candidate: &[f64],
    measure: &EffectMeasure,
    drift: f64,
) -> Result<(f64, (f64, f64)), String> {
    if let Some(fault) = measure.fault() {
        return Err(fault);
    }
    if !(drift.is_finite() && drift >= 0.0) {
        return Err(format!("the drift between runs is {drift}: give a share of 0 or more"));
    }
    let place = |who: &str, arm: &[f64]| -> Result<Vec<f64>, String> {
        if arm.len() < 2 {
            return Err(format!(
                "the {who} has {} valid trials, and fewer than two have no spread: run it with `--trials 5`",
                arm.len()
            ));
        }
        arm.iter().map(|value| measure.place(*value).map_err(|reason| format!("{who}: {reason}"))).collect()
    };
    let (base, candidate) = (place("baseline", base)?, place("candidate", candidate)?);
    let change = mean(&candidate) - mean(&base);
    let allowance = match measure.scale {
        EffectScale::Ratio => drift.ln_1p(),
        EffectScale::Difference => drift * mean(&base).abs().max(mean(&candidate).abs()),
    };
    let half = welch(&base, &candidate).ok_or("values are too far apart to be compared")? + allowance;
    Ok((change, (change - half, change + half)))
}

/// Half of Welch's 95 % interval of the difference of two means.
fn welch(base: &[f64], candidate: &[f64]) -> Option<f64> {
    let error = |arm: &[f64]| (variance(arm) / arm.len() as f64, arm.len() as f64 - 1.0);
    let ((a, freedom_a), (b, freedom_b)) = (error(base), error(candidate));
    let both = a + b;
    if both == 0.0 {
        return Some(0.0);
    }
    // Shares of the error first: its square may be too small for a number.
    let freedom = 1.0 / ((a / both).powi(2) / freedom_a + (b / both).powi(2) / freedom_b);
    Some(t_quantile(0.975, freedom)? * both.sqrt()).filter(|half| half.is_finite())
}

fn name(change: f64, (low, high): (f64, f64), measure: &EffectMeasure, drift: f64) -> JudgedEffect {
    let (effect, interval) = (measure.effect(change), (measure.effect(low), measure.effect(high)));
    if !(effect.is_finite() && interval.0.is_finite() && interval.1.is_finite()) {
        return JudgedEffect::unusable("values are too far apart to be compared".to_owned());
    }
    let beyond = interval.0 > 0.0 || interval.1 < 0.0;
    let (change, reason) = if beyond && effect.abs() >= measure.smallest {
        (measure.direction.name(effect), None)
    } else if measure.is_small(interval) {
        (Change::Same, None)
    } else {
        let reason = format!(
            "the runs were apart, and with a drift of {:.0} % between them the change lies between {} and {}: interleave \
             baseline and candidate in one run",
            drift * 100.0,
            measure.show(interval.0),
            measure.show(interval.1)
        );
        (Change::Inconclusive, Some(reason))
    };
    JudgedEffect {
        effect: Some(effect),
        interval: Some(interval),
        p: None,
        adjusted: None,
        detectable: None,
        change,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::effect::BetterSide;
    use super::*;

    const RATIO: EffectMeasure =
        EffectMeasure { scale: EffectScale::Ratio, direction: BetterSide::Less, smallest: 0.03 };
    const LOSS: EffectMeasure =
        EffectMeasure { scale: EffectScale::Difference, direction: BetterSide::Less, smallest: 0.001 };

    #[test]
    fn welch_is_the_textbook_one() {
        // Variances 2.5 and 10, n 5 and 5: error 2.5, freedom 5.882, t 2.4587 (interpolated), half 3.888.
        let half = welch(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 4.0, 6.0, 8.0, 10.0]).unwrap();
        assert!((half - 3.888).abs() < 2e-3, "{half}");
    }

    #[test]
    fn a_change_must_be_larger_than_drift() {
        let base = [100.0, 101.0, 99.0, 100.0];
        let by = |factor: f64| base.map(|value| value * factor);
        let change = |factor: f64, drift: f64| apart(&base, &by(factor), &RATIO, drift).change;
        assert_eq!(change(1.30, DRIFT), Change::Worse);
        assert_eq!(change(0.70, DRIFT), Change::Better);
        assert_eq!(change(1.10, DRIFT), Change::Inconclusive);
        assert_eq!(change(1.00, DRIFT), Change::Inconclusive);
        // Of counters that do not drift.
        assert_eq!(change(1.00, 0.0), Change::Same);
        assert_eq!(apart(&[0.0; 3], &[0.0; 3], &LOSS, DRIFT).change, Change::Same);
        assert_eq!(apart(&[0.0; 3], &[0.1; 3], &LOSS, DRIFT).change, Change::Worse);
        let doubt = apart(&base, &by(1.1), &RATIO, DRIFT).reason.unwrap();
        assert!(doubt.starts_with("the runs were apart, and with a drift of 15 %"), "{doubt}");
    }

    proptest! {
        #[test]
        fn no_data_panics_and_doubt_always_has_a_reason(base: Vec<f64>, candidate: Vec<f64>, ratio: bool, drift: f64) {
            let judged = apart(&base, &candidate, if ratio { &RATIO } else { &LOSS }, drift);
            prop_assert_eq!(judged.reason.is_some(), judged.change == Change::Inconclusive);
            prop_assert!(judged.effect.is_none_or(f64::is_finite));
        }
    }
}
