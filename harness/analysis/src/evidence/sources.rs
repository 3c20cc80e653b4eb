//! What the books of a trial are built from: every witness's evidence, opened and joined. Whoever judges or tells reads it from
//! here.

use spanfate_model::books::ledger::Exemplar;
use spanfate_model::fate::Leak;
use spanfate_model::fault::TraceMark;
use spanfate_model::format::manifest::Status;
use spanfate_model::load::remote_parent;
use spanfate_model::plan::subject::Subject;
use spanfate_model::plan::topology::Share;
use spanfate_model::quantity::id::{SpanId, TraceId, TraceTag};
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::engine::EngineBooks;
use crate::evidence::hops::{HopWay, PathHops};
use crate::evidence::loadbook::LoadBook;
use crate::evidence::process::Process;
use crate::evidence::receipts::{Receipt, Receipts};
use crate::evidence::{Parent, SpanEvidence};
use crate::statistics::quantile::millis;

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
    /// By number of a fault: what it makes of the traces of its requests.
    pub(crate) marks: &'a [Option<TraceMark>],
    pub(crate) processes: &'a [Process<'a>],
    pub(crate) receipts: &'a Receipts<'a>,
    pub(crate) hops: &'a PathHops<'a>,
    /// The storage engine in which a path ends.
    pub(crate) engine: Option<&'a EngineBooks<'a>>,
    pub(crate) book: &'a LoadBook,
    /// Whether there is a ledger of every process.
    pub(crate) witnessed: bool,
}

impl<'a> Sources<'a> {
    /// Whether what arrives by a path of a process was seen to the last.
    pub(crate) fn wire_complete(&self, process: usize, path: u32) -> bool {
        match self.engine_of(process, path) {
            Some(engine) if !engine.alone => engine.read_back,
            _ => self.receipts.is_complete(),
        }
    }

    /// The engine, where a path of a process leads to it and to no collector before it.
    fn engine_of(&self, process: usize, path: u32) -> Option<&'a EngineBooks<'a>> {
        let leads = |engine: &&EngineBooks<'_>| {
            if engine.alone {
                self.hops.hops.is_empty()
            } else {
                engine.path_of(process) == Some(path as usize)
            }
        };
        self.engine.filter(leads)
    }

    /// How far a span came on a path, of which nothing arrived at its end.
    pub(crate) fn way(
        &self,
        (process, number): (usize, usize),
        path: u32,
        trace: TraceId,
        receipt: &Receipt,
    ) -> HopWay {
        let place = (process, number);
        if let Some(engine) = self.engine_of(process, path) {
            return engine.way(place);
        }
        match self.engine.filter(|engine| engine.alone) {
            // It came out of the last collector.
            Some(engine) if engine.took(process, number) => engine.way(place),
            Some(engine) => {
                let at_tap = engine.tap.of(process, number).copied().unwrap_or_default();
                self.hops.way(place, trace, &at_tap)
            }
            None => self.hops.way(place, trace, receipt),
        }
    }

    /// Whether the place that a path sends to told its client that it took a span.
    pub(crate) fn took(&self, (process, number): (usize, usize), path: u32) -> bool {
        match self.engine_of(process, path) {
            Some(engine) => engine.took(process, number),
            None => self.hops.took(process, number),
        }
    }

    /// Whether every tap on a path saw everything.
    pub(crate) fn taps_complete(&self, process: usize, path: u32) -> bool {
        match self.engine_of(process, path) {
            Some(engine) => engine.is_complete(),
            None => self.hops.is_complete() && self.engine.is_none_or(|one| !one.alone || one.is_complete()),
        }
    }

    /// Whether a span with this parent is the root of what the load asked for: it has none, or the load is it. That the SDK calls a
    /// parent remote says nothing: through a bridge every parent is.
    pub(crate) fn is_root(&self, parent: SpanId, request: Option<u32>) -> bool {
        let of_load = || request.is_some_and(|request| remote_parent(&self.tag, request) == parent);
        parent.is_zero() || of_load()
    }

    /// A span's parent, if it is a span of ours; else it is the load's, or nobody's.
    pub(crate) fn parent_of(&self, span: &SpanEvidence) -> Option<Parent> {
        if span.parent.is_zero() {
            return None;
        }
        self.processes.iter().enumerate().find_map(|(index, process)| {
            process.candidates(span.parent).find_map(|at| {
                let parent = process.key_at(at)?;
                let arrived = || self.receipts.of(index, at).is_some_and(|r| r.copies > 0);
                let same_trace = parent.trace == span.key.trace;
                (parent.span == span.parent).then(|| Parent { received: arrived(), same_trace })
            })
        })
    }

    /// A span that stands for others.
    pub(crate) fn exemplar(
        &self,
        process: &Process<'_>,
        span: &SpanEvidence,
        request: Option<u32>,
    ) -> Exemplar {
        Exemplar {
            trace_id: span.key.trace,
            span_id: span.key.span,
            name: process.names.get(&span.name).cloned().unwrap_or_default(),
            request,
            created_ms: millis(span.created.saturating_sub(self.load_began)),
        }
    }
}
