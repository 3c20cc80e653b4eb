//! Runs whose full queues were run again.

use spanfate_model::cause::LossFactor;
use spanfate_model::result::{
    CauseShare, CpuWitness, MovedSeries, PathReplay, QueueCourse, RunResult, SeriesOnset, WorkerCycle,
};

/// Steps of a course, and milliseconds of each.
const STEPS: usize = 180;
const STEP_MS: f64 = 50.0;

/// A run in which every variant that lost spans has its replay: one that moved, and one that was so from the beginning.
pub(crate) fn replayed() -> RunResult {
    let mut result = super::nine();
    for (at, variant) in result.variants.iter_mut().enumerate() {
        for trial in variant.trials.iter_mut().filter(|trial| trial.loss.lost > 0) {
            trial.replays = vec![replay(at, trial.loss.lost, "shop")];
        }
    }
    result
}

/// The same with that text as the name of every service and of every export path.
pub(crate) fn poisoned_replays(text: &str) -> RunResult {
    let mut result = replayed();
    let trials = result.variants.iter_mut().flat_map(|variant| &mut variant.trials);
    for replay in trials.flat_map(|trial| &mut trial.replays) {
        (replay.service, replay.path) = (text.to_owned(), text.to_owned());
        replay.onsets.iter_mut().for_each(|onset| text.clone_into(&mut onset.service));
    }
    result
}

fn replay(at: usize, dropped: u64, service: &str) -> PathReplay {
    let share = |cause, share| CauseShare { cause, share, alone: share * 0.9 };
    PathReplay {
        service: service.to_owned(),
        path: "main".to_owned(),
        arrived: 225_000,
        dropped,
        replayed: dropped,
        fits: true,
        free: dropped,
        deepest: 2048,
        from_ms: 2_310.0,
        to_ms: 8_900.0,
        cycle: WorkerCycle {
            calls: 180,
            waiting_ms: 0.4,
            unrun_ms: 0.3,
            serialising_ms: 1.2,
            starved_ms: if at.is_multiple_of(2) { 9.0 } else { 0.8 },
            network_ms: 0.6,
            receiver_ms: 30.0 + at as f64,
            failing_ms: 0.2,
            behind_ms: 0.0,
        },
        cpu: CpuWitness { used: 0.8, cores: 1.0, waited: 0.1, ..CpuWitness::default() },
        causes: vec![share(LossFactor::SlowAnswer, 0.86), share(LossFactor::CpuStarved, 0.1)],
        unknown: 0.04,
        course: Some(course(dropped)),
        onsets: onsets(at, dropped, service),
        ..PathReplay::default()
    }
}

/// A queue that fills, stays full, and is looked at in every fifth step.
fn course(dropped: u64) -> QueueCourse {
    let full = |step: usize| (46..178).contains(&step);
    let depth = |step: usize| match step {
        40..46 => 340 * (step as u64 - 39),
        step if full(step) => 2048 - (step as u64 - 46) * 37 % 512,
        _ => (step as u64 * 97) % 300,
    };
    let drops = |step: usize| if full(step) { dropped / 132 } else { 0 };
    QueueCourse {
        room: 2048,
        from_ms: 0.0,
        step_ms: STEP_MS,
        replayed: (0..STEPS).map(depth).collect(),
        seen: (0..STEPS).map(|step| step.is_multiple_of(5).then(|| depth(step) * 9 / 10)).collect(),
        dropped: (0..STEPS).map(drops).collect(),
        dropped_replayed: (0..STEPS).map(drops).collect(),
    }
}

fn onsets(at: usize, dropped: u64, service: &str) -> Vec<SeriesOnset> {
    let one = |service: &str, series, at_ms, usual, most| SeriesOnset {
        service: service.to_owned(),
        series,
        at_ms,
        to_ms: 8_900.0,
        usual,
        most,
    };
    let mut out = vec![
        one(service, MovedSeries::Queue, 2_010.0, 0.0, 2048.0),
        one(service, MovedSeries::Drops, 2_310.0, 0.0, dropped as f64),
    ];
    if at.is_multiple_of(2) {
        out.insert(
            0,
            one("payment-with-a-rather-long-name-of-its-own", MovedSeries::ExportTime, 1_000.0, 1.5, 1_250.0),
        );
        out.insert(1, one(service, MovedSeries::AnswerTime, 2_000.0, 1.2, 51.0));
    }
    out
}
