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
pub(crate) fn each<'a>(sources: &Sources<'a>, mut each: impl FnMut(&Judged<'a>) -> ControlFlow<()>) {
    for (index, (process, receipts)) in sources.processes.iter().zip(&sources.receipts.by_slot).enumerate() {
        for (number, slot) in process.spans() {
            if each(&judged(sources, (index, process), (number, slot), &receipts[number])).is_break() {
                return;
            }
        }
    }
}

/// Judges one span, by the index of its process and its slot's number; nothing where no span was made of that slot.
pub(crate) fn one<'a>(sources: &Sources<'a>, index: usize, number: usize) -> Option<Judged<'a>> {
    let process = sources.processes.get(index)?;
    let slot = process.slot(number).filter(|slot| slot.created != 0)?;
    let receipt = sources.receipts.by_slot.get(index)?.get(number)?;
    Some(judged(sources, (index, process), (number, slot), receipt))
}

fn judged<'a>(
    sources: &Sources<'a>,
    (index, process): (usize, &'a Process<'a>),
    (number, slot): (usize, Slot),
    receipt: &'a Receipt,
) -> Judged<'a> {
    let wire_complete = sources.receipts.state.as_ref().is_some_and(WitnessState::is_complete);
    let elsewhere = sources.subject.is_own() && sources.receipts.requests == 0;
    let of = sources.tag.part_of(slot.key.trace);
    // A span of no request has no handler that could still be running.
    let answered = of.is_none_or(|(request, _)| sources.book.is_answered(request as usize));
    let scene = Scene { process, wire_complete, elsewhere, answered, leaks: sources.leaks };
    let judgement = judge(&slot, receipt, &scene);
    Judged { index, process, number, slot, receipt, of, judgement }
}
