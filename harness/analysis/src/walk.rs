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
    pub(crate) process: &'a Process<'a>,
    pub(crate) slot: Slot,
    pub(crate) receipt: &'a Receipt,
    pub(crate) request: Option<u32>,
    pub(crate) judgement: Judgement,
}

/// Judges every span, process by process, in the order of slots, until the reader has seen enough.
pub(crate) fn each(sources: &Sources<'_>, mut each: impl FnMut(&Judged<'_>) -> ControlFlow<()>) {
    let wire_complete = sources.receipts.state.as_ref().is_some_and(WitnessState::is_complete);
    for (process, receipts) in sources.processes.iter().zip(&sources.receipts.by_slot) {
        for (index, slot) in process.spans() {
            let request = sources.tag.request_of(slot.key.trace);
            // A span of no request has no handler that could still be running.
            let answered = request.is_none_or(|request| sources.book.is_answered(request as usize));
            let receipt = &receipts[index];
            let judgement = judge(&slot, receipt, &Scene { process, wire_complete, answered });
            if each(&Judged { process, slot, receipt, request, judgement }).is_break() {
                return;
            }
        }
    }
}
