//! One program's life as probes write it down, record by record.

use spanfate_model::format::manifest::ProcessEnd;
use spanfate_model::format::probe::{
    LackingSite, ProbeCounter, ProbeKind, ProbeManifest, ProcessorSettings, Record, header,
};
use spanfate_model::format::wire::{Disposition, SpanRecord};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};

use super::{BEGAN, World, conclude, started, write_wire_at};

/// The one batch processor.
pub(crate) const PROCESSOR: u64 = 0xc000_1000;

/// A span processor of the program's own.
pub(crate) const FRONT: u64 = 0xc000_2000;
/// Digest of a list that holds it alone.
pub(crate) const FRONTED: u64 = 77;

/// What is written of one program's life, record by record.
pub(crate) struct Life {
    pub(crate) records: Vec<[u8; 64]>,
    /// What arrived, and when.
    pub(crate) arrived: Vec<(SpanKey, u64)>,
    pub(crate) at: u64,
    /// Records that the kernel counts and the reader never sees.
    pub(crate) lost: u64,
    pub(crate) code: i32,
    /// A function that no probe could be put on.
    pub(crate) missing: Vec<String>,
    /// What such functions would have told.
    pub(crate) lacking: Vec<ProbeKind>,
    /// Where it was told to send.
    pub(crate) endpoint: Option<String>,
    /// What its batch processors are set to.
    pub(crate) settings: Vec<ProcessorSettings>,
}

impl Default for Life {
    fn default() -> Self {
        let settings = ProcessorSettings {
            processor: PROCESSOR,
            queue: 2048,
            batch: 512,
            ..ProcessorSettings::default()
        };
        Self {
            records: Vec::new(),
            arrived: Vec::new(),
            at: 0,
            lost: 0,
            code: 0,
            missing: Vec::new(),
            lacking: Vec::new(),
            endpoint: None,
            settings: vec![settings],
        }
    }
}

pub(crate) fn key(span: u64) -> SpanKey {
    SpanKey { trace: TraceId([7; 16]), span: SpanId(span.to_be_bytes()) }
}

impl Life {
    pub(crate) fn record(
        &mut self,
        kind: ProbeKind,
        flags: u8,
        goroutine: u64,
        fill: impl FnOnce(&mut [u8; 64]),
    ) -> &mut Self {
        self.at += 1000;
        let mut out = [0; 64];
        out[..8].copy_from_slice(&(BEGAN + self.at).to_le_bytes());
        (out[8], out[9]) = (kind as u8, flags);
        out[16..24].copy_from_slice(&goroutine.to_le_bytes());
        fill(&mut out);
        self.records.push(out);
        self
    }

    pub(crate) fn of(&mut self, kind: ProbeKind, span: u64, a: u64) -> &mut Self {
        self.sampled(kind, span, a, true)
    }

    pub(crate) fn sampled(&mut self, kind: ProbeKind, span: u64, a: u64, sampled: bool) -> &mut Self {
        self.record(kind, u8::from(sampled), span, |out| {
            let key = key(span);
            out[24..40].copy_from_slice(&key.trace.0);
            out[40..48].copy_from_slice(&key.span.0);
            out[48..56].copy_from_slice(&a.to_le_bytes());
        })
    }

    pub(crate) fn processor(&mut self, kind: ProbeKind, failed: bool, batch: u32, spans: u32) -> &mut Self {
        self.look(PROCESSOR, kind, failed, batch, spans)
    }

    /// A look at a processor; each has a goroutine of its own.
    pub(crate) fn look(
        &mut self,
        of: u64,
        kind: ProbeKind,
        failed: bool,
        batch: u32,
        spans: u32,
    ) -> &mut Self {
        let is_drop =
            |record: &&[u8; 64]| record[8] == ProbeKind::Dropped as u8 && record[48..56] == of.to_le_bytes();
        let dropped = self.records.iter().filter(is_drop).count() as u32;
        self.record(kind, u8::from(failed), of, |out| {
            out[32..36].copy_from_slice(&dropped.to_le_bytes());
            out[24..28].copy_from_slice(&batch.to_le_bytes());
            out[28..32].copy_from_slice(&spans.to_le_bytes());
            out[40..48].copy_from_slice(&(u64::from(failed) * 9).to_le_bytes());
            out[48..56].copy_from_slice(&of.to_le_bytes());
        })
    }

