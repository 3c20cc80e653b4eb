//! Trials that the machine spoilt are run again, at their place in the order. What is judged together is repeated together: the
//! arms of a comparison share a block, and half of a block says nothing of a difference.

use std::collections::VecDeque;
use std::fs;

use spanfate_model::format::layout::RunDir;
use spanfate_model::format::manifest::SpoiltAttempt;
use spanfate_model::plan::{Plan, PlannedTrial};

use crate::{RunError, store};

/// Trials that are judged together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Portion {
    /// All of them.
    pub(crate) trials: Vec<PlannedTrial>,
    /// Those that are still to be run.
    pub(crate) missing: Vec<PlannedTrial>,
}

/// The portions of a plan of which something is missing, or of which something may have to be run again: then also those that are
/// whole.
pub(crate) fn portions(plan: &Plan, missing: &[PlannedTrial], repeats: bool) -> VecDeque<Portion> {
    let mut out: VecDeque<Portion> = VecDeque::new();
    for trial in &plan.trials {
        let lacks = missing.contains(trial).then_some(*trial);
        match out.back_mut() {
            Some(last) if plan.compare.is_some() && is_of_block(last, trial) => {
                last.trials.push(*trial);
                last.missing.extend(lacks);
            }
            _ => out.push_back(Portion { trials: vec![*trial], missing: lacks.into_iter().collect() }),
        }
    }
    out.retain(|portion| repeats || !portion.missing.is_empty());
    out
}

fn is_of_block(portion: &Portion, trial: &PlannedTrial) -> bool {
    portion.trials.first().is_some_and(|first| first.repetition == trial.repetition)
}

/// Whether a portion is run again: one of its trials was spoilt, and there may be another attempt. `spoilt` holds what spoilt each.
pub(crate) fn is_run_again(spoilt: &[SpoiltAttempt], made: u16, budget: u16) -> bool {
    made <= budget && spoilt.iter().any(|one| !one.by.is_empty())
}

/// How often what is spoilt may still be run again. Where all attempts at a portion were in vain, the next gets one less: a machine that
/// is never quiet is not asked thirty times. Where another attempt helped, the whole budget is there again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct RepeatBudget {
    in_vain: u16,
}

impl RepeatBudget {
    /// Of so many that a user allows.
    pub(crate) fn of(self, allowed: u16) -> u16 {
        allowed.saturating_sub(self.in_vain)
    }

    /// A portion is over, after so many attempts.
    pub(crate) fn settle(&mut self, spoilt: &[SpoiltAttempt], made: u16) {
        if spoilt.iter().any(|one| !one.by.is_empty()) {
            self.in_vain = self.in_vain.saturating_add(1);
        } else if made > 1 {
            self.in_vain = 0;
        }
    }
}

/// The attempts at a trial that were set aside, in order.
pub fn attempts(dir: &RunDir, index: u16) -> Result<Vec<SpoiltAttempt>, RunError> {
    let places = (1..=u16::MAX).map(|attempt| dir.attempt(index, attempt).spoilt());
    places.take_while(|place| place.is_file()).map(|place| store::read_json(&place)).collect()
}

/// Sets an attempt aside with all its logs. It is said first why: only the new name makes it an attempt of the past.
pub(crate) fn set_aside(dir: &RunDir, index: u16, spoilt: &SpoiltAttempt) -> Result<(), RunError> {
    let place = dir.trial(index);
    if !place.manifest().is_file() {
        return Ok(());
    }
    store::settle(&place)?;
    store::write_json(&place.spoilt(), spoilt)?;
    let aside = dir.attempt(index, spoilt.attempt);
    fs::rename(&place.0, &aside.0).map_err(RunError::unwritten(&aside.0))
}

#[cfg(test)]
mod tests {
    use spanfate_model::scenario::{Compare, Load, Scenario, Variant};

    use super::*;

    fn plan(compare: bool) -> Plan {
        let named = |name: &str| Variant { name: name.to_owned(), ..Variant::default() };
        let mut scenario = Scenario::new("x".to_owned(), Load::default());
        scenario.variant = vec![named("a"), named("b")];
        scenario.trials = std::num::NonZeroU32::new(3).unwrap();
        scenario.compare = compare.then(|| Compare {
            baseline: "a".to_owned(),
            candidate: "b".to_owned(),
            pairs: std::num::NonZeroU32::new(3).unwrap(),
            ..Compare::default()
        });
        Plan::resolve(&scenario)
    }

