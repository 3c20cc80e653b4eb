//! A variant over its trials.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Quantiles;
use crate::books::breakdown::Breakdown;
use crate::books::damage::Damage;
use crate::fate::Fate;

/// Figures over the trials of a variant. The trial is the statistical unit.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct VariantSummary {
    /// Trials.
    pub trials: u64,
    /// Loss rate; over the valid trials if there are any, else over all (then marked).
    pub loss: Estimate,
    /// Where no trial lost a span and at least two are valid for loss: the 95 % upper bound of the probability that a trial loses
    /// any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lossy_bound: Option<f64>,
    /// Predicted loss rate.
    pub predicted: Option<f64>,
    /// Spans created and received in the measured parts, added up.
    pub created: u64,
    /// Received.
    pub received: u64,
    /// Lost.
    pub lost: u64,
    /// Lost spans by fate in the measured parts.
    pub lost_by_fate: BTreeMap<Fate, u64>,
    /// Response time from the intended start: quantiles over all requests of all trials that are valid for it (of all, if none
    /// is).
    pub response: Option<Quantiles>,
    /// Time from the creation of a span to its first receipt: quantiles over all spans of all trials that are valid for loss.
    pub delay: Option<Quantiles>,
    /// p50 of the response time of each trial, milliseconds: mean over the trials, with its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_p50: Option<Estimate>,
    /// p99 of the response time of each trial, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_p99: Option<Estimate>,
    /// p50 of the delay of each trial, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_p50: Option<Estimate>,
    /// p99 of the delay of each trial, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_p99: Option<Estimate>,
    /// Mean CPU of the fixture, cores.
    pub fixture_cpu: f64,
    /// Highest resident memory of the fixture, bytes.
    pub fixture_rss: u64,
    /// Achieved requests per second.
    pub achieved: f64,
    /// What is not valid in at least one trial.
    pub marks: Vec<String>,
    /// What was lost, added up over the trials; times are those of the trial whose p99 is the median.
    #[serde(default)]
    pub breakdown: Vec<Breakdown>,
    /// What it did to traces, added up over the trials.
    #[serde(default)]
    pub damage: Option<Damage>,
    /// What the process witness costs, where a variant ran with and without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness_cost: Option<WitnessCost>,
    /// What probes cost, where a variant ran with and without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_cost: Option<WitnessCost>,
}

impl VariantSummary {
    /// Every price, and of what it is.
    pub fn costs(&self) -> impl Iterator<Item = (&'static str, &WitnessCost)> {
        let process = self.witness_cost.iter().map(|cost| ("process witness", cost));
        process.chain(self.probe_cost.iter().map(|cost| ("probes", cost)))
    }
}

/// A variant with a witness beside the same without it, in one run.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct WitnessCost {
    /// Name of the variant without it.
    pub without: String,
    /// CPU of the services per started request of the measured part, microseconds: with the witness, and without.
    pub cpu_us: (f64, f64),
    /// p50 of the response time, milliseconds.
    pub response_p50: (f64, f64),
    /// p99 of the response time, milliseconds.
    pub response_p99: (f64, f64),
    /// Loss rate.
    pub loss: (f64, f64),
    /// Trials of each.
    pub trials: (u64, u64),
}

/// A mean over trials with its interval.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Mean over the trials.
    pub mean: f64,
    /// 95 % t interval over the trials; absent with fewer than two.
    pub interval: Option<(f64, f64)>,
    /// Trials it rests on.
    pub n: u64,
    /// Whether it rests on valid trials.
    pub valid: bool,
}
