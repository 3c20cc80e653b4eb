//! `spanfate selftest`: the instrument held against known truths, on this machine.

use std::path::Path;

use spanfate_analysis::selftest::{BASE, Rounds, planted};
use spanfate_model::scenario::{Plant, Scenario};
use spanfate_model::selftest::Planted;
use spanfate_model::unit::Period;
use spanfate_model::verdict::ExitCode;
use spanfate_run::interrupt::Interrupt;
use spanfate_run::project::Project;
use spanfate_run::runner::{Limits, Run, fresh_directory};
use spanfate_run::{clock, store};

use super::scenario::measure;
use crate::args::SelftestArguments;
use crate::error::Error;
use crate::scenario_file;
use crate::select::{Selected, keep_variants};
use crate::show::{self, Shown};

/// What is planted, in runs of its own: a span that is thrown away and sent again would arrive after all.
const PLANTS: [Plant; 2] = [
    Plant { discard_acknowledged: 5, filter: 7, double_send: 0, service: None },
    Plant { discard_acknowledged: 0, filter: 0, double_send: 2, service: None },
];

/// Runs rounds until the time is over.
pub(super) fn run(arguments: &SelftestArguments, color: bool) -> Result<ExitCode, Error> {
    let loaded = scenario_file::load(Path::new("selftest"), color)?;
    let project = Project::find()?;
    let interrupt = Interrupt::listen(show::note)?;
    let results = arguments.out.clone().unwrap_or_else(|| project.results());
    let dir = fresh_directory(&results, "selftest")?;
    let lab = Lab {
        project: &project,
        scenario: &loaded.scenario,
        text: &loaded.text,
        base: &loaded.folder,
        dir: &dir,
        interrupt: &interrupt,
    };
    let began = clock::now();
    let found = lab.plant()?;
    let mut rounds = Rounds::default();
    for number in 0.. {
        let selected = lab.round(number)?;
        let needed = selected.plan.estimated_seconds(&selected.plan.trials);
        let passed = Period(std::time::Duration::from_nanos(clock::now() - began)).seconds();
        // The first round always runs: without one nothing can be said.
        if interrupt.requested() || (number > 0 && passed + needed > arguments.lasting.seconds()) {
            break;
        }
        show::note(&format!("round {}, {passed:.0} s of {}", number + 1, arguments.lasting));
        let result = lab.measure(&selected)?;
        if !interrupt.requested() {
            rounds.add(&result);
        }
    }
    let selftest = rounds.conclude(found);
    store::write_json(&dir.join("selftest.json"), &selftest)?;
    if arguments.json {
        show::data(&super::pretty(&selftest)?)?;
    } else {
        show::data(&spanfate_report::selftest(&selftest))?;
        show::note(&format!("results: {}", dir.display()));
    }
    Ok(match interrupt.signal() {
        Some(2) => ExitCode::Interrupted,
        Some(_) => ExitCode::Terminated,
        None => selftest.verdict.exit(),
    })
}

struct Lab<'a> {
    project: &'a Project,
    scenario: &'a Scenario,
    text: &'a str,
    base: &'a Path,
    dir: &'a Path,
    interrupt: &'a Interrupt,
}

impl Lab<'_> {
    /// Runs that plant losses and copies, and how many of them were found.
    fn plant(&self) -> Result<Vec<Planted>, Error> {
        let mut scenario = self.scenario.clone();
        keep_variants(&mut scenario, &[BASE.to_owned()])?;
        scenario.trials = std::num::NonZeroU32::MIN;
        scenario.fault.clear();
        let mut out = Vec::new();
        for plant in PLANTS {
            scenario.plant = plant;
            let result = self.measure(&self.selected(&scenario)?)?;
            let trial = result.variants.iter().flat_map(|variant| &variant.trials).next();
            out.extend(trial.into_iter().flat_map(|trial| planted(&scenario.plant, trial)));
        }
        Ok(out)
    }

    /// The arms, with a seed of this round.
    fn round(&self, number: u64) -> Result<Selected, Error> {
        let mut scenario = self.scenario.clone();
        scenario.seed = scenario.seed.wrapping_add(number);
        self.selected(&scenario)
    }

    fn selected(&self, scenario: &Scenario) -> Result<Selected, Error> {
        Selected::of(scenario, self.text.to_owned(), self.base.to_owned())
    }

    /// Runs and concludes. Its logs are removed: hundreds of rounds would fill the disk.
    fn measure(&self, selected: &Selected) -> Result<spanfate_model::result::RunResult, Error> {
        let run = Run {
            project: self.project,
            base: self.base,
            results: self.dir.to_owned(),
            plan: &selected.plan,
            scenario: &selected.text,
            interrupt: self.interrupt,
            limits: Limits::default(),
        };
        let (dir, result, done) = measure(&run, &mut Shown::new(true))?;
        done?;
        store::remove(&dir)?;
        Ok(result)
    }
}
