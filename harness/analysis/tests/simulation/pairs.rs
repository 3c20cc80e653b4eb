//! Size and power of the paired test: how often it cries wolf, and how often it sees one.

use rand_chacha::ChaCha8Rng;
use spanfate_analysis::statistics::{
    BetterSide, EffectMeasure, EffectScale, Gate, alpha_at, detectable, holm, judge, least_pairs, sign_flip,
};
use spanfate_model::result::change::Change;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::noise::{normal, pairs, rate, trials};

const ALPHA: f64 = 0.05;
/// Repetitions: a rate of 5 % is then known to 0.4 % (two standard errors).
const MANY: u32 = 10_000;
/// Two standard errors of a rate of 5 %, which the simulation itself may be off.
const OFF: f64 = 0.0044;

fn changes(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|(base, candidate)| (candidate / base).ln()).collect()
}

fn found(pairs: &[(f64, f64)]) -> bool {
    sign_flip(&changes(pairs)).unwrap() <= ALPHA
}

fn judged(pairs: Vec<(f64, f64)>) -> Change {
    let measure = EffectMeasure { scale: EffectScale::Ratio, direction: BetterSide::Less, smallest: 0.03 };
    judge(&[Gate { pairs, measure }], ALPHA).remove(0).change
}

#[test]
fn the_paired_test_keeps_its_size_and_finds_a_tenth() {
    let alarm = |change: Change| matches!(change, Change::Better | Change::Worse);
    let size = rate(11, MANY, |rng| found(&pairs(rng, 10, 0.0)));
    let with_effect = rate(11, MANY, |rng| alarm(judged(pairs(rng, 10, 0.0))));
    let tenth = rate(12, MANY, |rng| judged(pairs(rng, 10, 0.10)) == Change::Worse);
    let twentieth = rate(13, MANY, |rng| judged(pairs(rng, 10, 0.05)) == Change::Worse);
    let wrong = rate(14, MANY, |rng| judged(pairs(rng, 10, 0.05)) == Change::Better);
    println!(
        "10 pairs: alarms without a change {:.1} %, with a smallest effect of 3 % {:.1} %; found: 10 % in {:.1} %, 5 % in {:.1} %",
        size * 100.0,
        with_effect * 100.0,
        tenth * 100.0,
        twentieth * 100.0
    );
    assert!(size <= ALPHA + OFF, "{size}");
    assert!(with_effect < size, "{with_effect}");
    assert!(tenth >= 0.95, "{tenth}");
    assert!((0.70..0.90).contains(&twentieth) && wrong < 0.001, "{twentieth} {wrong}");
}

#[test]
fn what_is_called_detectable_is_found_in_four_of_five() {
    let power = rate(15, 5000, |rng| {
        // The size is that of the spread at hand; of normal differences of spread 1 it is known beforehand.
        let differences: Vec<f64> = (0..10).map(|_| normal(rng)).collect();
        let change = detectable(&[-3.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], ALPHA, 0.8).unwrap();
        // Spread of these is the square root of 2.
        let shifted: Vec<f64> = differences.iter().map(|d| d * 2_f64.sqrt() + change).collect();
        sign_flip(&shifted).unwrap() <= ALPHA
    });
    println!("the detectable change is found in {:.1} %", power * 100.0);
    assert!((0.75..=0.86).contains(&power), "{power}");
}

/// Looks after every second pair, from 6 to 16.
const LOOKS: [usize; 6] = [6, 8, 10, 12, 14, 16];

fn found_at_a_look(rng: &mut ChaCha8Rng, effect: f64, alpha: impl Fn(usize) -> f64) -> bool {
    let changes = changes(&pairs(rng, 16, effect));
    LOOKS.iter().zip(1..).any(|(pairs, look)| sign_flip(&changes[..*pairs]).unwrap() <= alpha(look))
}

#[test]
fn looking_early_needs_alpha_to_be_spent() {
    let spent = |look| alpha_at(look, LOOKS.len(), ALPHA).unwrap();
    let greedy = rate(16, MANY, |rng| found_at_a_look(rng, 0.0, |_| ALPHA));
    let size = rate(16, MANY, |rng| found_at_a_look(rng, 0.0, spent));
    let power = rate(17, MANY, |rng| found_at_a_look(rng, 0.10, spent));
    println!(
        "six looks: alarms without spending {:.1} %, with {:.1} %; 10 % found in {:.1} %",
        greedy * 100.0,
        size * 100.0,
        power * 100.0
    );
    assert!(greedy > 0.10, "{greedy}");
    assert!(size <= ALPHA, "{size}");
    assert!(power >= 0.95, "{power}");
}

