//! How full the queues of a process are, as the probes on it saw them last.

use std::collections::BTreeMap;

use spanfate_model::format::probe::{ProbeKind, Record};

/// The queue of each batch processor, by its address.
#[derive(Debug, Default)]
pub(super) struct QueueFill(BTreeMap<u64, QueueSeen>);

#[derive(Debug)]
struct QueueSeen {
    /// Spans in it at the last look at it, and those that it took since where single spans are seen. Of these the worker may have taken
    /// some out, a batch at the most.
    spans: u64,
    capacity: u32,
}

impl QueueSeen {
    fn filled(&self) -> f64 {
        self.spans as f64 / f64::from(self.capacity.max(1))
    }
}

impl QueueFill {
    /// Notes a record. `capacity` knows how long a processor's queue is; without that there is no share of it.
    pub(super) fn note(&mut self, record: &Record, capacity: impl Fn(u64) -> Option<u32>) {
        let mut set = |processor, spans| {
            if let Some(capacity) = capacity(processor) {
                self.0.insert(processor, QueueSeen { spans, capacity });
            }
        };
        match record {
            Record::Processor(look) if !look.simple => match look.kind {
                ProbeKind::Export | ProbeKind::Handover | ProbeKind::Exported => {
                    set(look.processor, look.queue.into());
                }
                ProbeKind::Drained => drop(self.0.remove(&look.processor)),
                _ => {}
            },
            Record::Span(mark) => match mark.kind {
                ProbeKind::Queued => {
                    if let Some(seen) = self.0.get_mut(&mark.a) {
                        seen.spans = (seen.spans + 1).min(seen.capacity.into());
                    }
                }
                ProbeKind::Dropped => {
                    if let Some(full) = capacity(mark.a) {
                        set(mark.a, full.into());
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Share of the fullest one that is filled; 0 before any was seen.
    pub(super) fn fullest(&self) -> f64 {
        self.0.values().map(QueueSeen::filled).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::format::probe::{ProcessorLook, SpanMark};
    use spanfate_model::quantity::id::SpanKey;

    use super::*;

    fn look(kind: ProbeKind, processor: u64, queue: u32) -> Record {
        Record::Processor(ProcessorLook {
            kind,
            at: 1,
            goroutine: 1,
            batch: 1,
            spans: 1,
            dropped: 0,
            queue,
            failed: false,
            error: 0,
            processor,
            simple: false,
            began: 1,
        })
    }

    fn span(kind: ProbeKind, processor: u64) -> Record {
        let key = SpanKey::default();
        Record::Span(SpanMark {
            kind,
            at: 1,
            goroutine: 1,
            key,
            sampled: true,
            parent_sampled: true,
            extra: 0,
            name: 0,
            a: processor,
            b: 0,
        })
    }

    #[test]
    fn the_fullest_queue_counts_and_its_length_must_be_known() {
        let capacity =
            |processor| [(1, 100), (2, 10)].into_iter().find(|(of, _)| *of == processor).map(|(_, n)| n);
        let mut fill = QueueFill::default();
        for (record, fullest) in [
            (look(ProbeKind::Export, 9, 50), 0.0),
            (look(ProbeKind::Handover, 1, 30), 0.3),
            (look(ProbeKind::Exported, 2, 2), 0.3),
            (span(ProbeKind::Queued, 2), 0.3),
            (span(ProbeKind::Queued, 2), 0.4),
            // What no processor is has no queue.
            (span(ProbeKind::Queued, 9), 0.4),
            (span(ProbeKind::Dropped, 2), 1.0),
            (span(ProbeKind::Queued, 2), 1.0),
            (look(ProbeKind::Handover, 2, 0), 0.3),
            (look(ProbeKind::Sending, 2, 10), 0.3),
            (look(ProbeKind::Drained, 1, 0), 0.0),
        ] {
            fill.note(&record, capacity);
            assert!((fill.fullest() - fullest).abs() < 1e-9, "{record:?}: {fill:?}");
        }
    }
}
