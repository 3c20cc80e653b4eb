//! What a run knows of its own files: how much each held when the trial wrote it.

use std::path::Path;

use spanfate_model::format::layout::{TrialDir, WIRE_SPANS, WIRE_SPANS_JSON};
use spanfate_model::format::manifest::TrialManifest;
use spanfate_run::store;

/// Why a file in the directory of a trial is known not to be what the trial wrote: its content alone does not tell that it was cut
/// between two messages. Nothing for a file of anybody else.
pub(super) fn lacks(path: &Path) -> Vec<String> {
    let place = TrialDir(path.parent().unwrap_or(Path::new("")).to_owned());
    let (Some(name), Ok(about)) = (path.file_name().and_then(|name| name.to_str()), path.metadata()) else {
        return Vec::new();
    };
    let Ok(trial) = store::read_json::<TrialManifest>(&place.manifest()) else { return Vec::new() };
    let back =
        trial.engine.and_then(|engine| engine.back).filter(|back| back.bodies.as_deref() == Some(name));
    let mut out = Vec::new();
    let wrote = match (&trial.kept, &back) {
        (Some(kept), None) => kept.bytes.get(name).copied(),
        (_, Some(back)) => back.bodies_bytes,
        (None, None) => {
            if [WIRE_SPANS, WIRE_SPANS_JSON].contains(&name) {
                out.push(format!(
                    "trial {} did not end, so nobody knows how many spans it kept",
                    trial.trial
                ));
            }
            None
        }
    };
    if let Some(wrote) = wrote.filter(|wrote| *wrote != about.len()) {
        out.push(format!("{name} has {} bytes, and trial {} wrote {wrote}", about.len(), trial.trial));
    }
    let missed = trial.kept.filter(|kept| kept.bytes.contains_key(name)).map_or(0, |kept| kept.missed);
    if missed > 0 {
        out.push(could_not_keep(trial.trial, missed));
    }
    if let Some(why) = back.and_then(|back| back.failed) {
        out.push(format!("trial {} could not read the engine to its end: {why}", trial.trial));
    }
    out
}

/// That a trial did not keep all.
pub(super) fn could_not_keep(trial: u16, missed: u64) -> String {
    format!("trial {trial} could not keep {missed} spans")
}
