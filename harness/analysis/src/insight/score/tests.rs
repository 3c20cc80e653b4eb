//! Scores of made-up answers, whose sums anyone can do by hand.

use spanfate_model::cause::NamedCause;
use spanfate_model::result::{DisturbedHop, HopEvent};

use super::*;

fn suspect(service: &str, cause: NamedCause, confidence: f64, at: &[f64]) -> Suspect {
    let hop =
        |at_ms: &f64| DisturbedHop { service: service.to_owned(), event: HopEvent::Began, at_ms: *at_ms };
    let path = at.iter().map(hop).collect();
    Suspect {
        service: service.to_owned(),
        cause,
        share: confidence,
        evidence: confidence,
        confidence,
        rough: false,
        path,
    }
}

fn fault(service: &str, cause: Option<NamedCause>) -> InjectedFault {
    InjectedFault {
        kind: "made up".to_owned(),
        services: vec![service.to_owned()],
        cause,
        from_ms: 1000.0,
        to_ms: Some(2000.0),
        bit: true,
    }
}

fn case(injected: Vec<InjectedFault>, lost: u64, answer: Vec<Suspect>) -> EvaluatedCase {
    EvaluatedCase {
        number: 0,
        seed: 0,
        shape: "chain".to_owned(),
        kind: injected.first().map_or("none", |_| "made up").to_owned(),
        held_out: false,
        injected,
        candidates: 40,
        due: 1000,
        lost,
        foreign: 0.0,
        answer,
        advice: None,
        outside: None,
    }
}

const SLOW: NamedCause = NamedCause::SlowAnswer;

#[test]
fn right_service_and_right_cause_make_a_right_answer() {
    let at = [1100.0, 1300.0];
    let cases = [
        case(vec![fault("a", Some(SLOW))], 50, vec![suspect("a", SLOW, 0.9, &at)]),
        // The service is another one; the right one is third.
        case(
            vec![fault("a", Some(SLOW))],
            50,
            vec![
                suspect("b", SLOW, 0.8, &at),
                suspect("a", NamedCause::Burst, 0.1, &at),
                suspect("a", SLOW, 0.1, &at),
            ],
        ),
        // Too unsure to be named.
        case(vec![fault("a", Some(SLOW))], 50, vec![suspect("a", SLOW, 0.3, &at)]),
        case(vec![fault("a", Some(SLOW))], 50, Vec::new()),
    ];
    let score = score(&cases);
    assert_eq!((score.top1.hits, score.top1.of, score.top3.hits, score.abstained.hits), (1, 4, 3, 2));
    assert_eq!((score.precision.hits, score.precision.of), (1, 2));
    assert!((score.chance - 1.0 / 40.0).abs() < 1e-12 && (score.lift - 10.0).abs() < 1e-9);
    assert_eq!(score.kinds[0].instead, [("b slow_answer".to_owned(), 1)]);
}

#[test]
fn a_path_is_grounded_where_each_step_lies_in_the_fault_s_time_and_in_order() {
    let grounded = |at: &[f64]| {
        let answer = vec![suspect("a", SLOW, 0.9, at)];
        score(&[case(vec![fault("a", Some(SLOW))], 50, answer)]).grounded.hits == 1
    };
    assert!(grounded(&[1100.0, 1300.0]) && grounded(&[900.0, 2500.0]));
    // Before the fault, after its end, in the wrong order, and no path at all.
    assert!(!grounded(&[500.0, 1300.0]) && !grounded(&[2400.0, 2500.0]));
    assert!(!grounded(&[1300.0, 1100.0]) && !grounded(&[]));
}

#[test]
fn what_did_not_act_or_cost_nothing_is_not_scored_and_clean_runs_have_no_cause() {
    let sure = || vec![suspect("a", SLOW, 0.9, &[1100.0])];
    let idle = InjectedFault { bit: false, ..fault("a", Some(SLOW)) };
    let cases = [
        case(vec![idle], 50, sure()),
        case(vec![fault("a", Some(SLOW))], LOSSY - 1, sure()),
        case(Vec::new(), 0, Vec::new()),
        case(Vec::new(), 20, sure()),
        case(vec![fault("a", None)], 20, vec![suspect("a", SLOW, 0.2, &[])]),
    ];
    let score = score(&cases);
    assert_eq!((score.cases, score.void, score.top1.of), (5, 2, 0));
    assert_eq!((score.false_alarms.hits, score.false_alarms.of, score.clean_lossy), (1, 3, 2));
}

#[test]
fn calibration_is_the_distance_between_word_and_truth() {
    let right =
        |confidence| case(vec![fault("a", Some(SLOW))], 50, vec![suspect("a", SLOW, confidence, &[1100.0])]);
    let wrong =
        |confidence| case(vec![fault("a", Some(SLOW))], 50, vec![suspect("b", SLOW, confidence, &[1100.0])]);
    // Of four answers at 0.75 three are right: no error, and a Brier score of 3/4 x 1/16 + 1/4 x 9/16.
    let fair = score(&[right(0.75), right(0.75), right(0.75), wrong(0.75)]);
    assert!(fair.calibration_error.value.abs() < 1e-12, "{:?}", fair.calibration_error);
    assert!((fair.brier.value - 0.1875).abs() < 1e-12);
    assert_eq!(fair.reliability.len(), 1);
    // Sure and always wrong is as far off as can be.
    let vain = score(&[wrong(1.0), wrong(1.0)]);
    assert!((vain.calibration_error.value - 1.0).abs() < 1e-12 && (vain.brier.value - 1.0).abs() < 1e-12);
    let (low, high) = fair.calibration_error.bounds;
    assert!(low <= high && fair.brier.bounds.0 <= 0.1875 && fair.brier.bounds.1 >= 0.1875);
}
