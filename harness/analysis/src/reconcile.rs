//! One fate for every span: the ledger of a trial, built and asserted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use spanfate_model::breakdown::Breakdown;
use spanfate_model::damage::Damage;
use spanfate_model::fate::{Decider, Fate, FateClass, Leak};
use spanfate_model::id::TraceTag;
use spanfate_model::ledger::{EXEMPLARS, Exemplar, FateCount, FirstLostSpan, Ledger};
use spanfate_model::manifest::{FORMAT, Status};
use spanfate_model::slots::{FLAG_RECORDING, Slot};
use spanfate_model::topology::Share;
use spanfate_model::unit::MonoNs;

use crate::breakdown::Split;
use crate::damage::{Parent, Sighting, Traces};
use crate::fate::Judgement;
use crate::loadbook::LoadBook;
use crate::opened::Subject;
use crate::process::{ExportResult, Process};
use crate::quantile::{Times, millis};
use crate::receipts::Receipts;
use crate::tally::Tally;
use crate::timeline::Timeline;
use crate::walk::Judged;
use crate::{lost, unwitnessed, walk};

/// What the ledger is built from.
pub(crate) struct Sources<'a> {
    pub(crate) trial: u16,
    pub(crate) status: Status,
    pub(crate) tag: TraceTag,
    /// What one request makes of each service.
    pub(crate) shares: &'a [Share],
    /// Names of the services.
    pub(crate) services: &'a [&'a str],
    /// What the services are.
    pub(crate) subject: Subject,
    /// As far as the plan says, every span is sampled.
    pub(crate) all_sampled: bool,
    pub(crate) load_began: MonoNs,
    /// By number of a fault: why spans that it touched never end.
    pub(crate) leaks: &'a [Option<Leak>],
    pub(crate) processes: &'a [Process<'a>],
    pub(crate) receipts: &'a Receipts<'a>,
    pub(crate) book: &'a LoadBook,
    /// Whether there is a ledger of every process.
    pub(crate) witnessed: bool,
}

/// The ledger, and what fell out of the same walk over all spans.
pub(crate) struct Reconciled {
    pub(crate) ledger: Ledger,
    pub(crate) delay: Times,
    /// Marks per stage, to be held against the SDK's own counts.
    pub(crate) stages: Stages,
    /// Spans by process and fate, in the order of the processes: in the whole trial, and of these in the measured part.
    pub(crate) by_process: Vec<BTreeMap<Outcome, (u64, u64)>>,
    pub(crate) breakdown: Vec<Breakdown>,
    pub(crate) damage: Option<Damage>,
}

/// A span's fate, or that it has none.
pub(crate) type Outcome = Option<Fate>;

/// Spans that reached a stage, by the process witness.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stages {
    pub(crate) started: u64,
    /// Of these, spans that record.
    pub(crate) recording: u64,
    pub(crate) dropped: u64,
    pub(crate) handed: u64,
    pub(crate) exported_ok: u64,
    /// Of these, spans that were received.
    pub(crate) received_ok: u64,
}

/// Builds the ledger and fills the timeline.
pub(crate) fn reconcile(sources: &Sources<'_>, timeline: &mut Timeline) -> Reconciled {
    if !sources.witnessed {
        let ledger = unwitnessed::reconcile(sources, timeline);
        assert!(ledger.closes(), "the sum over the fates does not close: {:?}", ledger.fates);
        return Reconciled {
            ledger,
            delay: Times::new(),
            stages: Stages::default(),
            by_process: Vec::new(),
            breakdown: Vec::new(),
            damage: None,
        };
    }
    let requests = sources.book.schedule.len();
    let mut walk = Walk {
        sources,
        ledger: Ledger {
            format: FORMAT.to_owned(),
            trial: sources.trial,
            path: "default".to_owned(),
            status: sources.status,
            overflow: sources
                .processes
                .iter()
                .map(|process| process.live.overflow)
                .fold(0, u64::saturating_add),
            torn: sources.processes.iter().any(|process| process.torn),
            ..Ledger::default()
        },
        tally: Tally::new(requests, sources.shares, !sources.leaks.is_empty()),
        traces: Traces::new(requests, sources.shares.len()),
        split: Split::default(),
        by_process: vec![BTreeMap::new(); sources.processes.len()],
        delay: Times::new(),
        stages: Stages::default(),
        first: BTreeMap::new(),
    };
    walk::each(sources, |span| {
        walk.count(span);
        timeline.span(span);
        ControlFlow::Continue(())
    });
    walk.ledger.unexpected = sources.receipts.unexpected.clone();
    walk.count_unrecorded();
    walk.finish()
}

struct Walk<'a> {
    sources: &'a Sources<'a>,
    ledger: Ledger,
    tally: Tally<'a>,
    traces: Traces,
    split: Split,
    by_process: Vec<BTreeMap<Outcome, (u64, u64)>>,
    delay: Times,
    stages: Stages,
    /// When the first span of each lost fate was lost.
    first: BTreeMap<Fate, MonoNs>,
}

