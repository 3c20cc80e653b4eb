//! The end of a process.

use spanfate_model::fate::ExitWay;
use spanfate_model::format::manifest::{ProcessEnd, ProcessManifest, Status};

use crate::evidence::path::Ending;

/// How a process ended, by its manifest.
pub(crate) fn ending_of(manifest: &ProcessManifest, trial: Status) -> Ending {
    let Some(end) = &manifest.end else {
        // Without a word on its end the harness died first, and its guard killed the process.
        return Ending::Abrupt(if trial == Status::Partial { ExitWay::Kill } else { ExitWay::Crash });
    };
    match (end.signal, end.code) {
        (Some(9), _) => Ending::Abrupt(ExitWay::Kill),
        (Some(_), _) => Ending::Abrupt(ExitWay::Crash),
        (None, Some(0)) if end.said_stopped => Ending::Orderly { deadline_passed: passed_deadline(end) },
        (None, Some(2)) => Ending::Abrupt(ExitWay::Crash),
        (None, _) => Ending::Abrupt(ExitWay::Exit),
    }
}

/// What a shutdown says that gave up: the SDK's own words, or the fixture's where the SDK did not give up in time.
const GAVE_UP: [&str; 2] = ["context deadline exceeded", "the SDK's Shutdown ignored its deadline"];

/// Whether the provider's shutdown gave up before its queue was empty. Another error comes from the exporter, after that.
fn passed_deadline(end: &ProcessEnd) -> bool {
    // Those of several processors stand behind each other, those of several providers on lines of their own.
    let parts = end.shutdown_error.iter().flat_map(|text| text.lines()).flat_map(|line| line.split("; "));
    parts.into_iter().any(|part| GAVE_UP.contains(&part))
}
