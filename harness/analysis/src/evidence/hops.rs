//! The collectors in the path: what the tap before each saw, how its starts ended, and what its own metrics counted. A span is
//! followed by its key, for no batch comes out of a collector as it went in.

mod decided;
mod ends;
mod loss;
mod tap;

use spanfate_model::fate::{CollectorLoss, EngineLoss, Fate};
use spanfate_model::format::manifest::HopManifest;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::quantity::id::TraceId;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::pipeline::{CollectorHop, stages};

use crate::evidence::process::Process;
use crate::evidence::receipts::{self, Receipt, Receipts};
use crate::metrics::hop::{self, HopPage};
pub(crate) use decided::DecidedTraces;
use decided::SamplerAnswer;
pub(crate) use ends::HopEnd;
pub(crate) use loss::CountedLosses;
use loss::StartLosses;
pub(crate) use tap::{TapAppearances, TapTally};

/// The hops of a trial, in the order of the path.
#[derive(Default)]
pub(crate) struct PathHops<'a> {
    pub(crate) hops: Vec<HopBooks<'a>>,
}

/// One hop.
pub(crate) struct HopBooks<'a> {
    pub(crate) name: &'a str,
    /// The stage of the path in which it stands: those beside each other share one.
    pub(crate) stage: usize,
    /// The log of its tap.
    pub(crate) log: Option<&'a [u8]>,
    /// What its tap saw.
    pub(crate) receipts: Receipts<'a>,
    pub(crate) tap: TapTally,
    pub(crate) starts: Vec<HopStart<'a>>,
    pub(crate) spans: HopSpans,
    /// What its sampler did not keep.
    pub(crate) decided: DecidedTraces,
    /// Its further exporters: paths that end elsewhere.
    pub(crate) ends: Vec<HopEnd<'a>>,
}

/// A start of a collector.
pub(crate) struct HopStart<'a> {
    pub(crate) manifest: &'a HopManifest,
    /// The last page of its metrics, and when it was asked for.
    pub(crate) page: Option<(MonoNs, HopPage)>,
    pub(crate) losses: StartLosses,
}

/// Spans at a hop, each once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct HopSpans {
    pub(crate) came: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    pub(crate) passed: u64,
    pub(crate) rejected: u64,
}

/// How far a span came that was not received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HopWay {
    /// There is no collector in the path.
    NoHop,
    /// A tap has a gap: it may have come further.
    Gap,
    /// No collector took it; whether the first one said no at the last.
    NotTaken { refused: bool, rejected: bool },
    /// The next one, or the receiver, rejected it in a partial success.
    RejectedNext,
    /// The collector of that number took it, and did not keep it on purpose.
    Left { hop: usize, fate: Fate },
    /// The collector of that number took it, and the next one did not.
    LostIn { hop: usize, loss: CollectorLoss },
    /// The storage engine at the end refused it to the last.
    RefusedByEngine,
    /// The storage engine at the end took it, and did not show it.
    LostInEngine(EngineLoss),
}

