//! What somebody claims, with what must be measured if it is right.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cause::Because;
use crate::scenario::expect::Expect;

/// An entry of `[[claim]]`. Whether it holds changes no verdict: a claim that is refuted is a finding.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What is claimed, a sentence.
    pub says: String,
    /// Who says so, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What is measured if it is right, as conditions of `[[expect]]`. All of them hold: reproduced; none: refuted.
    pub holds_if: Vec<Expect>,
    /// Why spans are lost, if it is right: a condition counts only for a variant of which a replay proves that this made half of the
    /// drops or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
}