    fn indices(portions: &VecDeque<Portion>) -> Vec<(Vec<u16>, Vec<u16>)> {
        let of = |trials: &[PlannedTrial]| trials.iter().map(|trial| trial.index).collect();
        portions.iter().map(|portion| (of(&portion.trials), of(&portion.missing))).collect()
    }

    #[test]
    fn pairs_are_repeated_whole_and_other_trials_alone() {
        let (pairs, single) = (plan(true), plan(false));
        let all = indices(&portions(&pairs, &pairs.trials, false));
        assert_eq!(all, [(vec![0, 1], vec![0, 1]), (vec![2, 3], vec![2, 3]), (vec![4, 5], vec![4, 5])]);
        assert_eq!(portions(&single, &single.trials, false).len(), 6);
    }

    #[test]
    fn a_run_that_is_resumed_looks_at_whole_portions_only_where_they_may_be_repeated() {
        let plan = plan(true);
        let missing = &plan.trials[3..];
        assert_eq!(
            indices(&portions(&plan, missing, false)),
            [(vec![2, 3], vec![3]), (vec![4, 5], vec![4, 5])]
        );
        assert_eq!(indices(&portions(&plan, missing, true))[0], (vec![0, 1], vec![]));
    }

    fn spoilt(attempt: u16, by: &[&str]) -> SpoiltAttempt {
        let by = by.iter().map(|one| (*one).to_owned()).collect();
        SpoiltAttempt { attempt, by, against: Vec::new() }
    }

    #[test]
    fn only_spoilt_trials_are_run_again_and_only_within_the_budget() {
        let (none, steal) = (SpoiltAttempt::default(), spoilt(1, &["steal"]));
        let again = |spoilt: &[&SpoiltAttempt], made| {
            is_run_again(&spoilt.iter().map(|one| (*one).clone()).collect::<Vec<_>>(), made, 3)
        };
        assert!(again(&[&steal], 1));
        assert!(again(&[&none, &steal], 3));
        assert!(!again(&[&steal, &steal], 4));
        assert!(!again(&[&none, &none], 1));
        assert!(!is_run_again(&[steal], 1, 0));
    }

    #[test]
    fn a_machine_that_is_never_quiet_is_asked_less_and_less() {
        let (none, steal) = ([SpoiltAttempt::default()], [spoilt(1, &["steal"])]);
        let mut budget = RepeatBudget::default();
        let attempts = |budget: &mut RepeatBudget, quiet_from: u16| {
            let is = |made: u16| if made >= quiet_from { &none } else { &steal };
            let made = (1..=99).find(|made| !is_run_again(is(*made), *made, budget.of(3))).unwrap();
            budget.settle(is(made), made);
            made
        };
        let made: Vec<u16> = (0..6).map(|_| attempts(&mut budget, u16::MAX)).collect();
        assert_eq!(made, [4, 3, 2, 1, 1, 1]);
        // What needed no other attempt says nothing of the others.
        assert_eq!((attempts(&mut budget, 1), budget.of(3)), (1, 0));
        let mut budget = RepeatBudget { in_vain: 1 };
        assert_eq!((attempts(&mut budget, 2), budget.of(3)), (2, 3));
    }

    #[test]
    fn an_attempt_that_is_set_aside_keeps_its_files_and_why() {
        let folder = tempfile::TempDir::new().unwrap();
        let dir = RunDir(folder.path().to_owned());
        let begin = || {
            let place = dir.trial(7);
            fs::create_dir(&place.0).unwrap();
            store::write_json(&place.manifest(), &spanfate_model::format::manifest::TrialManifest::default())
                .unwrap();
        };
        begin();
        set_aside(&dir, 7, &spoilt(1, &["steal"])).unwrap();
        begin();
        set_aside(&dir, 7, &spoilt(2, &[])).unwrap();
        assert_eq!(attempts(&dir, 7).unwrap(), [spoilt(1, &["steal"]), spoilt(2, &[])]);
        assert!(dir.attempt(7, 2).manifest().is_file() && !dir.trial(7).0.exists());
        assert!(attempts(&dir, 6).unwrap().is_empty());
    }
}
