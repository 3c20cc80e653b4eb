//! Figures of a trial, counted again by hand: from the bytes of span ledgers, the wire log and the load's log, and from nothing that
//! the analysis has of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use spanfate_model::format::slots::{FLAG_SAMPLED, LogEntry, Parts, Slot, read_header, read_live, read_log};
use spanfate_model::format::wire::{self, Disposition, WireRecord};
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

/// What a trial left, as far as it is counted here.
pub(super) struct Remains {
    spans: Vec<Sighted>,
    /// How often each span was accepted.
    receipts: BTreeMap<SpanKey, u64>,
    /// By request: outcome, and whether it is measured.
    requests: BTreeMap<u32, (u8, bool)>,
    exports: Vec<ExportSeen>,
}

/// A span of a ledger.
struct Sighted {
    slot: Slot,
    /// How its process ended.
    end: ProcessLeft,
    /// Whether the export call that it was handed to returned an error.
    export_failed: bool,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProcessLeft {
    /// It said that it had shut down.
    InOrder,
    /// By a panic: Go's exit code 2.
    Crashed,
    /// By a signal, or in another way.
    Otherwise,
}

/// An export call that had a result.
struct ExportSeen {
    lasted_ns: u64,
    failed: bool,
}

impl Remains {
    pub(super) fn read(trial: &Path) -> Self {
        let manifest: Value = serde_json::from_slice(&fs::read(trial.join("trial.json")).unwrap()).unwrap();
        let (mut spans, mut exports) = (Vec::new(), Vec::new());
        for process in manifest["processes"].as_array().unwrap() {
            let end = ended(&process["end"]);
            let ledger = fs::read(trial.join(process["ledger"].as_str().unwrap())).unwrap();
            of_process(&ledger, end, &mut spans, &mut exports);
        }
        let mut receipts = BTreeMap::new();
        for record in wire::read(&fs::read(trial.join("wire.log")).unwrap()).unwrap() {
            if let WireRecord::Span(span) = record
                && span.disposition == Disposition::Accepted
            {
                *receipts.entry(span.key).or_insert(0) += 1;
            }
        }
        let load = fs::read(trial.join("load.log")).unwrap();
        let request = |record: &[u8]| {
            let number = u32::from_le_bytes(record[..4].try_into().unwrap());
            (number, (record[4], record[5] == 1))
        };
        let requests = load.chunks_exact(40).map(request).collect();
        Self { spans, receipts, requests, exports }
    }

    /// A figure by its name, as a scenario writes it; nothing where it is not counted here.
    pub(super) fn figure(&self, name: &str) -> Option<f64> {
        let lost = |fits: &dyn Fn(&Sighted) -> bool| {
            self.spans.iter().filter(|span| !self.came(&span.slot) && fits(span)).count() as f64
        };
        // Whoever was not handed on, nor dropped, and left the processor was in its queue.
        let queued = |span: &Sighted| {
            let Slot { ended, dropped, exported, .. } = span.slot;
            ended != 0 && dropped == 0 && exported == 0
        };
        // A fault had its hand in it, and nobody ended it.
        let open = |span: &Sighted| span.slot.ending == 0 && span.slot.closed == 0 && span.slot.fault != 0;
        Some(match name {
            "spans.created" => self.spans.len() as f64,
            "duplicates" => self.receipts.values().filter(|copies| **copies > 1).count() as f64,
            "loss.rate" => self.loss_rate(),
            "requests.failed" => {
                // 1 was answered; 3 and 4 were not begun.
                self.requests.values().filter(|(outcome, _)| ![1, 3, 4].contains(outcome)).count() as f64
            }
            "exports.failed" => self.exports.iter().filter(|call| call.failed).count() as f64,
            "exports.longest" => self.exports.iter().map(|call| call.lasted_ns).max()? as f64,
            "fate.dropped_queue_full" => lost(&|span| span.slot.exported == 0 && span.slot.dropped != 0),
            "fate.not_sampled" => lost(&|span| {
                let Slot { exported, dropped, started, .. } = span.slot;
                exported == 0 && dropped == 0 && started != 0 && !span.slot.has(FLAG_SAMPLED)
            }),
            "fate.export_failed" => lost(&|span| span.slot.exported != 0 && span.export_failed),
            "fate.lost_in_queue_at_exit" => lost(&|span| queued(span) && span.end != ProcessLeft::InOrder),
            "fate.lost_in_queue_at_exit.crash" => {
                lost(&|span| queued(span) && span.end == ProcessLeft::Crashed)
            }
            "fate.never_ended.body_not_closed" | "fate.never_ended.panic" => lost(&open),
            "traces.torn" | "traces.headless" | "traces.split" => self.traces(name) as f64,
            _ => return None,
        })
    }

