//! Intervals over trials. The trial is the unit: losses come in bursts, so spans of one trial are not independent.

use spanfate_model::result::Estimate;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Mean and 95 % t interval of per-trial values; no interval with fewer than two.
pub(crate) fn estimate(values: &[f64], valid: bool) -> Estimate {
    let n = values.len();
    if n == 0 {
        return Estimate::default();
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    // An interval says how far the figure is known; of a spoilt one that is not known.
    let interval = if valid { interval(values, mean) } else { None };
    Estimate { mean, interval, n: n as u64, valid }
}

fn interval(values: &[f64], mean: f64) -> Option<(f64, f64)> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let t = StudentsT::new(0.0, 1.0, (n - 1) as f64).ok()?.inverse_cdf(0.975);
    let half = t * (variance / n as f64).sqrt();
    Some((mean - half, mean + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trial_has_no_interval() {
        assert_eq!(estimate(&[0.3], true).interval, None);
        assert_eq!(estimate(&[], true).n, 0);
    }

    #[test]
    fn the_t_interval_is_the_textbook_one() {
        let e = estimate(&[1.0, 2.0, 3.0, 4.0, 5.0], true);
        let (low, high) = e.interval.unwrap();
        // mean 3, s = 1.5811, t(4) = 2.7764
        assert!((low - 1.0368).abs() < 1e-3 && (high - 4.9632).abs() < 1e-3, "{low} {high}");
    }
}
