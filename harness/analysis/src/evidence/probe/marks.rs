//! Which stages each span reached, by the probes, beside the slots of the process witness: ids are held against ids.

use spanfate_model::format::probe::{ProbeKind, Record};
use spanfate_model::quantity::id::SpanKey;

use super::ProbeLog;
use crate::evidence::process::Process;

/// A stage that both witnesses see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MarkedStage {
    /// Started, recording.
    Started = 1,
    /// The queue took it.
    Queued = 2,
    /// It was dropped for a full queue.
    Dropped = 4,
    /// It was handed to the exporter.
    Handed = 8,
    /// `End` was called.
    Ended = 16,
}

/// The stages, one byte per slot of a process.
pub(crate) struct Marks {
    by_slot: Vec<u8>,
    /// Marks of spans that the process witness does not know, by bit.
    unknown: [u64; 5],
}

impl Marks {
    /// Reads a log against the ledger of the same process.
    pub(crate) fn of(log: &ProbeLog<'_>, process: &Process<'_>) -> Self {
        let mut out = Self { by_slot: vec![0; process.len()], unknown: [0; 5] };
        for record in log.each() {
            let Record::Span(mark) = record else { continue };
            let stage = match mark.kind {
                ProbeKind::Started => MarkedStage::Started,
                ProbeKind::Queued => MarkedStage::Queued,
                ProbeKind::Dropped => MarkedStage::Dropped,
                ProbeKind::Handed => MarkedStage::Handed,
                ProbeKind::Ended => MarkedStage::Ended,
                _ => continue,
            };
            out.mark(stage, &mark.key, process);
        }
        out
    }

    fn mark(&mut self, stage: MarkedStage, key: &SpanKey, process: &Process<'_>) {
        match process.find(key).and_then(|slot| self.by_slot.get_mut(slot)) {
            Some(marks) => *marks |= stage as u8,
            None => self.unknown[(stage as u8).trailing_zeros() as usize] += 1,
        }
    }

    /// Whether a span reached a stage.
    pub(crate) fn has(&self, slot: usize, stage: MarkedStage) -> bool {
        self.by_slot.get(slot).is_some_and(|marks| marks & stage as u8 != 0)
    }

    /// Marks of a stage for spans that the process witness does not know.
    pub(crate) fn unknown(&self, stage: MarkedStage) -> u64 {
        self.unknown[(stage as u8).trailing_zeros() as usize]
    }
}
