//! The runtime's own traces of a trial, turned into events by a Go program: the format is Go's.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use spanfate_model::format::layout::trace_name;
use spanfate_model::format::manifest::TrialManifest;

use crate::RunError;
use crate::process::child::{Managed, command};
use crate::process::guard::Guard;

/// Longest time for one trace.
const BOUND: Duration = Duration::from_mins(2);

/// Reads every trace in the scratch directory. One that is cut off, as a killed process leaves it, gives what can be read of it.
pub(crate) fn read(
    reader: &Path,
    scratch: &Path,
    manifest: &TrialManifest,
    guard: &Arc<Guard>,
) -> Result<(), RunError> {
    for process in &manifest.processes {
        let Some(events) = &process.trace else { continue };
        let trace = scratch.join(trace_name(&process.service, process.incarnation));
        if !trace.is_file() {
            continue;
        }
        let events = scratch.join(events);
        let mut convert = command(reader, &[]);
        convert.arg(&trace).stdout(File::create(&events).map_err(RunError::unwritten(&events))?);
        convert.stderr(std::process::Stdio::null());
        let mut child = Managed::spawn(convert, guard, "traceevents")?;
        if child.wait(BOUND)?.is_none() {
            return Err(RunError::Deadline {
                what: "reading a runtime trace".to_owned(),
                seconds: BOUND.as_secs(),
            });
        }
    }
    Ok(())
}
