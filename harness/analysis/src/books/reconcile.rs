//! One fate for every span: the ledger of a trial, built and asserted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use spanfate_model::books::breakdown::Breakdown;
use spanfate_model::books::damage::Damage;
use spanfate_model::books::ledger::{Exemplar, FirstLostSpan, Gap, Ledger};
use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Decider, Fate, FateClass};
use spanfate_model::format::manifest::FORMAT;
use spanfate_model::quantity::unit::MonoNs;

use crate::books::at_hops::LostAtHops;
use crate::books::breakdown::Split;
use crate::books::damage::{Sighting, Traces};
use crate::books::fate;
use crate::books::kept::KeptBooks;
use crate::books::lost;
use crate::books::paths::PathLedgers;
use crate::books::standings::{Standings, note, place};
use crate::books::tally::SpanTally;
use crate::books::timeline::Timeline;
use crate::books::unwitnessed;
use crate::books::walk;
use crate::books::walk::{Judged, JudgedPath};
use crate::books::window::MeasuredPart;
use crate::evidence::OnPath;
use crate::evidence::path::{ExportResult, Path};
use crate::evidence::process::Process;
use crate::evidence::receipts::Receipt;
use crate::evidence::sources::Sources;
use crate::statistics::quantile::{Times, millis};

/// The ledger, and what fell out of the same walk over all spans.
pub(crate) struct Reconciled {
    pub(crate) ledger: Ledger,
    pub(crate) delay: Times,
    /// Marks per stage, to be held against the SDK's own counts.
    pub(crate) stages: Stages,
    /// Spans by process and standing, in the order of the processes: in the whole trial, and of these in the measured part.
    pub(crate) by_process: Vec<Standings>,
    /// The same per path, of processes that have several.
    pub(crate) by_path: Vec<Vec<Standings>>,
    pub(crate) breakdown: Vec<Breakdown>,
    pub(crate) damage: Option<Damage>,
    /// What was lost in collectors.
    pub(crate) at_hops: LostAtHops,
}

/// Spans that reached a stage, by the process witness; a span on two paths counts twice where the stage is one of a path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stages {
    pub(crate) started: u64,
    /// Of these, spans that record.
    pub(crate) recording: u64,
    pub(crate) dropped: u64,
    pub(crate) handed: u64,
    pub(crate) exported_ok: u64,
    /// Of these, spans that were received, or taken by a collector in the path.
    pub(crate) received_ok: u64,
}

impl Stages {
    /// `taken`: the place that its process sends to took it.
    fn add(&mut self, path: &Path, on: &OnPath, receipt: &Receipt, taken: bool) {
        self.dropped += u64::from(on.dropped != 0);
        self.handed += u64::from(on.exported != 0 || on.filtered != 0);
        // Of what went to another endpoint our receiver says nothing, nor of what an exporter of the program's own did with it.
        let here = path.endpoint.is_none() && !path.is_own_word(on) || receipt.copies > 0;
        // Of a partial success the SDK counts what was not rejected, as the wire does.
        let delivered = here
            && on.exported != 0
            && match path.export_of(on) {
                ExportResult::Ok => true,
                ExportResult::Partial => receipt.copies > 0,
                ExportResult::Failed(_) | ExportResult::None | ExportResult::Kept => false,
            };
        self.exported_ok += u64::from(delivered);
        self.received_ok += u64::from(delivered && taken);
    }
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
            by_path: Vec::new(),
            breakdown: Vec::new(),
            damage: None,
            at_hops: LostAtHops::default(),
        };
    }
    let requests = sources.book.schedule.len();
    let overflow = sources.processes.iter().map(|process| process.live.overflow);
    let mut walk = Walk {
        sources,
        ledger: Ledger {
            format: FORMAT.to_owned(),
            trial: sources.trial,
            path: "default".to_owned(),
            status: sources.status,
            overflow: overflow.fold(0, u64::saturating_add),
            torn: sources.processes.iter().any(|process| process.torn),
            panics_recorded: sources.processes.iter().all(|process| !process.is_of_probes()).then_some(0),
            sharing_ids: sources.processes.iter().map(Process::sharing).sum(),
            ..Ledger::default()
        },
        tally: SpanTally::new(requests, sources.shares, !sources.leaks.is_empty()),
        traces: Traces::new(requests, sources.shares.len()),
        kept: KeptBooks::new(requests, sources.marks),
        part: MeasuredPart::of(sources),
        split: Split::default(),
        by_process: vec![BTreeMap::new(); sources.processes.len()],
        paths: PathLedgers::new(sources),
        delay: Times::new(),
        stages: Stages::default(),
        first: BTreeMap::new(),
        at_hops: LostAtHops::default(),
    };
    walk::each(sources, |span, paths| {
        walk.count(span, paths);
        timeline.span(span);
        ControlFlow::Continue(())
    });
    // Who starts a program of their own does not say what else sends to us: a process that it starts inherits where to.
    if sources.subject.is_own() && sources.processes.iter().all(Process::is_of_probes) {
        walk.ledger.strangers = sources.receipts.unexpected.count;
    } else {
        walk.ledger.unexpected = sources.receipts.unexpected.clone();
    }
    walk.count_unrecorded();
    walk.finish()
}

