//! A process's span ledger, opened: header, slots, and what its append log says. Where the process keeps none, one that was
//! put together from what probes saw takes its place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use spanfate_model::fate::{Cause, Exit};
use spanfate_model::fault;
use spanfate_model::id::{SpanId, SpanKey};
use spanfate_model::manifest::{ProcessEnd, ProcessManifest, Status};
use spanfate_model::probe::Settings;
use spanfate_model::slots::{
    self, DoseWords, HEADER_BYTES, Header, Live, LogEntry, RuntimeSample, SLOT_BYTES, Slot,
};
use spanfate_model::unit::MonoNs;

use crate::cause;

/// What came of an export call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExportResult {
    /// No result: the process ended first.
    None,
    /// It returned no error.
    Ok,
    /// It returned an error.
    Failed(Cause),
    /// It returned an error that speaks of a partial success: the SDK counts its spans as exported, but for those rejected.
    Partial,
}

/// An error of an export call, and how often it came.
pub(crate) type FailedBy = BTreeMap<String, u64>;

/// One `ExportSpans` call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ExportCall {
    pub(crate) began: MonoNs,
    pub(crate) ended: MonoNs,
    pub(crate) spans: u32,
    pub(crate) result: ExportResult,
}

/// How the process came to its end, as far as fates care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It shut down in order; the provider's shutdown returned, perhaps with its deadline passed.
    Orderly { deadline_passed: bool },
    /// It ended otherwise.
    Abrupt(Exit),
}

/// An opened ledger.
pub(crate) struct Process<'a> {
    pub(crate) header: Header,
    pub(crate) live: Live,
    pub(crate) names: BTreeMap<u32, String>,
    pub(crate) exports: BTreeMap<u32, ExportCall>,
    /// Failed export calls by what their error says.
    pub(crate) failed_by: FailedBy,
    pub(crate) runtime: Vec<(MonoNs, RuntimeSample)>,
    /// When the provider's shutdown began; 0 if it did not.
    pub(crate) shutdown_began: MonoNs,
    pub(crate) ending: Ending,
    /// When the harness saw that it was gone; 0 if it did not.
    pub(crate) gone: MonoNs,
    pub(crate) parent_based: bool,
    /// The file is shorter than its header says.
    pub(crate) torn: bool,
    /// What its faults say of themselves, by number.
    pub(crate) doses: Vec<DoseWords>,
    /// What probes saw stands in for a ledger.
    pub(crate) probed: Option<Stand>,
    slots: Cow<'a, [u8]>,
    /// The append log, to look up again what few ask for.
    log: &'a [u8],
}

/// What a ledger that was put together from probes has beside its slots.
#[derive(Debug, Default)]
pub(crate) struct Stand {
    /// Spans by id: ids of foreign programs lead to no slot by themselves.
    pub(crate) by_id: Vec<(SpanId, u32)>,
    /// When the batch processor's worker had emptied the queue and ended; 0 if it did not.
    pub(crate) drained: MonoNs,
    /// Records were lost: what a span lacks may have happened.
    pub(crate) gap: bool,
    /// Spans that were made and not recorded; their ids are unknown.
    pub(crate) unrecorded: u64,
    /// What its batch processor is set to.
    pub(crate) settings: Settings,
    /// What the errors of export calls said, by number of the call.
    pub(crate) errors: BTreeMap<u32, String>,
}

impl<'a> Process<'a> {
    /// Opens a ledger; `None` when its bytes hold none.
    pub(crate) fn open(manifest: &ProcessManifest, bytes: &'a [u8], trial: Status) -> Option<Self> {
        let header = slots::read_header(bytes).ok()?;
        let live = slots::read_live(bytes);
        let used = (live.next_slot.min(header.slots) as usize) * SLOT_BYTES;
        let body = bytes.get(HEADER_BYTES..)?;
        let log_from = (header.slots as usize) * SLOT_BYTES;
        // The copy on disk leaves out what was never used: there the log follows the last used slot.
        let whole = body.len() as u64 == log_from as u64 + header.log_bytes;
        let log = &body[(if whole { log_from } else { used }).min(body.len())..];
        let torn = body.len() < used || log.len() < live.log_used as usize;
        let log = &log[..log.len().min(live.log_used as usize)];
        let mut process = Self {
            live,
            names: BTreeMap::new(),
            exports: BTreeMap::new(),
            failed_by: FailedBy::new(),
            runtime: Vec::new(),
            shutdown_began: 0,
            ending: ending_of(manifest, trial),
            gone: manifest.end.as_ref().map_or(0, |end| end.at),
            parent_based: manifest.effective.as_ref().is_none_or(|e| e.sampler.starts_with("ParentBased")),
            torn,
            doses: (0..fault::MOST).map(|number| slots::read_dose(bytes, number)).collect(),
            probed: None,
            slots: Cow::Borrowed(&body[..used.min(body.len())]),
            log,
            header,
        };
        process.read_log(log);
        Some(process)
    }

    /// A process without a ledger, from slots that were put together elsewhere.
    pub(crate) fn standing(
        header: Header,
        slots: Vec<u8>,
        exports: BTreeMap<u32, ExportCall>,
        failed_by: FailedBy,
        stand: Stand,
    ) -> Self {
        Self {
            header,
            live: Live::default(),
            names: BTreeMap::new(),
            exports,
            failed_by,
            runtime: Vec::new(),
            shutdown_began: 0,
            ending: Ending::Abrupt(Exit::Crash),
            gone: 0,
            parent_based: true,
            torn: false,
            doses: Vec::new(),
            probed: Some(stand),
            slots: Cow::Owned(slots),
            log: &[],
        }
    }

