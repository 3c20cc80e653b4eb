//! The probe witness's log of one process, opened: what it counted, and whether it saw everything.

mod endpoint;
mod evidence;
mod figures;
mod marks;
mod naming;
mod processors;
mod texts;
mod wrapped;

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::manifest::ProcessManifest;
use spanfate_model::format::probe::{self, ProbeCounter, ProbeKind, ProbeManifest, Record, SpanMark};
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::ebpf::EbpfMode;

pub use figures::describe;
pub(crate) use marks::{MarkedStage, Marks};

/// An opened log.
pub(crate) struct ProbeLog<'a> {
    pub(crate) manifest: &'a ProcessManifest,
    pub(crate) about: &'a ProbeManifest,
    bytes: &'a [u8],
    counters: BTreeMap<ProbeKind, ProbeCounter>,
    first_lost: BTreeMap<ProbeKind, (MonoNs, u64)>,
    /// Records by kind.
    records: BTreeMap<ProbeKind, u64>,
    shed: Option<(MonoNs, EbpfMode)>,
    /// It has its last record.
    ended: bool,
    /// What the buffers themselves say they lost.
    reported_lost: u64,
    /// Batches by number: when handed over, spans, and whether the exporter came back with an error.
    batches: BTreeMap<u32, Batch>,
}

/// A batch that was handed to an exporter.
#[derive(Clone, Copy, Default)]
pub(crate) struct Batch {
    pub(crate) processor: u64,
    pub(crate) began: MonoNs,
    pub(crate) spans: u32,
    /// When the exporter came back; 0 if it did not.
    pub(crate) ended: MonoNs,
    pub(crate) failed: bool,
}

impl<'a> ProbeLog<'a> {
    /// Opens a log; `None` where the process has none.
    pub(crate) fn open(manifest: &'a ProcessManifest, bytes: Option<&'a [u8]>) -> Option<Self> {
        let about = manifest.probe.as_ref()?;
        let mut out = Self {
            manifest,
            about,
            bytes: bytes.unwrap_or_default(),
            counters: BTreeMap::new(),
            first_lost: BTreeMap::new(),
            records: BTreeMap::new(),
            shed: None,
            ended: false,
            reported_lost: 0,
            batches: BTreeMap::new(),
        };
        out.count();
        Some(out)
    }

