//! A file of claims: what somebody says, and how each sentence is judged.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::inspection::{Inspected, Inspection};
use crate::cause::Because;
use crate::scenario::expect::{Comparator, Condition};
use crate::scenario::figure::Figure;

/// A file of claims.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimsFile {
    /// Where the claims stand.
    pub source: String,
    /// The claims.
    #[serde(default, rename = "claim")]
    pub claims: Vec<RegisteredClaim>,
    /// What readers are told to type.
    #[serde(default, rename = "step")]
    pub steps: Vec<TypedStep>,
}

/// Something that a source has its readers type, and what comes of it today.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedStep {
    /// What is typed.
    pub types: String,
    /// The claims behind it, by number.
    pub claims: Vec<u32>,
    /// Whether it works today.
    pub works: StepWorks,
    /// What it shows, or why it does not work.
    pub shows: String,
    /// The command that answers the question.
    pub instead: String,
}

/// Whether something that is typed works today.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepWorks {
    /// It does what it is typed for.
    Yes,
    /// It runs, and shows something else or less than that.
    InPart,
    /// It is refused, or finds nothing.
    No,
}

impl StepWorks {
    /// In a word or two.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::InPart => "in part",
            Self::No => "no",
        }
    }
}

/// A claim, and how it is judged.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredClaim {
    /// Its number; of no other claim.
    pub number: u32,
    /// The section that it stands in: `2.4`.
    pub section: String,
    /// What is claimed, a sentence.
    pub says: String,
    /// The first words of the original.
    #[serde(default)]
    pub original: Option<String>,
    /// The figure that is claimed.
    #[serde(default)]
    pub figure: Option<String>,
    /// What would refute it.
    #[serde(default)]
    pub refuted_if: Option<String>,
    /// The mechanism, in a few sentences.
    #[serde(default)]
    pub why: Option<String>,
    /// What is measured in runs if it is right.
    #[serde(default, rename = "run")]
    pub runs: Vec<RunTest>,
    /// What is found by inspections if it is right.
    #[serde(default, rename = "inspect")]
    pub inspections: Vec<InspectionTest>,
    /// How contracts come out that are held against runs, if it is right.
    #[serde(default, rename = "contract")]
    pub contracts: Vec<ContractTest>,
    /// Why nothing would speak for it or against it.
    #[serde(default)]
    pub not_testable: Option<String>,
    /// The nearest question that can be answered; what is measured is for that one.
    #[serde(default)]
    pub nearest: Option<String>,
}

impl RegisteredClaim {
    /// The scenarios that it needs a run of, each with the variants that are asked for; `None` means all. One may stand there twice.
    pub fn scenarios(&self) -> impl Iterator<Item = (&str, Option<&Vec<String>>)> {
        let runs = self.runs.iter().map(|test| (test.scenario.as_str(), test.variants.as_ref()));
        runs.chain(self.contracts.iter().map(|test| (test.scenario.as_str(), None)))
    }

    /// Whether anything is measured for it that is no premise.
    pub fn is_judged(&self) -> bool {
        self.runs.iter().any(|test| !test.premise)
            || self.inspections.iter().any(|test| !test.premise)
            || self.contracts.iter().any(|test| !test.premise)
    }

    /// Whether it stands in a section, or in one below it.
    pub fn is_in(&self, section: &str) -> bool {
        let below = self.section.strip_prefix(section);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// What a run shows if a claim is right.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunTest {
    /// The scenario: a name in `scenarios/`.
    pub scenario: String,
    /// Its variants; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<String>>,
    /// A condition that holds if the claim is right, or a figure that is shown.
    pub that: RunAsked,
    /// Why spans are lost, if it is right: a loss counts only where a replay proves that this made half of the drops or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// It says nothing of the claim, but where it does not hold nothing else says anything either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub premise: bool,
}

/// What is asked of a variant of a run.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RunAsked {
    /// Whether a condition holds.
    Holds(Condition),
    /// The value of a figure.
    Shows(Figure),
}