    /// The slot of a span, if it has one.
    pub(crate) fn find(&self, key: &SpanKey) -> Option<usize> {
        let same = |slot: &usize| self.slot(*slot).is_some_and(|slot| slot.key == *key && slot.created != 0);
        self.candidates(key.span).find(same)
    }

    /// The slots that a span id leads to: one, unless a foreign program gave an id twice.
    pub(crate) fn candidates(&self, span: SpanId) -> impl Iterator<Item = usize> + '_ {
        let mixed = match &self.probed {
            Some(_) => None,
            None => span.slot(self.header.salt).filter(|at| at.process == self.header.process),
        };
        let by_id = self.probed.as_ref().map_or(&[][..], |stand| {
            let from = stand.by_id.partition_point(|(id, _)| *id < span);
            let to = stand.by_id.partition_point(|(id, _)| *id <= span);
            &stand.by_id[from..to]
        });
        mixed.map(|at| at.slot as usize).into_iter().chain(by_id.iter().map(|(_, slot)| *slot as usize))
    }

    fn read_log(&mut self, log: &[u8]) {
        for record in slots::read_log(log) {
            match record.entry {
                LogEntry::Name { id, text } => {
                    self.names.insert(id, text);
                }
                LogEntry::ExportBegin { batch, spans } => {
                    let call = ExportCall { began: record.at, ended: 0, spans, result: ExportResult::None };
                    // A planted second send has the same number; the batch processor hears of the first one only.
                    self.exports.entry(batch).or_insert(call);
                }
                LogEntry::ExportEnd { batch, error } => {
                    if let Some(call) = self.exports.get_mut(&batch).filter(|call| call.ended == 0) {
                        call.ended = record.at;
                        call.result = match error {
                            None => ExportResult::Ok,
                            Some(text) => {
                                *self.failed_by.entry(cause::label(&text)).or_insert(0) += 1;
                                result_of(&text)
                            }
                        };
                    }
                }
                LogEntry::Runtime(sample) => self.runtime.push((record.at, sample)),
                LogEntry::Phase(4) => self.shutdown_began = record.at,
                LogEntry::ShutdownEnd { .. }
                | LogEntry::HandledError(_)
                | LogEntry::ClockPair { .. }
                | LogEntry::Phase(_)
                | LogEntry::Unknown(_) => {}
            }
        }
    }

    /// What the error of an export call said. It is looked up in the log: many calls may fail, and of few it is asked.
    pub(crate) fn error_of(&self, call: u32) -> Option<String> {
        if let Some(stand) = &self.probed {
            return stand.errors.get(&call).cloned();
        }
        slots::read_log(self.log).find_map(|record| match record.entry {
            LogEntry::ExportEnd { batch, error } if batch == call => error,
            _ => None,
        })
    }

    /// Whether records of the append log are missing: what it does not say may have happened all the same.
    pub(crate) fn has_log_gap(&self) -> bool {
        self.torn || self.live.log_lost > 0 || self.probed.as_ref().is_some_and(|stand| stand.gap)
    }

    /// Slots in use, whether or not a span was made of them.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() / SLOT_BYTES
    }

    /// A slot's marks.
    pub(crate) fn slot(&self, index: usize) -> Option<Slot> {
        self.slots.get(index * SLOT_BYTES..(index + 1) * SLOT_BYTES).map(Slot::read)
    }

    /// All slots of which a span was made.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (usize, Slot)> + '_ {
        self.slots.chunks_exact(SLOT_BYTES).map(Slot::read).enumerate().filter(|(_, slot)| slot.created != 0)
    }

    /// The export call a span was handed to.
    pub(crate) fn call_of(&self, slot: &Slot) -> Option<&ExportCall> {
        self.exports.get(&slot.batch.checked_sub(1)?)
    }

    /// What came of it.
    pub(crate) fn export_of(&self, slot: &Slot) -> ExportResult {
        self.call_of(slot).map_or(ExportResult::None, |call| call.result)
    }
}

pub(crate) fn result_of(error: &str) -> ExportResult {
    if cause::is_partial(error) { ExportResult::Partial } else { ExportResult::Failed(cause::of_text(error)) }
}

pub(crate) fn ending_of(manifest: &ProcessManifest, trial: Status) -> Ending {
    let Some(end) = &manifest.end else {
        // Without a word on its end the harness died first, and its guard killed the process.
        return Ending::Abrupt(if trial == Status::Partial { Exit::Kill } else { Exit::Crash });
    };
    match (end.signal, end.code) {
        (Some(9), _) => Ending::Abrupt(Exit::Kill),
        (Some(_), _) => Ending::Abrupt(Exit::Crash),
        (None, Some(0)) if end.said_stopped => Ending::Orderly { deadline_passed: passed_deadline(end) },
        (None, Some(2)) => Ending::Abrupt(Exit::Crash),
        (None, _) => Ending::Abrupt(Exit::Exit),
    }
}

/// Whether the provider's shutdown gave up before its queue was empty. Another error comes from the exporter, after that.
fn passed_deadline(end: &ProcessEnd) -> bool {
    end.shutdown_error.as_ref().is_some_and(|text| text.contains("deadline"))
}