    fn each(&self) -> impl Iterator<Item = Record> + '_ {
        probe::read(self.bytes).into_iter().flatten()
    }

    /// Times of a moment of the runtime, and the goroutine it is about: of one that is made, the new one.
    pub(crate) fn moments(&self, wanted: ProbeKind) -> Vec<(MonoNs, i64)> {
        let of = |record: Record| match record {
            Record::Moment(moment) if moment.kind == wanted => {
                let goroutine = if wanted == ProbeKind::Goroutine { moment.a } else { moment.goroutine };
                Some((moment.at, goroutine as i64))
            }
            _ => None,
        };
        self.each().filter_map(of).collect()
    }

    /// What it recorded of some spans, as far as it has names for single spans.
    pub(crate) fn of_spans(&self, keys: &BTreeSet<SpanKey>) -> Vec<SpanMark> {
        let of = |record: Record| match record {
            Record::Span(mark) if keys.contains(&mark.key) => Some(mark),
            _ => None,
        };
        if self.about.mode.names_spans() { self.each().filter_map(of).collect() } else { Vec::new() }
    }

    /// From the log's beginning to its end.
    pub(crate) fn life(&self) -> (MonoNs, MonoNs) {
        let end = |record: Record| if let Record::End(at, ..) = record { Some(at) } else { None };
        (probe::began(self.bytes), self.each().find_map(end).unwrap_or_default())
    }

    fn count(&mut self) {
        let bytes = self.bytes;
        for record in probe::read(bytes).into_iter().flatten() {
            let kind = match &record {
                Record::Span(mark) => Some(mark.kind),
                Record::Processor(look) => Some(look.kind),
                Record::Moment(moment) => Some(moment.kind),
                Record::Error(_) => Some(ProbeKind::Text),
                Record::Listed(_) => Some(ProbeKind::Listed),
                _ => None,
            };
            if let Some(kind) = kind {
                *self.records.entry(kind).or_insert(0) += 1;
            }
            match record {
                Record::Counter(kind, counter) => {
                    self.counters.insert(kind, counter);
                }
                Record::FirstLost(kind, at, hit) => {
                    self.first_lost.insert(kind, (at, hit));
                }
                Record::Shed(at, less) => self.shed = Some((self.shed.map_or(at, |(first, _)| first), less)),
                Record::End(_, _, reported) => (self.ended, self.reported_lost) = (true, reported),
                Record::Processor(look) if look.kind == ProbeKind::Handover => {
                    let batch = Batch {
                        processor: look.processor,
                        began: look.at,
                        spans: look.spans,
                        ..Batch::default()
                    };
                    self.batches.insert(look.batch, batch);
                }
                Record::Processor(look) if look.kind == ProbeKind::Exported => {
                    if let Some(batch) = self.batches.get_mut(&look.batch) {
                        (batch.ended, batch.failed) = (look.at, look.failed);
                    }
                }
                _ => {}
            }
        }
    }

    fn counter(&self, kind: ProbeKind) -> ProbeCounter {
        self.counters.get(&kind).copied().unwrap_or_default()
    }

    /// Hits of a site.
    pub(crate) fn hits(&self, kind: ProbeKind) -> u64 {
        self.counter(kind).hit
    }

    /// Records of spans that should be there and are not: lost on the way, unreadable, or shed.
    pub(crate) fn unseen(&self) -> u64 {
        let unseen = |(kind, counter): (&ProbeKind, &ProbeCounter)| {
            let made = match kind {
                ProbeKind::Created | ProbeKind::Trap | ProbeKind::Calls => return 0,
                kind if kind.is_of_span() && !self.about.mode.names_spans() => return counter.fault,
                _ => counter.hit.saturating_sub(counter.skipped),
            };
            made.saturating_sub(self.records.get(kind).copied().unwrap_or_default())
        };
        self.counters.iter().map(unseen).sum()
    }

    /// Of these, hits that were counted as lost or unreadable.
    pub(crate) fn told(&self) -> u64 {
        self.counters.values().map(|counter| counter.lost + counter.fault).sum()
    }

    /// How the witness ended.
    pub(crate) fn state(&self) -> WitnessState {
        if let Some(why) = &self.about.absent {
            return WitnessState::Absent(why.clone());
        }
        if self.about.log.is_none() || self.bytes.is_empty() {
            return WitnessState::Absent("its log is missing".to_owned());
        }
        match (self.ended, self.unseen()) {
            // What was shed is not even counted.
            (true, _) if self.shed.is_some() => WitnessState::Lossy(0),
            (true, 0) => WitnessState::Complete,
            (true, unseen) => WitnessState::Lossy(unseen),
            (false, _) => WitnessState::Lossy(0),
        }
    }

    /// Whether it is there at all.
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self.state(), WitnessState::Absent(_))
    }

    /// What was recorded from beginning to end, and of every span.
    pub(crate) fn lasting_mode(&self) -> EbpfMode {
        self.about.possible(self.shed.map_or(self.about.mode, |(_, less)| less))
    }

    /// Whether the program lacks what would tell something of each span.
    pub(crate) fn lacks(&self, tells: ProbeKind) -> bool {
        self.about.lacks(tells)
    }

    /// Whether every span has its records, so that books can be kept from them.
    pub(crate) fn keeps_books(&self) -> bool {
        self.is_present() && self.lasting_mode() == EbpfMode::Events && !self.samples()
    }

    /// Whether it leaves some traces out on purpose.
    pub(crate) fn samples(&self) -> bool {
        self.counters.values().any(|counter| counter.skipped > 0)
    }

    /// Whether it came to its end and has a record of each hit of a kind.
    pub(crate) fn has_all(&self, kind: ProbeKind) -> bool {
        self.ended
            && self.shed.is_none()
            && self.hits(kind) == self.records.get(&kind).copied().unwrap_or_default()
    }

    /// Spans that were dropped for a full queue: by records of each, or by the processors' own counters.
    pub(crate) fn dropped(&self) -> u64 {
        if self.lasting_mode() >= EbpfMode::Counters && !self.lacks(ProbeKind::Dropped) {
            return self.hits(ProbeKind::Dropped);
        }
        self.last_dropped().values().map(|dropped| u64::from(*dropped)).sum()
    }

    /// Each batch processor's own counter, as it was seen last.
    fn last_dropped(&self) -> BTreeMap<u64, u32> {
        let mut out = BTreeMap::new();
        for record in self.each() {
            if let Record::Processor(look) = record
                && look.processor != 0
                && !look.simple
                && !matches!(look.kind, ProbeKind::Shut | ProbeKind::Sending | ProbeKind::Returned)
            {
                out.insert(look.processor, look.dropped);
            }
        }
        out
    }
}