struct Walk<'a> {
    sources: &'a Sources<'a>,
    ledger: Ledger,
    tally: SpanTally<'a>,
    traces: Traces,
    kept: KeptBooks<'a>,
    part: MeasuredPart,
    split: Split,
    by_process: Vec<Standings>,
    paths: PathLedgers<'a>,
    delay: Times,
    stages: Stages,
    /// When the first span of each lost fate was lost.
    first: BTreeMap<Fate, MonoNs>,
    at_hops: LostAtHops,
}

impl Walk<'_> {
    fn count(&mut self, judged: &Judged<'_>, paths: &[JudgedPath<'_>]) {
        let Judged { index, process, span, of, standing, .. } = judged;
        let (index, of, standing) = (*index, *of, *standing);
        let request = of.map(|(request, _)| request);
        let root = self.sources.is_root(span.parent, request);
        let measured = self.part.has(self.sources, index, span.created, request);
        self.ledger.unnumbered += u64::from(self.part.is_by_time(index));
        self.ledger.created += 1;
        self.ledger.created_measured += u64::from(measured);
        if let Some(panics) = self.ledger.panics_recorded.as_mut() {
            *panics += u64::from(span.panicked());
        }
        if let Some((request, part)) = of {
            let service = usize::from(process.header.process);
            let received = standing == Standing::Fate(Fate::Received);
            self.tally.add(request, service, span.kind);
            self.kept.see(span, request, received, measured);
            self.traces.see(&Sighting {
                span,
                service,
                request,
                part,
                root,
                standing,
                parent: self.sources.parent_of(span),
            });
        }
        if measured {
            self.split.add(index, root, judged);
        }
        note(&mut self.by_process[index], standing, measured);
        self.stages.started += u64::from(span.started != 0);
        self.stages.recording += u64::from(span.started != 0 && span.is_recording());
        self.place(judged, measured);
        self.at_hops.add(self.sources, judged);
        if process.has_several_paths() {
            self.paths.count(judged, paths, measured);
            for path in paths {
                self.arrive(&process.paths[path.path], &path.on, path.receipt, (index, judged.number));
            }
            self.count_copies(paths.iter().map(|path| path.receipt.copies).max());
        } else {
            self.arrive(judged.path, &judged.on, judged.receipt, (index, judged.number));
            self.count_copies(Some(judged.receipt.copies));
        }
        if judged.receipt.copies > 0 && measured {
            self.delay.record(judged.receipt.first.saturating_sub(span.created));
        }
    }

    /// Puts a span to its fate.
    fn place(&mut self, judged: &Judged<'_>, measured: bool) {
        let Judged { index, process, span, of, path, on, standing, .. } = judged;
        match *standing {
            Standing::Unexplained => self.ledger.unexplained.push(span.key),
            Standing::Unaccounted => {
                self.ledger.unaccounted.push(span.key);
                let gap = match fate::gap((span, on), (*index, process), path, self.sources.receipts) {
                    // Also a tap before a collector is the wire, and so is the reading back of an engine.
                    _ if on.exported != 0 && !self.sources.taps_complete(*index, path.number) => Gap::Wire,
                    gap => gap,
                };
                *self.ledger.gaps.entry(gap).or_insert(0) += 1;
            }
            Standing::Fate(fate) => {
                let request = of.map(|(request, _)| request);
                let exemplar = || self.sources.exemplar(process, span, request);
                let count = place(&mut self.ledger.fates, fate, measured, exemplar);
                if fate.class() == FateClass::Lost {
                    let at = lost::at(fate, span, on, path, process.gone);
                    if self.first.get(&fate).is_none_or(|first| at < *first) {
                        self.first.insert(fate, at);
                        count.first = Some(first_lost(self.sources, judged, at));
                    }
                    self.ledger.silent += u64::from(fate.is_silent());
                }
            }
        }
    }

    /// Notes what arrived by one path.
    fn arrive(&mut self, path: &Path, on: &OnPath, receipt: &Receipt, (process, number): (usize, usize)) {
        // Of a collector the SDK hears what the collector says, whatever becomes of the span then.
        let taken = receipt.copies > 0 || self.sources.took((process, number), path.number);
        self.stages.add(path, on, receipt, taken);
        if receipt.copies > 0 {
            let failed = matches!(path.export_of(on), ExportResult::Failed(_));
            self.ledger.reported_failed += u64::from(failed);
        }
    }

    /// Counts a span by how often it came by one path.
    fn count_copies(&mut self, most: Option<u16>) {
        if let Some(copies) = most.filter(|copies| *copies > 0) {
            *self.ledger.copies.entry(u32::from(copies)).or_insert(0) += 1;
        }
    }

    /// Spans that probes saw made and not recorded. They have no ids: how many, and no more.
    fn count_unrecorded(&mut self) {
        for (index, process) in self.sources.processes.iter().enumerate() {
            let unrecorded = process.unrecorded();
            if unrecorded > 0 {
                let measured = if self.sources.subject.has_load() { 0 } else { unrecorded };
                let count = self.ledger.fates.entry(Fate::NotSampled(Decider::Sampler)).or_default();
                count.total += unrecorded;
                count.counted += unrecorded;
                count.measured += measured;
                self.ledger.created += unrecorded;
                self.ledger.created_measured += measured;
                self.paths.count_unrecorded(index, unrecorded, measured);
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
        let by_path = self.paths.finish(&mut self.ledger);
        // The same property is checked again where a ledger is read.
        assert!(self.ledger.closes(), "the sum over the fates does not close: {:?}", self.ledger.fates);
        Reconciled {
            breakdown: self.split.finish(processes),
            // Without a load nobody knows which spans belong to one request.
            damage: (subject.has_load()
                && (self.ledger.unnumbered == 0 || self.ledger.unnumbered < self.ledger.created))
                .then(|| {
                    let measured = |request| book.is_measured(request);
                    let kept = self.kept.finish(measured);
                    Damage { kept, ..self.traces.finish(services, shares, measured) }
                }),
            ledger: self.ledger,
            delay: self.delay,
            stages: self.stages,
            by_process: self.by_process,
            by_path,
            at_hops: self.at_hops,
        }
    }
}

fn first_lost(sources: &Sources<'_>, judged: &Judged<'_>, at: MonoNs) -> FirstLostSpan {
    let request = judged.of.map(|(request, _)| request);
    let Exemplar { trace_id, span_id, name, request, created_ms } =
        sources.exemplar(judged.process, &judged.span, request);
    FirstLostSpan {
        trace_id,
        span_id,
        name,
        service: judged.process.header.service.clone(),
        request,
        sequence: judged.number as u64,
        created_ms,
        lost_ms: millis(at.saturating_sub(sources.load_began)),
    }
}
