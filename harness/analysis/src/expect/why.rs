//! The share of a cause in what full queues refused, in one trial.

use spanfate_model::cause::Because;
use spanfate_model::fate::Fate;
use spanfate_model::result::{PathReplay, TrialResult};
use spanfate_model::scenario::figure::Figure;

/// Why a trial has no such share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoShare {
    /// No queue refused a span: there is nothing of which it would be a share.
    NoDrop,
    /// Spans were refused, and no queue was run again.
    NoReplay,
    /// A replay does not fit, so that it proves no cause.
    Unfit,
}

impl NoShare {
    const fn said(self) -> &'static str {
        match self {
            Self::NoDrop => "no queue dropped a span, so there are no drops to have a cause",
            Self::NoReplay => "spans were dropped, and no replay of a queue proves a cause",
            Self::Unfit => {
                "the replay of a queue does not give the drops of the span ledger, so it proves no cause"
            }
        }
    }
}

/// The share of the drops of a trial, 0 to 1, whose cause counts for this one. Each replay weighs as much as it dropped.
pub(super) fn share(because: Because, trial: &TrialResult) -> Result<f64, NoShare> {
    let dropped = trial.replays.iter().map(|replay| replay.dropped).sum::<u64>();
    let refused = trial.ledger.total(Fate::DroppedQueueFull);
    match (dropped, refused) {
        (0, 0) => return Err(NoShare::NoDrop),
        (0, _) => return Err(NoShare::NoReplay),
        _ => {}
    }
    if !trial.replays.iter().all(|replay| replay.fits) {
        return Err(NoShare::Unfit);
    }
    let of = |replay: &PathReplay| {
        let causes = replay.causes.iter().filter(|one| because.counts(one.cause));
        causes.map(|one| one.share).sum::<f64>() * replay.dropped as f64
    };
    // The sum of nothing is minus zero.
    Ok(trial.replays.iter().map(of).sum::<f64>() / dropped as f64 + 0.0)
}

/// Why a trial that dropped spans says nothing of a figure; such a trial keeps an expectation from passing.
pub(super) fn unproved(figure: Figure, trial: &TrialResult) -> Option<&'static str> {
    let Figure::Why(because) = figure else { return None };
    share(because, trial).err().filter(|why| *why != NoShare::NoDrop).map(NoShare::said)
}

/// Why a trial has nothing of which a figure would be a share.
pub(super) fn undefined(figure: Figure, trial: &TrialResult) -> Option<&'static str> {
    let Figure::Why(because) = figure else { return None };
    share(because, trial).err().map(NoShare::said)
}

#[cfg(test)]
mod tests {
    use spanfate_model::cause::LossFactor;
    use spanfate_model::result::{CauseShare, VariantResult, VariantSummary};
    use spanfate_model::scenario::expect::Condition;
    use spanfate_model::verdict::Verdict;

    use super::*;
    use crate::expect::forge::{Forged, forged};
    use crate::expect::judge::judge;

    fn replay(dropped: u64, fits: bool, causes: &[(LossFactor, f64)]) -> PathReplay {
        let one =
            |(cause, share): &(LossFactor, f64)| CauseShare { cause: *cause, share: *share, alone: *share };
        PathReplay { dropped, fits, causes: causes.iter().map(one).collect(), ..PathReplay::default() }
    }

    fn told(condition: &str, trials: &[Vec<PathReplay>]) -> (Verdict, Vec<f64>, String) {
        let condition = Condition::try_from(condition.to_owned()).unwrap();
        let one = |replays: &Vec<PathReplay>| {
            let dropped = replays.iter().map(|replay| replay.dropped).sum();
            let Forged { mut trial, .. } = forged("{}", &[]).lost(Fate::DroppedQueueFull, dropped);
            trial.replays.clone_from(replays);
            trial
        };
        let variant = VariantResult {
            name: "v".to_owned(),
            settings: Vec::new(),
            trials: trials.iter().map(one).collect(),
            summary: VariantSummary::default(),
        };
        let judged = judge(&condition, &forged("{}", &[]).plan, &variant);
        (judged.verdict, judged.values, judged.reason.unwrap_or_default())
    }

    #[test]
    fn a_share_is_judged_trial_by_trial() {
        use LossFactor::{CpuStarved, SlowAnswer, SlowNetwork};
        let slow = vec![replay(100, true, &[(SlowAnswer, 0.75), (CpuStarved, 0.25)])];
        assert_eq!(told("why.slow_answer.share > 70 %", std::slice::from_ref(&slow)).0, Verdict::Pass);
        assert_eq!(told("why.cpu_starved.share < 5 %", std::slice::from_ref(&slow)).0, Verdict::Fail);
        assert_eq!(told("why.burst.share == 0 %", std::slice::from_ref(&slow)).0, Verdict::Pass);
        // A group adds up; paths weigh as much as they dropped.
        let both = vec![replay(300, true, &[(SlowNetwork, 1.0)]), replay(100, true, &[(CpuStarved, 1.0)])];
        assert_eq!(told("why.export_round_trip.share >= 75 %", &[both]).1, [0.75]);
        // One trial of two that does not hold is a fail; one without a drop has no share.
        let starved = vec![replay(10, true, &[(CpuStarved, 1.0)])];
        let (verdict, values, reason) = told("why.cpu.share < 50 %", &[slow.clone(), starved, Vec::new()]);
        assert_eq!((verdict, values), (Verdict::Fail, vec![0.25, 1.0]));
        assert!(reason.contains("100.000 % (1 of 2 trials)"), "{reason}");
        assert_eq!(told("why.cpu.share < 50 %", &[slow, Vec::new()]).0, Verdict::Pass);
    }

    #[test]
    fn without_a_drop_or_a_replay_that_fits_there_is_no_answer() {
        let slow = || vec![replay(100, true, &[(LossFactor::SlowAnswer, 1.0)])];
        let unfit = || vec![replay(100, false, &[])];
        let (verdict, _, reason) = told("why.slow_answer.share > 50 %", &[Vec::new()]);
        assert_eq!(verdict, Verdict::Inconclusive);
        assert!(reason.starts_with("no queue dropped a span"), "{reason}");
        let (verdict, _, reason) = told("why.slow_answer.share > 50 %", &[slow(), unfit()]);
        assert_eq!(verdict, Verdict::Inconclusive);
        assert!(reason.contains("does not give the drops"), "{reason}");
        // What a replay does prove against a condition stays proved.
        assert_eq!(told("why.slow_answer.share < 50 %", &[slow(), unfit()]).0, Verdict::Fail);
        let lost = forged("{}", &[]).lost(Fate::DroppedQueueFull, 5);
        assert_eq!(lost.judged("why.cpu.share < 5 %").0, Verdict::Inconclusive);
        assert_eq!(share(Because::Cpu, &lost.trial), Err(NoShare::NoReplay));
    }
}
