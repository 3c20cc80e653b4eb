//! The batch processors of a process: what their exports say, and what stands in their memory.

use std::collections::BTreeMap;

use spanfate_model::finding::peek::{Look, Observation, WatchedProcessor};
use spanfate_model::format::probe::{ExportError, ExportErrors, ProbeKind, ProcessorLook, Record};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_probes::attach::Attached;
use spanfate_probes::memory::Memory;

use crate::host::clock;

/// So often a look is tried again when an export comes in between.
const TRIES: u32 = 4;

/// One of them.
#[derive(Debug, Default)]
struct One {
    watched: WatchedProcessor,
    /// In which order it was found.
    number: usize,
    /// The look that rates begin with has been taken.
    begun: bool,
    handed: u64,
    /// The batch that its exporter has: number and spans.
    out: Option<(u32, u32)>,
}

/// All of them, by address: they never move.
#[derive(Debug)]
pub(super) struct PeekWatch {
    memory: Memory,
    /// Records from before all probes were there are half a truth.
    began: MonoNs,
    all: BTreeMap<u64, One>,
    errors: ExportErrors,
    /// Names of their types, by the address of the table.
    types: BTreeMap<u64, String>,
    /// The processor of the export that returned last on a goroutine.
    goroutines: BTreeMap<u64, u64>,
    /// By goroutine: an export returned whose begin was not seen, and whether it failed. Whose it was shows what that goroutine does
    /// next.
    unseen: BTreeMap<u64, bool>,
    unqueued: u64,
    /// Exports of processors without a queue that failed, and what the last error said.
    unqueued_failed: (u64, Option<String>),
}

