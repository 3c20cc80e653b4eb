//! The books of one start of a process: its spans, its export paths, and what it says of itself. They are read from a span
//! ledger, or put together from what probes saw of a process that keeps none.

mod ending;
mod sharing;

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use spanfate_model::fate::witness::Witness;
use spanfate_model::fault;
use spanfate_model::format::manifest::{ProcessEnd, ProcessManifest, Status};
use spanfate_model::format::slots::{
    self, DoseWords, Header, Live, LogEntry, PATH_BYTES, Parts, PathRecord, RateChange, RuntimeSample,
    SLOT_BYTES, Slot,
};
use spanfate_model::quantity::id::{SpanId, SpanKey};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::ShutdownCourse;

use crate::evidence::path::{Ending, ExportCall, ExportResult, HandsOn, Path, unique_names};
use crate::evidence::shutdown::ProviderShutdown;
use crate::evidence::{OnPath, SpanEvidence};

pub(crate) use ending::ending_of;

/// The books of a process.
pub(crate) struct Process<'a> {
    pub(crate) header: Header,
    pub(crate) live: Live,
    pub(crate) names: BTreeMap<u32, String>,
    /// Its export paths, the main one first; at least one.
    pub(crate) paths: Vec<Path>,
    /// What stands for the path of a span that was offered to none, by its provider.
    pub(crate) nowhere: Vec<Path>,
    pub(crate) runtime: Vec<(MonoNs, RuntimeSample)>,
    /// Rates of its sampler, where that follows the load.
    pub(crate) rates: Vec<(MonoNs, RateChange)>,
    /// When the harness saw that it was gone; 0 if it did not.
    pub(crate) gone: MonoNs,
    pub(crate) parent_based: bool,
    /// The file is shorter than its header says.
    pub(crate) torn: bool,
    /// What its faults say of themselves, by number.
    pub(crate) doses: Vec<DoseWords>,
    /// What became of the shutdown of each provider.
    pub(crate) shutdowns: Vec<ProviderShutdown>,
    spans: SpanBooks<'a>,
}

/// Where the spans are.
enum SpanBooks<'a> {
    /// In a span ledger.
    Ledger(LedgerBytes<'a>),
    /// In memory.
    Gathered(Gathered),
}

/// Bytes of a span ledger.
struct LedgerBytes<'a> {
    slots: &'a [u8],
    /// Records of the same spans, per further path.
    paths: Vec<&'a [u8]>,
    /// The append log, to look up again what few ask for.
    log: &'a [u8],
}

/// Spans that were put together from what probes saw.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// In the order of their making.
    pub(crate) spans: Vec<SpanEvidence>,
    /// Per path, what is so of each span.
    pub(crate) on: Vec<Vec<OnPath>>,
    /// Spans by id, those of one id by trace, in the order of their making: ids of foreign programs lead to no place by themselves.
    pub(crate) by_id: Vec<(SpanId, u32)>,
    /// Spans whose ids an earlier span of the same trace has, too.
    pub(crate) sharing: u64,
    /// Records were lost: what a span lacks may have happened.
    pub(crate) gap: bool,
    /// Spans that were made and not recorded; their ids are unknown.
    pub(crate) unrecorded: u64,
    /// What the errors of export calls said, by number of the call.
    pub(crate) errors: BTreeMap<u32, String>,
}

