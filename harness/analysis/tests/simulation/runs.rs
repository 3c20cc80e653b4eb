//! Two runs that were not interleaved: how much drift must be allowed for.

use spanfate_analysis::statistics::{BetterSide, DRIFT, EffectMeasure, EffectScale, apart};
use spanfate_model::result::change::Change;

use crate::noise::{rate, trials};

const MEASURE: EffectMeasure =
    EffectMeasure { scale: EffectScale::Ratio, direction: BetterSide::Less, smallest: 0.03 };

/// Runs of ten trials, long after each other.
fn called(seed: u64, effect: f64, drift: f64, change: fn(Change) -> bool) -> f64 {
    rate(seed, 4000, |rng| {
        let base = trials(rng, 10);
        let candidate: Vec<f64> = trials(rng, 10).iter().map(|value| value * (1.0 + effect)).collect();
        change(apart(&base, &candidate, &MEASURE, drift).change)
    })
}

#[test]
fn runs_apart_need_an_allowance_for_drift() {
    let alarm = |change: Change| matches!(change, Change::Better | Change::Worse);
    let alarms = [0.0, 0.05, 0.10, DRIFT].map(|drift| called(31, 0.0, drift, alarm));
    let found = [0.10, 0.20, 0.30].map(|effect| called(32, effect, DRIFT, |change| change == Change::Worse));
    println!("runs apart, allowance 0, 5, 10, 15 %: alarms {alarms:.4?}; 10, 20, 30 % found {found:.3?}");
    assert!(alarms[0] > 0.20 && alarms[3] <= 0.05, "{alarms:?}");
    assert!(alarms.is_sorted_by(|a, b| a >= b) && found.is_sorted(), "{alarms:?} {found:?}");
    // What such a comparison is good for: changes far beyond the drift.
    assert!(found[2] > 0.90, "{found:?}");
}

/// A drift may hide a change as well as feign one, so "the same" is never said within an allowance.
#[test]
fn runs_apart_never_show_that_nothing_changed() {
    let same = |change: Change| change == Change::Same;
    let hidden = called(33, 0.10, 0.0, same);
    println!("a change of 10 % called the same: without an allowance {hidden:.4}");
    assert!(called(33, 0.0, DRIFT, same) < 1e-9 && called(33, 0.10, DRIFT, same) < 1e-9);
}
