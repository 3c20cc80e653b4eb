//! When a span was lost.

use spanfate_model::fate::Fate;
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::path::Path;
use crate::evidence::{OnPath, SpanEvidence};

/// The time of a loss: when the queue refused the span; when its export came back with an error; when the process ended, for a
/// span that this took with it; else the last thing that is known of it.
pub(crate) fn at(fate: Fate, span: &SpanEvidence, on: &OnPath, path: &Path, gone: MonoNs) -> MonoNs {
    let last = on.last().or((span.closed != 0).then_some(span.closed)).unwrap_or(span.created);
    match fate {
        Fate::ExportFailed(_)
        | Fate::RejectedPartial
        | Fate::RefusedByReceiver
        | Fate::RefusedByCollector
        // When it was lost inside nobody saw; since then it is not the service's any more.
        | Fate::SampledByCollector(_)
        | Fate::LostInCollector(_)
        | Fate::RefusedByEngine
        | Fate::LostInEngine(_) => {
            path.call_of(on).map_or(last, |call| call.ended.max(last))
        }
        Fate::CutOffAtExit
        | Fate::BlockedInEnd
        | Fate::LostInQueueAtExit(_)
        | Fate::LostInFlightAtExit
        | Fate::InEndAtExit => gone.max(last),
        Fate::Received
        | Fate::NotSampled(_)
        | Fate::Filtered(_)
        | Fate::NeverEnded(_)
        | Fate::NoProcessor
        | Fate::NoExporter
        | Fate::DroppedQueueFull
        | Fate::EndedAfterShutdown
        | Fate::SentElsewhere
        | Fate::LostBeforeReceiver => last,
    }
}
