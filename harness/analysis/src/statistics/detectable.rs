//! What so many pairs could have shown.

use super::interval::variance;
use super::inverse::t_quantile;

/// The smallest true mean change that pairs of this number and spread show with probability `power` in a two-sided test
/// at `alpha`, in the unit of the differences (by the t distribution, which the sign-flip test follows closely). 0 of pairs
/// without spread; `None` with fewer than two.
pub fn detectable(differences: &[f64], alpha: f64, power: f64) -> Option<f64> {
    let n = differences.len();
    if n < 2 || !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let freedom = (n - 1) as f64;
    let steps = t_quantile(1.0 - alpha / 2.0, freedom)? + t_quantile(power, freedom)?;
    Some(steps * (variance(differences) / n as f64).sqrt()).filter(|change| change.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_textbook_one() {
        // s = 1.5811, t(4; 0.975) = 2.7764, t(4; 0.8) = 0.9410
        let change = detectable(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.05, 0.8).unwrap();
        assert!((change - (2.7764 + 0.9410) * 1.5811 / 5_f64.sqrt()).abs() < 1e-3, "{change}");
        assert_eq!(detectable(&[2.0, 2.0], 0.05, 0.8), Some(0.0));
        assert_eq!(detectable(&[2.0], 0.05, 0.8), None);
        assert_eq!(detectable(&[2.0, f64::NAN], 0.05, 0.8), None);
        assert_eq!(detectable(&[2.0, 1.0], f64::NAN, 0.8), None);
    }
}