impl<'a> Process<'a> {
    /// Opens a span ledger; `None` when its bytes hold none.
    pub(crate) fn open(manifest: &ProcessManifest, bytes: &'a [u8], trial: Status) -> Option<Self> {
        let header = slots::read_header(bytes).ok()?;
        let live = slots::read_live(bytes);
        let parts = Parts::of(&header, &live, bytes.len());
        // Of a torn file there is what there is.
        let part = |part: &Range<usize>| {
            let end = part.end.min(bytes.len());
            &bytes[part.start.min(end)..end]
        };
        let torn = bytes.len() < parts.log.end;
        let log = part(&parts.log);
        let ending = ending_of(manifest, trial);
        let main = Path {
            effective: manifest.effective.clone(),
            blocking: header.blocking,
            hands_on: HandsOn::InEnd,
            ending,
            ..Path::default()
        };
        let further = (0..header.paths).map(|_| Path { hands_on: HandsOn::InEnd, ending, ..Path::default() });
        let mut process = Self {
            live,
            names: BTreeMap::new(),
            paths: std::iter::once(main).chain(further).collect(),
            nowhere: Vec::new(),
            runtime: Vec::new(),
            rates: Vec::new(),
            gone: manifest.end.as_ref().map_or(0, |end| end.at),
            parent_based: manifest.effective.as_ref().is_none_or(|e| e.sampler.starts_with("ParentBased")),
            torn,
            doses: (0..fault::MOST).map(|number| slots::read_dose(bytes, number)).collect(),
            shutdowns: Vec::new(),
            spans: SpanBooks::Ledger(LedgerBytes {
                slots: part(&parts.slots),
                paths: parts.paths.iter().map(part).collect(),
                log,
            }),
            header,
        };
        process.read_log(log);
        let providers = process.paths.iter().map(|path| usize::from(path.provider) + 1).max();
        process.nowhere = vec![process.end_of_all(); providers.unwrap_or(1)];
        process.shutdowns = process.said_of_shutdowns(manifest.end.as_ref());
        Some(process)
    }

    /// The books of a process without a ledger.
    pub(crate) fn gathered(header: Header, paths: Vec<Path>, nowhere: Vec<Path>, spans: Gathered) -> Self {
        Self {
            header,
            live: Live::default(),
            names: BTreeMap::new(),
            paths,
            nowhere,
            runtime: Vec::new(),
            rates: Vec::new(),
            gone: 0,
            parent_based: true,
            torn: false,
            doses: Vec::new(),
            shutdowns: Vec::new(),
            spans: SpanBooks::Gathered(spans),
        }
    }

    /// What is so of all paths of a process that says it of itself as a whole.
    fn end_of_all(&self) -> Path {
        let Path { shutdown_began, ending, blocking, .. } = self.paths[0];
        Path { blocking, shutdown_began, ending, ..Path::default() }
    }

    /// What a fixture says of the shutdown of its providers, which it calls one after the other.
    fn said_of_shutdowns(&self, end: Option<&ProcessEnd>) -> Vec<ProviderShutdown> {
        let all = self.nowhere.len();
        let one = |provider: usize| {
            let of_it = self.paths.iter().filter(|path| usize::from(path.provider) == provider);
            let called = of_it.map(|path| path.shutdown_began).filter(|at| *at != 0).min().unwrap_or(0);
            let course = match end {
                Some(end) if called != 0 && end.said_stopped => match &end.shutdown_error {
                    // Of several it does not say whose error it is.
                    Some(_) if all == 1 => ShutdownCourse::ReturnedError,
                    _ => ShutdownCourse::Returned,
                },
                Some(_) if called != 0 => ShutdownCourse::DidNotReturn,
                None if called != 0 => ShutdownCourse::ReturnUnseen,
                _ if self.has_log_gap() => ShutdownCourse::Unseen,
                _ => ShutdownCourse::NotCalled,
            };
            ProviderShutdown { course, called, returned: 0 }
        };
        (0..all).map(one).collect()
    }

