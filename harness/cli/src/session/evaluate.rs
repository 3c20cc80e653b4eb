//! What `why` is worth: hidden faults are run, and asked for without their log; the answers are held against the truth.

mod advised;
mod again;
mod hidden;
mod witnessed;

use std::path::{Path, PathBuf};

use spanfate_analysis::{blinded, conclude_trial, first_causes, fit_confidence, score, suspects};
use spanfate_model::cause::NamedCause;
use spanfate_model::finding::evaluation::{
    ConfidenceTable, EvaluatedCase, Evaluation, InjectedFault, SeedSet,
};
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{Suspect, TrialResult};
use spanfate_run::host::clock;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::fresh_directory;
use spanfate_run::store;

use self::hidden::{HiddenCase, HiddenFault};
use super::Audience;
use super::selected::Selected;
use super::series::Series;
use crate::error::Error;
use crate::scenario_file::{self, Loaded};

/// Cases so far; it is written after each.
const CASES: &str = "cases.json";
/// What a set to judge by came to; it is written once.
const JUDGED: &str = "test.json";
/// How confidence follows from evidence, fitted on a set to tune.
const CONFIDENCE: &str = "confidence.json";
/// The raw logs of a case, in its place.
const RAW: &str = "raw";

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvaluationOrder {
    pub(crate) cases: u64,
    pub(crate) seed: u64,
    pub(crate) set: SeedSet,
    /// No case begins after this time.
    pub(crate) most: Option<Period>,
    /// A table that confidence is read off from, in place of the one that is built in.
    pub(crate) confidence: Option<PathBuf>,
    /// The directory of an earlier run, to go on with.
    pub(crate) resume: Option<PathBuf>,
    /// The directory of an earlier run, to ask again about what is there.
    pub(crate) from: Option<PathBuf>,
    /// Kinds to draw from, by name; all where none is named.
    pub(crate) kinds: Vec<String>,
    /// Keeps the raw logs.
    pub(crate) keep: bool,
    /// Runs what is advised for each case beside it, so many trials of both.
    pub(crate) verify: Option<u16>,
    pub(crate) out: Option<PathBuf>,
}

/// Runs the cases that are missing, and scores all; or asks again about those that are there. Of a set to judge by the result is written
/// once, when its last case has run.
pub(crate) fn evaluate(
    order: &EvaluationOrder,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<(PathBuf, Evaluation), Error> {
    let table: Option<ConfidenceTable> = order.confidence.as_deref().map(store::read_json).transpose()?;
    if let Some(dir) = &order.from {
        return Ok((dir.clone(), again::asked_again(dir, table.as_ref())?));
    }
    let kinds = hidden::kinds_of(&order.kinds, order.set).map_err(Error::Refused)?;
    let (dir, mut found) = begin(order)?;
    let judged = dir.join(JUDGED);
    if judged.exists() && found.set == SeedSet::Test {
        return Err(Error::Refused(format!(
            "{} is there: the result of a set to judge by is written once; take another --seed",
            judged.display()
        )));
    }
    let began = clock::now();
    for number in found.cases.len() as u64..order.cases {
        let passed = Period(std::time::Duration::from_nanos(clock::now() - began));
        if interrupt.requested() || order.most.is_some_and(|most| passed.0 >= most.0) {
            break;
        }
        let hidden = hidden::case(found.seed, found.set, number, &kinds);
        audience.note(&format!("case {} of {}: {}", number + 1, order.cases, hidden.kind.name()));
        let (mut case, machine) = run(&hidden, (&dir, order), interrupt, audience)?;
        // What was cut short says nothing.
        if interrupt.requested() {
            break;
        }
        for suspect in case.answer.iter_mut().filter(|_| table.is_some()) {
            suspect.confidence = table.as_ref().map_or(0.0, |table| table.confidence(suspect.evidence));
        }
        found.machine = machine;
        found.cases.push(case);
        store::write_json(&dir.join(CASES), &found)?;
    }
    found.score = score(&found.cases);
    store::write_json(&dir.join(CASES), &found)?;
    let done = found.cases.len() as u64 >= order.cases;
    match found.set {
        SeedSet::Test if done => store::write_json(&judged, &found)?,
        SeedSet::Test => {}
        SeedSet::Tune => fit(&dir, &found)?,
    }
    Ok((dir, found))
}

/// Writes how confidence follows from evidence in a set to tune.
fn fit(dir: &Path, found: &Evaluation) -> Result<(), Error> {
    let cases = found.cases.len();
    let mut command = format!("spanfate why --evaluate --set tune --seed {} --cases {cases}", found.seed);
    if !found.kinds.is_empty() {
        command += &format!(" --kinds {}", found.kinds.join(","));
    }
    let table = fit_confidence(&first_causes(&found.cases), &command);
    Ok(store::write_json(&dir.join(CONFIDENCE), &table)?)
}

/// The place of a case.
fn place_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("case-{number:04}"))
}

