//! What advised settings came to: the predicted loss beside the measured one.

use spanfate_model::finding::evaluation::{AdviceScore, EvaluatedCase, LOSSY, TriedAdvice};
use spanfate_model::finding::verify::VerifiedRemedy;
use spanfate_model::verdict::Verdict;

use super::counted;

/// Nothing where no case was to run its advice.
pub(super) fn score(cases: &[EvaluatedCase]) -> Option<AdviceScore> {
    let asked = || cases.iter().filter_map(|case| Some((case, case.advice.as_ref()?)));
    asked().next()?;
    let mut tried: Vec<TriedAdvice> = Vec::new();
    let mut without = 0;
    for (case, advice) in asked() {
        let ran: Vec<TriedAdvice> = advice.remedies.iter().filter_map(|one| of(case, one)).collect();
        without += u64::from(ran.is_empty() && case.lost >= LOSSY);
        tried.extend(ran);
    }
    let share = |counts: fn(&TriedAdvice) -> bool| {
        let of: Vec<&TriedAdvice> = tried.iter().filter(|one| counts(one)).collect();
        counted(of.iter().filter(|one| is_near(one)).count(), of.len())
    };
    Some(AdviceScore { near: share(|one| one.valid), near_of_all: share(|_| true), without, tried })
}

fn is_near(one: &TriedAdvice) -> bool {
    one.apart_points().abs() <= VerifiedRemedy::MOST_APART
}

/// One that ran and for which something was predicted.
fn of(case: &EvaluatedCase, one: &VerifiedRemedy) -> Option<TriedAdvice> {
    let ran = one.original.trials > 0 && one.measured.trials > 0;
    Some(TriedAdvice {
        case: case.number,
        kind: case.kind.clone(),
        lines: one.lines.clone(),
        original: one.original.loss,
        predicted: one.predicted.filter(|_| ran)?.loss,
        measured: one.measured.loss,
        valid: one.verdict != Verdict::Inconclusive,
    })
}

#[cfg(test)]
mod tests {
    use spanfate_model::finding::verify::{ArmLoss, Verification};
    use spanfate_model::result::{PredictedBy, PredictedLoss};

    use super::*;

    fn case(number: u64, lost: u64, remedies: Vec<VerifiedRemedy>) -> EvaluatedCase {
        EvaluatedCase {
            number,
            seed: 0,
            shape: "single".to_owned(),
            kind: "latency".to_owned(),
            held_out: false,
            injected: Vec::new(),
            candidates: 13,
            due: 1000,
            lost,
            foreign: 0.0,
            answer: Vec::new(),
            advice: Some(Verification { remedies, ..Verification::default() }),
            outside: None,
        }
    }

    fn remedy(predicted: Option<f64>, measured: f64, verdict: Verdict) -> VerifiedRemedy {
        let arm = |loss| ArmLoss { loss, trials: 1, valid: verdict != Verdict::Inconclusive };
        VerifiedRemedy {
            variant: "main".to_owned(),
            lines: vec!["OTEL_BSP_MAX_QUEUE_SIZE=4096".to_owned()],
            before: 0.2,
            original: arm(0.2),
            predicted: predicted.map(|loss| PredictedLoss { loss, by: PredictedBy::Replay }),
            measured: arm(measured),
            apart_points: predicted.map(|loss| (loss - measured) * 100.0),
            verdict,
            reason: None,
        }
    }

    #[test]
    fn predictions_are_counted_where_they_can_be_judged_and_beside_that_over_all() {
        let cases = [
            case(0, 200, vec![remedy(Some(0.0), 0.01, Verdict::Pass)]),
            case(1, 200, vec![remedy(Some(0.0), 0.05, Verdict::Fail)]),
            case(2, 200, vec![remedy(Some(0.0), 0.0, Verdict::Inconclusive)]),
            case(3, 200, vec![remedy(None, 0.0, Verdict::Inconclusive)]),
            case(4, 200, Vec::new()),
            case(5, 0, Vec::new()),
        ];
        let found = score(&cases).unwrap();
        assert_eq!((found.near.hits, found.near.of), (1, 2));
        assert_eq!((found.near_of_all.hits, found.near_of_all.of), (2, 3));
        assert_eq!((found.without, found.tried.len()), (2, 3));
        let silent = EvaluatedCase { advice: None, ..case(0, 9, Vec::new()) };
        assert_eq!(score(&[silent]), None);
    }
}
