//! Writes the log of the probes on one process: their records as they come, and beside them what has to be read out of the
//! process while it lives (settings, types of errors).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use spanfate_model::format::probe::{ProbeKind, ProcessorLook, RECORD_BYTES, Record};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_probes::attach::Attached;
use spanfate_probes::memory::Memory;

use super::fill::QueueFill;
use super::layout::LayoutCheck;
use super::{LiveCounts, ProbedEnd};
use crate::host::clock;

/// Bytes that are written at once.
const CHUNK: usize = 1 << 20;
/// How often the cost of the probes is looked at.
const PRICE_NS: u64 = 1_000_000_000;
/// What a hit costs the process at most, nanoseconds: half a microsecond on a quiet machine, three on a busy one (`docs/performance.md`).
const HIT_NS: u64 = 3_000;

/// The SDK's OTLP exporter, which begins with the interface of its client.
const OTLP_EXPORTER: &str = "/otlptrace.(*Exporter).ExportSpans";

/// The writer of one log.
pub(super) struct Scribe {
    attached: Attached,
    memory: Memory,
    /// Functions of exporters, by their place in the binary's file.
    exporters: BTreeMap<u64, String>,
    out: BufWriter<File>,
    ebpf: Ebpf,
    mode: EbpfMode,
    records: u64,
    told: Told,
    seen: Arc<LiveCounts>,
    fill: QueueFill,
    /// When the cost was looked at last, and how many hits there were.
    priced: (u64, u64),
}

/// What has been read out of the process already.
#[derive(Default)]
struct Told {
    /// Length of each processor's queue.
    processors: BTreeMap<u64, u32>,
    exporters: BTreeSet<u64>,
    /// Names of types by the tables of interfaces.
    types: BTreeMap<u64, String>,
    /// Whether all of it can be what it is taken for.
    layout: LayoutCheck,
}

impl Told {
    /// A processor is done: another one may get its address.
    fn forget(&mut self, processor: u64) {
        self.processors.remove(&processor);
        self.exporters.remove(&processor);
    }

    /// Says the name of a type, once.
    fn name_type(&mut self, table: u64, name: String, out: &mut impl Write) -> std::io::Result<()> {
        if self.types.contains_key(&table) {
            return Ok(());
        }
        let pieces = Record::write_type(table, name.as_bytes());
        self.types.insert(table, name);
        pieces.iter().try_for_each(|piece| out.write_all(piece))
    }
}

impl Scribe {
    pub(super) fn new(
        attached: Attached,
        (memory, exporters): (Memory, BTreeMap<u64, String>),
        file: File,
        ebpf: Ebpf,
        header: &[u8; RECORD_BYTES],
        seen: Arc<LiveCounts>,
    ) -> std::io::Result<Self> {
        let mut out = BufWriter::with_capacity(CHUNK, file);
        out.write_all(header)?;
        let priced = (clock::now(), 0);
        Ok(Self {
            attached,
            memory,
            exporters,
            out,
            ebpf,
            mode: ebpf.mode,
            records: 0,
            told: Told::default(),
            seen,
            fill: QueueFill::default(),
            priced,
        })
    }

    /// Takes what has come.
    pub(super) fn look(&mut self) -> std::io::Result<()> {
        let (out, told, seen, fill) = (&mut self.out, &mut self.told, &self.seen, &mut self.fill);
        let mut source = TextSource { memory: &mut self.memory, exporters: &self.exporters };
        let mut done = Ok(());
        self.records += self.attached.drain(&mut |record| {
            if done.is_ok() {
                let read = Record::read(record);
                seen.note(&read);
                told.layout.note(&read);
                done = out.write_all(record).and_then(|()| source.beside(&read, told, out));
                fill.note(&read, |processor| told.processors.get(&processor).copied());
            }
        });
        seen.note_filled(fill.fullest());
        done?;
        self.shed_if_dear()
    }

    /// Waits until the kernel says that something has come, or the time is over.
    pub(super) fn wait(&self, milliseconds: u64) {
        self.attached.wait(milliseconds);
    }

    /// Takes away probes where they cost more than they may.
    fn shed_if_dear(&mut self) -> std::io::Result<()> {
        let now = clock::now();
        let Some(most) = self.ebpf.max_overhead_percent.filter(|_| now >= self.priced.0 + PRICE_NS) else {
            return Ok(());
        };
        let hits: u64 =
            self.attached.counters().unwrap_or_default().iter().map(|(_, counter)| counter.hit).sum();
        let share = (hits - self.priced.1) * HIT_NS * 100 / (now - self.priced.0).max(1);
        self.priced = (now, hits);
        if share <= u64::from(most.get()) || self.mode <= EbpfMode::Batch {
            return Ok(());
        }
        let less = if self.mode > EbpfMode::Counters { EbpfMode::Counters } else { EbpfMode::Batch };
        self.attached.shed(less).map_err(std::io::Error::other)?;
        self.mode = less;
        self.out.write_all(&Record::write_shed(now, less))
    }

