//! The fate engine: what the marks of one span prove (`docs/results.md`, "What each mark proves").

use spanfate_model::fate::{Decider, Exit, Fate, Filter};
use spanfate_model::slots::{FLAG_PARENT_SAMPLED, FLAG_SAMPLED, Slot};

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

/// Judges one span. Later stages are asked first: a mark of a later stage proves all earlier ones.
pub(crate) fn judge(slot: &Slot, receipt: &Receipt, process: &Process<'_>, wire_complete: bool) -> Judgement {
    if receipt.copies > 0 {
        return Placed(Fate::Received);
    }
    if slot.filtered != 0 {
        return Placed(Fate::Filtered(Filter::ExporterWrapper));
    }
    if slot.exported != 0 {
        return handed_to_exporter(receipt, process.export_of(slot), wire_complete);
    }
    if slot.dropped != 0 {
        return Placed(Fate::DroppedQueueFull);
    }
    if slot.started != 0 && !slot.has(FLAG_SAMPLED) {
        return Placed(Fate::NotSampled(decider(slot, process.parent_based)));
    }
    if slot.ended != 0 {
        return Placed(offered(slot, process));
    }
    if slot.ending != 0 {
        return Placed(inside_on_end(process));
    }
    never_offered(slot, process)
}

fn handed_to_exporter(receipt: &Receipt, export: ExportResult, wire_complete: bool) -> Judgement {
    if receipt.rejected {
        return Placed(Fate::RejectedPartial);
    }
    if receipt.refused {
        return Placed(Fate::RefusedByReceiver);
    }
    if !wire_complete {
        // It may have arrived; only the wire could tell.
        return Unaccounted;
    }
    match export {
        ExportResult::Failed(cause) => Placed(Fate::ExportFailed(cause)),
        ExportResult::None => Placed(Fate::LostInFlightAtExit),
        ExportResult::Ok => Unexplained,
    }
}

fn decider(slot: &Slot, parent_based: bool) -> Decider {
    let unsampled_parent = !slot.parent.is_zero() && !slot.has(FLAG_PARENT_SAMPLED);
    if unsampled_parent && parent_based { Decider::Parent } else { Decider::Sampler }
}

/// The batch processor's `OnEnd` returned without a drop, and the span was never handed on.
fn offered(slot: &Slot, process: &Process<'_>) -> Fate {
    let after_shutdown = process.shutdown_began != 0 && slot.ending >= process.shutdown_began;
    match process.ending {
        _ if after_shutdown => Fate::EndedAfterShutdown,
        Ending::Orderly { deadline_passed: true } => Fate::LostInQueueAtExit(Exit::ShutdownDeadline),
        Ending::Orderly { deadline_passed: false } => Fate::LostInQueueAtExit(Exit::Exit),
        Ending::Abrupt(exit) => Fate::LostInQueueAtExit(exit),
    }
}

fn inside_on_end(process: &Process<'_>) -> Fate {
    match process.ending {
        Ending::Orderly { .. } if process.header.blocking => Fate::BlockedInEnd,
        Ending::Orderly { .. } | Ending::Abrupt(_) => Fate::InEndAtExit,
    }
}

fn never_offered(slot: &Slot, process: &Process<'_>) -> Judgement {
    match (slot.closed != 0, process.ending) {
        // After Shutdown the provider calls no processor; the SDK's live count still goes down.
        (true, _) if process.shutdown_began != 0 && slot.closed >= process.shutdown_began => {
            Placed(Fate::EndedAfterShutdown)
        }
        (true, _) => Unexplained,
        (false, Ending::Abrupt(_)) => Placed(Fate::CutOffAtExit),
        (false, Ending::Orderly { .. }) if slot.started != 0 => Placed(Fate::NeverEnded),
        (false, Ending::Orderly { .. }) => Unexplained,
    }
}
