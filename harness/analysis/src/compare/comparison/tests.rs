//! What is compared of runs with one trial each, and of pairs on a machine of which others take time.

use std::num::NonZeroU32;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::{FORMAT, Status};
use spanfate_model::plan::Plan;
use spanfate_model::result::change::Change;
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{
    Basis, Comparison, Insights, Quantiles, RunResult, TrialResult, TrustCheck, Validity, VariantResult,
    VariantSummary,
};
use spanfate_model::scenario::figure::{Figure, Quantile};
use spanfate_model::scenario::{Compare, Gates};
use spanfate_model::verdict::Verdict;

use super::{Apart, compare_arms, compare_runs};
use crate::expect::forge::{Forged, forged};

fn run(forged: &Forged) -> RunResult {
    let variant = VariantResult {
        name: "v".to_owned(),
        settings: Vec::new(),
        trials: vec![forged.trial.clone()],
        summary: VariantSummary::default(),
    };
    RunResult {
        format: FORMAT.to_owned(),
        run_id: "forged".to_owned(),
        status: Status::Complete,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        plan: forged.plan.clone(),
        environment: Environment::default(),
        variants: vec![variant],
        expectations: Vec::new(),
        claims: Vec::new(),
        sweep: None,
        comparison: None,
        insights: Insights::default(),
    }
}

fn compared(baseline: &Forged, candidate: &Forged) -> Comparison {
    compare_runs(&run(baseline), &run(candidate), &Apart::default()).remove(0)
}

fn change(comparison: &Comparison, figure: &str) -> Option<Change> {
    let figure = Figure::try_from(figure.to_owned()).unwrap();
    comparison.rows.iter().find(|row| row.figure.is(&figure)).map(|row| row.change)
}

