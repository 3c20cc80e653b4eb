//! Looking early without more false alarms.

/// The name of the rule, for results: every look gets the same part of `alpha`. The chance of any false alarm is at most
/// the sum of the parts whatever the test, so it holds for the exact test and its coarse p values as well.
pub const SPENDING: &str = "bonferroni";

/// What may be spent at a look, counted from 1, of so many planned ones. `None` for a look that was not planned, and for an
/// `alpha` that is no probability.
pub fn alpha_at(look: usize, looks: usize, alpha: f64) -> Option<f64> {
    ((1..=looks).contains(&look) && alpha > 0.0 && alpha < 1.0).then(|| alpha / looks as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_together_spend_no_more_than_there_is() {
        for looks in 1..=20 {
            let spent: f64 = (1..=looks).filter_map(|look| alpha_at(look, looks, 0.05)).sum();
            assert!((spent - 0.05).abs() < 1e-12);
        }
        assert_eq!(alpha_at(0, 3, 0.05), None);
        assert_eq!(alpha_at(4, 3, 0.05), None);
        assert_eq!(alpha_at(1, 3, 1.5), None);
    }
}