/// A directory of its own, or that of an earlier run with its cases.
fn begin(order: &EvaluationOrder) -> Result<(PathBuf, Evaluation), Error> {
    let Some(dir) = &order.resume else {
        let results = order.out.clone().unwrap_or_else(Project::usual_results);
        let dir = fresh_directory(&results, &format!("evaluate-{}", order.set.as_str()))?;
        let (format, set, seed, kinds) = (FORMAT.to_owned(), order.set, order.seed, order.kinds.clone());
        return Ok((dir, Evaluation { format, set, seed, kinds, ..Evaluation::default() }));
    };
    let found: Evaluation = store::read_json(&dir.join(CASES))?;
    if (found.set, found.seed) != (order.set, order.seed) {
        return Err(Error::Refused(format!(
            "it was begun with --set {} --seed {}; say the same",
            found.set.as_str(),
            found.seed
        )));
    }
    if found.kinds != order.kinds {
        let said = if found.kinds.is_empty() { "no --kinds".to_owned() } else { found.kinds.join(",") };
        return Err(Error::Refused(format!("it was begun with {said}; say the same")));
    }
    Ok((dir.clone(), found))
}

/// Runs a case, asks without the fault log, and keeps what others need to answer it, too. Its logs are removed,
/// unless they are to be kept.
fn run(
    hidden: &HiddenCase,
    (dir, order): (&Path, &EvaluationOrder),
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<(EvaluatedCase, String), Error> {
    let Loaded { scenario, text, folder, .. } =
        scenario_file::of_text("a hidden case", &hidden.text, dir.to_owned(), false)?;
    let selected = Selected::of(&scenario, text.clone(), folder.clone())?;
    let series = Series::inside(scenario, (text, folder), dir, interrupt)?;
    let (run, result) = series.run(&selected, audience)?;
    let machine = format!("{}, {} CPUs", result.environment.cpu, result.environment.cpus.len());
    let planned = selected.plan.trials[0];
    let answer = asked(&run, &selected.plan, &planned, &result.environment)?;
    let trial = result.variants.iter().flat_map(|variant| &variant.trials).next();
    let mut case = EvaluatedCase {
        number: hidden.number,
        seed: hidden.seed,
        shape: hidden.shape.name().to_owned(),
        kind: hidden.kind.name().to_owned(),
        held_out: hidden.kind.is_held_out(),
        injected: hidden.faults.iter().map(|fault| injected(fault, trial)).collect(),
        candidates: (hidden.shape.services().len() * nameable()) as u64,
        due: trial.map_or(0, |trial| trial.loss.due),
        lost: trial.map_or(0, |trial| trial.loss.lost),
        foreign: trial.map_or(0.0, |trial| trial.usage.foreign),
        answer,
        advice: None,
        outside: None,
    };
    let place = place_of(dir, hidden.number);
    let logs = store::read_trial(&run.trial(planned.index))?;
    witnessed::write(&place, &selected.plan, &planned, &logs)?;
    case.outside = again::by_tables(&place)?;
    if let Some(trials) = order.verify {
        case.advice = Some(advised::tried(&series, &result, (&selected, trials), audience)?);
    }
    store::write_json(&place.join("case.json"), &case)?;
    store::write_bytes(&place.join("scenario.toml"), hidden.text.as_bytes())?;
    if order.keep {
        store::relocate(&run, &place.join(RAW))?;
    } else {
        store::remove(&run)?;
    }
    Ok((case, machine))
}

/// The answer, concluded of what is left when the fault log is taken away.
fn asked(
    run: &RunDir,
    plan: &Plan,
    planned: &PlannedTrial,
    environment: &Environment,
) -> Result<Vec<Suspect>, Error> {
    let logs = store::read_trial(&run.trial(planned.index))?;
    let (plan, logs) = blinded(plan.clone(), logs);
    let trial = conclude_trial(&plan, planned, environment.fixture_cpus.len(), &logs);
    Ok(suspects(std::slice::from_ref(&trial.result)))
}

/// What its log says of a fault.
fn injected(fault: &HiddenFault, trial: Option<&TrialResult>) -> InjectedFault {
    let told = fault.number.and_then(|number| trial?.faults.iter().find(|told| told.number == number));
    InjectedFault {
        kind: fault.kind.to_owned(),
        services: fault.services.iter().map(|&service| service.to_owned()).collect(),
        cause: fault.cause,
        from_ms: told.and_then(|told| told.windows.first()).map_or(0.0, |window| window.from_ms),
        // What ends a process, or leaves spans open, goes on costing spans.
        to_ms: told.and_then(|told| told.windows.last()?.to_ms).filter(|_| !lasts(fault.cause)),
        bit: fault.number.is_none() || told.is_some_and(|told| told.bit),
    }
}

/// Causes that can be named where no collector is in the path.
fn nameable() -> usize {
    NamedCause::ALL.into_iter().filter(|cause| !cause.is_of_collector() && !cause.is_of_engine()).count()
}

/// Whether a cause acts on after its fault has ended.
const fn lasts(cause: Option<NamedCause>) -> bool {
    matches!(cause, Some(NamedCause::ProcessEnded | NamedCause::NeverEnded | NamedCause::ShutdownDeadline))
}