    /// A list of processors of the one provider.
    pub(crate) fn listed(&mut self, list: u64, entries: &[u64]) -> &mut Self {
        let mut put = |index: usize, entry: u64| {
            self.record(ProbeKind::Listed, 0, 0, |out| {
                out[24..28].copy_from_slice(&(index as u32).to_le_bytes());
                out[28..32].copy_from_slice(&(entries.len() as u32).to_le_bytes());
                out[32..40].copy_from_slice(&entry.to_le_bytes());
                out[56..64].copy_from_slice(&list.to_le_bytes());
            });
        };
        match entries {
            [] => put(0, 0),
            some => some.iter().enumerate().for_each(|(index, entry)| put(index, *entry)),
        }
        self
    }

    /// The end of a span, with the list of processors that its provider had.
    pub(crate) fn ended_with(&mut self, span: u64, list: u64) -> &mut Self {
        self.of(ProbeKind::Ended, span, 0);
        if let Some(last) = self.records.last_mut() {
            last[56..64].copy_from_slice(&list.to_le_bytes());
        }
        self
    }

    /// A span up to the queue.
    pub(crate) fn queued(&mut self, span: u64) -> &mut Self {
        self.queued_by(span, 0)
    }

    /// The same, through the processors of a list.
    pub(crate) fn queued_by(&mut self, span: u64, list: u64) -> &mut Self {
        self.of(ProbeKind::Started, span, 0).ended_with(span, list).enter(span, PROCESSOR)
    }

    /// A span that ended comes into a queue.
    pub(crate) fn enter(&mut self, span: u64, processor: u64) -> &mut Self {
        self.of(ProbeKind::Offered, span, processor).of(ProbeKind::Queued, span, processor)
    }

    pub(crate) fn batch(&mut self, batch: u32, spans: &[u64], failed: bool, arrive: bool) -> &mut Self {
        self.batch_of(PROCESSOR, batch, spans, failed, arrive)
    }

    /// A batch of one processor: handed over, arrived or not, and back.
    pub(crate) fn batch_of(
        &mut self,
        of: u64,
        batch: u32,
        spans: &[u64],
        failed: bool,
        arrive: bool,
    ) -> &mut Self {
        self.handover(of, batch, spans);
        if arrive {
            self.arrive(spans);
        }
        self.look(of, ProbeKind::Exported, failed, batch, 0)
    }

    pub(crate) fn handover(&mut self, of: u64, batch: u32, spans: &[u64]) -> &mut Self {
        self.look(of, ProbeKind::Handover, false, batch, spans.len() as u32);
        for span in spans {
            self.of(ProbeKind::Handed, *span, u64::from(batch));
        }
        self
    }

    /// Spans arrive now.
    pub(crate) fn arrive(&mut self, spans: &[u64]) -> &mut Self {
        self.at += 1000;
        let at = BEGAN + self.at;
        self.arrived.extend(spans.iter().map(|span| (key(*span), at)));
        self
    }

    /// A moment of a provider's shutdown, on a goroutine.
    pub(crate) fn moment(&mut self, kind: ProbeKind, goroutine: u64, a: u64) -> &mut Self {
        self.record(kind, 0, goroutine, |_| {}).patch(48, a)
    }

    /// What the kernel side read of the client of an exporter, at one of the places where endpoints may be.
    pub(crate) fn endpoint_at(&mut self, exporter: u64, place: u8, text: &str) -> &mut Self {
        self.record(ProbeKind::Text, place * 8, exporter, |out| {
            out[8] = 72;
            out[10..12].copy_from_slice(&(text.len() as u16).to_le_bytes());
            out[24..24 + text.len()].copy_from_slice(text.as_bytes());
        })
    }

    /// The name of a type, as the reader adds it.
    pub(crate) fn type_name(&mut self, table: u64, name: &str) -> &mut Self {
        self.records.extend(Record::write_type(table, name.as_bytes()));
        self
    }

    /// Which exporter a processor calls, as the reader adds it.
    pub(crate) fn exporter(&mut self, of: u64, text: &str) -> &mut Self {
        self.records.extend(Record::write_exporter(of, text.as_bytes()));
        self
    }