#[test]
fn counts_of_one_trial_each_are_compared_and_a_run_is_the_same_as_itself() {
    let clean = || forged("{}", &[]);
    let slow = || forged(r#"{"answer_after":"100ms"}"#, &[]).lost(Fate::DroppedQueueFull, 1200);
    let lossy = || clean().lost(Fate::DroppedQueueFull, 5);
    let dropped = "fate.dropped_queue_full";
    let cases = vec![
        (clean(), clean(), dropped, None, Verdict::Pass),
        (clean(), clean(), "fate.received", Some(Change::Same), Verdict::Pass),
        (lossy(), lossy(), dropped, Some(Change::Same), Verdict::Pass),
        // Without the stalls it may have been none.
        (clean(), lossy(), dropped, Some(Change::Inconclusive), Verdict::Inconclusive),
        (clean(), slow(), dropped, Some(Change::Worse), Verdict::Fail),
        (slow(), clean(), dropped, Some(Change::Better), Verdict::Pass),
        (clean().stolen(0.05), clean().stolen(0.05), "spans.created", Some(Change::Same), Verdict::Pass),
    ];
    for (baseline, candidate, figure, expected, verdict) in cases {
        let comparison = compared(&baseline, &candidate);
        assert_eq!((change(&comparison, figure), comparison.verdict), (expected, verdict), "{comparison:?}");
        let told = comparison.reasons.iter().any(|reason| reason.contains("`--trials 5`"));
        assert!(told, "{:?}", comparison.reasons);
    }
    // Whoever names figures hears that they cannot be told.
    let named = Apart { gates: Some(Gates::default()), any_machine: false };
    let comparison = compare_runs(&run(&clean()), &run(&clean()), &named).remove(0);
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
}

/// Ten pairs, in each of which the candidate lost so many spans.
fn pairs(plan: &Plan, trial: &Forged, lost: &[u64]) -> Comparison {
    let arm = |name: &str, lost: &[u64]| {
        let one = |(repetition, lost): (usize, &u64)| TrialResult {
            repetition: repetition as u16,
            ..if *lost == 0 {
                trial.trial.clone()
            } else {
                trial.clone().lost(Fate::DroppedQueueFull, *lost).trial
            }
        };
        VariantResult {
            name: name.to_owned(),
            settings: Vec::new(),
            trials: lost.iter().enumerate().map(one).collect(),
            summary: VariantSummary::default(),
        }
    };
    let compare = Compare {
        baseline: "v".to_owned(),
        candidate: "w".to_owned(),
        pairs: NonZeroU32::new(lost.len() as u32).unwrap(),
        gate: Gates([(Figure::LossRate, 0.001)].into()),
        ..Compare::default()
    };
    compare_arms(&compare, plan, &[arm("v", &vec![0; lost.len()]), arm("w", lost)])
}

#[test]
fn disturbed_pairs_count_where_all_of_them_are_exact() {
    let stolen = forged("{}", &[]).stolen(0.09);
    let mut plan = stolen.plan.clone();
    let mut other = plan.variants[0].clone();
    other.name = "w".to_owned();
    plan.variants.push(other);
    let clean = pairs(&plan, &stolen, &[0; 10]);
    assert_eq!(
        (change(&clean, "loss.rate"), clean.verdict),
        (Some(Change::Same), Verdict::Pass),
        "{clean:?}"
    );
    // To take the nine that lost nothing would choose by the outcome.
    let one = pairs(&plan, &stolen, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    assert_eq!(change(&one, "loss.rate"), Some(Change::Inconclusive));
    let reason = one.rows.iter().find_map(|row| row.reason.clone()).unwrap();
    assert!(
        reason.contains("10 pairs are not valid for it: ") && reason.contains("0.09, bound 0.02"),
        "{reason}"
    );
}

/// Pairs of one median each, nanoseconds, of which those that are marked were disturbed by a neighbour.
fn medians(values: &[(f64, f64)], disturbed: &[bool]) -> Comparison {
    let base = forged("{}", &[]);
    let mut plan = base.plan.clone();
    let mut other = plan.variants[0].clone();
    other.name = "w".to_owned();
    plan.variants.push(other);
    let arm = |name: &str, pick: fn(&(f64, f64)) -> f64| {
        let one = |(repetition, pair): (usize, &(f64, f64))| {
            let mut trial = TrialResult { repetition: repetition as u16, ..base.trial.clone() };
            trial.load.response = Some(Quantiles { p50: pick(pair), ..Quantiles::default() });
            let foreign = if disturbed[repetition] { 0.2 } else { 0.01 };
            trial.usage.foreign = foreign;
            trial.validity = vec![Validity::of(Basis::Latency, TrustCheck::ForeignCpu, foreign, 0.05)];
            trial
        };
        VariantResult {
            name: name.to_owned(),
            settings: Vec::new(),
            trials: values.iter().enumerate().map(one).collect(),
            summary: VariantSummary::default(),
        }
    };
    let compare = Compare {
        baseline: "v".to_owned(),
        candidate: "w".to_owned(),
        pairs: NonZeroU32::new(values.len() as u32).unwrap(),
        gate: Gates([(Figure::Response(Quantile::P50), 0.03)].into()),
        ..Compare::default()
    };
    compare_arms(&compare, &plan, &[arm("v", |pair| pair.0), arm("w", |pair| pair.1)])
}

/// Pairs of which the candidate takes so many times as long, with a spread of some percent.
fn spread(rng: &mut ChaCha8Rng, pairs: usize, times: f64, width: f64) -> Vec<(f64, f64)> {
    let value = |rng: &mut ChaCha8Rng| 10.0 * (1.0 + rng.random_range(0.0..width));
    (0..pairs).map(|_| (value(rng), times * value(rng))).collect()
}

#[test]
fn pairs_that_were_disturbed_alike_show_what_is_worse_and_nothing_else() {
    let mut rng = ChaCha8Rng::seed_from_u64(19);
    let all = [true; 8];
    for (times, change, verdict) in [
        (1.1, Change::Worse, Verdict::Fail),
        (1.0, Change::Inconclusive, Verdict::Inconclusive),
        (0.9, Change::Inconclusive, Verdict::Inconclusive),
    ] {
        let found = medians(&spread(&mut rng, 8, times, 0.01), &all);
        let row = found.rows.last().unwrap();
        assert_eq!((row.change, found.verdict), (change, verdict), "{times}: {found:?}");
        assert!(found.reasons[0].contains("not valid for it: "), "{:?}", found.reasons);
    }
    // As long as enough pairs are valid, these alone say that it is the same.
    let some = [true, true, false, false, false, false, false, false];
    assert_eq!(medians(&spread(&mut rng, 8, 1.0, 0.01), &some).verdict, Verdict::Pass);
    // What is seen in all of them is not hidden by taking those away that show it.
    let mut shown = spread(&mut rng, 8, 1.001, 0.0005);
    for pair in &mut shown[..2] {
        pair.1 *= 1.4;
    }
    let kept = medians(&shown, &some);
    assert_eq!(kept.verdict, Verdict::Inconclusive, "{kept:?}");
}

#[test]
fn disturbed_pairs_of_the_same_cry_wolf_no_more_often_than_others() {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let (mut alarms, mut passes, mut found) = (0, 0, 0);
    for _ in 0..1000 {
        let same = medians(&spread(&mut rng, 8, 1.0, 0.6), &[true; 8]).verdict;
        alarms += u32::from(same == Verdict::Fail);
        passes += u32::from(same == Verdict::Pass);
        found += u32::from(medians(&spread(&mut rng, 8, 1.1, 0.1), &[true; 8]).verdict == Verdict::Fail);
    }
    println!("disturbed pairs: {alarms} false alarms of 1,000, a tenth found in {found} of 1,000");
    assert!(alarms <= 50 && passes == 0, "{alarms} {passes}");
    assert!(found >= 900, "{found}");
}

proptest! {
    /// Whichever pairs are disturbed, a comparison that failed does not pass.
    #[test]
    fn to_disturb_pairs_never_makes_a_pass_of_a_fail(
        seed in any::<u64>(), times in 0.9f64..1.4, width in 0.001f64..0.2,
        disturbed in prop::collection::vec(any::<bool>(), 10), more in prop::collection::vec(any::<bool>(), 10),
    ) {
        let values = spread(&mut ChaCha8Rng::seed_from_u64(seed), 10, times, width);
        let worse: Vec<bool> = disturbed.iter().zip(&more).map(|(a, b)| *a || *b).collect();
        let (was, is) = (medians(&values, &[false; 10]).verdict, medians(&values, &disturbed).verdict);
        let then = medians(&values, &worse).verdict;
        prop_assert!(was != Verdict::Fail || is != Verdict::Pass, "{was:?} became {is:?}");
        prop_assert!(was != Verdict::Fail || then != Verdict::Pass, "{was:?} became {then:?}");
    }
}

#[test]
fn what_timers_move_differs_only_where_many_trials_agree() {
    let calls = |count: u64, trials: usize| {
        let mut one = forged("{}", &[]);
        one.trial.exports.calls = count;
        let mut run = run(&one);
        run.variants[0].trials = vec![one.trial; trials];
        run
    };
    let compared = |trials: usize| {
        let both = compare_runs(&calls(40, trials), &calls(41, trials), &Apart::default()).remove(0);
        change(&both, "exports.calls")
    };
    assert_eq!((compared(2), compared(3)), (None, None));
    assert_ne!(compared(4), None);
    let same = compare_runs(&calls(40, 2), &calls(40, 2), &Apart::default()).remove(0);
    assert_eq!(change(&same, "exports.calls"), Some(Change::Same));
}

#[test]
fn a_count_that_disturbance_may_have_made_is_no_difference() {
    let run = |lost: u64, steal: f64| {
        let forged = forged("{}", &[]);
        let forged = if lost > 0 { forged.lost(Fate::DroppedQueueFull, lost) } else { forged };
        let forged = if steal > 0.0 { forged.stolen(steal) } else { forged };
        let mut run = run(&forged);
        run.variants[0].trials = vec![forged.trial; 5];
        run
    };
    let dropped = |steal: f64| {
        let both = compare_runs(&run(0, 0.0), &run(5, steal), &Apart::default()).remove(0);
        (change(&both, "fate.dropped_queue_full"), both.verdict)
    };
    assert_eq!(dropped(0.0), (Some(Change::Worse), Verdict::Fail));
    let (change, verdict) = dropped(0.05);
    assert_eq!((change, verdict), (Some(Change::Inconclusive), Verdict::Inconclusive));
}
