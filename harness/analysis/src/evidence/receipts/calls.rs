//! By which export calls of a program of the user's own anything arrived.

use std::collections::BTreeSet;

use super::Receipts;
use crate::evidence::OnPath;
use crate::evidence::path::Path;
use crate::evidence::process::Process;

impl Receipts<'_> {
    /// Notes it, of the processes whose books probes keep.
    pub(crate) fn note_calls(&mut self, processes: &[Process<'_>]) {
        let of = |(index, process): (usize, &Process<'_>)| {
            if process.is_of_probes() { self.calls_of(index, process) } else { BTreeSet::new() }
        };
        self.calls = processes.iter().enumerate().map(of).collect();
    }

    /// Path and number of each call.
    fn calls_of(&self, index: usize, process: &Process<'_>) -> BTreeSet<(u32, u32)> {
        let mut out = BTreeSet::new();
        for number in 0..process.len() {
            for (at, path) in process.paths.iter().enumerate() {
                let receipt = if process.has_several_paths() {
                    Some(self.on_path(index, at, number))
                } else {
                    self.of(index, number)
                };
                let came = receipt.is_some_and(|receipt| receipt.copies > 0);
                let on = if came { process.on_path(number, at) } else { None };
                out.extend(on.as_ref().and_then(Path::number_of).map(|call| (path.number, call)));
            }
        }
        out
    }

    /// Whether anything arrived that the call of a span on a path sent.
    pub(crate) fn came_by(&self, process: usize, path: &Path, on: &OnPath) -> bool {
        let call = Path::number_of(on).map(|call| (path.number, call));
        self.calls.get(process).zip(call).is_some_and(|(calls, call)| calls.contains(&call))
    }
}