    /// Changes a word of the last record.
    pub(crate) fn patch(&mut self, at: usize, word: u64) -> &mut Self {
        if let Some(last) = self.records.last_mut() {
            last[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        self
    }

    /// Sets flags of the last record.
    pub(crate) fn flag(&mut self, flags: u8) -> &mut Self {
        if let Some(last) = self.records.last_mut() {
            last[9] |= flags;
        }
        self
    }

    /// A mark of a span on another goroutine than its own.
    pub(crate) fn on(&mut self, goroutine: u64, kind: ProbeKind, span: u64, a: u64) -> &mut Self {
        self.of(kind, span, a).patch(16, goroutine)
    }

    /// What a processor without a queue does with a span, on the goroutine that ends it.
    pub(crate) fn simple_batch(&mut self, of: u64, batch: u32, span: u64, arrive: bool) -> &mut Self {
        self.look(of, ProbeKind::Handover, false, batch, 1).simple();
        self.of(ProbeKind::Handed, span, u64::from(batch));
        if arrive {
            self.arrive(&[span]);
        }
        self.look(of, ProbeKind::Exported, !arrive, batch, 0).simple()
    }

    /// The last look was at a processor without a queue.
    fn simple(&mut self) -> &mut Self {
        self.flag(2)
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        let mut out = header(1, BEGAN).to_vec();
        out.extend(self.records.iter().flatten());
        out.extend(self.settings.iter().flat_map(Record::write_settings));
        for kind in ProbeKind::ALL {
            let hit = self.records.iter().filter(|record| record[8] == kind as u8).count() as u64;
            let lost = if kind == ProbeKind::Queued { self.lost } else { 0 };
            if hit + lost > 0 {
                let counter = ProbeCounter { hit: hit + lost, lost, ..ProbeCounter::default() };
                out.extend(Record::write_counter(kind, &counter).concat());
            }
        }
        out.extend(Record::write_end(BEGAN + self.at, self.records.len() as u64, 0));
        out
    }

    pub(crate) fn conclude(&self) -> (TrialResult, RunResult) {
        self.conclude_as(true, None)
    }

    /// The same under a load of ours whose measured part begins then; `None`: it never came to its load.
    pub(crate) fn conclude_loaded(&self, measured_from: Option<u64>) -> (TrialResult, RunResult) {
        self.conclude_as(false, measured_from)
    }

    fn conclude_as(&self, attached: bool, measured_from: Option<u64>) -> (TrialResult, RunResult) {
        let mut plan: Plan = World { spans: vec![started()], ..World::default() }.plan();
        plan.services[0].command = vec!["own".to_owned()];
        plan.attached = attached;
        plan.variants[0].ebpf = Some(Ebpf::plain(EbpfMode::Events));
        let mut logs = World::default().logs(&plan);
        let process = &mut logs.manifest.processes[0];
        (process.ledger, process.effective) = (None, None);
        process.endpoint.clone_from(&self.endpoint);
        process.end = Some(ProcessEnd { code: Some(self.code), ..ProcessEnd::default() });
        process.probe = Some(ProbeManifest {
            log: Some("own.0.probe".to_owned()),
            mode: EbpfMode::Events,
            missing: self.missing.clone(),
            sees_return: true,
            lacking: self
                .lacking
                .iter()
                .map(|tells| LackingSite {
                    tells: *tells,
                    function: "enqueueDrop".to_owned(),
                    inlined_into: vec!["enqueue".to_owned()],
                    copy: false,
                })
                .collect(),
            ..ProbeManifest::default()
        });
        logs.ledgers = vec![None];
        logs.probes = vec![Some(self.log().into())];
        match measured_from {
            Some(from) => {
                logs.manifest.phases.load_began = from.saturating_sub(plan.load.warmup.nanos());
            }
            None if !attached => (logs.load, logs.manifest.phases.load_began) = (None, 0),
            None => logs.load = None,
        }
        let span = |key: &SpanKey| SpanRecord {
            request: 0,
            key: *key,
            parent: SpanId::default(),
            name: 0,
            service: 0,
            kind: 0,
            disposition: Disposition::Accepted,
            start_wall: 0,
            end_wall: 0,
        };
        let arrived: Vec<(SpanRecord, u64, u8)> =
            self.arrived.iter().map(|(key, at)| (span(key), *at, 0)).collect();
        logs.wire = Some(write_wire_at(&arrived).into());
        conclude(&plan, &logs)
    }
}
