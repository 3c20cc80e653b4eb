//! A claim, measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Expectation;
use crate::cause::Because;
use crate::verdict::Verdict;

/// A claim with what became of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimResult {
    /// What is claimed.
    pub says: String,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What became of it.
    pub outcome: ClaimOutcome,
    /// Why spans are lost, if it is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// Its conditions, judged by variant.
    pub rests_on: Vec<Expectation>,
}

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum ClaimOutcome {
    /// Everything was measured that must be if it is right.
    Reproduced,
    /// Some of it was.
    InPart,
    /// Nothing of it was.
    Refuted,
    /// It cannot be said: some of it could not be measured.
    Inconclusive,
}

impl ClaimOutcome {
    /// What follows from judged conditions.
    pub fn of(judged: &[Expectation]) -> Self {
        let all = |verdict: Verdict| judged.iter().all(|one| one.verdict == verdict);
        let open = |one: &Expectation| !matches!(one.verdict, Verdict::Pass | Verdict::Fail);
        if judged.is_empty() || judged.iter().any(open) {
            Self::Inconclusive
        } else if all(Verdict::Pass) {
            Self::Reproduced
        } else if all(Verdict::Fail) {
            Self::Refuted
        } else {
            Self::InPart
        }
    }

    /// In a word or two.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::InPart => "holds in part",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Footing;
    use crate::term::Term;

    #[test]
    fn a_claim_is_what_its_conditions_are() {
        use Verdict::{Fail, Inconclusive, Pass};
        let cases: [(&[Verdict], ClaimOutcome); 6] = [
            (&[], ClaimOutcome::Inconclusive),
            (&[Pass], ClaimOutcome::Reproduced),
            (&[Pass, Pass], ClaimOutcome::Reproduced),
            (&[Fail, Fail], ClaimOutcome::Refuted),
            (&[Pass, Fail], ClaimOutcome::InPart),
            (&[Fail, Inconclusive], ClaimOutcome::Inconclusive),
        ];
        for (verdicts, outcome) in cases {
            let one = |verdict: &Verdict| Expectation {
                that: Term::Foreign(String::new()),
                variant: String::new(),
                values: Vec::new(),
                verdict: *verdict,
                reason: None,
                footing: Footing::Valid,
            };
            let judged: Vec<Expectation> = verdicts.iter().map(one).collect();
            assert_eq!(ClaimOutcome::of(&judged), outcome, "{verdicts:?}");
        }
    }
}
