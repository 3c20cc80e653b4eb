//! Traces that a collector's sampler did not keep. It counts traces, and never says which; but a trace of which nothing came out is
//! known by its id. Where both numbers are the same, each of its spans was left out by the sampler; else nobody can tell.

use std::collections::BTreeMap;

use spanfate_model::fate::CollectorDecision;
use spanfate_model::quantity::id::TraceId;
use spanfate_model::quantity::unit::MonoNs;

use super::{HopStart, start_at};
use crate::evidence::process::Process;
use crate::evidence::receipts::{Receipt, Receipts};
use crate::metrics::hop::SamplerCounters;

/// A sampler looks once in a second which traces are due.
const TICK_NS: u64 = 1_000_000_000;

/// A trace that came to a sampler.
#[derive(Clone, Copy, Debug)]
struct SampledTrace {
    /// When its first span came.
    first: MonoNs,
    /// The next place saw nothing of it.
    gone: bool,
}

/// What a sampler decided, as far as its numbers prove it.
#[derive(Clone, Debug, Default)]
pub(crate) struct DecidedTraces {
    traces: BTreeMap<TraceId, SampledTrace>,
    /// Of each start: traces that are gone, what its counters say, and how long it held spans.
    starts: Vec<(u64, Option<SamplerCounters>, MonoNs)>,
}

/// What is known of a span that a collector took and that did not come out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SamplerAnswer {
    /// No sampler decided on it.
    NotAsked,
    /// A sampler did not keep it.
    Decided(CollectorDecision),
    /// There is a sampler, and its counters do not fit what did not come out.
    Unproven,
}

impl DecidedTraces {
    /// Groups what a collector took by its traces; nothing where it has no sampler. `next` is what the next place saw of a span.
    pub(super) fn of(
        starts: &[HopStart<'_>],
        taken: &Receipts<'_>,
        processes: &[Process<'_>],
        next: impl Fn(usize, usize) -> Receipt,
    ) -> Self {
        let sampler = |start: &HopStart<'_>| start.page.as_ref().and_then(|(_, page)| page.sampler);
        if !starts.iter().any(|start| sampler(start).is_some()) {
            return Self::default();
        }
        let mut traces: BTreeMap<TraceId, SampledTrace> = BTreeMap::new();
        for (index, process) in processes.iter().enumerate() {
            for number in 0..process.len() {
                let Some(here) = taken.of(index, number).filter(|receipt| receipt.copies > 0) else {
                    continue;
                };
                let Some(key) = process.key_at(number) else { continue };
                let there = next(index, number);
                let came_out = there.copies > 0 || there.rejected || there.failed || there.refused;
                let trace = traces.entry(key.trace).or_insert(SampledTrace { first: here.first, gone: true });
                trace.first = trace.first.min(here.first);
                trace.gone &= !came_out;
            }
        }
        let mut out =
            starts.iter().map(|start| (0, sampler(start), start.manifest.holds)).collect::<Vec<_>>();
        for trace in traces.values().filter(|trace| trace.gone) {
            if let Some((gone, ..)) = start_at(starts, trace.first).and_then(|at| out.get_mut(at)) {
                *gone += 1;
            }
        }
        Self { traces, starts: out }
    }

    /// What became of a span that came at some time and did not come out; `start` is the one that took it.
    pub(super) fn answer(&self, trace: TraceId, came: MonoNs, start: Option<usize>) -> SamplerAnswer {
        let Some((gone, Some(counted), holds)) = start.and_then(|at| self.starts.get(at)) else {
            return SamplerAnswer::NotAsked;
        };
        let Some(of_it) = self.traces.get(&trace).filter(|of_it| of_it.gone) else {
            return SamplerAnswer::NotAsked;
        };
        if counted.all() != *gone {
            return SamplerAnswer::Unproven;
        }
        SamplerAnswer::Decided(match (counted.decided, counted.too_early, counted.too_large) {
            (0, _, 0) => CollectorDecision::TooEarly,
            (0, 0, _) => CollectorDecision::TooLarge,
            (_, 0, 0) if *holds > 0 && came > of_it.first + holds + TICK_NS => CollectorDecision::Late,
            (_, 0, 0) => CollectorDecision::Policy,
            _ => CollectorDecision::Unclear,
        })
    }

    /// Traces of which nothing came out, and how many of them the sampler counts; nothing where there is none.
    pub(crate) fn not_kept(&self) -> Option<(u64, u64)> {
        let with_sampler = self.starts.iter().filter_map(|(gone, counted, _)| Some((*gone, (*counted)?)));
        with_sampler
            .map(|(gone, counted)| (gone, counted.all()))
            .reduce(|all, more| (all.0 + more.0, all.1 + more.1))
    }
}
