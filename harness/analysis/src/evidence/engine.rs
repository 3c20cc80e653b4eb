//! A storage engine at the end of a path: what the tap before it saw, what it showed when it was read back, and how its starts ended.
//! It keeps spans in memory, so what a start had taken is gone when that start has ended.

use std::collections::BTreeMap;

use spanfate_model::fate::{EngineLoss, Fate};
use spanfate_model::format::manifest::{EngineManifest, HopManifest};
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::pipeline::StoreEngine;

use crate::evidence::hops::{HopWay, TapTally};
use crate::evidence::process::Process;
use crate::evidence::receipts::{self, Receipt, Receipts};

/// The engine of a trial.
pub(crate) struct EngineBooks<'a> {
    pub(crate) name: &'a str,
    /// There is no receiver beside it.
    pub(crate) alone: bool,
    /// What the manifest says of it.
    pub(crate) manifest: Option<&'a EngineManifest>,
    /// Of each process the number of the path that leads to it, where it has one of its own.
    paths: Vec<Option<usize>>,
    /// The log of its tap.
    pub(crate) log: Option<&'a [u8]>,
    /// What its tap saw.
    pub(crate) tap: Receipts<'a>,
    pub(crate) tally: TapTally,
    /// What it showed when it was read back. A span came when its tap saw it accepted.
    pub(crate) back: Receipts<'a>,
    /// All of it was read back.
    pub(crate) read_back: bool,
    pub(crate) starts: Vec<&'a HopManifest>,
    pub(crate) spans: EngineSpans,
}

/// Spans at an engine, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineSpans {
    pub(crate) came: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    /// Of the accepted ones, those that it showed.
    pub(crate) shown: u64,
    /// Spans that it showed although its tap never saw it take them: it took them, and its answer was lost.
    pub(crate) shown_unasked: u64,
    pub(crate) lost: BTreeMap<Fate, u64>,
    /// When the first span came that was lost in it.
    pub(crate) lost_from: Option<MonoNs>,
}

impl<'a> EngineBooks<'a> {
    /// Opens its logs, and joins them to the spans that were created.
    pub(crate) fn open(engine: &'a StoreEngine, logs: &'a TrialLogs, processes: &[Process<'a>]) -> Self {
        let log = logs.engine_tap.as_deref();
        let path_to = |process: &Process<'a>| {
            process.paths.iter().position(|path| !engine.alone && path.label == engine.name)
        };
        let tap = receipts::collect(log, processes);
        let mut back = receipts::collect(logs.back.as_deref(), processes);
        back.date_by(&tap);
        let mut out = Self {
            name: &engine.name,
            alone: engine.alone,
            manifest: logs.manifest.engine.as_ref(),
            paths: processes.iter().map(path_to).collect(),
            log,
            tally: TapTally::of(log, processes),
            tap,
            read_back: back.is_complete(),
            back,
            starts: logs.manifest.hops.iter().filter(|start| start.hop == engine.name).collect(),
            spans: EngineSpans::default(),
        };
        out.count(processes);
        out
    }

    /// Whether the tap and the reading back saw everything.
    pub(crate) fn is_complete(&self) -> bool {
        self.tap.is_complete() && self.read_back
    }

    /// Gives the paths that lead to it what it showed.
    pub(crate) fn join(&self, receipts: &mut Receipts<'_>) {
        for (process, path) in self.paths.iter().enumerate() {
            if let Some(path) = path {
                receipts.take_path((process, *path), &self.back);
            }
        }
        receipts.take_unexpected(&self.back);
    }

    /// The number of the path of a process that leads to it beside others.
    pub(crate) fn path_of(&self, process: usize) -> Option<usize> {
        self.paths.get(process).copied().flatten()
    }

    /// Whether it told a client that it took a span.
    pub(crate) fn took(&self, process: usize, number: usize) -> bool {
        self.tap.of(process, number).is_some_and(|receipt| receipt.copies > 0)
    }

    /// Whether it showed a span; `end` is what arrived at the end of the main path.
    pub(crate) fn shown(&self, process: usize, number: usize, end: &Receipts<'_>) -> bool {
        let all = if self.alone { end } else { &self.back };
        all.of(process, number).is_some_and(|receipt| receipt.copies > 0)
    }

    /// How far a span came that it did not show.
    pub(crate) fn way(&self, (process, number): (usize, usize)) -> HopWay {
        if !self.is_complete() {
            return HopWay::Gap;
        }
        let seen = self.tap.of(process, number).copied().unwrap_or_default();
        if seen.copies > 0 {
            return HopWay::LostInEngine(self.loss(seen.first));
        }
        let refused = self.tally.is_refused(process, number);
        if refused && !seen.rejected {
            return HopWay::RefusedByEngine;
        }
        HopWay::NotTaken { refused, rejected: seen.rejected }
    }

    /// How it lost a span that it took then: a start that ended before it was read back took its memory with it.
    fn loss(&self, came: MonoNs) -> EngineLoss {
        let read = self.manifest.and_then(|manifest| manifest.back.as_ref()).map_or(0, |back| back.at);
        let lived = |start: &&&HopManifest| start.end.as_ref().is_none_or(|end| end.at >= came);
        let gone = |start: &&HopManifest| start.end.as_ref().is_some_and(|end| end.at <= read);
        match self.starts.iter().find(lived).or(self.starts.last()) {
            Some(start) if gone(start) => EngineLoss::Memory,
            _ => EngineLoss::Unknown,
        }
    }

    fn count(&mut self, processes: &[Process<'_>]) {
        let mut spans = EngineSpans::default();
        for (index, process) in processes.iter().enumerate() {
            for number in 0..process.len() {
                let seen = self.tap.of(index, number).copied().unwrap_or_default();
                let shown = self.back.of(index, number).is_some_and(|receipt| receipt.copies > 0);
                self.count_span((index, number), &seen, shown, &mut spans);
            }
        }
        self.spans = spans;
    }

    fn count_span(&self, place: (usize, usize), seen: &Receipt, shown: bool, spans: &mut EngineSpans) {
        let came = seen.copies > 0 || seen.rejected || seen.refused || seen.failed;
        spans.came += u64::from(came);
        if seen.copies == 0 {
            let refused = came && self.tally.is_refused(place.0, place.1);
            spans.refused += u64::from(refused);
            spans.unanswered += u64::from(came && !refused && !seen.rejected);
            spans.shown_unasked += u64::from(shown);
            return;
        }
        spans.accepted += 1;
        if shown {
            spans.shown += 1;
        } else if self.is_complete() {
            *spans.lost.entry(Fate::LostInEngine(self.loss(seen.first))).or_insert(0) += 1;
            spans.lost_from = Some(spans.lost_from.map_or(seen.first, |first| first.min(seen.first)));
        }
    }
}
