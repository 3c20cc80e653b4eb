//! Which trials of a run are still to be run. Its manifest and those of its trials are the journal: a trial counts once its own
//! manifest says that it is complete, so a run that broke off anywhere is taken up at the next trial.

use std::fs;

use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::{RunManifest, Status, TrialManifest};
use spanfate_model::plan::{Plan, PlannedTrial};

use crate::{RunError, store};

/// The trials that are not complete, in the plan's order. What is there of them is removed: a trial is whole or it is run again.
pub(crate) fn missing(
    dir: &RunDir,
    plan: &Plan,
    manifest: &RunManifest,
) -> Result<Vec<PlannedTrial>, RunError> {
    let mut out = Vec::new();
    for planned in &plan.trials {
        if manifest.trials.contains(&planned.index) && is_whole(dir, planned)? {
            continue;
        }
        out.push(*planned);
    }
    Ok(out)
}

fn is_whole(dir: &RunDir, planned: &PlannedTrial) -> Result<bool, RunError> {
    let place = dir.trial(planned.index);
    if place.manifest().is_file() {
        let trial: TrialManifest = store::read_json(&place.manifest())?;
        if trial.status == Status::Complete && trial.error.is_none() {
            return Ok(true);
        }
        // Its logs may still lie on tmpfs; they go where they can be removed.
        store::settle(&place)?;
    }
    match fs::remove_dir_all(&place.0) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(RunError::unwritten(&place.0)(error))
        }
        _ => Ok(false),
    }
}
