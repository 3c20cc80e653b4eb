//! `spanfate selftest`: the instrument held against known truths, on this machine.

use std::path::Path;

use spanfate_analysis::selftest::{BASE, Rounds, planted};
use spanfate_model::result::RunResult;
use spanfate_model::scenario::Plant;
use spanfate_model::selftest::Planted;
use spanfate_model::unit::Period;
use spanfate_model::verdict::ExitCode;
use spanfate_run::{clock, store};

use super::series::Series;
use crate::args::SelftestArguments;
use crate::error::Error;
use crate::scenario_file;
use crate::select::{Selected, keep_variants};
use crate::show;

/// What is planted, in runs of its own: a span that is thrown away and sent again would arrive after all.
const PLANTS: [Plant; 2] = [
    Plant { discard_acknowledged: 5, filter: 7, double_send: 0, service: None },
    Plant { discard_acknowledged: 0, filter: 0, double_send: 2, service: None },
];

/// Runs rounds until the time is over.
pub(super) fn run(arguments: &SelftestArguments, color: bool) -> Result<ExitCode, Error> {
    let loaded = scenario_file::load(Path::new("selftest"), color)?;
    let file = (loaded.text, loaded.folder);
    let series = Series::begin(loaded.scenario, file, arguments.out.as_deref(), "rounds")?;
    let began = clock::now();
    let found = plant(&series)?;
    let mut rounds = Rounds::default();
    for number in 0.. {
        let selected = round(&series, number)?;
        let needed = selected.plan.estimated_seconds(&selected.plan.trials);
        let passed = Period(std::time::Duration::from_nanos(clock::now() - began)).seconds();
        // The first round always runs: without one nothing can be said.
        if series.interrupt.requested() || (number > 0 && passed + needed > arguments.lasting.seconds()) {
            break;
        }
        show::note(&format!("round {}, {passed:.0} s of {}", number + 1, arguments.lasting));
        let result = measure(&series, &selected)?;
        if !series.interrupt.requested() {
            rounds.add(&result);
        }
    }
    let selftest = rounds.conclude(found);
    store::write_json(&series.dir.join("selftest.json"), &selftest)?;
    if arguments.json {
        show::data(&super::pretty(&selftest)?)?;
    } else {
        show::data(&spanfate_report::selftest(&selftest))?;
        show::note(&format!("results: {}", series.dir.display()));
    }
    Ok(match series.interrupt.signal() {
        Some(2) => ExitCode::Interrupted,
        Some(_) => ExitCode::Terminated,
        None => selftest.verdict.exit(),
    })
}

/// Runs that plant losses and copies, and how many of them were found.
fn plant(series: &Series) -> Result<Vec<Planted>, Error> {
    let mut scenario = series.scenario.clone();
    keep_variants(&mut scenario, &[BASE.to_owned()])?;
    scenario.trials = std::num::NonZeroU32::MIN;
    scenario.fault.clear();
    let mut out = Vec::new();
    for plant in PLANTS {
        scenario.plant = plant;
        let result = measure(series, &series.select(&scenario)?)?;
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
fn measure(series: &Series, selected: &Selected) -> Result<RunResult, Error> {
    let (dir, result) = series.run(selected, true)?;
    store::remove(&dir)?;
    Ok(result)
}
