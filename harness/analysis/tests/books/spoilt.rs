//! Which trials are worth another attempt: those whose marks the machine broke, for figures that something needs and that stay open.

use super::common::{World, started};
use spanfate_analysis::{measured_against, spoilt_by};
use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::Status;
use spanfate_model::plan::Plan;
use spanfate_model::result::{Basis, TrialResult, TrustCheck, Validity};
use spanfate_model::scenario::expect::{Condition, Expect};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::scenario::{Compare, Gates};

fn expecting(conditions: &[&str]) -> (Plan, TrialResult) {
    let world = World { spans: vec![started()], ..World::default() };
    let mut plan = world.plan();
    let expect =
        |text: &&str| Expect { that: Condition::try_from((*text).to_owned()).unwrap(), variants: None };
    plan.expect = conditions.iter().map(expect).collect();
    let mut trial = world.conclude().0;
    trial.validity = marks(&[]);
    (plan, trial)
}

/// All marks hold but these.
fn marks(broken: &[(Basis, TrustCheck)]) -> Vec<Validity> {
    let all = [
        (Basis::Loss, TrustCheck::Started),
        (Basis::Loss, TrustCheck::Steal),
        (Basis::Loss, TrustCheck::Unplaced),
        (Basis::Latency, TrustCheck::ForeignCpu),
        (Basis::Latency, TrustCheck::Failed),
        (Basis::Latency, TrustCheck::Steal),
    ];
    let mark = |(figure, check): &(Basis, TrustCheck)| {
        let mark = Validity::of(*figure, *check, 0.5, 0.5);
        Validity { valid: !broken.contains(&(*figure, *check)), ..mark }
    };
    all.iter().map(mark).collect()
}

fn spoilt(conditions: &[&str], broken: &[(Basis, TrustCheck)]) -> Vec<String> {
    let (plan, mut trial) = expecting(conditions);
    trial.validity = marks(broken);
    spoilt_by(&plan, &trial).into_iter().map(|mark| mark.check.to_string()).collect()
}

#[test]
fn a_trial_is_spoilt_for_what_is_needed_of_it_and_for_nothing_else() {
    let steal = [(Basis::Loss, TrustCheck::Steal)];
    let (loss, response) = ("loss.law_gap <= 2 %", "response.p99 <= 10ms");
    assert_eq!(spoilt(&[loss], &steal), [TrustCheck::Steal.to_string()]);
    assert!(spoilt(&[response], &steal).is_empty());
    assert!(spoilt(&["duplicates == 0"], &steal).is_empty());
    assert!(spoilt(&[], &steal).is_empty());
    let both = [(Basis::Loss, TrustCheck::Steal), (Basis::Latency, TrustCheck::Steal)];
    assert_eq!(spoilt(&[loss, response], &both).len(), 1, "one check, one word");
}

#[test]
fn what_quiet_does_not_mend_is_not_tried_again() {
    let expected = ["loss.law_gap <= 2 %", "response.p99 <= 10ms"];
    assert!(spoilt(&expected, &[(Basis::Loss, TrustCheck::Unplaced)]).is_empty());
    assert!(spoilt(&expected, &[(Basis::Latency, TrustCheck::Failed)]).is_empty());
    assert_eq!(spoilt(&expected, &[(Basis::Latency, TrustCheck::ForeignCpu)]).len(), 1);
}

#[test]
fn books_that_do_not_close_are_never_tried_away() {
    let (plan, mut trial) = expecting(&["loss.law_gap <= 2 %"]);
    trial.validity = marks(&[(Basis::Loss, TrustCheck::Steal)]);
    assert_eq!(spoilt_by(&plan, &trial).len(), 1);
    trial.ledger.unexpected.count = 1;
    assert!(spoilt_by(&plan, &trial).is_empty());
}

#[test]
fn a_trial_that_broke_off_is_no_spoilt_one() {
    let (plan, mut trial) = expecting(&["loss.law_gap <= 2 %"]);
    trial.validity = marks(&[(Basis::Loss, TrustCheck::Steal)]);
    trial.error = Some("the service did not start".to_owned());
    assert!(spoilt_by(&plan, &trial).is_empty());
    (trial.error, trial.status) = (None, Status::Partial);
    assert!(spoilt_by(&plan, &trial).is_empty());
}

#[test]
fn what_bounds_decide_is_not_tried_again_whichever_way() {
    let lossy = |lost: u64, conditions: &[&str], broken: &[(Basis, TrustCheck)]| {
        let (plan, mut trial) = expecting(conditions);
        (trial.loss.lost, trial.loss.due, trial.loss.rate) = (lost, 1000, lost as f64 / 1000.0);
        trial.validity = marks(broken);
        // A full queue is what disturbance may have made.
        if let Some((_, count)) = trial.ledger.fates.pop_first() {
            trial.ledger.fates.insert(Fate::DroppedQueueFull, count);
        }
        let against = measured_against(&plan, &trial).iter().map(ToString::to_string).collect::<Vec<_>>();
        (spoilt_by(&plan, &trial).len(), against)
    };
    let steal = [(Basis::Loss, TrustCheck::Steal)];
    let (none, strict) = (["loss.rate == 0 %"], ["loss.rate == 0 %", "loss.law_gap <= 2 %"]);
    for lost in [0, 1, 1000] {
        assert_eq!(lossy(lost, &strict, &[]).0, 0, "{lost} lost on a quiet machine");
        // Of a figure without a direction no value decides.
        assert_eq!(lossy(lost, &strict, &steal).0, 1, "{lost} lost on a stolen one");
    }
    assert_eq!(lossy(0, &none, &steal), (0, Vec::new()));
    // Sure to fail is sure as well.
    assert_eq!(lossy(0, &["loss.rate > 0 %"], &steal), (0, vec!["loss.rate > 0 %".to_owned()]));
    assert_eq!(lossy(5, &none, &steal), (1, vec!["loss.rate == 0 %".to_owned()]));
}

#[test]
fn pairs_are_never_chosen_by_what_they_show() {
    let (mut plan, mut trial) = expecting(&[]);
    trial.validity = marks(&[(Basis::Loss, TrustCheck::Steal)]);
    let name = plan.variants[0].name.clone();
    plan.compare = Some(Compare {
        baseline: name.clone(),
        candidate: name,
        gate: Gates([(Figure::LossRate, 0.001)].into()),
        ..Compare::default()
    });
    for rate in [0.0, 0.5] {
        trial.loss.rate = rate;
        assert_eq!(spoilt_by(&plan, &trial).len(), 1, "{rate}");
    }
}
