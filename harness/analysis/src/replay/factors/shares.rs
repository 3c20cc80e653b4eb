//! What each cause costs. All are taken away by the same part, one after the other, and the queue is run again: each gets what vanishes with
//! it on average over all orders (Shapley). Where little was missing, nearly anything that is wholly taken away saves all, however
//! little there is of it; and by just enough they save it together only, so that all count alike. So it is done by somewhat more than
//! enough, where each does as much as there is of it.

use std::collections::BTreeMap;

use spanfate_model::cause::LossFactor;
use spanfate_model::result::CauseShare;

use crate::replay::factors::{Reduction, Rerun};
use crate::replay::without::Without;

/// A cause that changes less than this share of the drops, alone or beside all others, is none.
const MATTERS: f64 = 0.01;
/// The smallest part is found to this power of a half.
const STEPS: u32 = 7;
/// The smallest part is so much of those by which they are taken away.
const OF_PART: [f64; 2] = [0.875, 0.625];

impl Rerun<'_> {
    /// The causes with their shares, the largest first, and the share that none explains.
    pub(crate) fn causes(&self) -> (Vec<CauseShare>, f64) {
        let base = self.free();
        if base == 0 {
            return (Vec::new(), 1.0);
        }
        let (all, whole) = (Without::these(LossFactor::ALL), Reduction::of(1.0));
        let least = self.drops_without(&whole, &all);
        let vanishes = |drops: u64| base.saturating_sub(drops) as f64 / base as f64;
        let alone: BTreeMap<LossFactor, f64> = LossFactor::ALL
            .map(|factor| (factor, vanishes(self.drops_without(&whole, &Without::these([factor])))))
            .into();
        let beside_all = |factor: &LossFactor| {
            let others = LossFactor::ALL.into_iter().filter(|other| other != factor);
            let drops = self.drops_without(&whole, &Without::these(others));
            drops.saturating_sub(least) as f64 / base as f64
        };
        let players: Vec<LossFactor> = LossFactor::ALL
            .into_iter()
            .filter(|factor| alone[factor] >= MATTERS || beside_all(factor) >= MATTERS)
            .collect();
        let enough = least + (MATTERS * base as f64) as u64;
        let smallest = self.smallest(&Without::these(players.iter().copied()), enough);
        let mut shares = vec![0.0; players.len()];
        // Where nearly all is needed both are the whole, which is asked once.
        let mut parts = OF_PART.map(|of_part| (smallest / of_part).min(1.0)).to_vec();
        parts.dedup();
        for part in &parts {
            let reduction = Reduction::of(*part);
            let worth = |set: usize| vanishes(self.drops_without(&reduction, &chosen(&players, set)));
            let values: Vec<f64> = (0..1_usize << players.len()).map(worth).collect();
            for (sum, share) in shares.iter_mut().zip(shapley(&values, players.len())) {
                *sum += share / parts.len() as f64;
            }
        }
        let known: f64 = shares.iter().sum();
        let mut out: Vec<CauseShare> = players
            .iter()
            .zip(shares)
            .map(|(cause, share)| CauseShare { cause: *cause, share, alone: alone[cause] })
            .filter(|cause| cause.share >= MATTERS)
            .collect();
        out.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.cause.cmp(&b.cause)));
        (out, (1.0 - known).max(0.0))
    }

    /// The smallest part of these causes without which no more is dropped than so much; all of them where that is not to be had for less.
    fn smallest(&self, causes: &Without, enough: u64) -> f64 {
        let (mut below, mut part) = (0.0, 1.0);
        for _ in 0..STEPS {
            let middle = f64::midpoint(below, part);
            if self.drops_without(&Reduction::of(middle), causes) <= enough {
                part = middle;
            } else {
                below = middle;
            }
        }
        part
    }
}

fn chosen(players: &[LossFactor], set: usize) -> Without {
    let in_set = players.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
    Without::these(in_set.map(|(_, factor)| *factor))
}

/// The Shapley value of each of so many players, from the worth of each set of them.
fn shapley(worth: &[f64], players: usize) -> Vec<f64> {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let weight = |size: usize| factorial(size) * factorial(players - size - 1) / factorial(players);
    (0..players)
        .map(|player| {
            let others = (0..worth.len()).filter(|set| set >> player & 1 == 0);
            others
                .map(|set| weight(set.count_ones() as usize) * (worth[set | 1 << player] - worth[set]))
                .sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_who_does_nothing_gets_none() {
        // The first alone takes away a half, with the second all; the third does nothing.
        let worth = [0.0, 0.5, 0.0, 1.0, 0.0, 0.5, 0.0, 1.0];
        assert_eq!(shapley(&worth, 3), [0.75, 0.25, 0.0]);
    }
}
