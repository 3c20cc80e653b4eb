//! A fault of a trial: when it acted, and the dose by which it proves it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::measure::Measure;
use crate::term::Term;

/// A fault, concluded.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FaultResult {
    /// Number in its variant.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// Name of its kind.
    pub kind: String,
    /// What it was put on.
    pub on: String,
    /// When it acted.
    pub windows: Vec<FaultWindow>,
    /// The doses; the first is the one that must be reached.
    pub doses: Vec<Dose>,
    /// The least that proves that it happened.
    pub needed: f64,
    /// Whether it happened.
    pub bit: bool,
    /// Why it did not begin, or could not act, as often as it was planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
}

/// A time in which a fault acted.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FaultWindow {
    /// Its beginning, milliseconds from the start of the load.
    pub from_ms: f64,
    /// Its end; absent where the trial ended first. The beginning again for what happens at a moment.
    pub to_ms: Option<f64>,
    /// What made it begin, where that was a state and not a time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// An amount.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dose {
    /// Of what, with its unit.
    pub what: Term<Measure>,
    /// How much.
    pub amount: f64,
}

impl FaultResult {
    /// The dose that must be reached.
    pub fn main(&self) -> Option<&Dose> {
        self.doses.first()
    }
}
