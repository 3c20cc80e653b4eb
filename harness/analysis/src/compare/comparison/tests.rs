//! What is compared of runs with one trial each, and of pairs on a machine of which others take time.

use std::num::NonZeroU32;

use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::{FORMAT, Status};
use spanfate_model::plan::Plan;
use spanfate_model::result::change::Change;
use spanfate_model::result::environment::Environment;
use spanfate_model::result::{Comparison, Insights, RunResult, TrialResult, VariantResult, VariantSummary};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::scenario::{Compare, Gates};
use spanfate_model::verdict::Verdict;

use super::{Apart, compare_arms, compare_runs};
use crate::expect::forge::{Forged, forged};

fn run(forged: &Forged) -> RunResult {
    let variant = VariantResult {
        name: "v".to_owned(),
        settings: Vec::new(),
        trials: vec![forged.trial.clone()],
        summary: VariantSummary::default(),
    };
    RunResult {
        format: FORMAT.to_owned(),
        run_id: "forged".to_owned(),
        status: Status::Complete,
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        plan: forged.plan.clone(),
        environment: Environment::default(),
        variants: vec![variant],
        expectations: Vec::new(),
        claims: Vec::new(),
        sweep: None,
        comparison: None,
        insights: Insights::default(),
    }
}

fn compared(baseline: &Forged, candidate: &Forged) -> Comparison {
    compare_runs(&run(baseline), &run(candidate), &Apart::default()).remove(0)
}

fn change(comparison: &Comparison, figure: &str) -> Option<Change> {
    let figure = Figure::try_from(figure.to_owned()).unwrap();
    comparison.rows.iter().find(|row| row.figure.is(&figure)).map(|row| row.change)
}

#[test]
fn counts_of_one_trial_each_are_compared_and_a_run_is_the_same_as_itself() {
    let clean = || forged("{}", &[]);
    let slow = || forged(r#"{"answer_after":"100ms"}"#, &[]).lost(Fate::DroppedQueueFull, 1200);
    let lossy = || clean().lost(Fate::DroppedQueueFull, 5);
    let dropped = "fate.dropped_queue_full";
    let cases = vec![
        (clean(), clean(), dropped, None, Verdict::Pass),
        (clean(), clean(), "fate.received", Some(Change::Same), Verdict::Pass),
        (lossy(), lossy(), dropped, Some(Change::Same), Verdict::Pass),
        // Without the stalls it may have been none.
        (clean(), lossy(), dropped, Some(Change::Inconclusive), Verdict::Inconclusive),
        (clean(), slow(), dropped, Some(Change::Worse), Verdict::Fail),
        (slow(), clean(), dropped, Some(Change::Better), Verdict::Pass),
        (clean().stolen(0.05), clean().stolen(0.05), "spans.created", Some(Change::Same), Verdict::Pass),
    ];
    for (baseline, candidate, figure, expected, verdict) in cases {
        let comparison = compared(&baseline, &candidate);
        assert_eq!((change(&comparison, figure), comparison.verdict), (expected, verdict), "{comparison:?}");
        let told = comparison.reasons.iter().any(|reason| reason.contains("`--trials 5`"));
        assert!(told, "{:?}", comparison.reasons);
    }
    // Whoever names figures hears that they cannot be told.
    let named = Apart { gates: Some(Gates::default()), any_machine: false };
    let comparison = compare_runs(&run(&clean()), &run(&clean()), &named).remove(0);
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
}

/// Ten pairs, in each of which the candidate lost so many spans.
fn pairs(plan: &Plan, trial: &Forged, lost: &[u64]) -> Comparison {
    let arm = |name: &str, lost: &[u64]| {
        let one = |(repetition, lost): (usize, &u64)| TrialResult {
            repetition: repetition as u16,
            ..if *lost == 0 {
                trial.trial.clone()
            } else {
                trial.clone().lost(Fate::DroppedQueueFull, *lost).trial
            }
        };
        VariantResult {
            name: name.to_owned(),
            settings: Vec::new(),
            trials: lost.iter().enumerate().map(one).collect(),
            summary: VariantSummary::default(),
        }
    };
    let compare = Compare {
        baseline: "v".to_owned(),
        candidate: "w".to_owned(),
        pairs: NonZeroU32::new(lost.len() as u32).unwrap(),
        gate: Gates([(Figure::LossRate, 0.001)].into()),
        ..Compare::default()
    };
    compare_arms(&compare, plan, &[arm("v", &vec![0; lost.len()]), arm("w", lost)])
}

#[test]
fn disturbed_pairs_count_where_all_of_them_are_exact() {
    let stolen = forged("{}", &[]).stolen(0.09);
    let mut plan = stolen.plan.clone();
    let mut other = plan.variants[0].clone();
    other.name = "w".to_owned();
    plan.variants.push(other);
    let clean = pairs(&plan, &stolen, &[0; 10]);
    assert_eq!(
        (change(&clean, "loss.rate"), clean.verdict),
        (Some(Change::Same), Verdict::Pass),
        "{clean:?}"
    );
    // To take the nine that lost nothing would choose by the outcome.
    let one = pairs(&plan, &stolen, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    assert_eq!(change(&one, "loss.rate"), Some(Change::Inconclusive));
    let reason = one.rows.iter().find_map(|row| row.reason.clone()).unwrap();
    assert!(
        reason.contains("10 pairs are not valid for it: ") && reason.contains("0.09, bound 0.02"),
        "{reason}"
    );
}
