//! What is advised where a queue was run again.

use spanfate_model::cause::LossFactor;
use spanfate_model::result::{
    CauseShare, How, PathReplay, PredictedBy, PredictedLoss, RunResult, TriedSettings,
};

use super::{case, insights, run};

/// The replay of the first variant's queue, which the receiver makes wait, with what was tried.
fn replayed(result: &mut RunResult, tried: TriedSettings, others: Vec<TriedSettings>) {
    let trial = &mut result.variants[0].trials[0];
    let dropped = trial.loss.lost;
    let share = CauseShare { cause: LossFactor::SlowAnswer, share: 1.0, alone: 1.0 };
    trial.replays = vec![PathReplay {
        dropped,
        replayed: dropped,
        free: dropped,
        fits: true,
        causes: vec![share],
        tried: vec![tried],
        others,
        ..PathReplay::default()
    }];
}

const fn tried(batch: u64, queue: u64, dropped: u64) -> TriedSettings {
    TriedSettings { batch, queue, dropped, measured: dropped }
}

#[test]
fn settings_come_from_the_replay_and_a_single_trial_is_a_hint_beside_it() {
    let mut result = run(&[case("too slow", 512, 2048, 30.0, 60_000), case("larger", 1920, 8192, 50.0, 0)]);
    replayed(&mut result, tried(1024, 4096, 0), vec![tried(1920, 8192, 7)]);
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Replayed, Some("larger")));
    assert_eq!(advice.lines, ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1024", "OTEL_BSP_MAX_QUEUE_SIZE=4096"]);
    let exporter = advice.exporter.unwrap();
    assert_eq!((exporter.batch, exporter.queue), (Some(1024), Some(4096)));
    assert_eq!(advice.predicted, Some(PredictedLoss { loss: 0.0, by: PredictedBy::Replay }));
    // The replay says of the same settings what the one trial did: that is advice.
    replayed(&mut result, tried(1024, 4096, 0), vec![tried(1920, 8192, 0)]);
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Measured, Some("larger")));
    assert_eq!(advice.predicted.map(|then| then.by), Some(PredictedBy::Replay));
    // Without a replay that fits the mean law speaks.
    result.variants[0].trials[0].replays[0].fits = false;
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.predicted.map(|then| then.by)), (How::Calculated, Some(PredictedBy::Law)));
}

#[test]
fn where_no_tried_setting_suffices_that_is_said_unless_one_lost_nothing_once() {
    let mut result = run(&[case("too slow", 512, 2048, 30.0, 60_000), case("smaller", 512, 1024, 15.0, 0)]);
    replayed(&mut result, tried(4096, 65_536, 20_000), Vec::new());
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.lines.len(), advice.exporter), (How::Short, 0, None));
    assert_eq!(advice.predicted, Some(PredictedLoss { loss: 0.1, by: PredictedBy::Replay }));
    let mut result = run(&[case("too slow", 512, 2048, 30.0, 60_000), case("larger", 1920, 8192, 50.0, 0)]);
    replayed(&mut result, tried(4096, 65_536, 20_000), Vec::new());
    let advice = &insights(&result).advice[0];
    assert_eq!((advice.how, advice.clean.as_deref()), (How::Once, Some("larger")));
}