impl PeekWatch {
    pub(super) fn new(memory: Memory, began: MonoNs) -> Self {
        Self {
            memory,
            began,
            all: BTreeMap::new(),
            errors: ExportErrors::default(),
            types: BTreeMap::new(),
            goroutines: BTreeMap::new(),
            unseen: BTreeMap::new(),
            unqueued: 0,
            unqueued_failed: (0, None),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.unqueued == 0
    }

    /// A batch processor that spans are offered to.
    pub(super) fn learn(&mut self, address: u64) {
        let number = self.all.len();
        self.all.entry(address).or_insert_with(|| One { number, ..One::default() });
    }

    /// Takes what has come, and looks into memory; how many records came. A look counts when no batch went from one place to
    /// another meanwhile.
    pub(super) fn look(&mut self, attached: &mut Attached) -> u64 {
        let mut records = self.drain(attached);
        for _ in 0..TRIES {
            let at = clock::now();
            let addresses: Vec<u64> = self.all.keys().copied().collect();
            let looks: Vec<_> = addresses.iter().map(|address| self.counters(*address)).collect();
            let came = self.drain(attached);
            records += came;
            if came > 0 {
                continue;
            }
            for (address, counters) in addresses.into_iter().zip(looks) {
                if let (Some(counters), Some(one)) = (counters, self.all.get_mut(&address)) {
                    one.take(at, counters);
                }
            }
            break;
        }
        records
    }

    /// Dropped, queued and gathered spans; and, the first time, the settings.
    fn counters(&mut self, address: u64) -> Option<(u32, u32, u32)> {
        let one = self.all.get_mut(&address)?;
        if one.watched.settings.queue == 0 {
            one.watched.settings = self.memory.settings(address)?;
            one.watched.fits = self.memory.fits(address)?;
        }
        let (dropped, queue) = self.memory.look(address)?;
        Some((dropped, queue, self.memory.gathered(address)?))
    }

    fn drain(&mut self, attached: &mut Attached) -> u64 {
        attached.drain(&mut |record| match Record::read(record) {
            Record::Processor(look) if look.at >= self.began => self.processor(&look),
            Record::Error(text) => {
                text.table().into_iter().for_each(|table| self.name(table));
                self.errors.add(&text);
            }
            _ => {}
        })
    }

    fn processor(&mut self, look: &ProcessorLook) {
        if matches!(look.kind, ProbeKind::Exported | ProbeKind::Returned | ProbeKind::Shut) {
            if let Some(error) = self.errors.exported(look) {
                self.say(look.goroutine, &error);
            }
            self.name(look.error);
            if look.kind == ProbeKind::Exported && look.processor == 0 && look.batch == 0 {
                // Exporters within each other return one after the other: they are one export, and the outermost is the last.
                self.unseen.insert(look.goroutine, look.failed);
                return;
            }
        }
        if look.kind == ProbeKind::Exported {
            self.goroutines.insert(look.goroutine, look.processor);
        }
        self.assign(look.goroutine, look.processor, look.at);
        if look.processor == 0 {
            if look.kind == ProbeKind::Handover {
                self.unqueued += u64::from(look.spans);
            } else if look.kind == ProbeKind::Exported {
                self.unqueued_failed.0 += u64::from(look.failed);
            }
            return;
        }
        self.learn(look.processor);
        if let Some(one) = self.all.get_mut(&look.processor) {
            one.hear(look);
        }
    }

    /// Reads the name of a type at once: the process may be gone later.
    fn name(&mut self, table: u64) {
        if table != 0 && !self.types.contains_key(&table) {
            self.types.insert(table, self.memory.type_name(table).unwrap_or_default());
        }
    }

    /// Counts an export whose begin was not seen for the processor that its goroutine works for.
    fn assign(&mut self, goroutine: u64, processor: u64, at: MonoNs) {
        let Some(failed) = self.unseen.remove(&goroutine) else { return };
        self.goroutines.insert(goroutine, processor);
        if processor == 0 {
            self.unqueued_failed.0 += u64::from(failed);
            return;
        }
        self.learn(processor);
        if let Some(one) = self.all.get_mut(&processor) {
            // As where it is heard of first: rates begin here.
            one.begun &= one.watched.heard.is_some();
            one.watched.heard = one.watched.heard.max(Some(at));
            one.watched.ended += 1;
            one.watched.failed += u64::from(failed);
        }
    }

    fn say(&mut self, goroutine: u64, error: &ExportError) {
        let types = &self.types;
        let said = error.say(|table| types.get(&table).map_or("", String::as_str));
        match self.goroutines.get(&goroutine) {
            Some(0) => self.unqueued_failed.1 = Some(said),
            Some(address) => {
                if let Some(one) = self.all.get_mut(address) {
                    one.watched.error = Some(said);
                }
            }
            None => {}
        }
    }

    /// Says what has been seen.
    pub(super) fn tell(&mut self, seen: &mut Observation) {
        // What nothing came after can only be of a worker that was not heard of otherwise.
        let mut silent =
            self.all.iter().filter(|(_, one)| one.watched.heard.is_none()).map(|(address, _)| *address);
        if let (Some(only), None, Some(goroutine)) =
            (silent.next(), silent.next(), self.unseen.keys().next().copied())
            && self.unseen.len() == 1
        {
            self.assign(goroutine, only, seen.ended);
        }
        // The last error of each goroutine has no export behind it.
        let rest: Vec<_> = self.errors.rest().map(|(goroutine, error)| (goroutine, error.clone())).collect();
        for (goroutine, error) in rest {
            self.say(goroutine, &error);
        }
        let mut all: Vec<&One> = self.all.values().filter(|one| one.watched.since > 0).collect();
        all.sort_by_key(|one| one.number);
        seen.processors = all.into_iter().map(|one| one.watched.clone()).collect();
        seen.unqueued = self.unqueued;
        seen.unqueued_failed.clone_from(&self.unqueued_failed);
    }
}

impl One {
    /// A record about it.
    fn hear(&mut self, look: &ProcessorLook) {
        if self.watched.heard.is_none() {
            // Where it was known before: the batch that left it meanwhile was handed over unseen.
            self.begun = false;
        }
        let watched = &mut self.watched;
        watched.heard = Some(look.at);
        watched.queue_most = watched.queue_most.max(look.queue);
        match look.kind {
            ProbeKind::Handover => {
                self.handed += u64::from(look.spans);
                self.out = Some((look.batch, look.spans));
                (watched.exporting, watched.exporting_since) = (look.spans, look.at);
            }
            ProbeKind::Exported => {
                watched.exporting = 0;
                watched.ended += 1;
                watched.failed += u64::from(look.failed);
                if let Some((_, spans)) = self.out.take().filter(|(batch, _)| *batch == look.batch) {
                    let time = look.at.saturating_sub(look.began);
                    watched.slowest = watched.slowest.max(time);
                    if look.failed {
                        return;
                    }
                    watched.all.add(spans, time);
                    if spans >= watched.settings.batch && watched.settings.batch > 0 {
                        watched.full.add(spans, time);
                    }
                }
            }
            ProbeKind::Shutdown => watched.shut = true,
            _ => {}
        }
    }

    /// A look into its memory.
    fn take(&mut self, at: MonoNs, (dropped, queue, gathered): (u32, u32, u32)) {
        let gathered = if self.out.is_some() { 0 } else { gathered };
        let watched = &mut self.watched;
        if watched.since == 0 {
            (watched.since, watched.counter) = (at, dropped);
        }
        let more = u64::from(dropped.wrapping_sub(watched.counter));
        let look = Look { at, dropped: watched.last.dropped + more, handed: self.handed, queue, gathered };
        if !self.begun {
            (watched.first, self.begun) = (look, true);
        }
        watched.counter = dropped;
        watched.queue_most = watched.queue_most.max(queue);
        watched.last = look;
    }
}
