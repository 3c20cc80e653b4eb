//! Reads the file of a replay when its scenario is read, so that a plan does not depend on files any more.

use std::path::Path;
use std::sync::Arc;

use spanfate_model::format::layout::RunDir;
use spanfate_model::scenario::Load;
use spanfate_model::scenario::arrivals::RecordedArrivals;

use super::check::Problem;

/// Reads the arrivals into the load; what is wrong with the file otherwise.
pub(super) fn read(load: &mut Load, folder: &Path) -> Option<Problem> {
    let replay = load.replay.as_mut()?;
    // A run keeps a copy beside its scenario, so that its scenario can be run again.
    let kept = RunDir(folder.to_owned());
    let path = if kept.plan().is_file() { kept.arrivals() } else { folder.join(&replay.file) };
    let problem = |message: String, help: &str| Problem {
        path: ["load", "replay", "file"].map(str::to_owned).to_vec(),
        message,
        help: Some(help.to_owned()),
    };
    match std::fs::read_to_string(&path).map(|text| RecordedArrivals::parse(&text)) {
        Ok(Ok(trace)) => {
            replay.trace = Some(Arc::new(trace));
            None
        }
        Ok(Err(error)) => Some(problem(
            format!("{}, {error}", replay.file),
            "one arrival per line, ascending: seconds (`12.345`) or RFC 3339 (`2026-09-14T10:15:00.25Z`)",
        )),
        Err(error) => Some(problem(
            format!("could not read {}: {error}", path.display()),
            "give a path from the folder of the scenario",
        )),
    }
}
