//! The exact paired test: were the labels of every pair only drawn by lot, how often would the mean difference be as
//! large as it is? It assumes nothing about noise but that baseline and candidate of a pair ran in random order.

/// Most pairs that are tested. The work grows with the square root of the number of sign patterns.
pub const MOST_PAIRS: usize = 40;
/// Sums that differ by less than this share of the largest possible sum are equal: they differ by rounding only.
const TIE: f64 = 1e-9;

/// The two-sided p value of the mean of paired differences, over all `2^pairs` patterns of signs. `None` without pairs,
/// with more than [`MOST_PAIRS`], or where a difference is not finite.
pub fn sign_flip(differences: &[f64]) -> Option<f64> {
    let largest: f64 = differences.iter().map(|difference| difference.abs()).sum();
    if differences.is_empty() || differences.len() > MOST_PAIRS || !largest.is_finite() {
        return None;
    }
    let seen = differences.iter().sum::<f64>().abs() - TIE * largest;
    if seen <= 0.0 {
        return Some(1.0);
    }
    // Every pattern is one of the first half with one of the second, so two short sorted lists stand for all.
    let (first, second) = differences.split_at(differences.len() / 2);
    let (first, second) = (sums(first), sums(second));
    let mut reached = 0_u64;
    let mut from = second.len();
    for sum in first {
        while from > 0 && second.get(from - 1).is_some_and(|other| sum + other >= seen) {
            from -= 1;
        }
        reached += (second.len() - from) as u64;
    }
    // The patterns that reach as far down are these with all signs turned.
    Some(2.0 * reached as f64 / 2.0_f64.powi(differences.len() as i32))
}

/// The sums of all patterns of signs, rising.
fn sums(differences: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for difference in differences {
        sums = sums.iter().flat_map(|sum| [sum + difference, sum - difference]).collect();
    }
    sums.sort_by(f64::total_cmp);
    sums
}

/// The smallest p value that so many pairs can give: all differences have one sign.
pub fn least_p(pairs: usize) -> f64 {
    2.0_f64.powi(1 - pairs.min(1000) as i32).min(1.0)
}

/// The fewest pairs with which any of `gates` metrics can be significant at `alpha`, spent over `looks`, after Holm's
/// first step. `None` where no number of pairs up to [`MOST_PAIRS`] is enough.
pub fn least_pairs(gates: usize, alpha: f64, looks: usize) -> Option<usize> {
    let each = super::spending::alpha_at(1, looks, alpha)? / gates.max(1) as f64;
    (1..=MOST_PAIRS).find(|pairs| least_p(*pairs) <= each)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every pattern, one by one.
    fn plainly(differences: &[f64]) -> f64 {
        let seen = differences.iter().sum::<f64>().abs();
        let largest: f64 = differences.iter().map(|d| d.abs()).sum();
        let patterns = 1_u32 << differences.len();
        let sum_of = |pattern: u32| {
            let signed = differences.iter().enumerate();
            signed.map(|(at, d)| if pattern >> at & 1 == 1 { -d } else { *d }).sum::<f64>()
        };
        let reached = (0..patterns).filter(|pattern| sum_of(*pattern).abs() >= seen - TIE * largest).count();
        reached as f64 / f64::from(patterns)
    }

    #[test]
    fn known_cases() {
        let cases: [(&[f64], f64); 6] = [
            (&[1.0; 5], 0.0625),
            (&[-2.0; 6], 0.03125),
            (&[0.0, 0.0, 0.0], 1.0),
            // Signs of the zeros do not matter: as if there were two pairs.
            (&[1.0, 1.0, 0.0, 0.0], 0.5),
            // Ties in values that binary fractions cannot hold: 5 of 16 patterns reach it, either way.
            (&[0.1, 0.1, 0.1, -0.1], 0.625),
            (&[3.0], 1.0),
        ];
        for (differences, p) in cases {
            assert_eq!(sign_flip(differences), Some(p), "{differences:?}");
        }
        assert_eq!(sign_flip(&[]), None);
        assert_eq!(sign_flip(&[1.0, f64::INFINITY]), None);
        assert_eq!(sign_flip(&[f64::NAN]), None);
        assert_eq!(sign_flip(&[f64::MAX, f64::MAX]), None);
        assert_eq!(sign_flip(&[1.0; MOST_PAIRS]), Some(least_p(MOST_PAIRS)));
        assert_eq!(sign_flip(&[1.0; MOST_PAIRS + 1]), None);
    }

    #[test]
    fn five_pairs_can_never_pass_and_more_metrics_and_looks_need_more() {
        for (pairs, p) in [(0, 1.0), (1, 1.0), (5, 0.0625), (6, 0.03125)] {
            assert!((least_p(pairs) - p).abs() < 1e-15);
        }
        assert_eq!(least_pairs(1, 0.05, 1), Some(6));
        assert_eq!(least_pairs(3, 0.05, 1), Some(7));
        assert_eq!(least_pairs(3, 0.05, 6), Some(10));
        assert_eq!(least_pairs(1, 1e-30, 1), None);
        assert_eq!(least_pairs(1, f64::NAN, 1), None);
    }

    proptest! {
        #[test]
        fn it_is_the_count_over_all_patterns(tenths in prop::collection::vec(-9_i32..=9, 1..11)) {
            // Tenths, so that ties are common and rounding has its chance.
            let differences: Vec<f64> = tenths.iter().map(|t| f64::from(*t) * 0.1).collect();
            prop_assert_eq!(sign_flip(&differences), Some(plainly(&differences)));
        }

        #[test]
        fn neither_order_nor_direction_nor_unit_matters(
            mut differences in prop::collection::vec(-1.0..1.0, 1..14), unit in 1e-9..1e9,
        ) {
            let p = sign_flip(&differences);
            prop_assert!(p.is_some_and(|p| p >= least_p(differences.len()) && p <= 1.0));
            let scaled: Vec<f64> = differences.iter().map(|d| -d * unit).collect();
            prop_assert_eq!(sign_flip(&scaled), p);
            differences.reverse();
            prop_assert_eq!(sign_flip(&differences), p);
        }
    }
}
