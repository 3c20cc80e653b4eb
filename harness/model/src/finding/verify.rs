//! What became of advised settings when they ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::PlannedVariant;
use crate::result::PredictedLoss;
use crate::verdict::Verdict;

/// What is put behind a variant's name for its arm with the advised settings.
const BEHIND: &str = "+remedy";

/// The name of a variant's arm with the advised settings.
pub fn remedied(variant: &str) -> String {
    format!("{variant}{BEHIND}")
}

/// The variants that run beside each other: each as it is, and with the advised settings.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RemedyPlan {
    /// The arms, in pairs.
    pub arms: Vec<PlannedVariant>,
    /// What cannot be run.
    pub left_out: Vec<UntriedRemedy>,
}

/// What became of the advised settings of a run.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// The run in which they ran; absent where none did.
    pub run_id: Option<String>,
    /// Each variant whose advised settings ran.
    pub remedies: Vec<VerifiedRemedy>,
    /// The variants that lost spans and whose settings did not run.
    pub left_out: Vec<UntriedRemedy>,
}

/// A variant that lost spans and has no settings that could be run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UntriedRemedy {
    /// The variant.
    pub variant: String,
    /// Why not, a sentence.
    pub why: String,
}

/// Advised settings that ran beside the original.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedRemedy {
    /// The variant that lost spans.
    pub variant: String,
    /// What was set, as lines to paste.
    pub lines: Vec<String>,
    /// Its loss rate in the run that was asked, 0 to 1.
    pub before: f64,
    /// Its loss rate beside the advised settings, and the trials that it rests on.
    pub original: ArmLoss,
    /// The loss rate that was predicted for the advised settings; where it can be, from the original beside them.
    pub predicted: Option<PredictedLoss>,
    /// The loss rate that was measured with them.
    pub measured: ArmLoss,
    /// Predicted less measured, percentage points.
    pub apart_points: Option<f64>,
    /// Whether the prediction holds: a pass within [`VerifiedRemedy::MOST_APART`] points.
    pub verdict: Verdict,
    /// Why it is not a pass.
    pub reason: Option<String>,
}

impl VerifiedRemedy {
    /// By so many percentage points a prediction may be off.
    pub const MOST_APART: f64 = 2.0;
}

/// The loss of an arm.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ArmLoss {
    /// Lost spans per span that should arrive, 0 to 1; mean over the trials.
    pub loss: f64,
    /// Trials.
    pub trials: u64,
    /// Whether these are valid for loss.
    pub valid: bool,
}

impl Verification {
    /// The worst of them; a pass only where something ran.
    pub fn verdict(&self) -> Option<Verdict> {
        self.remedies.iter().map(|one| one.verdict).reduce(Verdict::worst)
    }
}
