//! The fate engine: what the marks of one span prove (`docs/results.md`, "What each mark proves").

use spanfate_model::fate::{Decider, Exit, Fate, Filter, Leak};
use spanfate_model::slots::{FLAG_PARENT_SAMPLED, FLAG_SAMPLED, Slot};

use crate::probe::FLAG_REMOVED;

use crate::process::{Ending, ExportResult, Process};
use crate::receipts::Receipt;

/// What can be said about a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Judgement {
    /// Its fate is proven.
    Placed(Fate),
    /// A witness that would tell has a gap.
    Unaccounted,
    /// Complete witnesses prove nothing.
    Unexplained,
}

use Judgement::{Placed, Unaccounted, Unexplained};

/// What else a judgement rests on.
pub(crate) struct Scene<'a> {
    /// The span's process.
    pub(crate) process: &'a Process<'a>,
    /// The wire witness saw everything.
    pub(crate) wire_complete: bool,
    /// Nothing at all arrived: a program of the user's own sends its spans elsewhere.
    pub(crate) elsewhere: bool,
    /// The span's request was answered, so the handler that made it is done.
    pub(crate) answered: bool,
    /// By number of a fault: why spans that it touched never end.
    pub(crate) leaks: &'a [Option<Leak>],
}

/// Judges one span. Later stages are asked first: a mark of a later stage proves all earlier ones.
pub(crate) fn judge(slot: &Slot, receipt: &Receipt, scene: &Scene<'_>) -> Judgement {
    let process = scene.process;
    if receipt.copies > 0 {
        return Placed(Fate::Received);
    }
    if slot.filtered != 0 {
        return Placed(Fate::Filtered(Filter::ExporterWrapper));
    }
    if slot.exported != 0 {
        return handed_to_exporter(slot, receipt, scene);
    }
    if slot.dropped != 0 {
        return Placed(Fate::DroppedQueueFull);
    }
    if process.probed.as_ref().is_some_and(|stand| stand.gap) {
        // What the marks lack may lie in a record that was lost.
        return Unaccounted;
    }
    if slot.started != 0 && !slot.has(FLAG_SAMPLED) {
        return Placed(Fate::NotSampled(decider(slot, process.parent_based)));
    }
    if slot.ended != 0 {
        return offered(slot, process);
    }
    if slot.ending != 0 {
        return Placed(inside_on_end(process));
    }
    never_offered(slot, scene)
}

fn handed_to_exporter(slot: &Slot, receipt: &Receipt, scene: &Scene<'_>) -> Judgement {
    if !scene.wire_complete {
        // It may have arrived; only the wire could tell.
        return Unaccounted;
    }
    if receipt.rejected {
        return Placed(Fate::RejectedPartial);
    }
    if receipt.refused {
        return Placed(Fate::RefusedByReceiver);
    }
    match scene.process.export_of(slot) {
        ExportResult::Failed(cause) => Placed(Fate::ExportFailed(cause)),
        ExportResult::None if scene.process.has_log_gap() => Unaccounted,
        ExportResult::None => Placed(Fate::LostInFlightAtExit),
        ExportResult::Ok | ExportResult::Partial if scene.elsewhere => Unaccounted,
        // A partial success names what it rejects: of the rest it says that it was taken.
        ExportResult::Ok | ExportResult::Partial => Unexplained,
    }
}

fn decider(slot: &Slot, parent_based: bool) -> Decider {
    let unsampled_parent = !slot.parent.is_zero() && !slot.has(FLAG_PARENT_SAMPLED);
    if unsampled_parent && parent_based { Decider::Parent } else { Decider::Sampler }
}

/// The batch processor's `OnEnd` returned without a drop, and the span was never handed on. In drop mode our lock makes this
/// mean "taken into the queue", and a shutdown that returned without an error has emptied the queue.
fn offered(slot: &Slot, process: &Process<'_>) -> Judgement {
    // Without the lock, a span that passed while the shutdown began may have been ignored.
    let late = process.header.blocking && process.shutdown_began != 0 && slot.ended >= process.shutdown_began;
    // What probes saw enter the queue once its worker was gone stays there.
    let drained = process.probed.as_ref().map_or(0, |stand| stand.drained);
    let late = late || (drained != 0 && slot.ended >= drained);
    match process.ending {
        _ if late => Placed(Fate::EndedAfterShutdown),
        Ending::Orderly { deadline_passed: true } => Placed(Fate::LostInQueueAtExit(Exit::ShutdownDeadline)),
        Ending::Orderly { deadline_passed: false } if process.has_log_gap() => Unaccounted,
        Ending::Orderly { deadline_passed: false } => Unexplained,
        Ending::Abrupt(exit) => Placed(Fate::LostInQueueAtExit(exit)),
    }
}

fn inside_on_end(process: &Process<'_>) -> Fate {
    match process.ending {
        Ending::Orderly { .. } if process.header.blocking => Fate::BlockedInEnd,
        Ending::Orderly { .. } | Ending::Abrupt(_) => Fate::InEndAtExit,
    }
}

fn never_offered(slot: &Slot, scene: &Scene<'_>) -> Judgement {
    let process = scene.process;
    if slot.closed != 0 {
        // After Shutdown the provider calls no processor; the SDK's live count still goes down.
        let after = process.shutdown_began != 0 && slot.closed >= process.shutdown_began;
        return match after {
            true => Placed(Fate::EndedAfterShutdown),
            false if slot.has(FLAG_REMOVED) => Placed(Fate::Filtered(Filter::Processor)),
            false if process.probed.is_some() && matches!(process.ending, Ending::Abrupt(_)) => {
                Placed(Fate::InEndAtExit)
            }
            false if process.has_log_gap() => Unaccounted,
            false => Unexplained,
        };
    }
    let touched = usize::from(slot.fault).checked_sub(1).and_then(|fault| *scene.leaks.get(fault)?);
    match process.ending {
        // Nobody was left who would have ended it, however long the process had lived.
        _ if touched.is_some() => Placed(Fate::NeverEnded(touched.unwrap_or(Leak::Forgotten))),
        Ending::Abrupt(_) => Placed(Fate::CutOffAtExit),
        // Its handler was still running when the process left in order.
        Ending::Orderly { .. } if !scene.answered => Placed(Fate::CutOffAtExit),
        Ending::Orderly { .. } if slot.started != 0 => Placed(Fate::NeverEnded(Leak::Forgotten)),
        Ending::Orderly { .. } => Unexplained,
    }
}