/// Two-sided p of Mann and Whitney by the normal distribution; values are continuous, so there are no ties.
fn mann_whitney(first: &[f64], second: &[f64]) -> f64 {
    let (n, m) = (first.len() as f64, second.len() as f64);
    let below = |value: &f64| second.iter().filter(|other| value > other).count();
    let above = first.iter().map(below).sum::<usize>() as f64;
    let steps = ((above - n * m / 2.0).abs() - 0.5) / (n * m * (n + m + 1.0) / 12.0).sqrt();
    2.0 * (1.0 - Normal::standard().cdf(steps))
}

/// Two-sided p of Student's t test of two arms of the same number of trials.
fn t_test(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let squares = |x: &[f64]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>();
    let error = ((squares(a) + squares(b)) / (n - 1.0) / n).sqrt();
    2.0 * (1.0 - StudentsT::new(0.0, 1.0, 2.0 * n - 2.0).unwrap().cdf((mean(a) - mean(b)).abs() / error))
}

/// Why trials of the arms alternate. Whoever runs all of A and then all of B, because it is simpler, measures how the
/// machine changed in the meantime, and more trials make it worse.
#[test]
fn blocked_order_cries_wolf_where_interleaved_order_does_not() {
    let blocked = |test: fn(&[f64], &[f64]) -> f64, each: usize| {
        rate(18, MANY, |rng| {
            let all = trials(rng, 2 * each);
            let (first, second) = all.split_at(each);
            test(first, second) <= ALPHA
        })
    };
    let (ranks, student) = (blocked(mann_whitney, 10), blocked(t_test, 10));
    let more = blocked(mann_whitney, 15);
    let interleaved = rate(18, MANY, |rng| found(&pairs(rng, 10, 0.0)));
    println!(
        "AAAA BBBB: alarms by Mann-Whitney {:.1} % (15 trials: {:.1} %), by t {:.1} %; interleaved {:.1} %",
        ranks * 100.0,
        more * 100.0,
        student * 100.0,
        interleaved * 100.0
    );
    assert!(ranks > 0.20 && student > 0.20 && more > ranks, "{ranks} {student} {more}");
    assert!(interleaved <= ALPHA + OFF, "{interleaved}");
}

/// Differences of five metrics that share half of their noise, the first `real` of them with a real change.
fn metrics(rng: &mut ChaCha8Rng, real: usize) -> Vec<f64> {
    let pairs = 12;
    let shared: Vec<f64> = (0..pairs).map(|_| normal(rng)).collect();
    let mut p = |metric: usize| {
        let shift = if metric < real { 3.0 } else { 0.0 };
        let differences: Vec<f64> = shared.iter().map(|common| common + normal(rng) + shift).collect();
        sign_flip(&differences).unwrap()
    };
    (0..5).map(&mut p).collect()
}

#[test]
fn holm_keeps_the_false_alarms_of_a_whole_family() {
    for real in [0, 2] {
        let plain = rate(19, MANY, |rng| metrics(rng, real)[real..].iter().any(|p| *p <= ALPHA));
        let adjusted = rate(19, MANY, |rng| holm(&metrics(rng, real))[real..].iter().any(|p| *p <= ALPHA));
        println!(
            "five metrics, {real} with a change: any false alarm {:.1} %, after Holm {:.1} %",
            plain * 100.0,
            adjusted * 100.0
        );
        assert!(plain > 0.08 && adjusted <= ALPHA, "{plain} {adjusted}");
    }
}

#[test]
fn the_fewest_pairs_are_the_fewest() {
    let least = least_pairs(1, ALPHA, 1).unwrap();
    let alarms = |pairs: usize| rate(20, 2000, |rng| found(&crate::noise::pairs(rng, pairs, 0.5)));
    assert!(alarms(least) > 0.99 && alarms(least - 1) < 1e-9);
}
