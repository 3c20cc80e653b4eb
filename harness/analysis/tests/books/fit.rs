//! What a machine carries, from trials whose CPU time is known.

use super::common::{World, started};
use spanfate_analysis::carried;
use spanfate_model::limits::QuotaFigures;
use spanfate_model::result::TrialResult;
use spanfate_model::result::environment::Environment;

/// A thousand requests a second, each 200 us of the service's core and 100 us of the harness's.
fn trial() -> TrialResult {
    let mut trial = World { spans: vec![started()], ..World::default() }.conclude().0;
    trial.load.achieved = 1000.0;
    let usage = &mut trial.usage;
    (usage.samples, usage.fixture_cpu, usage.harness_cpu, usage.foreign) = (15, 0.2, 0.1, 0.0);
    trial
}

fn machine(fixture: &[u32], harness: &[u32]) -> Environment {
    Environment { fixture_cpus: fixture.to_vec(), harness_cpus: harness.to_vec(), ..Environment::default() }
}

fn carries(trial: &TrialResult, machine: &Environment) -> u64 {
    carried(trial, machine).map_or(0, |rate| rate.round() as u64)
}

#[test]
fn the_core_that_is_used_up_first_decides() {
    let two = machine(&[0], &[1]);
    assert_eq!(carries(&trial(), &two), 5000);
    let mut slow_harness = trial();
    slow_harness.usage.harness_cpu = 0.5;
    assert_eq!(carries(&slow_harness, &two), 2000);
    assert_eq!(carries(&trial(), &machine(&[0], &[0])), 3333, "both share one core");
}

#[test]
fn what_others_take_and_a_quota_are_not_there_for_the_load() {
    let two = machine(&[0], &[1]);
    let mut stolen = trial();
    stolen.usage.foreign = 0.1;
    assert_eq!(carries(&stolen, &two), 4500);
    let quota = |cores| Some(QuotaFigures { cores, ..QuotaFigures::default() });
    let mut container = trial();
    container.usage.harness_quota = quota(0.6);
    assert_eq!(carries(&container, &two), 2000);
    let mut own = trial();
    own.usage.fixture_quota = quota(0.6);
    assert_eq!(carries(&own, &two), 3000);
}

#[test]
fn too_little_is_no_figure() {
    let two = machine(&[0], &[1]);
    let mut few = trial();
    few.usage.samples = 2;
    assert_eq!(carried(&few, &two), None);
    let mut none = trial();
    none.load.achieved = 0.0;
    assert_eq!(carried(&none, &two), None);
}