    /// Writes what was counted, and the end.
    pub(super) fn finish(mut self) -> std::io::Result<ProbedEnd> {
        let counters = self.attached.counters().map_err(std::io::Error::other)?;
        for (kind, counter) in counters.iter().filter(|(_, counter)| counter.hit > 0) {
            for record in Record::write_counter(*kind, counter) {
                self.out.write_all(&record)?;
            }
        }
        self.out.write_all(&Record::write_end(clock::now(), self.records, self.attached.reported_lost()))?;
        self.out.flush()?;
        // Some kernels take a tenth of a second for each site, and the process is gone: nobody needs to wait.
        let attached = self.attached;
        std::thread::Builder::new().name("detach".to_owned()).spawn(move || drop(attached))?;
        // A trap counts other calls.
        let calls = counters.iter().find(|(kind, _)| *kind == ProbeKind::Calls && self.ebpf.trap.is_none());
        Ok(ProbedEnd {
            layout: self.told.layout.verdict(),
            copies_are_silent: calls.is_some_and(|(_, counter)| counter.hit == 0),
        })
    }
}

/// Where it is read from what a record refers to.
struct TextSource<'a> {
    memory: &'a mut Memory,
    exporters: &'a BTreeMap<u64, String>,
}

impl TextSource<'_> {
    /// Reads out of the process what a record refers to, once each.
    fn beside(&mut self, record: &Record, told: &mut Told, out: &mut impl Write) -> std::io::Result<()> {
        match record {
            Record::Span(mark) if mark.kind == ProbeKind::Offered => self.settings(mark.a, told, out),
            Record::Typed { table, name } => {
                let name = self.memory.name_at(*name);
                name.map_or(Ok(()), |name| told.name_type(*table, name, out))
            }
            Record::Listed(entry) if entry.count > 0 => self.type_name(entry.table, told, out),
            Record::Error(text) => match text.table() {
                Some(table) => self.type_name(table, told, out),
                None => Ok(()),
            },
            Record::Processor(look) => {
                if look.processor != 0 && !look.simple {
                    self.settings(look.processor, told, out)?;
                }
                match look.kind {
                    ProbeKind::Handover => self.exporter(look, told, out)?,
                    ProbeKind::Drained => told.forget(look.processor),
                    _ if look.error != 0 => self.type_name(look.error, told, out)?,
                    _ => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn settings(&mut self, processor: u64, told: &mut Told, out: &mut impl Write) -> std::io::Result<()> {
        if !told.processors.contains_key(&processor)
            && let Some(settings) = self.memory.settings(processor)
        {
            told.processors.insert(processor, settings.queue);
            if let Some(fits) = self.memory.fits(processor) {
                told.layout.queue(fits);
            }
            out.write_all(&Record::write_settings(&settings))?;
        }
        Ok(())
    }

    fn type_name(&mut self, table: u64, told: &mut Told, out: &mut impl Write) -> std::io::Result<()> {
        if told.types.contains_key(&table) {
            return Ok(());
        }
        self.memory.type_name(table).map_or(Ok(()), |name| told.name_type(table, name, out))
    }

    /// Which exporter a processor calls: the function, and behind a bar the client of the SDK's own.
    fn exporter(
        &mut self,
        look: &ProcessorLook,
        told: &mut Told,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        if told.exporters.contains(&look.processor) {
            return Ok(());
        }
        let place = self.memory.place_of(look.began);
        let place = place.or_else(|| place_like(look.began, self.exporters));
        let Some(function) = place.and_then(|place| self.exporters.get(&place)) else { return Ok(()) };
        told.exporters.insert(look.processor);
        let mut text = function.clone();
        if function.ends_with(OTLP_EXPORTER) {
            text.push('|');
            let known = told.types.get(&look.error).cloned();
            text.push_str(&known.or_else(|| self.memory.type_name(look.error)).unwrap_or_default());
        }
        let pieces = Record::write_exporter(look.processor, text.as_bytes());
        pieces.iter().try_for_each(|piece| out.write_all(piece))
    }
}

/// Bytes of a page: a program's file is mapped in whole ones.
const PAGE: u64 = 4096;

/// The place in the file of an address of a process that is gone, and its map with it: the only one of these that lies there in its page.
fn place_like(address: u64, places: &BTreeMap<u64, String>) -> Option<u64> {
    let mut alike = places.keys().filter(|place| **place % PAGE == address % PAGE);
    let first = *alike.next()?;
    alike.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_page_where_only_one_is() {
        let places = [0x1_2340, 0x5_6780, 0x7_8780].map(|place| (place, String::new())).into();
        for (address, place) in [
            (0x41_0340, Some(0x1_2340)),
            (0x5555_0000_0340, Some(0x1_2340)),
            (0x41_0780, None),
            (0x41_0344, None),
        ] {
            assert_eq!(place_like(address, &places), place, "{address:x}");
        }
    }
}
