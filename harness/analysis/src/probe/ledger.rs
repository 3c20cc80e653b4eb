//! A span ledger put together from what probes saw, for a process that keeps none: the same marks, so the same fates.

use std::collections::BTreeMap;

use spanfate_model::fate::Exit;
use spanfate_model::id::{SpanId, SpanKey};
use spanfate_model::manifest::Status;
use spanfate_model::probe::{Kind, Processor, Record, Settings, SpanMark};
use spanfate_model::slots::{FLAG_PARENT_SAMPLED, FLAG_RECORDING, FLAG_SAMPLED, Header, Slot};
use spanfate_model::unit::MonoNs;
use spanfate_model::witness::WitnessState;

use super::Probed;
use super::texts::Texts;
use crate::cause;
use crate::process::{Ending, ExportCall, ExportResult, FailedBy, Process, Stand, ending_of, result_of};

/// It was ended, its goroutine went on, and no batch processor was offered it: a span processor of the user's removed it.
/// Only in memory.
pub(crate) const FLAG_REMOVED: u8 = 32;
/// A batch processor was offered it. Only in memory.
const FLAG_OFFERED: u8 = 64;

/// What the log says of the end of the batch processor that the books are about.
#[derive(Default)]
struct Last {
    /// When its shutdown began, and when it returned; 0 if it did not.
    began: MonoNs,
    returned: MonoNs,
    /// Its shutdown returned an error.
    failed: bool,
    drained: MonoNs,
}