    fn came(&self, slot: &Slot) -> bool {
        self.receipts.contains_key(&slot.key)
    }

    /// Whether a span belongs to the measured part: its request does, whose number stands in its trace's id.
    fn is_measured(&self, slot: &Slot) -> bool {
        self.requests.get(&request_of(slot.key.trace)).is_some_and(|(_, measured)| *measured)
    }

    /// Of what was to arrive in the measured part, what did not; all of it is sampled in the trials that are counted here.
    fn loss_rate(&self) -> f64 {
        let due = || self.spans.iter().filter(|span| self.is_measured(&span.slot));
        let missing = due().filter(|span| !self.came(&span.slot)).count();
        missing as f64 / due().count() as f64
    }

    fn traces(&self, state: &str) -> usize {
        let own: BTreeSet<SpanId> = self.spans.iter().map(|span| span.slot.key.span).collect();
        let mut by_request: BTreeMap<u32, Vec<&Slot>> = BTreeMap::new();
        for span in self.spans.iter().filter(|span| self.is_measured(&span.slot)) {
            by_request.entry(request_of(span.slot.key.trace)).or_default().push(&span.slot);
        }
        let is = |spans: &&Vec<&Slot>| {
            let came = spans.iter().filter(|slot| self.came(slot)).count();
            // The root is below nobody's span, but the client's.
            let root = spans.iter().any(|slot| !own.contains(&slot.parent) && self.came(slot));
            let ids: BTreeSet<TraceId> = spans.iter().map(|slot| slot.key.trace).collect();
            match state {
                "traces.headless" => came > 0 && !root,
                "traces.torn" => root && came < spans.len(),
                _ => came == spans.len() && ids.len() > 1,
            }
        };
        by_request.values().filter(is).count()
    }
}

/// The number of its request stands in bytes 4 to 7 of a trace's id.
fn request_of(trace: TraceId) -> u32 {
    u32::from_be_bytes(trace.0[4..8].try_into().unwrap())
}

fn ended(end: &Value) -> ProcessLeft {
    if end["said_stopped"] == Value::Bool(true) {
        ProcessLeft::InOrder
    } else if end["code"] == 2 {
        ProcessLeft::Crashed
    } else {
        ProcessLeft::Otherwise
    }
}

fn of_process(ledger: &[u8], end: ProcessLeft, spans: &mut Vec<Sighted>, exports: &mut Vec<ExportSeen>) {
    let parts = Parts::of(&read_header(ledger).unwrap(), &read_live(ledger), ledger.len());
    let (mut began, mut failed) = (BTreeMap::new(), BTreeSet::new());
    for record in read_log(&ledger[parts.log]) {
        match record.entry {
            LogEntry::ExportBegin { batch, .. } => drop(began.insert(batch, record.at)),
            LogEntry::ExportEnd { batch, error, .. } => {
                exports.push(ExportSeen { lasted_ns: record.at - began[&batch], failed: error.is_some() });
                if error.is_some() {
                    failed.insert(batch);
                }
            }
            _ => {}
        }
    }
    let all = ledger[parts.slots].chunks_exact(128).map(Slot::read).filter(|slot| slot.created != 0);
    // A span knows its batch by the batch's number and one.
    spans.extend(all.map(|slot| {
        let export_failed = slot.batch.checked_sub(1).is_some_and(|batch| failed.contains(&batch));
        Sighted { slot, end, export_failed }
    }));
}
