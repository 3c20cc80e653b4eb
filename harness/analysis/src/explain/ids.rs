//! Finding spans and traces by the beginning of their ids.

use std::collections::BTreeSet;

use spanfate_model::format::probe::{self, Record};
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::format::wire::{self, WireRecord};
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use crate::evidence::process::Process;

/// Ids with a common beginning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ids {
    /// Spans.
    pub spans: BTreeSet<SpanId>,
    /// Traces.
    pub traces: BTreeSet<TraceId>,
}

/// The ids of spans and traces in a trial's logs that begin with these hex digits, whichever witness names them; of each at most
/// so many. Nothing for what is not hex. It reads the logs once and joins nothing.
pub fn ids_beginning_with(logs: &TrialLogs, digits: &str, most: usize) -> Ids {
    let nibbles: Option<Vec<u8>> = digits.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let mut out = Finder { nibbles: nibbles.unwrap_or_default(), most, found: Ids::default() };
    if out.nibbles.is_empty() {
        return out.found;
    }
    for (manifest, bytes) in logs.manifest.processes.iter().zip(&logs.ledgers) {
        let process = bytes.as_deref().and_then(|bytes| Process::open(manifest, bytes, logs.manifest.status));
        process.iter().flat_map(Process::spans).for_each(|(_, span, _)| out.look(&span.key));
    }
    for log in logs.probes.iter().flatten() {
        for record in probe::read(log).into_iter().flatten() {
            if let Record::Span(mark) = record {
                out.look(&mark.key);
            }
        }
    }
    for record in logs.wire.as_deref().and_then(wire::read).into_iter().flatten() {
        if let WireRecord::Span(span) = record {
            out.look(&span.key);
        }
    }
    out.found
}

struct Finder {
    /// The digits.
    nibbles: Vec<u8>,
    most: usize,
    found: Ids,
}

impl Finder {
    fn look(&mut self, key: &SpanKey) {
        if self.begins(&key.span.0) && self.found.spans.len() < self.most {
            self.found.spans.insert(key.span);
        }
        if self.begins(&key.trace.0) && self.found.traces.len() < self.most {
            self.found.traces.insert(key.trace);
        }
    }

    fn begins(&self, id: &[u8]) -> bool {
        let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        self.nibbles.len() <= 2 * id.len() && digits.zip(&self.nibbles).all(|(a, b)| a == *b)
    }
}
