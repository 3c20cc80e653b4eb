//! The spans of a trial, looked up by the ids that a line names.

use spanfate_model::books::logs::{LineStanding, Unanchored};
use spanfate_model::books::row::Standing;
use spanfate_model::fate::Fate;
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use crate::books::walk;
use crate::evidence::opened::Opened;

/// The spans that witnesses know.
pub(super) struct KnownSpans<'o> {
    opened: &'o Opened<'o>,
    /// Spans that arrived, in order, where not every one has books of its own: 24 bytes each.
    received: Vec<(SpanId, TraceId)>,
}

impl<'o> KnownSpans<'o> {
    pub(super) fn of(opened: &'o Opened<'o>) -> Self {
        let sources = opened.sources();
        let mut received = Vec::new();
        if !sources.witnessed || sources.receipts.unexpected.count > 0 {
            sources.receipts.each_arrival(|key, receipt| {
                if receipt.copies > 0 {
                    received.push((key.span, key.trace));
                }
            });
            received.sort_unstable();
        }
        Self { opened, received }
    }

    /// Where a line stands that names this span.
    pub(super) fn standing(&self, key: &SpanKey) -> LineStanding {
        let sources = self.opened.sources();
        let mut of_another = false;
        for (index, process) in sources.processes.iter().enumerate() {
            let judged = process.find(key).and_then(|number| walk::one(&sources, index, number));
            if let Some((judged, _)) = judged {
                return LineStanding::of(judged.standing);
            }
            of_another |= process.candidates(key.span).any(|number| process.key_at(number).is_some());
        }
        let same_id = self.received.partition_point(|(span, _)| *span < key.span);
        let same_id = self.received.get(same_id..).unwrap_or_default();
        for (_, trace) in same_id.iter().take_while(|(span, _)| *span == key.span) {
            if *trace == key.trace {
                return LineStanding::of(Standing::Fate(Fate::Received));
            }
            of_another = true;
        }
        let why = if of_another { Unanchored::AnotherTrace } else { Unanchored::UnknownSpan };
        LineStanding::Unanchored(why)
    }
}
