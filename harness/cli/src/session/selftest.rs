//! The instrument held against known truths, on this machine: planted losses, equal arms, a slower one, a lossy one.

use std::path::{Path, PathBuf};

use spanfate_analysis::compare::selftest::{BASE, Rounds, planted};
use spanfate_model::finding::selftest::{SeededLoss, Selftest};
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::RunResult;
use spanfate_model::scenario::Plant;
use spanfate_run::host::clock;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::store;

use super::Audience;
use super::selected::{Selected, keep_variants};
use super::series::Series;
use crate::error::Error;
use crate::scenario_file::Loaded;

/// What is planted, in runs of its own: a span that is thrown away and sent again would arrive after all.
const PLANTS: [Plant; 2] = [
    Plant { discard_acknowledged: 5, filter: 7, double_send: 0, service: None },
    Plant { discard_acknowledged: 0, filter: 0, double_send: 2, service: None },
];

/// Runs rounds until the time is over; what came of them, and the directory that says so.
pub(crate) fn selftest(
    loaded: Loaded,
    lasting: Period,
    out: Option<&Path>,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<(PathBuf, Selftest), Error> {
    let file = (loaded.text, loaded.folder);
    let series = Series::begin(loaded.scenario, file, (out, "rounds"), interrupt)?;
    let began = clock::now();
    let found = plant(&series, audience)?;
    let mut rounds = Rounds::default();
    for number in 0.. {
        let selected = round(&series, number)?;
        let needed = selected.plan.estimated_seconds(&selected.plan.trials);
        let passed = Period(std::time::Duration::from_nanos(clock::now() - began)).seconds();
        // The first round always runs: without one nothing can be said.
        if series.interrupt.requested() || (number > 0 && passed + needed > lasting.seconds()) {
            break;
        }
        audience.note(&format!("round {}, {passed:.0} s of {lasting}", number + 1));
        let result = measure(&series, &selected, audience)?;
        if !series.interrupt.requested() {
            rounds.add(&result);
        }
    }
    let selftest = rounds.conclude(found);
    store::write_json(&series.dir.join("selftest.json"), &selftest)?;
    Ok((series.dir, selftest))
}

/// Runs that plant losses and copies, and how many of them were found.
fn plant(series: &Series, audience: &mut dyn Audience) -> Result<Vec<SeededLoss>, Error> {
    let mut scenario = series.scenario.clone();
    keep_variants(&mut scenario, &[BASE.to_owned()])?;
    scenario.trials = std::num::NonZeroU32::MIN;
    scenario.fault.clear();
    let mut out = Vec::new();
    for plant in PLANTS {
        scenario.plant = plant;
        let result = measure(series, &series.select(&scenario)?, audience)?;
        let trial = result.variants.iter().flat_map(|variant| &variant.trials).next();
        out.extend(trial.into_iter().flat_map(|trial| planted(&scenario.plant, trial)));
    }
    Ok(out)
}

/// The arms, with a seed of this round.
fn round(series: &Series, number: u64) -> Result<Selected, Error> {
    let mut scenario = series.scenario.clone();
    scenario.seed = scenario.seed.wrapping_add(number);
    series.select(&scenario)
}

/// Runs and concludes. Its logs are removed: hundreds of rounds would fill the disk.
fn measure(series: &Series, selected: &Selected, audience: &mut dyn Audience) -> Result<RunResult, Error> {
    let (dir, result) = series.run(selected, audience)?;
    store::remove(&dir)?;
    Ok(result)
}
