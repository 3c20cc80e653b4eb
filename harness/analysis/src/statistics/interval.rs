//! Intervals: over trials, which is what may be said of a configuration, and of a count, which is only the counting
//! error within a run.

use spanfate_model::result::Estimate;
use statrs::distribution::{ContinuousCDF, Normal};

use super::inverse::{beta_quantile, t_quantile};

/// Mean and 95 % t interval of per-trial values; no interval with fewer than two.
pub fn estimate(values: &[f64], valid: bool) -> Estimate {
    let n = values.len();
    if n == 0 {
        return Estimate::default();
    }
    // An interval says how far the figure is known; of a spoilt one that is not known.
    let interval = if valid { t_interval(values, 0.95) } else { None };
    Estimate { mean: mean(values), interval, n: n as u64, valid }
}

/// Student's t interval of the mean over trials, at a confidence between 0 and 1. `None` with fewer than two values, or
/// where one is not finite.
pub fn t_interval(values: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let n = values.len();
    if n < 2 || !within(confidence) {
        return None;
    }
    let half =
        t_quantile(f64::midpoint(confidence, 1.0), (n - 1) as f64)? * (variance(values) / n as f64).sqrt();
    let mean = mean(values);
    (mean.is_finite() && half.is_finite()).then_some((mean - half, mean + half))
}

/// The exact (Clopper-Pearson) interval of a share of which `count` of `of` were seen, up to a billion.
///
/// **Within-run counting error only**: it holds where single events are independent. Lost spans are not, a full queue
/// drops runs of them, so this interval says nothing about the next trial; between runs only [`t_interval`] does.
pub fn counting_interval(count: u64, of: u64, confidence: f64) -> Option<(f64, f64)> {
    if count > of || of == 0 || !within(confidence) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    Some((lower(count, of, tail)?, upper(count, of, tail)?))
}

/// The exact one-sided upper bound of a share of which `count` of `of` were seen: 3.0e-6 for none of a million at 95 %.
/// Within-run counting error only, like [`counting_interval`].
pub fn counting_bound(count: u64, of: u64, confidence: f64) -> Option<f64> {
    if count > of || of == 0 || !within(confidence) {
        return None;
    }
    upper(count, of, 1.0 - confidence)
}

/// The 95 % upper bound of the probability that a trial loses a span, after that many trials that lost none: 26 % after 10,
/// 5 % after 59. `None` without a trial.
pub fn clean_bound(trials: u64) -> Option<f64> {
    // The closed form of `counting_bound(0, trials, 0.95)`.
    (trials > 0).then(|| 1.0 - 0.05_f64.powf(1.0 / trials as f64))
}

/// Counts above which statrs' beta distribution no longer converges near its middle, and the normal one is as good.
const MANY: u64 = 10_000;

fn upper(count: u64, of: u64, tail: f64) -> Option<f64> {
    match count.min(of - count) {
        0 if count == of => Some(1.0),
        0..=MANY => beta_quantile(1.0 - tail, count as f64 + 1.0, (of - count) as f64),
        _ => score(count, of, tail),
    }
}

fn lower(count: u64, of: u64, tail: f64) -> Option<f64> {
    match count.min(of - count) {
        0 if count == 0 => Some(0.0),
        0..=MANY => beta_quantile(tail, count as f64, (of - count) as f64 + 1.0),
        // What is counted and what is not change places.
        _ => score(of - count, of, tail).map(|rest| 1.0 - rest),
    }
}

/// The upper end of the score interval with continuity correction: at these counts it differs from the exact one by less
/// than a hundredth of its distance from what was seen.
fn score(count: u64, of: u64, tail: f64) -> Option<f64> {
    let z = Normal::standard().inverse_cdf(1.0 - tail);
    let n = of as f64;
    let share = (count as f64 + 0.5) / n;
    let half = z * (share * (1.0 - share) / n + (z / (2.0 * n)).powi(2)).sqrt();
    Some((share + z * z / (2.0 * n) + half) / (1.0 + z * z / n)).filter(|share| share.is_finite())
}

fn within(confidence: f64) -> bool {
    confidence > 0.0 && confidence < 1.0
}

/// The mean; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len() as f64).max(1.0)
}