impl Probed<'_> {
    /// Puts the ledger together. It holds 128 bytes per span and its index, in memory.
    pub(crate) fn stand(&self, trial: Status) -> Process<'static> {
        let texts = Texts::of(self);
        let name_ids: BTreeMap<u64, u32> = texts.names.keys().copied().zip(1..).collect();
        let mut slots = self.slots(&name_ids);
        // The walk goes by slots, and exemplars are the first of it.
        slots.sort_by_key(|slot| (slot.created, slot.key));
        let mut by_id: Vec<(SpanId, u32)> =
            slots.iter().zip(0..).map(|(slot, number)| (slot.key.span, number)).collect();
        by_id.sort_unstable();
        let settings = self.settings();
        let last = self.last();
        let (exports, failed_by) = self.exports(&texts);
        let started = self.hits(Kind::Started);
        let stand = Stand {
            by_id,
            drained: last.drained,
            gap: self.state() != WitnessState::Complete,
            unrecorded: self.hits(Kind::Created).saturating_sub(started),
            settings,
            errors: texts
                .errors
                .iter()
                .map(|(batch, text)| (batch.saturating_sub(1), text.clone()))
                .collect(),
        };
        let header = Header {
            pid: 0,
            process: self.manifest.process,
            incarnation: self.manifest.incarnation,
            gomaxprocs: self.manifest.gomaxprocs,
            slots: slots.len() as u64,
            log_bytes: 0,
            salt: 0,
            blocking: settings.block,
            service: self.manifest.service.clone(),
            sdk: self.about.sdk.clone(),
            go: self.about.go.clone(),
        };
        let bytes = slots.iter().flat_map(Slot::write).collect();
        let mut process = Process::standing(header, bytes, exports, failed_by, stand);
        process.names = texts.names.into_iter().map(|(at, name)| (name_ids[&at], name)).collect();
        process.shutdown_began = last.began;
        process.ending = self.ending(&last, trial);
        process.gone = self.manifest.end.as_ref().map_or(0, |end| end.at);
        process
    }

    /// How the process ended. Its exit code says nothing of the SDK; the shutdown of its batch processor does.
    fn ending(&self, last: &Last, trial: Status) -> Ending {
        if last.drained != 0 {
            return Ending::Orderly { deadline_passed: false };
        }
        if last.returned != 0 && last.failed {
            return Ending::Orderly { deadline_passed: true };
        }
        match ending_of(self.manifest, trial) {
            abrupt @ Ending::Abrupt(_) => abrupt,
            Ending::Orderly { .. } => Ending::Abrupt(Exit::Exit),
        }
    }

    fn slots(&self, name_ids: &BTreeMap<u64, u32>) -> Vec<Slot> {
        let mut keys: Vec<SpanKey> = self.starts().map(|mark| mark.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut slots: Vec<Slot> = keys.iter().map(|key| Slot { key: *key, ..Slot::default() }).collect();
        // Who ended a span, and the last word of each goroutine.
        let mut enders = vec![0; slots.len()];
        let mut latest = BTreeMap::<u64, MonoNs>::new();
        for record in self.each() {
            let Record::Span(mark) = record else { continue };
            let last = latest.entry(mark.goroutine).or_default();
            *last = mark.at.max(*last);
            // What was never started is no span: a flush sends a mark of its own through the queue.
            if let Ok(at) = keys.binary_search(&mark.key) {
                self.apply(&mark, &mut slots[at], name_ids);
                if mark.kind == Kind::Ended {
                    enders[at] = mark.goroutine;
                }
            }
        }
        for (slot, ender) in slots.iter_mut().zip(enders) {
            let went_on = latest.get(&ender).is_some_and(|last| *last > slot.closed);
            if slot.closed != 0 && went_on && !slot.has(FLAG_OFFERED) {
                slot.flags |= FLAG_REMOVED;
            }
        }
        slots
    }

    fn starts(&self) -> impl Iterator<Item = SpanMark> + '_ {
        self.each().filter_map(|record| match record {
            Record::Span(mark) if mark.kind == Kind::Started => Some(mark),
            _ => None,
        })
    }

    fn apply(&self, mark: &SpanMark, slot: &mut Slot, name_ids: &BTreeMap<u64, u32>) {
        let of_ours = mark.a == self.processor;
        match mark.kind {
            Kind::Started => {
                (slot.created, slot.started, slot.parent) = (mark.at, mark.at, mark.parent());
                slot.kind = mark.extra as u8;
                let flag = |set: bool, flag: u8| if set { flag } else { 0 };
                slot.flags |= FLAG_RECORDING
                    | flag(mark.sampled, FLAG_SAMPLED)
                    | flag(mark.parent_sampled, FLAG_PARENT_SAMPLED);
            }
            // The first End counts; later ones do nothing.
            Kind::Ended if slot.closed == 0 => slot.closed = mark.at,
            Kind::Offered => slot.flags |= FLAG_OFFERED,
            Kind::Blocked if of_ours => (slot.ending, slot.name) = (mark.at, name_of(mark, name_ids)),
            Kind::Queued if of_ours => {
                slot.ended = mark.at;
                slot.ending = if slot.ending == 0 { mark.at } else { slot.ending };
                slot.name = if mark.b == 0 { slot.name } else { name_of(mark, name_ids) };
            }
            Kind::Dropped if of_ours => {
                (slot.ending, slot.dropped, slot.name) = (mark.at, mark.at, name_of(mark, name_ids));
            }
            Kind::Handed => {
                let batch = u32::try_from(mark.a).unwrap_or_default();
                let ours = self.batches.get(&batch).is_some_and(|batch| batch.processor == self.processor);
                if ours && slot.exported == 0 {
                    // Numbers of batches begin at 1 here, and the slot's are one more than the call's.
                    (slot.exported, slot.batch) = (mark.at, batch);
                }
            }
            _ => {}
        }
    }

    fn exports(&self, texts: &Texts) -> (BTreeMap<u32, ExportCall>, FailedBy) {
        let mut failed_by = FailedBy::new();
        let ours = self.batches.iter().filter(|(_, batch)| batch.processor == self.processor);
        let calls = ours.map(|(number, batch)| {
            let text = || texts.errors.get(number).map_or("", String::as_str);
            let result = match (batch.ended, batch.failed) {
                (0, _) => ExportResult::None,
                (_, false) => ExportResult::Ok,
                (_, true) => {
                    *failed_by.entry(cause::label(text())).or_insert(0) += 1;
                    result_of(text())
                }
            };
            let call = ExportCall { began: batch.began, ended: batch.ended, spans: batch.spans, result };
            (number - 1, call)
        });
        (calls.collect(), failed_by)
    }

    fn settings(&self) -> Settings {
        let ours = self.each().find_map(|record| match record {
            Record::Settings(settings) if settings.processor == self.processor => Some(settings),
            _ => None,
        });
        ours.unwrap_or_default()
    }

    fn last(&self) -> Last {
        let mut out = Last::default();
        // A return has no register that still says whose it is; it is its goroutine's.
        let mut shutting = None;
        let is_ours = |look: &Processor| look.processor == self.processor;
        for record in self.each() {
            match record {
                Record::Processor(look)
                    if look.kind == Kind::Shutdown && is_ours(&look) && out.began == 0 =>
                {
                    out.began = look.at;
                    shutting = Some(look.goroutine);
                }
                Record::Processor(look) if look.kind == Kind::Shut && shutting == Some(look.goroutine) => {
                    (out.returned, out.failed) = (look.at, look.failed);
                    shutting = None;
                }
                Record::Processor(look) if look.kind == Kind::Drained && is_ours(&look) => {
                    out.drained = look.at;
                }
                _ => {}
            }
        }
        out
    }
}

fn name_of(mark: &SpanMark, name_ids: &BTreeMap<u64, u32>) -> u32 {
    name_ids.get(&mark.b).copied().unwrap_or_default()
}
