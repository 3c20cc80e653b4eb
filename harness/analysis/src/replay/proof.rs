//! What the replays of a variant's full queues say together.

use std::collections::BTreeMap;

use spanfate_model::cause::LossFactor;
use spanfate_model::result::{CauseShare, LossProof, PathReplay, TriedSettings, VariantResult};

/// The replays of its trials; nothing where no queue was run again.
pub(crate) fn of(variant: &VariantResult) -> Option<LossProof> {
    let all: Vec<&PathReplay> = variant.trials.iter().flat_map(|trial| &trial.replays).collect();
    let worst = all.iter().max_by_key(|replay| (replay.fits, replay.dropped))?;
    let fitting: Vec<&PathReplay> = all.iter().copied().filter(|replay| replay.fits).collect();
    let weight: u64 = fitting.iter().map(|replay| replay.dropped).sum();
    let part = |replay: &PathReplay, share: f64| share * replay.dropped as f64 / weight.max(1) as f64;
    let mut sums: BTreeMap<LossFactor, CauseShare> = BTreeMap::new();
    for replay in &fitting {
        for one in &replay.causes {
            let nothing = CauseShare { cause: one.cause, share: 0.0, alone: 0.0 };
            let sum = sums.entry(one.cause).or_insert(nothing);
            sum.share += part(replay, one.share);
            sum.alone += part(replay, one.alone);
        }
    }
    let mut causes: Vec<CauseShare> = sums.into_values().collect();
    causes.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.cause.cmp(&b.cause)));
    let known: f64 = causes.iter().map(|cause| cause.share).sum();
    let out = LossProof {
        replays: all.len() as u64,
        fitting: fitting.len() as u64,
        dropped: all.iter().map(|replay| replay.dropped).sum(),
        replayed: all.iter().map(|replay| replay.replayed).sum(),
        causes,
        unknown: (1.0 - known).max(0.0),
        cycle: worst.cycle,
        cpu: worst.cpu,
        faults: worst.faults.clone(),
        remedy: None,
        two_workers: fitting
            .iter()
            .map(|replay| replay.two_workers)
            .sum::<Option<u64>>()
            .filter(|_| !fitting.is_empty()),
        growth: worst.growth,
    };
    let remedy = remedy(&fitting).filter(|_| !out.lacks_cpu());
    Some(LossProof { remedy, ..out })
}

/// The largest of the settings that each replay needs, and the most that one still drops with its own.
fn remedy(fitting: &[&PathReplay]) -> Option<TriedSettings> {
    let larger = |a: TriedSettings, b: TriedSettings| TriedSettings {
        batch: a.batch.max(b.batch),
        queue: a.queue.max(b.queue),
        dropped: a.dropped.max(b.dropped),
        measured: a.measured.max(b.measured),
    };
    fitting.iter().flat_map(|replay| replay.tried.iter().copied()).reduce(larger)
}
