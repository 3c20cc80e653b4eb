//! Writes the log of the probes on one process: their records as they come, and beside them what has to be read out of the
//! process while it lives (settings, types of errors).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use spanfate_model::probe::{Ebpf, EbpfMode, RECORD_BYTES, Record};
use spanfate_probes::attach::Attached;
use spanfate_probes::memory::Memory;

use super::Seen;
use crate::clock;

/// Bytes that are written at once.
const CHUNK: usize = 1 << 20;
/// How often the cost of the probes is looked at.
const PRICE_NS: u64 = 1_000_000_000;
/// What a hit costs the process at most, nanoseconds: half a microsecond on a quiet machine, three on a busy one (`docs/performance.md`).
const HIT_NS: u64 = 3_000;

/// The writer of one log.
pub(super) struct Scribe {
    attached: Attached,
    memory: Memory,
    out: BufWriter<File>,
    ebpf: Ebpf,
    mode: EbpfMode,
    records: u64,
    told: Told,
    seen: Arc<Seen>,
    /// When the cost was looked at last, and how many hits there were.
    priced: (u64, u64),
}

/// What has been read out of the process already.
#[derive(Default)]
struct Told {
    processors: BTreeSet<u64>,
    types: BTreeSet<u64>,
}

impl Scribe {
    pub(super) fn new(
        attached: Attached,
        memory: Memory,
        file: File,
        ebpf: Ebpf,
        header: &[u8; RECORD_BYTES],
        seen: Arc<Seen>,
    ) -> std::io::Result<Self> {
        let mut out = BufWriter::with_capacity(CHUNK, file);
        out.write_all(header)?;
        let priced = (clock::now(), 0);
        Ok(Self {
            attached,
            memory,
            out,
            ebpf,
            mode: ebpf.mode,
            records: 0,
            told: Told::default(),
            seen,
            priced,
        })
    }

    /// Takes what has come.
    pub(super) fn look(&mut self) -> std::io::Result<()> {
        let (out, memory, told, seen) = (&mut self.out, &mut self.memory, &mut self.told, &self.seen);
        let mut done = Ok(());
        self.records += self.attached.drain(&mut |record| {
            if done.is_ok() {
                let read = Record::read(record);
                seen.note(&read);
                done = out.write_all(record).and_then(|()| beside(&read, memory, told, out));
            }
        });
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
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        let counters = self.attached.counters().map_err(std::io::Error::other)?;
        for (kind, counter) in counters.iter().filter(|(_, counter)| counter.hit > 0) {
            for record in Record::write_counter(*kind, counter) {
                self.out.write_all(&record)?;
            }
        }
        self.out.write_all(&Record::write_end(clock::now(), self.records, self.attached.reported_lost()))?;
        self.out.flush()?;
        // The kernel takes a tenth of a second for each site, and the process is gone: nobody needs to wait.
        let attached = self.attached;
        std::thread::Builder::new().name("detach".to_owned()).spawn(move || drop(attached)).map(drop)
    }
}

/// Reads out of the process what a record refers to, once each.
fn beside(
    record: &Record,
    memory: &mut Memory,
    told: &mut Told,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let Record::Processor(look) = record else { return Ok(()) };
    if look.processor != 0
        && !told.processors.contains(&look.processor)
        && let Some(settings) = memory.settings(look.processor)
    {
        told.processors.insert(look.processor);
        out.write_all(&Record::write_settings(&settings))?;
    }
    if look.error != 0 && told.types.insert(look.error) {
        let name = memory.type_name(look.error).unwrap_or_default();
        let pieces = Record::write_type(look.error, name.as_bytes());
        pieces.iter().try_for_each(|piece| out.write_all(piece))?;
    }
    Ok(())
}