impl Walk<'_> {
    fn count(&mut self, span: &Judged<'_>) {
        let Judged { index, process, slot, receipt, of, judgement, .. } = span;
        let (index, of, judgement) = (*index, *of, *judgement);
        let request = of.map(|(request, _)| request);
        let measured = self.sources.subject == Subject::Attached
            || request.is_some_and(|request| self.sources.book.is_measured(request));
        self.ledger.created += 1;
        self.ledger.created_measured += u64::from(measured);
        if let Some((request, part)) = of {
            let service = usize::from(process.header.process);
            self.tally.add(request, service, slot.kind);
            self.traces.see(&Sighting {
                slot,
                service,
                request,
                part,
                received: receipt.copies > 0,
                parent: self.sources.parent_of(slot),
            });
        }
        if measured {
            self.split.add(index, span);
        }
        let outcome = if let Judgement::Placed(fate) = judgement { Some(fate) } else { None };
        let of_process = self.by_process[index].entry(outcome).or_insert((0, 0));
        of_process.0 += 1;
        of_process.1 += u64::from(measured);
        self.stages.started += u64::from(slot.started != 0);
        self.stages.recording += u64::from(slot.started != 0 && slot.has(FLAG_RECORDING));
        self.stages.dropped += u64::from(slot.dropped != 0);
        self.stages.handed += u64::from(slot.exported != 0 || slot.filtered != 0);
        // Of a partial success the SDK counts what was not rejected, as the wire does.
        let delivered = slot.exported != 0
            && match process.export_of(slot) {
                ExportResult::Ok => true,
                ExportResult::Partial => receipt.copies > 0,
                ExportResult::Failed(_) | ExportResult::None => false,
            };
        self.stages.exported_ok += u64::from(delivered);
        self.stages.received_ok += u64::from(delivered && receipt.copies > 0);
        match judgement {
            Judgement::Unexplained => self.ledger.unexplained.push(slot.key),
            Judgement::Unaccounted => self.ledger.unaccounted.push(slot.key),
            Judgement::Placed(fate) => {
                let exemplar = || self.sources.exemplar(process, slot, request);
                let count = place(&mut self.ledger.fates, fate, measured, exemplar);
                if fate.class() == FateClass::Lost {
                    let at = lost::at(fate, slot, process);
                    if self.first.get(&fate).is_none_or(|first| at < *first) {
                        self.first.insert(fate, at);
                        count.first = Some(self.sources.first_lost(span, at));
                    }
                    self.ledger.silent += u64::from(fate.is_silent());
                }
            }
        }
        if receipt.copies > 0 {
            *self.ledger.copies.entry(u32::from(receipt.copies)).or_insert(0) += 1;
            let failed = matches!(process.export_of(slot), ExportResult::Failed(_));
            self.ledger.reported_failed += u64::from(failed);
            if measured {
                self.delay.record(receipt.first.saturating_sub(slot.created));
            }
        }
    }

    /// Spans that probes saw made and not recorded. They have no ids: how many, and no more.
    fn count_unrecorded(&mut self) {
        let stands = self.sources.processes.iter().filter_map(|process| process.probed.as_ref());
        let unrecorded: u64 = stands.map(|stand| stand.unrecorded).sum();
        if unrecorded > 0 {
            let count = self.ledger.fates.entry(Fate::NotSampled(Decider::Sampler)).or_default();
            count.total += unrecorded;
            count.counted += unrecorded;
            self.ledger.created += unrecorded;
            if self.sources.subject == Subject::Attached {
                count.measured += unrecorded;
                self.ledger.created_measured += unrecorded;
            }
        }
    }

    fn finish(mut self) -> Reconciled {
        let Sources { book, shares, services, processes, subject, .. } = self.sources;
        self.ledger.expected = self.tally.expected(book);
        if subject.is_own() {
            // How many spans a program of the user's own makes, its scenario only says; the witness knows.
            (self.ledger.expected.extra, self.ledger.expected.missing_in_answered) = (0, 0);
        }
        // The same property is checked again where a ledger is read.
        assert!(self.ledger.closes(), "the sum over the fates does not close: {:?}", self.ledger.fates);
        Reconciled {
            breakdown: self.split.finish(processes),
            // Without a load nobody knows which spans belong to one request.
            damage: (*subject != Subject::Attached)
                .then(|| self.traces.finish(services, shares, |request| book.is_measured(request))),
            ledger: self.ledger,
            delay: self.delay,
            stages: self.stages,
            by_process: self.by_process,
        }
    }
}

impl Sources<'_> {
    /// A span's parent, if it is a span of ours; else it is the load's, or nobody's.
    fn parent_of(&self, slot: &Slot) -> Option<Parent> {
        if slot.parent.is_zero() {
            return None;
        }
        self.processes.iter().enumerate().find_map(|(index, process)| {
            process.candidates(slot.parent).find_map(|at| {
                let parent = process.slot(at)?;
                let arrived = || self.receipts.by_slot[index].get(at).is_some_and(|r| r.copies > 0);
                let same_trace = parent.key.trace == slot.key.trace;
                (parent.key.span == slot.parent).then(|| Parent { received: arrived(), same_trace })
            })
        })
    }

    fn first_lost(&self, span: &Judged<'_>, at: MonoNs) -> FirstLostSpan {
        let request = span.of.map(|(request, _)| request);
        let Exemplar { trace_id, span_id, name, request, created_ms } =
            self.exemplar(span.process, &span.slot, request);
        FirstLostSpan {
            trace_id,
            span_id,
            name,
            service: span.process.header.service.clone(),
            request,
            sequence: span.number as u64,
            created_ms,
            lost_ms: millis(at.saturating_sub(self.load_began)),
        }
    }

    fn exemplar(&self, process: &Process<'_>, slot: &Slot, request: Option<u32>) -> Exemplar {
        Exemplar {
            trace_id: slot.key.trace,
            span_id: slot.key.span,
            name: process.names.get(&slot.name).cloned().unwrap_or_default(),
            request,
            created_ms: millis(slot.created.saturating_sub(self.load_began)),
        }
    }
}

fn place(
    fates: &mut BTreeMap<Fate, FateCount>,
    fate: Fate,
    measured: bool,
    exemplar: impl FnOnce() -> Exemplar,
) -> &mut FateCount {
    let count = fates.entry(fate).or_default();
    count.total += 1;
    count.measured += u64::from(measured);
    if count.exemplars.len() < EXEMPLARS {
        count.exemplars.push(exemplar());
    }
    count
}