impl RunAsked {
    /// The figure that is asked for.
    pub const fn figure(self) -> Figure {
        match self {
            Self::Holds(condition) => condition.figure,
            Self::Shows(figure) => figure,
        }
    }
}

impl TryFrom<String> for RunAsked {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if Comparator::cut(&text).is_some() {
            Condition::try_from(text).map(Self::Holds)
        } else {
            Figure::try_from(text.trim().to_owned()).map(Self::Shows)
        }
    }
}

impl From<RunAsked> for String {
    fn from(asked: RunAsked) -> Self {
        asked.to_string()
    }
}

impl fmt::Display for RunAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds(condition) => condition.fmt(f),
            Self::Shows(figure) => figure.fmt(f),
        }
    }
}

/// What an inspection finds if a claim is right.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionTest {
    /// The inspection.
    pub name: Inspection,
    /// What it is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// A condition that holds if the claim is right, or a figure that is shown.
    pub that: InspectionAsked,
    /// It says nothing of the claim, but where it does not hold nothing else says anything either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub premise: bool,
}

impl InspectionTest {
    /// The inspection that it needs.
    pub fn asked(&self) -> Inspected {
        Inspected { name: self.name, of: self.of.clone() }
    }
}

/// How a contract comes out that is held against a run, if a claim is right.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractTest {
    /// The scenario: a name in `scenarios/`. All of its variants are one service to the contract.
    pub scenario: String,
    /// The contract: a file in `scenarios/`, or any other by its whole path.
    pub file: String,
    /// A condition on the number of its rules that are `kept`, `broken` or `open`, or one of these words, whose number is shown.
    pub that: InspectionAsked,
    /// It says nothing of the claim, but where it does not hold nothing else says anything either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub premise: bool,
}

/// What is asked of an inspection.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InspectionAsked {
    /// The figure.
    pub figure: String,
    /// How it is compared, and with what; nothing where it is only shown.
    pub test: Option<(Comparator, f64)>,
}

impl TryFrom<String> for InspectionAsked {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (figure, compared) = match Comparator::cut(&text) {
            None => (text.trim(), None),
            Some((figure, comparison, bound)) => {
                let number: f64 =
                    bound.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
                        format!("`{bound}` is not a number; figures of inspections have no units")
                    })?;
                (figure, Some((comparison, number)))
            }
        };
        let is_name = !figure.is_empty() && figure.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return Err(format!("`{figure}` is no figure of an inspection, for example `count > 0`"));
        }
        Ok(Self { figure: figure.to_owned(), test: compared })
    }
}

impl From<InspectionAsked> for String {
    fn from(asked: InspectionAsked) -> Self {
        asked.to_string()
    }
}

impl fmt::Display for InspectionAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.test {
            None => f.write_str(&self.figure),
            Some((comparison, bound)) => write!(f, "{} {} {bound}", self.figure, comparison.sign()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_reads_and_writes() {
        for text in ["loss.rate > 0 %", "cpu.per_request"] {
            assert_eq!(RunAsked::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in ["accepted == 1000", "copy_us", "ratio >= 0.5"] {
            assert_eq!(InspectionAsked::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        assert!(RunAsked::try_from("los.rate".to_owned()).unwrap_err().contains("did you mean"));
        assert!(InspectionAsked::try_from("accepted == 5 %".to_owned()).unwrap_err().contains("no units"));
        assert!(InspectionAsked::try_from("a b > 1".to_owned()).unwrap_err().contains("no figure"));
    }

    #[test]
    fn a_section_holds_those_below_it_and_no_other() {
        let claim: RegisteredClaim = serde_json::from_value(serde_json::json!({
            "number": 1, "section": "2.4", "says": "x"
        }))
        .unwrap();
        assert!(claim.is_in("2.4") && claim.is_in("2") && !claim.is_in("2.41") && !claim.is_in("4"));
    }
}
