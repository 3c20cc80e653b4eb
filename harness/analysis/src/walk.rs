//! The walk over all created spans, each with its judgement: the ledger and the rows are two readers of it.

use std::ops::ControlFlow;

use spanfate_model::slots::Slot;
use spanfate_model::witness::WitnessState;

use crate::fate::{Judgement, Scene, judge};
use crate::process::Process;
use crate::receipts::Receipt;
use crate::reconcile::Sources;

/// A created span and what can be said about it.
pub(crate) struct Judged<'a> {
    /// Index of its process.
    pub(crate) index: usize,
    pub(crate) process: &'a Process<'a>,
    /// Which slot of its process it has.
    pub(crate) number: usize,
    pub(crate) slot: Slot,
    pub(crate) receipt: &'a Receipt,
    /// Request and part, if it belongs to a request.
    pub(crate) of: Option<(u32, u16)>,
    pub(crate) judgement: Judgement,
}

/// Judges every span, process by process, in the order of slots, until the reader has seen enough.
pub(crate) fn each(sources: &Sources<'_>, mut each: impl FnMut(&Judged<'_>) -> ControlFlow<()>) {
    let wire_complete = sources.receipts.state.as_ref().is_some_and(WitnessState::is_complete);
    let elsewhere = sources.subject.is_own() && sources.receipts.requests == 0;
    for (index, (process, receipts)) in sources.processes.iter().zip(&sources.receipts.by_slot).enumerate() {
        for (slot_index, slot) in process.spans() {
            let of = sources.tag.part_of(slot.key.trace);
            // A span of no request has no handler that could still be running.
            let answered = of.is_none_or(|(request, _)| sources.book.is_answered(request as usize));
            let receipt = &receipts[slot_index];
            let judgement = judge(
                &slot,
                receipt,
                &Scene { process, wire_complete, elsewhere, answered, leaks: sources.leaks },
            );
            if each(&Judged { index, process, number: slot_index, slot, receipt, of, judgement }).is_break() {
                return;
            }
        }
    }
}
