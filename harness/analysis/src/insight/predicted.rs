//! What a variant would lose with other settings, by the replays of its trials.

use spanfate_model::exporter::Exporter;
use spanfate_model::fate::Fate;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{
    PathReplay, PredictedBy, PredictedLoss, TrialResult, TriedSettings, VariantResult,
};

/// From so many trials on that a variant lost nothing is no chance of one trial.
const SEVERAL: u64 = 2;

/// Whether it is shown that the settings of a variant lose nothing: in several trials, or by replay of the one that loses.
pub(super) fn is_shown(
    clean: &VariantResult,
    planned: &PlannedVariant,
    own: &PlannedVariant,
    loser: &VariantResult,
) -> bool {
    clean.summary.loss.n >= SEVERAL
        || (differ_in_buffer(own, planned) && drops(loser, buffer(planned)) == Some(0))
}

/// The loss with the settings of another variant; none where more differs than batch and queue.
pub(crate) fn of_variant(
    loser: &VariantResult,
    own: &PlannedVariant,
    other: &PlannedVariant,
) -> Option<PredictedLoss> {
    differ_in_buffer(own, other).then(|| by_replay(loser, buffer(other))).flatten()
}

/// The loss of the measured part with another batch and queue, over the trials. None where a trial dropped spans and no replay that
/// fits says what these would do.
pub(super) fn by_replay(loser: &VariantResult, set: (u64, u64)) -> Option<PredictedLoss> {
    let due: Vec<&TrialResult> = loser.trials.iter().filter(|trial| trial.loss.due > 0).collect();
    let rate = |trial: &&TrialResult| {
        let dropped = trial.ledger.fates.get(&Fate::DroppedQueueFull).map_or(0, |count| count.measured);
        let lost = trial.loss.lost.saturating_sub(dropped) + in_trial(trial, set, |tried| tried.measured)?;
        Some(lost.min(trial.loss.due) as f64 / trial.loss.due as f64)
    };
    let rates: Vec<f64> = due.iter().map(rate).collect::<Option<_>>()?;
    let loss = rates.iter().sum::<f64>() / rates.len() as f64;
    (!rates.is_empty()).then_some(PredictedLoss { loss, by: PredictedBy::Replay })
}

/// Spans that its queues would drop with another batch and queue, in all trials.
fn drops(loser: &VariantResult, set: (u64, u64)) -> Option<u64> {
    loser.trials.iter().map(|trial| in_trial(trial, set, |tried| tried.dropped)).sum()
}

/// The same of a trial.
fn in_trial(trial: &TrialResult, set: (u64, u64), count: fn(&TriedSettings) -> u64) -> Option<u64> {
    if trial.replays.is_empty() && trial.ledger.total(Fate::DroppedQueueFull) > 0 {
        return None;
    }
    trial.replays.iter().map(|replay| with(replay, set).map(&count)).sum()
}

/// What a replay says of a batch and queue: what was tried, or else what was tried with less of both.
fn with(replay: &PathReplay, (batch, queue): (u64, u64)) -> Option<&TriedSettings> {
    let tried = || replay.tried.iter().chain(&replay.others).filter(|_| replay.fits);
    let same = tried().find(|tried| (tried.batch, tried.queue) == (batch, queue));
    same.or_else(|| {
        tried().filter(|tried| tried.batch <= batch && tried.queue <= queue).min_by_key(|tried| tried.dropped)
    })
}

fn differ_in_buffer(own: &PlannedVariant, other: &PlannedVariant) -> bool {
    let rest = |of: &PlannedVariant| Exporter { batch: None, queue: None, ..of.exporter };
    rest(own) == rest(other)
}

fn buffer(of: &PlannedVariant) -> (u64, u64) {
    (of.exporter.batch_or_default().into(), of.exporter.queue_or_default().into())
}
