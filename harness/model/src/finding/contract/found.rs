//! What was found of a contract.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::verdict::Verdict;

/// Version of what `spanfate contract check --json` prints.
pub const CONTRACT_FORMAT: &str = "1.0";

/// How a rule is broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractRule {
    /// A key span was not created, or not often enough.
    RequiredSpanMissing,
    /// It was created and lost on its way.
    RequiredSpanLost,
    /// A span lacks an attribute.
    AttributeMissing,
    /// An attribute is of another type.
    AttributeType,
    /// It has a value that is not listed.
    AttributeValue,
    /// More spans were lost than may be.
    BudgetExceeded,
    /// A metric did not come.
    MetricMissing,
    /// It has another unit.
    MetricUnit,
    /// It is measured by another instrument.
    MetricInstrument,
    /// Log records lack a field.
    LogFieldMissing,
    /// The template of alerts lacks a word.
    AlertFieldMissing,
}

impl ContractRule {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequiredSpanMissing => "required_span_missing",
            Self::RequiredSpanLost => "required_span_lost",
            Self::AttributeMissing => "attribute_missing",
            Self::AttributeType => "attribute_type",
            Self::AttributeValue => "attribute_value",
            Self::BudgetExceeded => "budget_exceeded",
            Self::MetricMissing => "metric_missing",
            Self::MetricUnit => "metric_unit",
            Self::MetricInstrument => "metric_instrument",
            Self::LogFieldMissing => "log_field_missing",
            Self::AlertFieldMissing => "alert_field_missing",
        }
    }

    /// Its name among the findings of Weaver's live check; our own where Weaver has none.
    pub const fn weaver(self) -> &'static str {
        match self {
            Self::AttributeMissing | Self::LogFieldMissing => "required_attribute_not_present",
            Self::AttributeType => "type_mismatch",
            Self::AttributeValue => "undefined_enum_variant",
            Self::MetricUnit => "unit_mismatch",
            Self::MetricInstrument => "unexpected_instrument",
            Self::MetricMissing => "required_metric_missing",
            Self::RequiredSpanMissing
            | Self::RequiredSpanLost
            | Self::BudgetExceeded
            | Self::AlertFieldMissing => self.name(),
        }
    }
}

/// Something that is not as the contract has it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ContractFinding {
    /// How the rule is broken.
    pub id: ContractRule,
    /// The contract's file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What was demanded and what was seen, in a sentence.
    pub text: String,
    /// What may have been meant: the nearest name that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Only worth a remark: it fails nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remark: bool,
    /// Names and values in the text, by what they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<&'static str, String>,
    /// What became of lost spans, by fate.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fates: BTreeMap<String, u64>,
}

/// What a rule speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractSubject {
    /// All spans.
    Loss,
    /// A span by its name, and its kind where one is asked for.
    Span {
        /// The name.
        name: String,
        /// The kind.
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<&'static str>,
    },
    /// A metric.
    Metric {
        /// The name.
        name: String,
    },
    /// Log records.
    Logs,
    /// The template of alerts.
    Alert,
}

/// A rule with its verdict.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RuleVerdict {
    /// What it speaks of.
    pub subject: ContractSubject,
    /// The contract's file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
    /// Whether it is kept; inconclusive where not enough was seen.
    pub verdict: Verdict,
    /// What was seen, in a few words.
    pub seen: String,
    /// What is not as it should be.
    pub findings: Vec<ContractFinding>,
    /// What could not be judged, and how it can be.
    pub open: Vec<String>,
}

/// Something in a registry that was not made a rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotTaken {
    /// The file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
    /// What it is, and why not.
    pub what: String,
}

/// A contract, held against what was seen.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ContractResult {
    /// [`CONTRACT_FORMAT`].
    pub format: &'static str,
    /// The contract, as it was given.
    pub contract: String,
    /// What it was held against.
    pub against: String,
    /// The worst of all rules.
    pub verdict: Verdict,
    /// The rules, in the order of the contract.
    pub rules: Vec<RuleVerdict>,
    /// What of a registry was not made a rule.
    pub not_taken: Vec<NotTaken>,
}
