//! When a comparison is looked at before its end.

use spanfate_model::scenario::{ALPHA, Compare};

use crate::statistics::least_pairs;

/// The numbers of pairs after which it is looked, ascending; the last is all of them. The first is the fewest that could
/// conclude anything, the others are spread evenly.
pub fn looks_at(compare: &Compare) -> Vec<usize> {
    let (pairs, looks) = (compare.pairs.get() as usize, compare.looks.get() as usize);
    let least = least_pairs(compare.gate.0.len(), ALPHA, looks).unwrap_or(pairs).min(pairs);
    let at = |look: usize| match looks {
        1 => pairs,
        _ => least + (pairs - least) * look / (looks - 1),
    };
    (0..looks).map(at).collect()
}

/// Whether it is looked after so many pairs, and not for the last time.
pub fn is_look(compare: &Compare, pairs: usize) -> bool {
    pairs < compare.pairs.get() as usize && looks_at(compare).contains(&pairs)
}

/// Which look so many pairs are, counted from 1, and how many are planned.
pub(super) fn of(compare: &Compare, pairs: usize) -> (usize, usize) {
    let at = looks_at(compare);
    let passed = at.iter().take_while(|look| **look < pairs).count();
    ((passed + 1).min(at.len()), at.len())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;
    use spanfate_model::scenario::Gates;

    use super::*;

    proptest! {
        #[test]
        fn looks_are_planned_within_the_pairs(pairs in 1u32..24, looks in 1u32..6) {
            let compare = Compare {
                baseline: "a".to_owned(),
                candidate: "b".to_owned(),
                pairs: NonZeroU32::new(pairs).unwrap(),
                gate: Gates::default(),
                looks: NonZeroU32::new(looks).unwrap(),
            };
            let at = looks_at(&compare);
            prop_assert_eq!(at.len(), looks as usize);
            prop_assert_eq!(at.last(), Some(&(pairs as usize)));
            prop_assert!(at.is_sorted());
            // Each look is the one it is counted as; all pairs are the last.
            prop_assert_eq!(of(&compare, pairs as usize).1, looks as usize);
            prop_assert!(!is_look(&compare, pairs as usize));
        }
    }
}
