//! Inverses of distribution functions, by halving: statrs' own inverse of the beta distribution does not end for
//! counts of a billion spans, while its distribution function is right to eight digits there.

use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

/// Halvings: enough for full precision of a share near 1e-9.
const STEPS: u32 = 120;

/// Where a rising function reaches `p` between two places.
fn reaches(p: f64, mut low: f64, mut high: f64, rising: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if rising(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The quantile of Student's t distribution; `p` from a half to below 1. `None` where there is none.
pub(super) fn t_quantile(p: f64, freedom: f64) -> Option<f64> {
    if !(0.5..1.0).contains(&p) || !freedom.is_finite() {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let mut high = 1.0;
    while t.cdf(high) < p {
        high *= 2.0;
        if high > 1e15 {
            return None;
        }
    }
    Some(reaches(p, 0.0, high, |x| t.cdf(x)))
}

/// The quantile of the beta distribution. `None` where there is none.
pub(super) fn beta_quantile(p: f64, a: f64, b: f64) -> Option<f64> {
    let beta = Beta::new(a, b).ok()?;
    (p > 0.0 && p < 1.0).then(|| reaches(p, 0.0, 1.0, |x| beta.cdf(x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_t_are_those_of_the_tables() {
        let cases = [(0.975, 1.0, 12.7062), (0.975, 9.0, 2.2622), (0.995, 4.0, 4.6041), (0.8, 9.0, 0.8834)];
        for (p, freedom, table) in cases {
            let t = t_quantile(p, freedom).unwrap();
            assert!((t - table).abs() < 1e-4, "{p} {freedom}: {t}");
        }
        assert_eq!(t_quantile(0.5, 3.0).map(f64::round), Some(0.0));
        for (p, freedom) in [(1.0, 3.0), (f64::NAN, 3.0), (0.9, 0.0), (0.9, f64::NAN), (0.9, f64::INFINITY)] {
            assert_eq!(t_quantile(p, freedom), None);
        }
    }
}
