//! What a queue said to each span where no probe sees its answers: proven by counting.

use spanfate_model::result::PathKind;

use super::Processors;
use crate::evidence::{OnPath, SpanEvidence};

impl Processors {
    /// Notes which spans their queues dropped, by the processors' own counters. A worker that ended in order has emptied its
    /// queue, so of the spans that were offered to it each one was exported or dropped: if as many are left as the counter
    /// says, they are those that it counted. False where a processor leaves spans of which this is not proven.
    pub(in crate::evidence::probe) fn settle(&self, spans: &[SpanEvidence], on: &mut [Vec<OnPath>]) -> bool {
        let mut all = true;
        for (found, on) in self.found.iter().zip(on) {
            let path = &found.path;
            if path.kind != PathKind::Batch || path.blocking || path.no_exporter {
                continue;
            }
            // After that it takes none.
            let open_until = if path.shutdown_began == 0 { u64::MAX } else { path.shutdown_began };
            let is_left = |(span, on): &(&SpanEvidence, &mut OnPath)| {
                let came = on.offered != 0 && on.offered < open_until && span.is_sampled();
                came && on.exported | on.taken | on.dropped == 0
            };
            let mut left: Vec<&mut OnPath> = spans.iter().zip(on).filter(is_left).map(|(_, on)| on).collect();
            if path.drained != 0 && path.dropped_by_sdk == Some(left.len() as u64) {
                for on in &mut left {
                    on.dropped = on.offered;
                }
            } else {
                all &= left.is_empty();
            }
        }
        all
    }
}
