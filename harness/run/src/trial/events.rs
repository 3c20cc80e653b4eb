//! The event log of a trial. Each line is flushed: it must be there when the harness is killed right after it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use spanfate_model::format::event::{Event, EventKind};

use crate::RunError;
use crate::host::clock;

/// An open event log.
#[derive(Debug)]
pub(crate) struct EventLog {
    file: File,
}

impl EventLog {
    /// Creates the log.
    pub(crate) fn create(path: &Path) -> Result<Self, RunError> {
        Ok(Self { file: File::create(path).map_err(RunError::unwritten(path))? })
    }

    /// Appends an event of the harness that happens now.
    pub(crate) fn say(&mut self, kind: EventKind, data: Value) -> Result<(), RunError> {
        let event = Event { at: clock::now(), kind, source: "harness".to_owned(), data };
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        self.file.write_all(&line).map_err(RunError::system("append to the event log"))
    }
}
