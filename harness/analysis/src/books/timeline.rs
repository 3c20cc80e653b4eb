//! The trial in slices of a quarter of a second.

use std::collections::BTreeMap;

use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::format::event::UsageSample;
use spanfate_model::format::slots::RuntimeSample;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::Slice;

use crate::books::lost;
use crate::books::walk::Judged;
use crate::evidence::loadbook::LoadBook;
use crate::evidence::process::Process;
use crate::statistics::quantile::millis;

/// Length of a slice.
const SLICE_NS: u64 = 250_000_000;
/// Most slices: what comes later than that counts into the last one.
const MOST: usize = 40_000;

/// The slices being filled.
pub(crate) struct Timeline {
    from: MonoNs,
    slices: Vec<Slice>,
}

impl Timeline {
    /// A timeline that begins with the load.
    pub(crate) fn new(from: MonoNs) -> Self {
        Self { from, slices: Vec::new() }
    }

    fn index(&self, time: MonoNs) -> usize {
        ((time.saturating_sub(self.from) / SLICE_NS) as usize).min(MOST)
    }

    fn at(&mut self, time: MonoNs) -> &mut Slice {
        let index = self.index(time);
        while self.slices.len() <= index {
            let at_ms = millis(self.slices.len() as u64 * SLICE_NS);
            self.slices.push(Slice { at_ms, ..Slice::default() });
        }
        &mut self.slices[index]
    }

    /// Adds a span: its creation, its receipt or its loss.
    pub(crate) fn span(&mut self, span: &Judged<'_>) {
        self.at(span.span.created).created += 1;
        match span.standing {
            Standing::Fate(Fate::Received) => self.at(span.receipt.first).received += 1,
            Standing::Fate(fate) if fate.class() == FateClass::Lost => {
                let slice = self.at(lost::at(fate, &span.span, &span.on, span.path, span.process.gone));
                slice.lost += 1;
                *slice.lost_by.entry(fate).or_insert(0) += 1;
            }
            Standing::Fate(_) | Standing::Unaccounted | Standing::Unexplained => {}
        }
    }

    /// Adds a receipt of a span of which nothing else is known.
    pub(crate) fn receipt(&mut self, at: MonoNs) {
        self.at(at).received += 1;
    }

    /// Adds what the process, the load and the samples say, and gives the slices.
    pub(crate) fn finish(
        mut self,
        processes: &[Process<'_>],
        book: &LoadBook,
        usage: &[UsageSample],
    ) -> Vec<Slice> {
        for process in processes {
            for call in process.calls().filter(|call| call.ended != 0) {
                let slice = self.at(call.ended);
                slice.export_ms = slice.export_ms.max(millis(call.ended.saturating_sub(call.began)));
            }
            self.runtime(&process.runtime);
        }
        self.exports_in_flight(processes);
        for record in book.records.iter().flatten().filter(|record| record.outcome.started()) {
            self.at(record.started).requests += 1;
        }
        let from = self.from;
        for pair in usage.windows(2).filter(|pair| pair[0].at >= from) {
            let elapsed = pair[1].at.saturating_sub(pair[0].at).max(1);
            let cpu = pair[1].fixture_cpu_ns.saturating_sub(pair[0].fixture_cpu_ns) as f64 / elapsed as f64;
            let slice = self.at(pair[1].at);
            slice.fixture_cpu = slice.fixture_cpu.max((cpu * 1000.0).round() / 1000.0);
            slice.queue = slice.queue.max(pair[1].queue);
        }
        for slice in &mut self.slices {
            // Sums of thousandths keep to thousandths.
            slice.stopped_ms = (slice.stopped_ms * 1000.0).round() / 1000.0;
        }
        self.slices
    }

    /// What one process's looks at itself say: its queue, its heap, and its collections from one look to the next.
    fn runtime(&mut self, samples: &[(MonoNs, RuntimeSample)]) {
        let from = self.from;
        let mut heaps: BTreeMap<usize, u64> = BTreeMap::new();
        for (at, sample) in samples.iter().filter(|(at, _)| *at >= from) {
            let slice = self.at(*at);
            slice.queue = slice.queue.max(sample.queue);
            let heap = heaps.entry(self.index(*at)).or_default();
            *heap = sample.heap.max(*heap);
        }
        for (index, heap) in heaps {
            if let Some(slice) = self.slices.get_mut(index) {
                slice.heap = slice.heap.saturating_add(heap);
            }
        }
        for pair in samples.windows(2).filter(|pair| pair[0].0 >= from) {
            let (before, (at, after)) = (&pair[0].1, &pair[1]);
            let slice = self.at(*at);
            slice.gc_cycles += after.gc_cycles.saturating_sub(before.gc_cycles);
            slice.stopped_ms += millis(after.stopped_ns.saturating_sub(before.stopped_ns));
        }
    }

    /// How many exports were open at once, from their beginnings and ends: looks every so often would miss short ones.
    fn exports_in_flight(&mut self, processes: &[Process<'_>]) {
        let mut turns: Vec<(MonoNs, bool)> = Vec::new();
        for process in processes {
            for call in process.calls() {
                // Without a result it was open until the process was gone.
                let end = if call.ended == 0 { process.gone } else { call.ended };
                if end > self.from && end > call.began {
                    turns.extend([(call.began.max(self.from), true), (end, false)]);
                }
            }
        }
        // An end and a beginning at the same moment are not both open.
        turns.sort_unstable();
        let (mut open, mut since) = (0_u64, self.from);
        for (at, begins) in turns {
            if open > 0 && at > since {
                self.at(at - 1);
                let (first, last) = (self.index(since), self.index(at - 1));
                for slice in &mut self.slices[first..=last] {
                    slice.in_flight = slice.in_flight.max(open);
                }
            }
            open = if begins { open + 1 } else { open.saturating_sub(1) };
            since = at;
        }
    }
}