    fn read_log(&mut self, log: &[u8]) {
        let mut stopping = 0;
        for record in slots::read_log(log) {
            let path = record.entry.path().and_then(|path| self.paths.get_mut(path as usize));
            match (record.entry, path) {
                (LogEntry::Name { id, text }, _) => {
                    self.names.insert(id, text);
                }
                (LogEntry::ExportBegin { batch, spans, .. }, Some(path)) => {
                    let call = ExportCall { began: record.at, ended: 0, spans, result: ExportResult::None };
                    // A planted second send has the same number; the batch processor hears of the first one only.
                    path.exports.entry(batch).or_insert(call);
                }
                (LogEntry::ExportEnd { batch, error, .. }, Some(path)) => {
                    path.export_ended(batch, record.at, error.as_deref());
                }
                (LogEntry::PathInfo(info), Some(path)) => path.describe(&info),
                (LogEntry::PathShutdown(_), Some(path)) => path.shutdown_began = record.at,
                (LogEntry::Runtime(sample), _) => self.runtime.push((record.at, sample)),
                (LogEntry::Rate(change), _) => self.rates.push((record.at, change)),
                (LogEntry::Phase(4), _) => stopping = record.at,
                _ => {}
            }
        }
        // A process of one path says it of its provider; one that died before it came to a path had begun all the same.
        for path in self.paths.iter_mut().filter(|path| path.shutdown_began == 0) {
            path.shutdown_began = stopping;
        }
        if self.has_several_paths() {
            unique_names(&mut self.paths);
        }
    }

    /// Whether it has several paths, so that a span has several fates.
    pub(crate) fn has_several_paths(&self) -> bool {
        self.paths.len() > 1
    }

    /// Who keeps these books.
    pub(crate) const fn keeper(&self) -> Witness {
        match self.spans {
            SpanBooks::Ledger(_) => Witness::Process,
            SpanBooks::Gathered(_) => Witness::Probe,
        }
    }

    /// Whether probes keep them.
    pub(crate) const fn is_of_probes(&self) -> bool {
        matches!(self.spans, SpanBooks::Gathered(_))
    }

    /// Spans that were made and of which nothing else is known.
    pub(crate) const fn unrecorded(&self) -> u64 {
        match &self.spans {
            SpanBooks::Ledger(_) => 0,
            SpanBooks::Gathered(gathered) => gathered.unrecorded,
        }
    }

    /// The place of a span, if it has one; the first of those that share the key.
    pub(crate) fn find(&self, key: &SpanKey) -> Option<usize> {
        match &self.spans {
            SpanBooks::Ledger(_) => {
                let is = |number: &usize| self.key_at(*number).is_some_and(|known| known == *key);
                self.candidates(key.span).find(is)
            }
            SpanBooks::Gathered(gathered) => gathered.places(key).next(),
        }
    }

