//! How often an interval holds the truth.

use rand_chacha::ChaCha8Rng;
use spanfate_analysis::statistics::{clean_bound, counting_bound, counting_interval, t_interval};

use crate::noise::{happened, rate};

const SPANS: u64 = 1_000_000;
const BURST: u64 = 512;
/// Bursts per trial on average: 1 % of the spans is lost.
const BURSTS: f64 = 20.0;

/// Lost spans of one trial: whole bursts, one in a thousand of a trial's moments each.
fn bursty(rng: &mut ChaCha8Rng) -> u64 {
    happened(rng, 1000, BURSTS / 1000.0) * BURST
}

fn holds((low, high): (f64, f64), truth: f64) -> bool {
    low <= truth && truth <= high
}

#[test]
fn the_t_interval_over_trials_holds_under_bursts() {
    let truth = BURSTS * BURST as f64 / SPANS as f64;
    for trials in [5, 10] {
        let covered = rate(1, 10_000, |rng| {
            let rates: Vec<f64> = (0..trials).map(|_| bursty(rng) as f64 / SPANS as f64).collect();
            holds(t_interval(&rates, 0.95).unwrap(), truth)
        });
        println!("t interval over {trials} trials, bursts of {BURST}: covers {:.1} %", covered * 100.0);
        assert!((0.93..=0.97).contains(&covered), "{covered}");
    }
}

/// Why spans of several trials are never pooled: the spans of a burst are not independent.
#[test]
fn the_pooled_binomial_interval_fails_under_bursts() {
    let truth = BURSTS * BURST as f64 / SPANS as f64;
    let covered = rate(2, 2000, |rng| {
        let lost = (0..10).map(|_| bursty(rng)).sum();
        holds(counting_interval(lost, 10 * SPANS, 0.95).unwrap(), truth)
    });
    println!("pooled binomial interval, bursts of {BURST}: covers {:.1} %", covered * 100.0);
    assert!(covered < 0.20, "{covered}");
}

#[test]
fn the_exact_interval_holds_for_independent_drops() {
    for share in [0.0005, 0.01] {
        let seen = |rng: &mut ChaCha8Rng| happened(rng, 10_000, share);
        let both = rate(3, 4000, |rng| holds(counting_interval(seen(rng), 10_000, 0.95).unwrap(), share));
        let upper = rate(4, 4000, |rng| counting_bound(seen(rng), 10_000, 0.95).unwrap() >= share);
        println!("exact interval, share {share}: covers {:.1} %, bound {:.1} %", both * 100.0, upper * 100.0);
        assert!(both >= 0.95 && upper >= 0.95, "{both} {upper}");
    }
}

/// Ten clean trials do not show that fewer than a fifth of the trials lose something.
#[test]
fn the_bound_of_clean_trials_is_as_far_as_clean_trials_reach() {
    let bound = clean_bound(10).unwrap();
    let clean = rate(5, 200_000, |rng| happened(rng, 10, bound) == 0);
    println!("ten clean trials at a chance of {bound:.3} for a lossy one: {:.1} %", clean * 100.0);
    assert!((0.048..=0.052).contains(&clean), "{clean}");
}
