//! The world that is simulated.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Standard deviation of the slow drift of a machine.
const DRIFT: f64 = 0.05;
/// Trials over which the drift stays correlated.
const MEMORY: f64 = 10.0;
/// Standard deviation of what is new in every trial.
const WHITE: f64 = 0.03;

/// A source of chance of its own for every simulation.
pub(crate) fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A standard normal value (Box and Muller).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Successive trials of one figure on one machine: 1 on average, with drift and white noise.
pub(crate) fn trials(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    let keep = (-1.0 / MEMORY).exp();
    let mut drift = DRIFT * normal(rng);
    let next = |_| {
        drift = keep * drift + (1.0 - keep * keep).sqrt() * DRIFT * normal(rng);
        (drift + WHITE * normal(rng)).exp()
    };
    (0..count).map(next).collect()
}

/// Pairs of trials that ran side by side, in random order within each pair; the candidate is slower by `effect`.
pub(crate) fn pairs(rng: &mut ChaCha8Rng, count: usize, effect: f64) -> Vec<(f64, f64)> {
    let trials = trials(rng, 2 * count);
    let pair = |pair: &[f64]| {
        let swapped = rng.random::<bool>();
        let (base, candidate) = if swapped { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
        (base, candidate * (1.0 + effect))
    };
    trials.chunks_exact(2).map(pair).collect()
}

/// How many of `of` independent events of probability `share` happened, by the gaps between them.
pub(crate) fn happened(rng: &mut ChaCha8Rng, of: u64, share: f64) -> u64 {
    let (mut at, mut count) = (0, 0);
    loop {
        let gap = ((1.0 - rng.random::<f64>()).ln() / (1.0 - share).ln()) as u64;
        at += gap + 1;
        if at > of {
            return count;
        }
        count += 1;
    }
}

/// How often something holds over so many repetitions.
pub(crate) fn rate(seed: u64, repetitions: u32, mut holds: impl FnMut(&mut ChaCha8Rng) -> bool) -> f64 {
    let mut rng = seeded(seed);
    let held = (0..repetitions).filter(|_| holds(&mut rng)).count();
    held as f64 / f64::from(repetitions)
}
