//! Claims that were judged: what each is, what it rests on, and the runs and inspections that it comes from.

pub mod inspection;
pub mod register;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use self::inspection::{Inspected, InspectionAnswer};
use self::register::{ContractTest, InspectionTest, RunAsked};
use crate::cause::Because;
use crate::verdict::Verdict;

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimVerdict {
    /// All was measured that must be if it is right.
    Reproduced,
    /// Some of it was.
    Partly,
    /// Nothing of it was.
    Refuted,
    /// It gives a figure of a set-up that is not known; ours was measured.
    Quantified,
    /// It cannot be said: something could not be measured.
    Inconclusive,
    /// Nothing that could be measured would speak for it or against it.
    NotTestable,
}

impl ClaimVerdict {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 6] = [
        Self::Reproduced,
        Self::Partly,
        Self::Refuted,
        Self::Quantified,
        Self::Inconclusive,
        Self::NotTestable,
    ];

    /// In a word or two.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Partly => "partly",
            Self::Refuted => "refuted",
            Self::Quantified => "quantified",
            Self::Inconclusive => "inconclusive",
            Self::NotTestable => "not testable",
        }
    }
}

/// What was measured for a claim, and where.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuredFor {
    /// A figure of a variant of a run.
    Run {
        /// The scenario.
        scenario: String,
        /// The variant; empty where the scenario did not run.
        variant: String,
        /// What was asked.
        that: RunAsked,
        /// The cause that a loss must have to count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Because>,
        /// Whether it is a premise of what else was measured.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        premise: bool,
    },
    /// A figure of an inspection.
    Inspection(InspectionTest),
    /// Rules of a contract that is held against a run.
    Contract(ContractTest),
}

impl MeasuredFor {
    /// Whether it is a premise: it says nothing of the claim, and where it does not hold nothing else does.
    pub const fn is_premise(&self) -> bool {
        match self {
            Self::Run { premise, .. } => *premise,
            Self::Inspection(test) => test.premise,
            Self::Contract(test) => test.premise,
        }
    }
}

impl fmt::Display for MeasuredFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { scenario, variant, that, .. } if variant.is_empty() => {
                write!(f, "{scenario}: {that}")
            }
            Self::Run { scenario, variant, that, .. } => write!(f, "{scenario}, {variant}: {that}"),
            Self::Inspection(test) => write!(f, "{}: {}", test.name.as_str(), test.that),
            Self::Contract(test) => write!(f, "{} against {}: {}", test.file, test.scenario, test.that),
        }
    }
}

/// Something that was measured for a claim.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClaimMeasure {
    /// What, and where.
    pub of: MeasuredFor,
    /// What was measured: per trial of a run; one value of an inspection.
    pub values: Vec<f64>,
    /// Whether it is as the claim has it; absent where a value is only shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why it is not, or why it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What an inspection saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
}

/// A claim, judged.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JudgedClaim {
    /// Its number.
    pub number: u32,
    /// What it says.
    pub says: String,
    /// What became of it.
    pub verdict: ClaimVerdict,
    /// Why it is open, or not testable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it rests on.
    pub measures: Vec<ClaimMeasure>,
}

/// The results that claims were judged on: what `spanfate claims` keeps while it goes on, so that it can be continued.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimsState {
    /// Version of the format.
    pub format: String,
    /// The runs, by scenario: the name of the run's directory, or why there is no result.
    pub runs: BTreeMap<String, ClaimRun>,
    /// What inspections answered.
    pub inspections: Vec<(Inspected, InspectionAnswer)>,
}

impl ClaimsState {
    /// What an inspection answered.
    pub fn answer(&self, asked: &Inspected) -> Option<&InspectionAnswer> {
        self.inspections.iter().find(|(one, _)| one == asked).map(|(_, answer)| answer)
    }
}

/// A run that claims are judged on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClaimRun {
    /// The variants that ran; empty: all of the scenario's.
    pub variants: Vec<String>,
    /// Name of its directory; absent where there is no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Why there is no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Judged claims that are published: a small file that is committed, of which the page is made.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimsRecord {
    /// Version of the format.
    pub format: String,
    /// What they were measured on: processor, kernel, Go. Claims that were published from another machine say so themselves.
    pub machine: String,
    /// The claims, by number.
    pub claims: Vec<JudgedClaim>,
    /// The runs that they rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<ClaimRunBooks>,
    /// The verdicts with other SDKs, in the order in which these were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sdks: Vec<SdkVerdicts>,
}

/// The books of a run that claims rest on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimRunBooks {
    /// The scenario.
    pub scenario: String,
    /// Id of the run.
    pub run: String,
    /// Trials of it.
    pub trials: u64,
    /// Spans that were created in them.
    pub created: u64,
    /// Spans that complete witnesses prove no fate of.
    pub unexplained: u64,
}