impl<'a> PathHops<'a> {
    /// Opens the logs of the taps, and joins them to the spans that were created.
    pub(crate) fn open(
        hops: &'a [CollectorHop],
        logs: &'a TrialLogs,
        processes: &[Process<'a>],
        end: &Receipts<'_>,
    ) -> Self {
        let stages = stages(hops);
        let one = |(index, hop): (usize, &'a CollectorHop)| {
            let log = logs.taps.get(index).and_then(Option::as_deref);
            HopBooks {
                name: &hop.name,
                stage: stages.get(index).copied().unwrap_or(index),
                log,
                receipts: receipts::collect(log, processes),
                tap: TapTally::of(log, processes),
                starts: starts(&hop.name, logs, None),
                spans: HopSpans::default(),
                decided: DecidedTraces::default(),
                ends: ends::open(&hop.name, logs, processes),
            }
        };
        let mut out = Self { hops: hops.iter().enumerate().map(one).collect() };
        out.decide(processes, end);
        out.count(processes, end);
        out
    }

    /// Groups what the next place of each hop never saw by its traces, where the hop has a sampler.
    fn decide(&mut self, processes: &[Process<'_>], end: &Receipts<'_>) {
        for hop in 0..self.hops.len() {
            let books = &self.hops[hop];
            // Whatever is behind the next place, it has come out of this one.
            let next = |process: usize, number: usize| {
                let at_end = end.of(process, number).copied().unwrap_or_default();
                self.next(hop, process, number, &at_end)
            };
            let decided = DecidedTraces::of(&books.starts, &books.receipts, processes, next);
            self.hops[hop].decided = decided;
        }
    }

    /// Whether every tap saw everything.
    pub(crate) fn is_complete(&self) -> bool {
        self.hops.iter().all(|hop| hop.receipts.is_complete())
    }

    /// The hops to which one sends: those of the next stage.
    pub(crate) fn behind(&self, hop: usize) -> impl Iterator<Item = &HopBooks<'a>> {
        let stage = self.hops.get(hop).map(|books| books.stage + 1);
        self.hops.iter().filter(move |books| Some(books.stage) == stage)
    }

    /// What the next place after a hop saw of a span: all of them together where several stand beside each other.
    fn next(&self, hop: usize, process: usize, number: usize, end: &Receipt) -> Receipt {
        let seen = self.behind(hop).filter_map(|next| next.receipts.of(process, number).copied());
        seen.reduce(Receipt::and).unwrap_or(*end)
    }

    /// The last hop that took a span.
    fn last(&self, process: usize, number: usize) -> Option<(usize, &Receipt)> {
        let took = |(hop, books): (usize, &'_ HopBooks<'a>)| {
            books.receipts.of(process, number).is_some_and(|receipt| receipt.copies > 0).then_some(hop)
        };
        let hop = self.hops.iter().enumerate().rev().find_map(took)?;
        Some((hop, self.hops[hop].receipts.of(process, number)?))
    }

    /// Whether the first collector took a span.
    pub(crate) fn took(&self, process: usize, number: usize) -> bool {
        let first = self.hops.first().and_then(|hop| hop.receipts.of(process, number));
        first.is_some_and(|receipt| receipt.copies > 0)
    }

    /// How far a span came of which the receiver accepted no copy.
    pub(crate) fn way(&self, (process, number): (usize, usize), trace: TraceId, end: &Receipt) -> HopWay {
        let Some(first) = self.hops.first() else { return HopWay::NoHop };
        if !self.is_complete() {
            return HopWay::Gap;
        }
        let Some((hop, taken)) = self.last(process, number) else {
            let rejected = first.receipts.of(process, number).is_some_and(|receipt| receipt.rejected);
            return HopWay::NotTaken { refused: first.tap.is_refused(process, number), rejected };
        };
        let next = self.next(hop, process, number, end);
        if next.rejected {
            return HopWay::RejectedNext;
        }
        let books = &self.hops[hop];
        let seen = next.failed || next.refused;
        match left_or_lost(&books.starts, &books.decided, (trace, taken.first), seen) {
            Fate::LostInCollector(loss) => HopWay::LostIn { hop, loss },
            fate => HopWay::Left { hop, fate },
        }
    }

    /// Counts spans at every hop, and what each start lost.
    fn count(&mut self, processes: &[Process<'_>], end: &Receipts<'_>) {
        for (index, process) in processes.iter().enumerate() {
            for number in 0..process.len() {
                let received = end.of(index, number).copied().unwrap_or_default();
                let trace = process.key_at(number).map(|key| key.trace);
                self.count_span((index, number), trace, &received);
            }
        }
        for hop in &mut self.hops {
            ends::count(&mut hop.ends, &hop.receipts, processes);
        }
    }

    fn count_span(&mut self, (process, number): (usize, usize), trace: Option<TraceId>, end: &Receipt) {
        let last = self.last(process, number).map(|(hop, receipt)| (hop, receipt.first));
        for hop in 0..self.hops.len() {
            let next = self.next(hop, process, number, end);
            let books = &mut self.hops[hop];
            let Some(receipt) = books.receipts.of(process, number).copied() else { continue };
            let spans = &mut books.spans;
            let came = receipt.copies > 0 || receipt.rejected || receipt.refused || receipt.failed;
            spans.came += u64::from(came);
            if receipt.copies == 0 {
                let refused = came && books.tap.is_refused(process, number);
                spans.refused += u64::from(refused);
                spans.unanswered += u64::from(came && !refused && !receipt.rejected);
                continue;
            }
            spans.accepted += 1;
            let is_last = last.is_some_and(|(last, _)| last == hop);
            if end.copies > 0 || !is_last {
                spans.passed += 1;
                if let Some(start) = books.start_at(receipt.first) {
                    // Only what came out before it was asked to stop says that its queue had moved on.
                    books.starts[start].delivered(receipt.first, next.first);
                }
            } else if next.rejected {
                spans.rejected += 1;
            } else if let Some(start) = books.start_at(receipt.first) {
                let trace = trace.unwrap_or_default();
                if books.decided.answer(trace, receipt.first, Some(start)) == SamplerAnswer::NotAsked {
                    books.starts[start].losses.add(next.failed || next.refused);
                }
            }
        }
    }
}

/// The starts of a hop, in their order, with what its pages say of an exporter; absent: of the one that leads on the path.
fn starts<'a>(name: &str, logs: &'a TrialLogs, exporter: Option<&str>) -> Vec<HopStart<'a>> {
    let no_pages = Vec::new();
    let pages = logs.pages.iter().chain(std::iter::repeat(&no_pages));
    let of_it = logs.manifest.hops.iter().zip(pages).filter(|(manifest, _)| manifest.hop == name);
    of_it
        .map(|(manifest, pages)| {
            let read = manifest.pages.iter().zip(pages);
            let exporter = exporter.or(manifest.exporter.as_deref());
            let page = read
                .filter_map(|(about, text)| Some((about.at, hop::read(text.as_deref()?, exporter)?)))
                .next_back();
            HopStart { manifest, page, losses: StartLosses::default() }
        })
        .collect()
}

impl HopBooks<'_> {
    /// The start that was there when something came: the last that had begun, or the next one where that had ended already.
    fn start_at(&self, at: MonoNs) -> Option<usize> {
        start_at(&self.starts, at)
    }
}

/// What became of a span that a collector took, by trace and time, and that did not come out.
fn left_or_lost(
    starts: &[HopStart<'_>],
    decided: &DecidedTraces,
    (trace, came): (TraceId, MonoNs),
    seen: bool,
) -> Fate {
    let at = start_at(starts, came);
    match decided.answer(trace, came, at) {
        SamplerAnswer::Decided(decision) => return Fate::SampledByCollector(decision),
        SamplerAnswer::Unproven => return Fate::LostInCollector(CollectorLoss::Unknown),
        SamplerAnswer::NotAsked => {}
    }
    let Some(start) = at.and_then(|at| starts.get(at)) else {
        return Fate::LostInCollector(CollectorLoss::Unknown);
    };
    start.left_out(seen).unwrap_or_else(|| Fate::LostInCollector(start.reason(came, seen)))
}

fn start_at(starts: &[HopStart<'_>], at: MonoNs) -> Option<usize> {
    let lived = |start: &HopStart<'_>| start.manifest.end.as_ref().is_none_or(|end| end.at >= at);
    starts.iter().position(lived).or_else(|| starts.len().checked_sub(1))
}
