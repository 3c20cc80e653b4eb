//! A claim that names a cause: what was measured speaks for it only where a replay proves that cause.

use spanfate_model::cause::Because;
use spanfate_model::result::{ClaimOutcome, ClaimResult, Expectation, LossProof, VariantResult};
use spanfate_model::scenario::Claim;
use spanfate_model::verdict::Verdict;

use crate::replay::proof;

/// From this share of the drops on a cause is the one.
const MOST: f64 = 0.5;

/// Settles the claims that name a cause, as each stands by its conditions alone.
pub(crate) fn settle(results: &mut [ClaimResult], claims: &[Claim], variants: &[VariantResult]) {
    for (result, claim) in results.iter_mut().zip(claims) {
        let Some(because) = claim.because else { continue };
        result.because = Some(because);
        for judged in &mut result.rests_on {
            let variant = variants.iter().find(|variant| variant.name == judged.variant);
            weigh(judged, because, variant.and_then(proof::of).as_ref());
        }
        result.outcome = ClaimOutcome::of(&result.rests_on);
    }
}

/// A condition that fails stays so. Of one that holds, or is open, the cause decides: a loss that another cause made speaks against the
/// claim on every machine.
pub(super) fn weigh(judged: &mut Expectation, because: Because, proof: Option<&LossProof>) {
    if judged.verdict == Verdict::Fail {
        return;
    }
    let Some(proof) = proof.filter(|proof| proof.fitting > 0) else {
        if judged.verdict == Verdict::Pass {
            judged.verdict = Verdict::Inconclusive;
            judged.reason = Some("no replay of a queue proves a cause".to_owned());
        }
        return;
    };
    let share = proof.share(|cause| because.counts(cause));
    if share < MOST {
        judged.verdict = Verdict::Fail;
        let first = proof.causes.first().map_or("unknown", |cause| cause.cause.as_str());
        judged.reason = Some(format!(
            "{} made {:.0} % of the drops; most were made by {first}",
            because.as_str(),
            share * 100.0
        ));
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::cause::LossFactor;
    use spanfate_model::result::CauseShare;
    use spanfate_model::term::Term;

    use super::*;

    fn weighed(verdict: Verdict, cause: Option<LossFactor>) -> Verdict {
        let mut judged: Expectation = serde_json::from_value(serde_json::json!({
            "that": "loss.rate > 0 %", "variant": "one", "values": [0.5], "verdict": verdict, "reason": null
        }))
        .unwrap();
        assert!(matches!(judged.that, Term::Known(_)));
        let proof = cause.map(|cause| LossProof {
            fitting: 1,
            causes: vec![CauseShare { cause, share: 0.9, alone: 0.9 }],
            ..LossProof::default()
        });
        weigh(&mut judged, Because::ExportRoundTrip, proof.as_ref());
        judged.verdict
    }

    #[test]
    fn a_loss_speaks_for_its_own_cause_alone() {
        use LossFactor::{CpuStarved, SlowAnswer, SlowNetwork};
        use Verdict::{Fail, Inconclusive, Pass};
        assert_eq!(weighed(Pass, Some(SlowAnswer)), Pass);
        assert_eq!(weighed(Pass, Some(SlowNetwork)), Pass);
        // On a machine that is too slow the same claim meets the same answer as on one that loses nothing.
        assert_eq!(weighed(Pass, Some(CpuStarved)), Fail);
        assert_eq!(weighed(Inconclusive, Some(CpuStarved)), Fail);
        assert_eq!(weighed(Inconclusive, Some(SlowAnswer)), Inconclusive);
        assert_eq!(weighed(Pass, None), Inconclusive);
        assert_eq!(weighed(Fail, Some(SlowAnswer)), Fail);
    }
}
