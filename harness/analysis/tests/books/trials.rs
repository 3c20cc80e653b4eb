//! Figures over several trials: merged distributions, intervals over trials, and how far clean trials reach.

use super::common::{BEGAN, Batch, World, started};
use spanfate_analysis::{conclude_run, conclude_trial};
use spanfate_model::format::manifest::{RunManifest, Status};
use spanfate_model::format::wire::Disposition::Accepted;
use spanfate_model::load::{LoadRecord, RequestOutcome};
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{RunResult, TrustCheck};

const MS: u64 = 1_000_000;

/// A world of a hundred spans, the first `lost` of which do not arrive.
fn world(lost: usize) -> World {
    let span = |index: usize| {
        if index < lost { started() } else { started().queued().exported(0).on_wire(&[Accepted]) }
    };
    World { spans: (0..100).map(span).collect(), batches: vec![Batch::Ok], ..World::default() }
}

/// A run of trials that differ in what they lost and in how long each request took. Whether the machine was quiet no log here
/// says, so the test does.
fn run(trials: &[(usize, u64)], quiet: bool) -> RunResult {
    let mut plan = world(0).plan();
    let first = plan.trials[0];
    let planned = |index: usize| PlannedTrial { index: index as u16, repetition: index as u16, ..first };
    plan.trials = (0..trials.len()).map(planned).collect();
    let conclude = |(index, (lost, took)): (usize, &(usize, u64))| {
        let mut logs = world(*lost).logs(&plan);
        logs.load = Some(load(&plan, *took).into());
        let mut trial = conclude_trial(&plan, &plan.trials[index], 1, &logs);
        for mark in trial.result.validity.iter_mut().filter(|mark| mark.check.is(&TrustCheck::Samples)) {
            mark.valid = quiet;
        }
        trial
    };
    let concluded = trials.iter().enumerate().map(conclude).collect();
    let manifest = RunManifest { status: Status::Complete, ..RunManifest::default() };
    conclude_run(plan.clone(), Environment::default(), &manifest, concluded)
}

fn load(plan: &Plan, took: u64) -> Vec<u8> {
    let schedule = spanfate_model::load::schedule(&plan.load, plan.trials[0].seed);
    let record = |(request, offset): (usize, &u64)| LoadRecord {
        request: request as u32,
        outcome: RequestOutcome::Answered,
        measured: true,
        status: 200,
        intended: BEGAN + offset,
        started: BEGAN + offset,
        done: BEGAN + offset + took,
        connection: 0,
    };
    schedule.iter().enumerate().flat_map(|entry| record(entry).write()).collect()
}

#[test]
fn quantiles_of_a_variant_are_those_of_all_its_values() {
    let result = run(&[(0, 10 * MS), (0, 20 * MS), (0, 90 * MS)], true);
    let variant = &result.variants[0];
    let merged = variant.summary.response.as_ref().unwrap();
    let counted: u64 = variant.trials.iter().map(|trial| trial.load.response.as_ref().unwrap().count).sum();
    assert_eq!(merged.count, counted);
    let near =
        |measured: f64, ms: f64| assert!((measured / ms - 1.0).abs() < 0.002, "{measured} is not {ms}");
    near(merged.p50, 20.0);
    // No single trial has both: a third of all requests took 90 ms, and a third 10.
    near(merged.p99, 90.0);
    near(merged.curve[0].1, 10.0);
    // Over the trials the same quantiles have a mean and an interval.
    let p99 = variant.summary.response_p99.unwrap();
    near(p99.mean, 40.0);
    assert!(p99.n == 3 && p99.valid && p99.interval.is_some_and(|(low, high)| low < 10.0 && high > 90.0));
    let delay = variant.summary.delay.as_ref().unwrap();
    assert!(delay.count == 300 && variant.summary.delay_p99.is_some_and(|delay| delay.n == 3));
}

#[test]
fn one_trial_is_shown_as_itself() {
    let result = run(&[(0, 10 * MS)], true);
    let variant = &result.variants[0];
    assert_eq!(variant.summary.response, variant.trials[0].load.response);
    assert_eq!(variant.summary.delay, variant.trials[0].delay);
    assert_eq!(variant.summary.response_p99.unwrap().interval, None);
    assert_eq!(variant.summary.lossy_bound, None);
}

#[test]
fn clean_trials_bound_how_many_are_lossy() {
    let summary = |trials: &[(usize, u64)], quiet| run(trials, quiet).variants.swap_remove(0).summary;
    let clean = summary(&[(0, MS); 10], true);
    assert!(clean.loss.valid && clean.lossy_bound.is_some_and(|bound| (bound - 0.2589).abs() < 1e-4));
    let lossy = summary(&[(0, MS), (0, MS), (3, MS)], true);
    assert_eq!((lossy.lost, lossy.lossy_bound), (3, None));
    // Of a spoilt trial nobody knows what it would have lost.
    assert_eq!(summary(&[(0, MS); 10], false).lossy_bound, None);
}

#[test]
fn the_example_of_a_fate_stands_in_the_first_trial_that_has_it() {
    let result = run(&[(0, MS), (3, MS), (5, MS)], true);
    let examples: Vec<usize> = result.variants[0].trials.iter().map(|trial| trial.examples.len()).collect();
    assert_eq!(examples, [0, 1, 0]);
    let example = &result.variants[0].trials[1].examples[0];
    assert_eq!((example.trial, example.standing.to_string().as_str()), (1, "never_ended.leak"));
}
