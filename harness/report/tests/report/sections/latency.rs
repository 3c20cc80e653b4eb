//! Latency by percentile.

use spanfate_model::result::RunResult;

use crate::sample;
use crate::sections::traces::asked;

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
