//! Claims judged: the scenarios that they need run once each, the inspections are asked, and what came of it is kept, so that it can be
//! continued.

mod needs;
mod publish;
mod register;
mod sdks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use spanfate_analysis::claims::{judged, of_contract, of_inspection, of_run, without_run};
use spanfate_model::finding::claims::inspection::Inspected;
use spanfate_model::finding::claims::register::{ClaimsFile, ContractTest, RegisteredClaim};
use spanfate_model::finding::claims::{
    ClaimMeasure, ClaimRun, ClaimRunBooks, ClaimsRecord, ClaimsState, JudgedClaim,
};
use spanfate_model::finding::noise::Disturbance;
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::result::RunResult;
use spanfate_model::result::environment::Environment;
use spanfate_model::verdict::Verdict;
use spanfate_run::fixture::Inspector;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::{Limits, fresh_directory};
use spanfate_run::store;
use spanfate_run::trial::progress::Progress;

use super::Audience;
use super::arms::Arm;
use super::outside::contract;
use super::runs;
use super::series::Series;
use crate::error::Error;
use needs::{NeededRun, inspections, needed_runs};
pub(crate) use publish::{page, publish, write_page};
pub(crate) use sdks::claims_by_sdk;

/// A run that takes longer is left out of a quick look, seconds.
const QUICK_MOST_S: f64 = 40.0;
/// What an inspection takes, about, seconds.
const INSPECTION_S: f64 = 2.0;

/// Which claims are judged, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClaimsOrder {
    /// Files of claims; none: the project's own.
    pub(crate) files: Vec<PathBuf>,
    /// Only those of these sections.
    pub(crate) sections: Vec<String>,
    /// Only these.
    pub(crate) numbers: Vec<u32>,
    /// Without what takes long.
    pub(crate) quick: bool,
    /// How often a spoilt trial is run again.
    pub(crate) repeats: u16,
    /// The directory of an earlier one, to go on with.
    pub(crate) resume: Option<PathBuf>,
    pub(crate) out: Option<PathBuf>,
    /// The SDK that fixtures and inspections are built with; none: the pinned one.
    pub(crate) sdk: Option<String>,
    /// What is done to the machine while runs go on.
    pub(crate) disturbance: Option<Disturbance>,
}

/// Claims that were judged.
pub(crate) struct ClaimsFound {
    pub(crate) dir: PathBuf,
    pub(crate) claims: Vec<RegisteredClaim>,
    /// Their verdicts.
    pub(crate) record: ClaimsRecord,
    /// Whether the books of a run do not close.
    pub(crate) broken: bool,
}

/// The files of claims, and which of their claims are selected.
pub(crate) fn selected(
    order: &ClaimsOrder,
    color: bool,
) -> Result<(Vec<ClaimsFile>, Vec<RegisteredClaim>), Error> {
    let files = register::read(&order.files, color)?;
    let wanted = |claim: &&RegisteredClaim| {
        let in_section = order.sections.iter().any(|section| claim.is_in(section));
        let all = order.sections.is_empty() && order.numbers.is_empty();
        all || in_section || order.numbers.contains(&claim.number)
    };
    let claims: Vec<RegisteredClaim> =
        files.iter().flat_map(|file| &file.claims).filter(wanted).cloned().collect();
    if claims.is_empty() {
        return Err(Error::NothingSelected(
            "no claim has such a section or number; `spanfate claims --list` shows all".to_owned(),
        ));
    }
    Ok((files, claims))
}

