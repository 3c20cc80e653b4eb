//! When a span was lost.

use spanfate_model::fate::Fate;
use spanfate_model::slots::Slot;
use spanfate_model::unit::MonoNs;

use crate::process::Process;

/// The time of a loss: when the queue refused the span; when its export came back with an error; when the process ended, for a
/// span that this took with it; else the last thing that is known of it.
pub(crate) fn at(fate: Fate, slot: &Slot, process: &Process<'_>) -> MonoNs {
    let marks = [slot.dropped, slot.exported, slot.ended, slot.ending, slot.closed];
    let last = marks.into_iter().find(|time| *time != 0).unwrap_or(slot.created);
    match fate {
        Fate::ExportFailed(_) | Fate::RejectedPartial | Fate::RefusedByReceiver => {
            process.call_of(slot).map_or(last, |call| call.ended.max(last))
        }
        Fate::CutOffAtExit
        | Fate::BlockedInEnd
        | Fate::LostInQueueAtExit(_)
        | Fate::LostInFlightAtExit
        | Fate::InEndAtExit => process.gone.max(last),
        _ => last,
    }
}
