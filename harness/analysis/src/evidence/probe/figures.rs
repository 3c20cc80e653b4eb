//! What is told of the probes in a result.

use std::collections::BTreeMap;

use spanfate_model::format::manifest::ProcessManifest;
use spanfate_model::format::probe::{ProbeCounter, ProbeKind, ProcessorSettings, Record};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{FirstLost, ProbeResult, ProbedProcessor};

use super::texts::Texts;
use super::{Batch, ProbeLog};
use crate::statistics::quantile::millis;

/// How near to a stop of the world a loss counts as one of it.
const NEAR_NS: u64 = 1_000_000;

/// What the probes on a process saw, where there is nothing else that could be known of it. Times count from `began`. `None`
/// where the process had no probes.
pub fn describe(manifest: &ProcessManifest, log: &[u8], began: MonoNs) -> Option<ProbeResult> {
    ProbeLog::open(manifest, Some(log)).map(|probed| probed.figures(began))
}

impl ProbeLog<'_> {
    /// The figures of this process. Times count from the start of the load.
    pub(crate) fn figures(&self, load_began: MonoNs) -> ProbeResult {
        let counts = |pick: fn(&ProbeCounter) -> u64| -> BTreeMap<String, u64> {
            let some = self.counters.iter().filter(|(_, counter)| pick(counter) > 0);
            some.map(|(kind, counter)| (kind.as_str().to_owned(), pick(counter))).collect()
        };
        let first = self.first_lost.iter().min_by_key(|(_, (at, _))| *at);
        let (gc_cycles, stops) = self.stops();
        ProbeResult {
            service: self.manifest.service.clone(),
            incarnation: self.manifest.incarnation,
            mode: self.about.mode,
            state: self.state(),
            sites: self.about.sites,
            missing: self.about.missing.clone(),
            lacking: self.about.lacking.clone(),
            nearest: self.about.nearest.clone(),
            verified: self.about.verified,
            trap: self.about.trap.clone(),
            records: self.records.values().sum(),
            hits: counts(|counter| counter.hit),
            lost: counts(|counter| counter.lost),
            first_lost: first.map(|(kind, (at, hit))| FirstLost {
                site: kind.as_str().to_owned(),
                at_ms: millis(at.saturating_sub(load_began)),
                hit: *hit,
            }),
            reported_lost: self.reported_lost,
            uncounted: self.unseen().saturating_sub(self.told()),
            first_losses_in_stops: self.first_losses_near(&stops),
            sampled_out: self.counters.values().map(|counter| counter.skipped).sum(),
            shed: self.shed.map(|(at, mode)| (millis(at.saturating_sub(load_began)), mode)),
            processors: self.processors(),
            gc_cycles,
            stopped_ms: stops.iter().map(|(from, to)| millis(to - from)).sum(),
        }
    }

    /// Garbage collections, and the stops of the world.
    fn stops(&self) -> (u64, Vec<(MonoNs, MonoNs)>) {
        let mut cycles = 0;
        let mut moments = Vec::new();
        for record in self.each() {
            if let Record::Moment(moment) = record {
                cycles += u64::from(moment.kind == ProbeKind::GcBegin);
                if matches!(moment.kind, ProbeKind::StwBegin | ProbeKind::StwEnd) {
                    moments.push((moment.at, moment.kind));
                }
            }
        }
        // Records of several CPUs come in an order of their own.
        moments.sort_unstable();
        let stop = |pair: &[(MonoNs, ProbeKind)]| {
            (pair[0].1 == ProbeKind::StwBegin && pair[1].1 == ProbeKind::StwEnd)
                .then_some((pair[0].0, pair[1].0))
        };
        (cycles, moments.windows(2).filter_map(stop).collect())
    }

    /// Sites whose first loss lies in or near a stop of the world.
    fn first_losses_near(&self, stops: &[(MonoNs, MonoNs)]) -> u64 {
        let near = |at: &MonoNs| {
            stops.iter().any(|(from, to)| (from.saturating_sub(NEAR_NS)..=to + NEAR_NS).contains(at))
        };
        self.first_lost.values().filter(|(at, _)| near(at)).count() as u64
    }

    /// The batch processors that were seen, in the order of their first batch.
    fn processors(&self) -> Vec<ProbedProcessor> {
        let mut settings = BTreeMap::<u64, ProcessorSettings>::new();
        for record in self.each() {
            if let Record::Settings(set) = record {
                settings.insert(set.processor, set);
            }
        }
        let dropped = self.last_dropped();
        let texts = Texts::of(self);
        let mut batches = BTreeMap::<u64, Vec<(u32, Batch)>>::new();
        for (number, batch) in &self.batches {
            batches.entry(batch.processor).or_default().push((*number, *batch));
        }
        for processor in dropped.keys() {
            batches.entry(*processor).or_default();
        }
        let mut all: Vec<_> = batches.into_iter().collect();
        all.sort_by_key(|(_, batches)| batches.first().map_or(u32::MAX, |(number, _)| *number));
        let one = |(processor, batches): (u64, Vec<(u32, Batch)>)| {
            let set = settings.get(&processor).copied().unwrap_or_default();
            let done = || batches.iter().filter(|(_, batch)| batch.ended != 0);
            let time: u64 = done().map(|(_, batch)| batch.ended.saturating_sub(batch.began)).sum();
            let failed = || batches.iter().filter(|(_, batch)| batch.failed);
            ProbedProcessor {
                queue: set.queue,
                batch: set.batch,
                delay_ms: millis(set.delay),
                timeout_ms: millis(set.timeout),
                block: set.block,
                batches: batches.len() as u64,
                failed: failed().count() as u64,
                handed: batches.iter().map(|(_, batch)| u64::from(batch.spans)).sum(),
                dropped: dropped.get(&processor).copied().unwrap_or_default().into(),
                export_ms: (done().count() > 0).then(|| millis(time / done().count() as u64)),
                last_error: failed().next_back().and_then(|(number, _)| texts.errors.get(number).cloned()),
            }
        };
        all.into_iter().map(one).collect()
    }
}
