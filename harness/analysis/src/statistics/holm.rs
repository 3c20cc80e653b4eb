//! Several metrics at once: each more is one more chance of a false alarm.

/// Holm's adjusted p values, in the order given: at most the chance `alpha` of any false alarm among all metrics of
/// which the adjusted value is at most `alpha`, however they hang together. Not a number counts as 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let clean = |p: f64| if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) };
    let mut order: Vec<(f64, usize)> = p.iter().map(|p| clean(*p)).zip(0..).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut adjusted = vec![1.0; p.len()];
    let mut highest: f64 = 0.0;
    for (step, (p, place)) in order.iter().enumerate() {
        highest = highest.max(p * (order.len() - step) as f64).min(1.0);
        if let Some(value) = adjusted.get_mut(*place) {
            *value = highest;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_cases() {
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&holm(&[0.01, 0.04, 0.03]), &[0.03, 0.06, 0.06]));
        assert!(close(&holm(&[0.5, 0.001, f64::NAN]), &[1.0, 0.003, 1.0]));
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn it_keeps_the_order_and_lies_between_none_and_bonferroni(p in prop::collection::vec(0.0..=1.0, 1..12)) {
            let adjusted = holm(&p);
            for (a, p_a) in adjusted.iter().zip(&p) {
                prop_assert!(a >= p_a && *a <= (p_a * p.len() as f64).min(1.0) + 1e-12);
                for (b, p_b) in adjusted.iter().zip(&p) {
                    prop_assert!(p_a >= p_b || a <= b);
                }
            }
        }
    }
}