/// The verdicts of claims with an SDK.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SdkVerdicts {
    /// The SDK, as it was asked for.
    pub sdk: String,
    /// The verdicts, by number of the claim.
    pub verdicts: BTreeMap<u32, ClaimVerdict>,
}

impl ClaimsRecord {
    /// A claim of it.
    pub fn claim(&self, number: u32) -> Option<&JudgedClaim> {
        self.claims.iter().find(|claim| claim.number == number)
    }

    /// Whether a claim has one verdict with one SDK and another with another. One that is open is no other verdict.
    pub fn changes(&self, number: u32) -> bool {
        let of = |sdk: &SdkVerdicts| sdk.verdicts.get(&number).copied();
        let mut found =
            self.sdks.iter().filter_map(of).filter(|verdict| *verdict != ClaimVerdict::Inconclusive);
        found.next().is_some_and(|first| found.any(|other| other != first))
    }

    /// Takes what was newly judged in; of other claims, runs and SDKs what was published before stays. So does what was found before of a
    /// claim that is open now.
    pub fn take(&mut self, judged: &Self) {
        for run in &judged.runs {
            self.runs.retain(|known| known.scenario != run.scenario);
            self.runs.push(run.clone());
        }
        self.runs.sort_by(|a, b| a.scenario.cmp(&b.scenario));
        for sdk in &judged.sdks {
            match self.sdks.iter_mut().find(|known| known.sdk == sdk.sdk) {
                Some(known) => known.verdicts.extend(&sdk.verdicts),
                None => self.sdks.push(sdk.clone()),
            }
        }
        for claim in &judged.claims {
            let known = self.claims.iter_mut().find(|known| known.number == claim.number);
            match known {
                Some(_) if claim.verdict == ClaimVerdict::Inconclusive => {}
                Some(known) => known.clone_from(claim),
                None => self.claims.push(claim.clone()),
            }
        }
        self.claims.sort_by_key(|claim| claim.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(number: u32, verdict: ClaimVerdict) -> JudgedClaim {
        JudgedClaim { number, says: String::new(), verdict, reason: None, measures: Vec::new() }
    }

    #[test]
    fn a_record_keeps_what_was_found_where_nothing_is_found_now() {
        use ClaimVerdict::{Inconclusive, Refuted, Reproduced};
        let of = |claims: Vec<JudgedClaim>| ClaimsRecord { claims, ..ClaimsRecord::default() };
        let mut record = ClaimsRecord::default();
        record.take(&of(vec![judged(2, Refuted), judged(3, Inconclusive)]));
        record.take(&of(vec![judged(1, Reproduced), judged(2, Inconclusive), judged(3, Refuted)]));
        let found: Vec<_> = record.claims.iter().map(|claim| (claim.number, claim.verdict)).collect();
        assert_eq!(found, [(1, Reproduced), (2, Refuted), (3, Refuted)]);
    }

    #[test]
    fn a_verdict_changes_where_two_sdks_give_two_that_are_not_open() {
        use ClaimVerdict::{Inconclusive, Refuted, Reproduced};
        let sdk = |name: &str, verdict| SdkVerdicts {
            sdk: name.to_owned(),
            verdicts: BTreeMap::from([
                (1, verdict),
                (2, Refuted),
                (3, if name == "1.38" { Inconclusive } else { Refuted }),
            ]),
        };
        let mut record = ClaimsRecord::default();
        record.take(&ClaimsRecord { sdks: vec![sdk("1.38", Refuted)], ..ClaimsRecord::default() });
        assert!(!record.changes(1));
        record.take(&ClaimsRecord { sdks: vec![sdk("1.47", Reproduced)], ..ClaimsRecord::default() });
        let changes: Vec<bool> = (1..=4).map(|number| record.changes(number)).collect();
        assert_eq!(changes, [true, false, false, false]);
        // One that is judged again takes the place of what was known.
        record.take(&ClaimsRecord { sdks: vec![sdk("1.47", Refuted)], ..ClaimsRecord::default() });
        assert!(!record.changes(1) && record.sdks.len() == 2);
    }

    #[test]
    fn a_run_that_is_made_again_takes_the_place_of_the_one_before() {
        let run = |scenario: &str, run: &str| ClaimRunBooks {
            scenario: scenario.to_owned(),
            run: run.to_owned(),
            ..ClaimRunBooks::default()
        };
        let mut record = ClaimsRecord::default();
        record.take(&ClaimsRecord { runs: vec![run("b", "1"), run("a", "1")], ..ClaimsRecord::default() });
        record.take(&ClaimsRecord { runs: vec![run("b", "2")], ..ClaimsRecord::default() });
        let runs: Vec<_> = record.runs.iter().map(|one| (one.scenario.as_str(), one.run.as_str())).collect();
        assert_eq!(runs, [("a", "1"), ("b", "2")]);
    }
}
