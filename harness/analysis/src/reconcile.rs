//! One fate for every span: the ledger of a trial, built and asserted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::id::TraceTag;
use spanfate_model::ledger::{EXEMPLARS, Exemplar, Expected, FateCount, Ledger};
use spanfate_model::manifest::{FORMAT, Status};
use spanfate_model::slots::Slot;
use spanfate_model::unit::MonoNs;

use crate::fate::Judgement;
use crate::loadbook::LoadBook;
use crate::process::Process;
use crate::quantile::{Times, millis};
use crate::receipts::{Receipt, Receipts};
use crate::timeline::Timeline;
use crate::{unwitnessed, walk};

/// What the ledger is built from.
pub(crate) struct Sources<'a> {
    pub(crate) trial: u16,
    pub(crate) status: Status,
    pub(crate) tag: TraceTag,
    pub(crate) spans_per_request: u32,
    pub(crate) load_began: MonoNs,
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
}

/// Spans that reached a stage, by the process witness.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stages {
    pub(crate) started: u64,
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
        return Reconciled { ledger, delay: Times::new(), stages: Stages::default() };
    }
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
        per_request: vec![0; sources.book.schedule.len()],
        delay: Times::new(),
        stages: Stages::default(),
    };
    walk::each(sources, |span| {
        walk.count(span.process, &span.slot, span.receipt, span.judgement);
        timeline.span(&span.slot, span.receipt, span.judgement);
        ControlFlow::Continue(())
    });
    walk.ledger.unexpected = sources.receipts.unexpected.clone();
    walk.finish()
}

struct Walk<'a> {
    sources: &'a Sources<'a>,
    ledger: Ledger,
    per_request: Vec<u32>,
    delay: Times,
    stages: Stages,
}

impl Walk<'_> {
    fn count(&mut self, process: &Process<'_>, slot: &Slot, receipt: &Receipt, judgement: Judgement) {
        let request = self.sources.tag.request_of(slot.key.trace);
        let measured = request.is_some_and(|request| self.sources.book.is_measured(request));
        self.ledger.created += 1;
        self.ledger.created_measured += u64::from(measured);
        if let Some(count) = request.and_then(|request| self.per_request.get_mut(request as usize)) {
            *count += 1;
        }
        self.stages.started += u64::from(slot.started != 0);
        self.stages.dropped += u64::from(slot.dropped != 0);
        self.stages.handed += u64::from(slot.exported != 0 || slot.filtered != 0);
        let delivered = slot.exported != 0 && process.export_of(slot) == crate::process::ExportResult::Ok;
        self.stages.exported_ok += u64::from(delivered);
        self.stages.received_ok += u64::from(delivered && receipt.copies > 0);
        match judgement {
            Judgement::Unexplained => self.ledger.unexplained.push(slot.key),
            Judgement::Unaccounted => self.ledger.unaccounted.push(slot.key),
            Judgement::Placed(fate) => {
                let exemplar = || self.sources.exemplar(process, slot, request);
                place(&mut self.ledger.fates, fate, measured, exemplar);
                self.ledger.silent += u64::from(fate.class() == FateClass::Lost && fate.is_silent());
            }
        }
        if receipt.copies > 0 {
            *self.ledger.copies.entry(u32::from(receipt.copies)).or_insert(0) += 1;
            let failed = matches!(process.export_of(slot), crate::process::ExportResult::Failed(_));
            self.ledger.reported_failed += u64::from(failed);
            if measured {
                self.delay.record(receipt.first.saturating_sub(slot.created));
            }
        }
    }

    fn finish(mut self) -> Reconciled {
        self.ledger.expected = self.expected();
        // The same property is checked again where a ledger is read.
        assert!(self.ledger.closes(), "the sum over the fates does not close: {:?}", self.ledger.fates);
        Reconciled { ledger: self.ledger, delay: self.delay, stages: self.stages }
    }

    fn expected(&self) -> Expected {
        let each = self.sources.spans_per_request;
        let mut out =
            Expected { spans: self.per_request.len() as u64 * u64::from(each), ..Expected::default() };
        for (request, created) in self.per_request.iter().enumerate() {
            let counted = (*created).min(each);
            out.created += u64::from(counted);
            out.not_created += u64::from(each - counted);
            out.extra += u64::from(created - counted);
            if self.sources.book.is_answered(request) {
                out.missing_in_answered += u64::from(each - counted);
            }
        }
        out
    }
}

impl Sources<'_> {
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

pub(crate) fn place(
    fates: &mut BTreeMap<Fate, FateCount>,
    fate: Fate,
    measured: bool,
    exemplar: impl FnOnce() -> Exemplar,
) {
    let count = fates.entry(fate).or_default();
    count.total += 1;
    count.measured += u64::from(measured);
    if count.exemplars.len() < EXEMPLARS {
        count.exemplars.push(exemplar());
    }
}
