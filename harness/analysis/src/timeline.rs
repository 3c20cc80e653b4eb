//! The trial in slices of a quarter of a second.

use spanfate_model::event::UsageSample;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::Slice;
use spanfate_model::slots::Slot;
use spanfate_model::unit::MonoNs;

use crate::fate::Judgement;
use crate::loadbook::LoadBook;
use crate::process::Process;
use crate::quantile::millis;
use crate::receipts::Receipt;

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

    fn at(&mut self, time: MonoNs) -> &mut Slice {
        let index = ((time.saturating_sub(self.from) / SLICE_NS) as usize).min(MOST);
        while self.slices.len() <= index {
            let at_ms = millis(self.slices.len() as u64 * SLICE_NS);
            self.slices.push(Slice { at_ms, ..Slice::default() });
        }
        &mut self.slices[index]
    }

    /// Adds a span: its creation, its receipt or its loss.
    pub(crate) fn span(&mut self, slot: &Slot, receipt: &Receipt, judgement: Judgement) {
        self.at(slot.created).created += 1;
        match judgement {
            Judgement::Placed(Fate::Received) => self.at(receipt.first).received += 1,
            Judgement::Placed(fate) if fate.class() == FateClass::Lost => {
                let when = [slot.dropped, slot.exported, slot.ended, slot.ending, slot.closed, slot.created];
                let when = when.into_iter().find(|time| *time != 0).unwrap_or(slot.created);
                self.at(when).lost += 1;
            }
            Judgement::Placed(_) | Judgement::Unaccounted | Judgement::Unexplained => {}
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
            for call in process.exports.values().filter(|call| call.ended != 0) {
                let slice = self.at(call.ended);
                slice.export_ms = slice.export_ms.max(millis(call.ended.saturating_sub(call.began)));
            }
            for (at, sample) in &process.runtime {
                if *at >= self.from {
                    let slice = self.at(*at);
                    slice.queue = slice.queue.max(sample.queue);
                }
            }
        }
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
        self.slices
    }
}