/// The variance of the population that the values are drawn from; 0 with fewer than two.
pub(super) fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    squares / (values.len() as f64 - 1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use statrs::distribution::{Binomial, DiscreteCDF};

    use super::*;

    #[test]
    fn one_trial_has_no_interval() {
        assert_eq!(estimate(&[0.3], true).interval, None);
        assert_eq!(estimate(&[], true).n, 0);
        assert_eq!(t_interval(&[1.0, f64::NAN], 0.95), None);
        assert_eq!(t_interval(&[1.0, 2.0], 1.0), None);
    }

    #[test]
    fn the_t_interval_is_the_textbook_one() {
        let e = estimate(&[1.0, 2.0, 3.0, 4.0, 5.0], true);
        let (low, high) = e.interval.unwrap();
        // mean 3, s = 1.5811, t(4) = 2.7764
        assert!((low - 1.0368).abs() < 1e-3 && (high - 4.9632).abs() < 1e-3, "{low} {high}");
    }

    #[test]
    fn exact_intervals_are_those_of_the_tables() {
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-3, "{a} is not {b}");
        let (low, high) = counting_interval(3, 10, 0.95).unwrap();
        near(low, 0.06674);
        near(high, 0.65245);
        near(counting_interval(0, 1_000_000, 0.95).unwrap().1, 3.689e-6);
        near(counting_bound(0, 1_000_000, 0.95).unwrap(), 2.996e-6);
        near(counting_bound(0, 1_000_000_000, 0.95).unwrap(), 2.996e-9);
        // Rare events of a billion are Poisson: of 3 seen the 95 % bounds are 0.6187 and 8.7673.
        let (low, high) = counting_interval(3, 1_000_000_000, 0.95).unwrap();
        near(low, 6.1867e-10);
        near(high, 8.7673e-9);
        // Many are normal.
        let (low, high) = counting_interval(500_000_000, 1_000_000_000, 0.95).unwrap();
        near((high - low) / 2.0, 1.959_964 * 0.5 / 1e9_f64.sqrt());
        for (trials, bound) in [(1, 0.95), (10, 0.2589), (59, 0.0495), (299, 0.00997)] {
            near(clean_bound(trials).unwrap(), bound);
        }
        assert_eq!(clean_bound(0), None);
    }

    #[test]
    fn where_the_normal_distribution_takes_over_nothing_jumps() {
        for of in [20_002, 1_000_000, 1_000_000_000] {
            for tail in [0.05, 0.025, 0.0005] {
                let (exact, score) = (upper(MANY, of, tail).unwrap(), score(MANY, of, tail).unwrap());
                let seen = MANY as f64 / of as f64;
                assert!(((exact - seen) / (score - seen) - 1.0).abs() < 0.01, "{of} {tail}: {exact} {score}");
            }
        }
    }

    proptest! {
        #[test]
        fn intervals_hold_what_was_seen_at_any_size(of in 1_u64..2_000_000_000, share in 0.0..=1.0) {
            let count = ((of as f64) * share) as u64;
            let (low, high) = counting_interval(count, of, 0.95).unwrap();
            let seen = count as f64 / of as f64;
            prop_assert!(0.0 <= low && low <= seen && seen <= high && high <= 1.0, "{low} {seen} {high}");
        }

        /// The ends are where just as much as was seen becomes as improbable as the tail.
        #[test]
        fn exact_intervals_hold_by_definition(of in 1_u64..400, share in 0.0..=1.0, confidence in 0.5..0.999) {
            let count = ((of as f64) * share) as u64;
            let (low, high) = counting_interval(count, of, confidence).unwrap();
            let tail = (1.0 - confidence) / 2.0;
            if count > 0 {
                let at_least = 1.0 - Binomial::new(low, of).unwrap().cdf(count - 1);
                prop_assert!((at_least - tail).abs() < 1e-7, "{at_least}");
            }
            if count < of {
                let at_most = Binomial::new(high, of).unwrap().cdf(count);
                prop_assert!((at_most - tail).abs() < 1e-7, "{at_most}");
            }
            let seen = count as f64 / of as f64;
            prop_assert!(low <= seen && seen <= high);
            prop_assert!(counting_bound(count, of, confidence).unwrap() <= high + 1e-12);
        }

        #[test]
        fn no_input_panics(count: u64, of: u64, confidence: f64, values: Vec<f64>) {
            let _ = (counting_interval(count, of, confidence), counting_bound(count, of, confidence));
            let _ = (t_interval(&values, confidence), estimate(&values, true), clean_bound(of));
        }
    }
}