    /// The places that a span id leads to: one, unless a foreign program gave an id twice.
    pub(crate) fn candidates(&self, id: SpanId) -> impl Iterator<Item = usize> + '_ {
        let (mixed, by_id) = match &self.spans {
            SpanBooks::Ledger(_) => {
                (id.slot(self.header.salt).filter(|at| at.process == self.header.process), &[][..])
            }
            SpanBooks::Gathered(Gathered { by_id, .. }) => {
                let from = by_id.partition_point(|(known, _)| *known < id);
                let to = by_id.partition_point(|(known, _)| *known <= id);
                (None, &by_id[from..to])
            }
        };
        mixed.map(|at| at.slot as usize).into_iter().chain(by_id.iter().map(|(_, number)| *number as usize))
    }

    /// What the error of an export call said. It is looked up in the log: many calls may fail, and of few it is asked.
    pub(crate) fn error_of(&self, path: &Path, call: u32) -> Option<String> {
        match &self.spans {
            SpanBooks::Gathered(gathered) => gathered.errors.get(&call).cloned(),
            SpanBooks::Ledger(ledger) => slots::read_log(ledger.log).find_map(|record| match record.entry {
                LogEntry::ExportEnd { batch, error, path: of } if batch == call && of == path.number => error,
                _ => None,
            }),
        }
    }

    /// Whether records about single spans are missing: what a span lacks may have happened all the same.
    pub(crate) const fn has_record_gap(&self) -> bool {
        matches!(&self.spans, SpanBooks::Gathered(Gathered { gap: true, .. }))
    }

    /// Whether any records are missing, those of the append log among them.
    pub(crate) const fn has_log_gap(&self) -> bool {
        self.torn || self.live.log_lost > 0 || self.has_record_gap()
    }

    /// Places, whether or not a span was made there.
    pub(crate) fn len(&self) -> usize {
        match &self.spans {
            SpanBooks::Ledger(ledger) => ledger.slots.len() / SLOT_BYTES,
            SpanBooks::Gathered(gathered) => gathered.spans.len(),
        }
    }

    /// The ids of the span at a place.
    pub(crate) fn key_at(&self, number: usize) -> Option<SpanKey> {
        match &self.spans {
            SpanBooks::Ledger(ledger) => Slot::key_of(ledger.slots.get(number * SLOT_BYTES..)?),
            SpanBooks::Gathered(gathered) => gathered.spans.get(number).map(|span| span.key),
        }
    }

    /// Goes over all spans with their places, and what is so of each on the main path, until it breaks.
    pub(crate) fn try_each(
        &self,
        mut each: impl FnMut(usize, SpanEvidence, OnPath) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &self.spans {
            SpanBooks::Ledger(ledger) => {
                for (number, bytes) in ledger.slots.chunks_exact(SLOT_BYTES).enumerate() {
                    let (span, on) = of_slot(&Slot::read(bytes));
                    if span.created != 0 {
                        each(number, span, on)?;
                    }
                }
            }
            SpanBooks::Gathered(gathered) => {
                let main = gathered.on.first().into_iter().flatten();
                for (number, (span, on)) in gathered.spans.iter().zip(main).enumerate() {
                    each(number, *span, *on)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The span at a place.
    pub(crate) fn span(&self, number: usize) -> Option<SpanEvidence> {
        self.both(number).map(|(span, _)| span)
    }

    /// The span at a place, and what is so of it on the main path.
    pub(crate) fn both(&self, number: usize) -> Option<(SpanEvidence, OnPath)> {
        match &self.spans {
            SpanBooks::Ledger(ledger) => {
                let bytes = ledger.slots.get(number * SLOT_BYTES..(number + 1) * SLOT_BYTES)?;
                Some(of_slot(&Slot::read(bytes))).filter(|(span, _)| span.created != 0)
            }
            SpanBooks::Gathered(gathered) => {
                Some((*gathered.spans.get(number)?, *gathered.on.first()?.get(number)?))
            }
        }
    }

    /// What is so of a span on a path.
    pub(crate) fn on_path(&self, number: usize, path: usize) -> Option<OnPath> {
        match &self.spans {
            SpanBooks::Ledger(_) if path == 0 => self.both(number).map(|(_, on)| on),
            SpanBooks::Ledger(ledger) => {
                let bytes =
                    ledger.paths.get(path - 1)?.get(number * PATH_BYTES..(number + 1) * PATH_BYTES)?;
                Some(OnPath::from(&PathRecord::read(bytes)))
            }
            SpanBooks::Gathered(gathered) => gathered.on.get(path)?.get(number).copied(),
        }
    }

    /// All spans with their places, and what is so of each on the main path.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (usize, SpanEvidence, OnPath)> + '_ {
        (0..self.len()).filter_map(|number| {
            let (span, on) = self.both(number)?;
            Some((number, span, on))
        })
    }

    /// All export calls, path by path.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &ExportCall> + '_ {
        self.paths.iter().flat_map(|path| path.exports.values())
    }

    /// How the whole process ended: the worst of its paths.
    pub(crate) fn ended_in_order(&self) -> bool {
        let clean = |path: &Path| matches!(path.ending, Ending::Orderly { deadline_passed: false });
        self.paths.iter().all(clean)
    }
}

fn of_slot(slot: &Slot) -> (SpanEvidence, OnPath) {
    (SpanEvidence::from(slot), OnPath::from(slot))
}
