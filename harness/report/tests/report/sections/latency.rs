//! Latency by percentile.

use spanfate_model::result::{Basis, EstimateDoubt, RunResult, TrustCheck, UndisturbedTimes, Validity};

use crate::given::html;
use crate::sample;
use crate::sections::traces::asked;
use crate::table::plain;

/// Points of the first band of response times.
fn band(result: &RunResult) -> Vec<(f64, f64)> {
    let latency = asked(result, "latency");
    let band = latency.split("<polygon class=\"f response shade\" points=\"").nth(1).unwrap_or_default();
    let points = band.split('"').next().unwrap_or_default().split(' ');
    points
        .filter_map(|point| {
            let (x, y) = point.split_once(',')?;
            Some((x.parse().ok()?, y.parse().ok()?))
        })
        .collect()
}

/// How high the band is, SVG units: it goes forth above and back below.
fn height(result: &RunResult) -> f64 {
    let points = band(result);
    let (upper, lower) = points.split_at(points.len() / 2);
    let pairs = upper.iter().zip(lower.iter().rev());
    pairs
        .map(|(upper, lower)| {
            assert!((upper.0 - lower.0).abs() < 0.01);
            lower.1 - upper.1
        })
        .fold(0.0, f64::max)
}

#[test]
fn three_trials_or_more_make_a_band_of_those_that_are_valid() {
    let mut result = sample::repeated();
    let latency = asked(&result, "latency");
    assert_eq!(latency.matches("<polygon class=\"f delay shade\"").count(), 9);
    // The seventh variant is not valid for latency.
    assert_eq!(latency.matches("<polygon class=\"f response shade\"").count(), 8);
    assert!(
        latency.contains("from the lowest to the highest of the valid trials") && !latency.contains("faint")
    );
    assert!(height(&result) < 0.2, "all trials are the same");
    let slow = &mut result.variants[0].trials[3];
    for (_, ms) in slow.load.response.iter_mut().flat_map(|q| &mut q.curve) {
        *ms *= 10.0;
    }
    assert!((height(&result) - 168.0 / 5.0).abs() < 0.5, "one of the five decades is {}", height(&result));
    result.variants[0].trials[3].validity.iter_mut().for_each(|mark| mark.valid = false);
    assert!(height(&result) < 0.2, "what is not valid is no part of it");
}

#[test]
fn axes_name_percentiles_and_service_time_has_its_own_dash() {
    let latency = asked(&sample::nine(), "latency");
    for words in [
        "How slow, how late?",
        ">p50</text>",
        ">p99.9</text>",
        "ms, logarithmic",
        "service, from the actual start",
    ] {
        assert!(latency.contains(words), "{words}\nis missing in\n{latency}");
    }
    // Nine curves and the key.
    assert_eq!(latency.matches("class=\"l service\"").count(), 10);
    assert!(!latency.contains("shade"));
}

#[test]
fn times_without_disturbance_are_told_as_an_estimate_and_only_where_no_trial_is_valid() {
    let estimated = |trials: usize, valid: bool| {
        let mut result = sample::single();
        let trial = &mut result.variants[0].trials[0];
        let foreign = if valid { 0.01 } else { 0.2 };
        trial.validity = vec![Validity::of(Basis::Latency, TrustCheck::ForeignCpu, foreign, 0.05)];
        trial.load.undisturbed = Some(UndisturbedTimes {
            requests: 4200,
            share: 0.42,
            guard_ms: 100.0,
            reach_ms: 150.0,
            p50: Some(1.25),
            p99: Some(4.5),
            doubt: None,
        });
        let one = trial.clone();
        for _ in 1..trials {
            let mut unknown = one.clone();
            let doubt = Some(EstimateDoubt::TooFew.into());
            unknown.load.undisturbed = Some(UndisturbedTimes {
                p50: None,
                p99: None,
                doubt,
                ..one.load.undisturbed.clone().unwrap()
            });
            result.variants[0].trials.push(unknown);
        }
        result
    };
    let (text, page) = (plain(&estimated(1, false), 200), html(&estimated(1, false)));
    for says in ["p50 1.25", "p99 4.5", "42 %", "an estimate", "gates nothing"] {
        assert!(text.contains(says), "{says} is missing: {text}");
    }
    assert!(page.contains("an estimate, which gates nothing"));
    assert!(plain(&estimated(3, false), 200).contains("in 1 of 3 trials"));
    let mut refused = estimated(2, false);
    refused.variants[0].trials.remove(0);
    assert!(plain(&refused, 200).contains("no estimate: too few requests"));
    assert!(!plain(&estimated(1, true), 200).contains("undisturbed"));
    assert!(!html(&estimated(1, true)).contains("an estimate, which gates nothing"));
}
