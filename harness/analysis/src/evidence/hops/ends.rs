//! Further exporters of a collector: what it took goes on to each of them, whatever the others do, so each is a path that closes by
//! itself.

use std::collections::BTreeMap;

use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::HopEndManifest;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::quantity::id::TraceId;

use super::{DecidedTraces, HopStart, SamplerAnswer, TapTally, left_or_lost, start_at, starts};
use crate::evidence::process::Process;
use crate::evidence::receipts::{self, Receipt, Receipts};

/// A further exporter, with the receiver at its end.
pub(crate) struct HopEnd<'a> {
    pub(crate) exporter: &'a str,
    /// It is the tap before a storage engine, which may still lose what comes there.
    pub(crate) is_engine: bool,
    /// What its receiver saw.
    pub(crate) receipts: Receipts<'a>,
    pub(crate) tap: TapTally,
    /// The collector's starts, with what their pages say of this exporter.
    pub(crate) starts: Vec<HopStart<'a>>,
    /// Spans that the collector took, each once: what became of them on this path.
    pub(crate) arrived: u64,
    pub(crate) rejected: u64,
    /// By how they were lost, or left out on purpose.
    pub(crate) lost: BTreeMap<Fate, u64>,
    /// What the collector's sampler did not keep for it.
    pub(crate) decided: DecidedTraces,
}

/// Opens the logs of the receivers of a hop's further exporters, and that of the tap before an engine that one of them leads to.
pub(super) fn open<'a>(hop: &str, logs: &'a TrialLogs, processes: &[Process<'a>]) -> Vec<HopEnd<'a>> {
    let first = logs.manifest.hops.iter().find(|manifest| manifest.hop == hop);
    let ends = first.map_or(&[][..], |manifest| &manifest.ends);
    let one = |end: &'a HopEndManifest| {
        of_log(hop, &end.exporter, logs.ends.get(&end.file).map(|log| &**log), logs, processes)
    };
    let beside = first.and_then(|manifest| manifest.to_engine.as_deref()).map(|exporter| HopEnd {
        is_engine: true,
        ..of_log(hop, exporter, logs.engine_tap.as_deref(), logs, processes)
    });
    ends.iter().map(one).chain(beside).collect()
}

fn of_log<'a>(
    hop: &str,
    exporter: &'a str,
    log: Option<&'a [u8]>,
    logs: &'a TrialLogs,
    processes: &[Process<'a>],
) -> HopEnd<'a> {
    HopEnd {
        exporter,
        is_engine: false,
        receipts: receipts::collect(log, processes),
        tap: TapTally::of(log, processes),
        starts: starts(hop, logs, Some(exporter)),
        arrived: 0,
        rejected: 0,
        lost: BTreeMap::new(),
        decided: DecidedTraces::default(),
    }
}

/// Counts on every path what became of the spans that the collector took.
pub(super) fn count(ends: &mut [HopEnd<'_>], taken: &Receipts<'_>, processes: &[Process<'_>]) {
    for end in ends {
        let seen_at = |process, number| end.receipts.of(process, number).copied().unwrap_or_default();
        let decided = DecidedTraces::of(&end.starts, taken, processes, seen_at);
        end.decided = decided;
        end.each(taken, processes, |end, trace, here, there| {
            let Some(at) = start_at(&end.starts, here.first) else { return };
            let asked = end.decided.answer(trace, here.first, Some(at)) != SamplerAnswer::NotAsked;
            let start = &mut end.starts[at];
            if there.copies > 0 {
                start.delivered(here.first, there.first);
            } else if !there.rejected && !asked {
                start.losses.add(there.failed || there.refused);
            }
        });
        // Why one was lost is known when all are counted.
        end.each(taken, processes, |end, trace, here, there| {
            if there.copies > 0 {
                end.arrived += 1;
            } else if there.rejected {
                end.rejected += 1;
            } else {
                let fate = end.fate(trace, here, there);
                *end.lost.entry(fate).or_insert(0) += 1;
            }
        });
    }
}

impl HopEnd<'_> {
    /// What became of a span that the collector took and that was neither accepted nor rejected at this end.
    pub(crate) fn fate(&self, trace: TraceId, here: &Receipt, there: &Receipt) -> Fate {
        let seen = there.failed || there.refused;
        left_or_lost(&self.starts, &self.decided, (trace, here.first), seen)
    }

    /// Every span that the collector took, with what its tap and this end saw of it.
    fn each(
        &mut self,
        taken: &Receipts<'_>,
        processes: &[Process<'_>],
        mut with: impl FnMut(&mut Self, TraceId, &Receipt, &Receipt),
    ) {
        for (index, process) in processes.iter().enumerate() {
            for number in 0..process.len() {
                let Some(here) = taken.of(index, number).filter(|receipt| receipt.copies > 0) else {
                    continue;
                };
                let there = self.receipts.of(index, number).copied().unwrap_or_default();
                let trace = process.key_at(number).map(|key| key.trace).unwrap_or_default();
                with(self, trace, here, &there);
            }
        }
    }
}
