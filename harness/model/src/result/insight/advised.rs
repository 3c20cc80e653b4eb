//! What to set in place of a variant that loses spans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::advice::plan::AdvicePlan;
use crate::exporter::Exporter;
use crate::fate::Fate;

/// What to set in place of a variant that loses spans, and how that is known.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Advised {
    /// The variant that loses.
    pub variant: String,
    /// How it is known.
    pub how: How,
    /// What to set, as lines to paste: variables, and options in the code. Empty where no setting is known to help.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// The variant that lost nothing under the same conditions, where there is one that helps, or that speaks against the
    /// capacity model. Beside what was calculated: one that lost nothing, although its loss is not valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<String>,
    /// What that costs, where times of both are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What the capacity model says, where it was calculated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<AdvicePlan>,
    /// The exporter's knobs with what is advised; absent where nothing is, or where knobs cannot say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exporter: Option<Exporter>,
    /// What is lost with what is advised, as far as that can be said before it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<PredictedLoss>,
    /// Its fates that no setting of a batch processor stops, where nothing was measured that does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<Fate>,
}

/// How it is known what helps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Another variant lost nothing under the same conditions, in several trials; or in one, and the replay of the queue says the same.
    Measured,
    /// Another variant lost nothing under the same conditions, in one trial. That may be chance: it is no advice by itself.
    Once,
    /// The capacity model says so; nothing here has shown it.
    Calculated,
    /// The capacity model says that nothing needs to change, so that another cause than rate and export time is at work.
    Settled,
    /// No settings suffice: by the replay of the queue, where it gives a prediction, else by the capacity model.
    Short,
    /// By export times that were measured no batch would suffice, and yet another variant lost nothing under the same conditions
    /// with a smaller one: they vary too much to say what to set.
    Unclear,
    /// The queue, run again with the spans and exports of the trials, drops nothing with these settings; nothing here has shown it.
    Replayed,
    /// The service has too little CPU: the queue, run again with enough of it, drops less than half.
    NoCpu,
    /// No setting of the batch processor helps.
    NoSetting,
    /// Nothing is known of its batch processor.
    Unknown,
}

/// What is lost with other settings.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PredictedLoss {
    /// Lost spans per span that should arrive, 0 to 1; of the measured part.
    pub loss: f64,
    /// Who says so.
    pub by: PredictedBy,
}

/// Who predicts a loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum PredictedBy {
    /// The replay of the queue, with the arrivals and export times that were measured.
    Replay,
    /// The capacity model, which knows means alone.
    Law,
}

/// What something costs beside something else: its own figure after that of the other.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// p99 of response times, milliseconds.
    pub response_p99: (f64, f64),
    /// Highest resident memory of the services, bytes.
    pub memory: (u64, u64),
}
