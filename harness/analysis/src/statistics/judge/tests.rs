//! Cases of the verdict over pairs, and its laws.

use proptest::prelude::*;

use super::super::effect::{BetterSide, EffectScale};
use super::*;

fn gate(scale: EffectScale, smallest: f64, pairs: &[(f64, f64)]) -> Gate {
    Gate { pairs: pairs.to_vec(), measure: EffectMeasure { scale, direction: BetterSide::Less, smallest } }
}

fn one(gate: Gate) -> JudgedEffect {
    judge(&[gate], 0.05).remove(0)
}

/// Ten pairs around a ratio, each a little off it.
fn around(ratio: f64, spread: f64) -> Vec<(f64, f64)> {
    (0..10).map(|i| (100.0, 100.0 * ratio * (1.0 + spread * (f64::from(i) - 4.5) / 4.5))).collect()
}

#[test]
fn a_change_needs_a_proof_and_a_size() {
    let cases = [
        (around(1.10, 0.02), Change::Worse),
        (around(0.90, 0.02), Change::Better),
        (around(1.00, 0.02), Change::Same),
        // Proven, too small to matter, and certainly so.
        (around(1.01, 0.005), Change::Same),
        // Proven and small, but it may be as large as what matters.
        (around(1.025, 0.02), Change::Inconclusive),
        // Too much spread.
        (around(1.05, 0.50), Change::Inconclusive),
    ];
    for (pairs, change) in cases {
        let judged = one(gate(EffectScale::Ratio, 0.03, &pairs));
        assert_eq!(judged.change, change, "{judged:?}");
        assert_eq!(judged.reason.is_some(), change == Change::Inconclusive);
        let (low, high) = judged.interval.unwrap();
        assert!((low..=high).contains(&judged.effect.unwrap()));
    }
    let spread = one(gate(EffectScale::Ratio, 0.03, &around(1.05, 0.50)));
    assert!(spread.reason.unwrap().starts_with("10 pairs with this spread would show a change of 4"));
}

#[test]
fn losses_of_zero_are_compared_by_difference() {
    let judged = one(gate(EffectScale::Difference, 0.001, &[(0.0, 0.0); 8]));
    assert_eq!((judged.change, judged.effect, judged.p), (Change::Same, Some(0.0), Some(1.0)));
    let judged = one(gate(EffectScale::Difference, 0.001, &[(0.0, 0.02); 8]));
    assert_eq!((judged.change, judged.effect), (Change::Worse, Some(0.02)));
    let more = EffectMeasure { scale: EffectScale::Difference, direction: BetterSide::More, smallest: 0.0 };
    let judged = one(Gate { pairs: vec![(0.0, 0.02); 8], measure: more });
    assert_eq!(judged.change, Change::Better);
    let neither = EffectMeasure { direction: BetterSide::Neither, ..more };
    assert_eq!(one(Gate { pairs: vec![(0.0, 0.02); 8], measure: neither }).change, Change::Different);
}

#[test]
fn what_cannot_be_used_is_inconclusive_and_says_why() {
    let mut zero = around(1.2, 0.01);
    zero[3].1 = 0.0;
    let mut hole = around(1.2, 0.01);
    hole[0].0 = f64::NAN;
    let cases = [
        (gate(EffectScale::Ratio, 0.03, &zero), "pair 4: a value is 0, and only values above 0 have a ratio"),
        (gate(EffectScale::Ratio, 0.03, &hole), "pair 1: a value is not a finite number"),
        (
            gate(EffectScale::Ratio, 0.03, &around(1.2, 0.01)[..5]),
            "5 pairs can prove nothing at alpha 0.05 and 1 metrics",
        ),
        (gate(EffectScale::Ratio, f64::NAN, &around(1.2, 0.01)), "the smallest effect that matters is NaN"),
        (gate(EffectScale::Difference, 0.1, &[(f64::MIN, f64::MAX); 8]), "values are too far apart"),
        (gate(EffectScale::Ratio, 0.1, &[(1e-300, 1e300); 8]), "values are too far apart"),
        (gate(EffectScale::Ratio, 0.1, &[(1.0, 2.0); 50]), "the exact test takes up to 40 pairs"),
    ];
    for (gate, reason) in cases {
        let judged = one(gate);
        assert_eq!(judged.change, Change::Inconclusive);
        let said = judged.reason.unwrap();
        assert!(said.starts_with(reason), "{said}");
    }
    assert!(judge(&[], 0.05).is_empty());
    let nothing = judge(&[gate(EffectScale::Ratio, 0.03, &around(1.2, 0.01))], f64::NAN).remove(0);
    assert_eq!(nothing.change, Change::Inconclusive);
}

#[test]
fn a_metric_that_cannot_be_used_does_not_make_the_others_significant() {
    // Six pairs are enough for one metric, not for two.
    let six = gate(EffectScale::Ratio, 0.03, &around(1.2, 0.01)[..6]);
    assert_eq!(one(six.clone()).change, Change::Worse);
    let unusable = gate(EffectScale::Ratio, 0.03, &[(0.0, 0.0); 6]);
    assert!(judge(&[six, unusable], 0.05).iter().all(|judged| judged.change == Change::Inconclusive));
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.5..2.0, 1 => any::<f64>(), 1 => Just(0.0)]
}

proptest! {
    #[test]
    fn no_data_panics_and_doubt_always_has_a_reason(
        pairs in prop::collection::vec((any_value(), any_value()), 0..14), ratio: bool, smallest in any_value(),
        alpha in prop_oneof![Just(0.05), any::<f64>()],
    ) {
        let gate = gate(if ratio { EffectScale::Ratio } else { EffectScale::Difference }, smallest, &pairs);
        for judged in judge(&[gate.clone(), gate], alpha) {
            prop_assert_eq!(judged.reason.is_some(), judged.change == Change::Inconclusive);
            let figures = [judged.effect, judged.p, judged.adjusted, judged.detectable];
            prop_assert!(figures.into_iter().flatten().all(f64::is_finite));
        }
    }

    #[test]
    fn a_difference_seen_from_the_other_side_is_the_same_turned(
        pairs in prop::collection::vec((0.0..1.0, 0.0..1.0), 6..12),
    ) {
        let turned: Vec<(f64, f64)> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
        let (there, back) =
            (one(gate(EffectScale::Difference, 0.1, &pairs)), one(gate(EffectScale::Difference, 0.1, &turned)));
        let opposite = match there.change {
            Change::Better => Change::Worse,
            Change::Worse => Change::Better,
            other => other,
        };
        prop_assert_eq!(back.change, opposite);
        prop_assert_eq!(there.p, back.p);
    }
}