/// Judges claims: runs and asks what is missing, then concludes all of it.
pub(crate) fn claims(
    order: &ClaimsOrder,
    color: bool,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<ClaimsFound, Error> {
    let (files, claims) = selected(order, color)?;
    judge_in(begin(order)?, (&files, claims), order, color, interrupt, audience)
}

/// The same in a directory, with what is known there.
fn judge_in(
    (dir, state): (PathBuf, ClaimsState),
    (files, claims): (&[ClaimsFile], Vec<RegisteredClaim>),
    order: &ClaimsOrder,
    color: bool,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<ClaimsFound, Error> {
    let source = files.first().map_or("", |file| file.source.as_str());
    let sdk = order.sdk.as_deref().map(Arm::sdk);
    let runs = needed_runs(&claims, source, sdk.as_ref(), color)?;
    let asked = inspections(&claims);
    let mut judging = Judging { dir, state, audience, interrupt, left_s: 0.0 };
    judging.left_s = judging.seconds(&runs, &asked, order.quick);
    judging.inspect(&asked, sdk.as_ref().and_then(Arm::written))?;
    judging.run(&runs, order)?;
    judging.conclude(claims)
}

/// A directory of its own, or that of an earlier one with its state.
fn begin(order: &ClaimsOrder) -> Result<(PathBuf, ClaimsState), Error> {
    if let Some(dir) = &order.resume {
        let file = dir.join("claims.json");
        if !file.is_file() {
            return Err(Error::Missing {
                what: "claims",
                name: dir.display().to_string(),
                hint: "; give the directory that `spanfate claims` named as its results".to_owned(),
            });
        }
        return Ok((dir.clone(), store::read_json(&file)?));
    }
    let results = order.out.clone().unwrap_or_else(Project::usual_results);
    let dir = fresh_directory(&results, "claims")?;
    let state = ClaimsState { format: FORMAT.to_owned(), ..ClaimsState::default() };
    store::write_json(&dir.join("claims.json"), &state)?;
    Ok((dir, state))
}

/// What a run measured for one test of a claim; nothing where it has no result.
type TestMeasures = Option<Vec<ClaimMeasure>>;

/// What goes on while claims are judged.
struct Judging<'a> {
    dir: PathBuf,
    state: ClaimsState,
    audience: &'a mut dyn Audience,
    interrupt: &'a Interrupt,
    /// What is still to be done, about, seconds.
    left_s: f64,
}

impl Judging<'_> {
    fn keep(&self) -> Result<(), Error> {
        Ok(store::write_json(&self.dir.join("claims.json"), &self.state)?)
    }

    /// Whether a run that is there has what is needed of it.
    fn has(&self, run: &NeededRun) -> bool {
        let known = self.state.runs.get(&run.scenario);
        known.is_some_and(|known| known.directory.is_some() && known.variants == run.variants)
    }

    /// What is still to be done, about.
    fn seconds(&self, runs: &[NeededRun], asked: &BTreeSet<Inspected>, quick: bool) -> f64 {
        let runs = runs.iter().filter(|run| !(self.has(run) || quick && run.seconds > QUICK_MOST_S));
        let asked = asked.iter().filter(|one| self.state.answer(one).is_none()).count();
        runs.map(|run| run.seconds).sum::<f64>() + asked as f64 * INSPECTION_S
    }

    /// Says what comes next, and how long the rest takes.
    fn tell(&mut self, text: &str) {
        let left = self.left_s.max(0.0);
        let left = if left < 120.0 { format!("{left:.0} s") } else { format!("{:.0} min", left / 60.0) };
        self.audience.note(&format!("{text}; about {left} left"));
    }

    /// Asks what was not asked before. What could not be answered is asked again: the machine may be another one now.
    fn inspect(&mut self, asked: &BTreeSet<Inspected>, sdk: Option<&str>) -> Result<(), Error> {
        let open = |one: &&Inspected| self.state.answer(one).is_none_or(|answer| answer.cannot.is_some());
        let open: Vec<&Inspected> = asked.iter().filter(open).collect();
        if open.is_empty() {
            return Ok(());
        }
        let project = Project::find()?;
        let programs = open.iter().map(|one| one.name.program()).collect();
        let audience = &mut *self.audience;
        let mut say = |name: &str, line| audience.show(Progress::Build { fixture: name.to_owned(), line });
        let Some(inspector) = Inspector::build(&project, &programs, sdk, self.interrupt, &mut say)? else {
            return Ok(());
        };
        let count = open.len();
        for (at, one) in open.into_iter().enumerate() {
            self.tell(&format!("inspection {} of {count}: {}", at + 1, one.name.as_str()));
            let Some(answer) = inspector.ask(one, self.interrupt)? else { return Ok(()) };
            self.left_s -= INSPECTION_S;
            self.state.inspections.retain(|(known, _)| known != one);
            self.state.inspections.push((one.clone(), answer));
            self.keep()?;
        }
        Ok(())
    }

    /// Runs what has no result yet. What the harness cannot do leaves the claims open that need it: the others are worth their time.
    fn run(&mut self, runs: &[NeededRun], order: &ClaimsOrder) -> Result<(), Error> {
        let count = runs.len();
        for (at, run) in runs.iter().enumerate() {
            if self.interrupt.requested() {
                return Ok(());
            }
            if self.has(run) {
                continue;
            }
            if order.quick && run.seconds > QUICK_MOST_S {
                let why = format!("left out by --quick: it takes some {:.0} s", run.seconds);
                self.note(run, None, Some(why))?;
                continue;
            }
            self.tell(&format!("run {} of {count}: {}, some {:.0} s", at + 1, run.scenario, run.seconds));
            let limits = Limits { repeat_spoilt: Some(order.repeats), ..Limits::default() };
            let file = (run.selected.text.clone(), run.selected.folder.clone());
            let series = Series::inside(run.loaded.clone(), file, &self.dir, self.interrupt)?;
            let series = match order.disturbance {
                Some(what) => series.disturbed(what, limits),
                None => series.within(limits),
            };
            let ran = series.run(&run.selected, self.audience);
            self.left_s -= run.seconds;
            // What was cut short says nothing.
            if self.interrupt.requested() {
                return Ok(());
            }
            match ran {
                Ok((dir, _)) => self.note(run, name_of(&dir), None)?,
                Err(error) => {
                    self.audience.note(&format!("{} did not come to a result: {error}", run.scenario));
                    self.note(run, None, Some(format!("the run did not come to a result: {error}")))?;
                }
            }
        }
        Ok(())
    }

    fn note(
        &mut self,
        run: &NeededRun,
        directory: Option<String>,
        failed: Option<String>,
    ) -> Result<(), Error> {
        let noted = ClaimRun { variants: run.variants.clone(), directory, failed };
        self.state.runs.insert(run.scenario.clone(), noted);
        self.keep()
    }

    /// What follows from all that is there. Results are read one after the other: they are large.
    fn conclude(self, claims: Vec<RegisteredClaim>) -> Result<ClaimsFound, Error> {
        let mut all_slots: Vec<Vec<TestMeasures>> =
            claims.iter().map(|claim| vec![None; claim.runs.len()]).collect();
        let (mut machine, mut broken, mut books) = (String::new(), false, Vec::new());
        let mut contracts: Vec<(&ContractTest, ClaimMeasure)> = Vec::new();
        for (scenario, run) in &self.state.runs {
            let Some(directory) = &run.directory else { continue };
            let dir = RunDir(self.dir.join(directory));
            let result = runs::read(&dir.result())?;
            broken |= result.verdict == Verdict::AccountingBroken;
            machine = described(&result.environment);
            books.push(books_of(scenario, &result));
            for (claim, slots) in claims.iter().zip(&mut all_slots) {
                for (test, slot) in claim.runs.iter().zip(slots) {
                    if test.scenario == *scenario {
                        let RunResult { plan, variants, .. } = &result;
                        *slot = Some(of_run(test, plan, variants));
                    }
                }
            }
            let tests = claims.iter().flat_map(|claim| &claim.contracts);
            for test in tests.filter(|test| test.scenario == *scenario) {
                contracts.push((test, held_against(test, &dir)?));
            }
        }
        let why = |scenario: &str| {
            let run = self.state.runs.get(scenario);
            run.and_then(|run| run.failed.clone()).unwrap_or_else(|| "it did not run".to_owned())
        };
        let judge = |(claim, slots): (&RegisteredClaim, Vec<TestMeasures>)| {
            let measured = claim.runs.iter().zip(slots).flat_map(|(test, slot)| {
                slot.unwrap_or_else(|| vec![without_run(test, &why(&test.scenario))])
            });
            let inspected =
                claim.inspections.iter().map(|test| of_inspection(test, self.state.answer(&test.asked())));
            let held = claim.contracts.iter().map(|test| {
                let known = contracts.iter().find(|(one, _)| *one == test);
                known.map_or_else(|| of_contract(test, Err(&why(&test.scenario))), |(_, one)| one.clone())
            });
            judged(claim, measured.chain(inspected).chain(held).collect())
        };
        let judged: Vec<JudgedClaim> = claims.iter().zip(all_slots).map(judge).collect();
        let record = ClaimsRecord {
            format: FORMAT.to_owned(),
            machine,
            claims: judged,
            runs: books,
            sdks: Vec::new(),
        };
        Ok(ClaimsFound { dir: self.dir.clone(), claims, record, broken })
    }
}

/// What a contract says, held against a run.
fn held_against(test: &ContractTest, dir: &RunDir) -> Result<ClaimMeasure, Error> {
    let given = register::contract_of(test)?;
    let evidence = contract::of_run(&runs::hold(dir.clone())?, None, Some(&given.contract))?;
    Ok(of_contract(test, Ok(&contract::judged(&given, &evidence, &test.scenario))))
}

fn books_of(scenario: &str, result: &RunResult) -> ClaimRunBooks {
    let trials = || result.variants.iter().flat_map(|variant| &variant.trials);
    ClaimRunBooks {
        scenario: scenario.to_owned(),
        run: result.run_id.clone(),
        trials: trials().count() as u64,
        created: trials().map(|trial| trial.ledger.created).sum(),
        unexplained: trials().map(|trial| trial.ledger.unexplained.count).sum(),
    }
}

fn name_of(dir: &RunDir) -> Option<String> {
    Path::file_name(&dir.0).map(|name| name.to_string_lossy().into_owned())
}

fn described(environment: &Environment) -> String {
    let Environment { cpu, cpus, kernel, go, .. } = environment;
    format!("{cpu}, {} CPUs, {kernel}, {go}", cpus.len())
}
