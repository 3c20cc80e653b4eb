//! From raw logs to ledgers and a result. It is the second half of every run, and may be done again at any time: the same logs
//! give the same bytes.

use spanfate_analysis::{ConcludedTrial, conclude_run, conclude_trial};
use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::RunManifest;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{Attempts, RunResult};
use spanfate_run::runner::repeat;
use spanfate_run::store;

use crate::error::Error;
use crate::session::runs;

/// The result of a run with its replays: as it stands, or, of one that is older than replays, concluded again where its raw logs
/// are there; the result on disk stays as it is.
pub(crate) fn reconcluded(dir: RunDir) -> Result<RunResult, Error> {
    let stored = runs::concluded(&dir)?;
    let full = stored.insights.why.iter().any(|cause| cause.limit.is_some() || cause.fate.facts().full_queue);
    let replayed = stored.variants.iter().flat_map(|v| &v.trials).any(|trial| !trial.replays.is_empty());
    if !full || replayed {
        return Ok(stored);
    }
    let held = runs::hold(dir)?;
    Ok(of_logs(&held.dir).unwrap_or(stored))
}

/// Concludes every trial that was begun, then the run; writes ledgers and result. The caller holds the run's lock.
pub(crate) fn conclude(dir: &RunDir) -> Result<RunResult, Error> {
    let result = of_logs(dir)?;
    store::write_json(&dir.result(), &result)?;
    Ok(result)
}

fn of_logs(dir: &RunDir) -> Result<RunResult, Error> {
    let plan: Plan = store::read_plan(dir)?;
    let manifest: RunManifest = store::read_json(&dir.manifest())?;
    // A run that was killed while it built has no fingerprint yet.
    let environment: Environment = store::read_json(&dir.environment()).unwrap_or_default();
    let mut trials = Vec::new();
    for planned in plan.trials.iter().filter(|planned| manifest.trials.contains(&planned.index)) {
        trials.extend(conclude_one(dir, &plan, planned, (&environment, manifest.repeat_spoilt))?);
    }
    Ok(conclude_run(plan, environment, &manifest, trials))
}

/// The attempts at a trial, where it was run more than once.
fn attempts(dir: &RunDir, planned: &PlannedTrial, repeats: u16) -> Result<Option<Attempts>, Error> {
    let spoilt = repeat::attempts(dir, planned.index)?;
    let number = spoilt.len() as u16 + 1;
    Ok((number > 1).then(|| Attempts { number, most: number.max(repeats + 1), spoilt }))
}

/// Concludes one trial of a run that goes on.
pub(super) fn conclude_again(
    dir: &RunDir,
    plan: &Plan,
    planned: &PlannedTrial,
) -> Result<Option<ConcludedTrial>, Error> {
    let manifest: RunManifest = store::read_json(&dir.manifest())?;
    conclude_one(dir, plan, planned, (&store::read_json(&dir.environment())?, manifest.repeat_spoilt))
}

fn conclude_one(
    dir: &RunDir,
    plan: &Plan,
    planned: &PlannedTrial,
    (environment, repeats): (&Environment, u16),
) -> Result<Option<ConcludedTrial>, Error> {
    let place = dir.trial(planned.index);
    if !place.manifest().is_file() {
        return Ok(None);
    }
    store::settle(&place)?;
    let logs = store::read_trial(&place)?;
    let mut trial = conclude_trial(plan, planned, environment.fixture_cpus.len(), &logs);
    trial.result.attempts = attempts(dir, planned, repeats)?;
    store::write_json(&place.ledger(), &trial.result.ledger)?;
    Ok(Some(trial))
}
