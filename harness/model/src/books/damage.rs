//! What lost spans do to traces: what somebody sees who opens one in a trace viewer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Traces of the measured part's requests, each counted once; spans that were never to arrive because their trace is not
/// sampled are no part of them. What was filtered is missing as what was lost is: a trace that misses nothing else is not damaged.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Damage {
    /// Requests of which at least one sampled span was created.
    pub traces: u64,
    /// All spans arrived, in one trace.
    pub complete: u64,
    /// The root is missing, others arrived.
    pub headless: u64,
    /// The root arrived, others are missing.
    pub torn: u64,
    /// Of those with orphaned spans (`torn`): no span that arrived points to a missing parent, so the trace looks whole.
    pub torn_unseen: u64,
    /// All spans arrived, but in more than one trace: a service lost the context.
    pub split: u64,
    /// Nothing arrived.
    pub absent: u64,
    /// Sampled spans of these traces that did not arrive.
    pub missing_spans: u64,
    /// Of the traces that miss spans, those that miss none but what was left out on purpose: by a span processor, or by a
    /// collector that samples.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Of the missing spans, those that were left out on purpose.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out_spans: u64,
    /// Damaged traces (all but complete and split ones, and `left_out`) per missing span that was not left out on purpose; 0
    /// without one.
    pub amplification: f64,
    /// Calls between services, in the whole trial.
    #[serde(default)]
    pub calls: u64,
    /// Of these, calls whose trace context arrived as it was sent: trace and parent are the caller's.
    #[serde(default)]
    pub intact_calls: u64,
    /// What was kept of what matters, where the scenario says what matters: key spans, or faults that make errors or are slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
    /// The same by service, in the plan's order.
    pub services: Vec<ServiceDamage>,
}

/// What arrived of spans and traces that matter, of the measured part; also spans that no sampler took count as created.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// Key spans.
    pub key_spans: KeptOf,
    /// Requests that a fault made fail, and of these those whose failed span arrived.
    pub errors: KeptOf,
    /// Of the former, those of which every span arrived.
    pub errors_whole: u64,
    /// The same of requests that a fault made slow, and of their slow spans.
    pub slow: KeptOf,
    /// Traces of which anything arrived, and of these those of which every span arrived.
    pub whole: KeptOf,
}

/// So many of so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct KeptOf {
    /// All of them.
    pub all: u64,
    /// Those that were kept.
    pub kept: u64,
}

impl KeptOf {
    /// Their share; none where there was nothing to keep.
    pub fn share(&self) -> Option<f64> {
        (self.all > 0).then(|| self.kept as f64 / self.all as f64)
    }
}

/// What one service contributes.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceDamage {
    /// Its name.
    pub service: String,
    /// Hops between the load and it.
    pub depth: u16,
    /// Traces in which it made a sampled span.
    pub traces: u64,
    /// Traces that miss at least one of its spans.
    pub broken: u64,
    /// Traces that miss all of its spans: the viewer does not show that it took part.
    pub invisible: u64,
    /// Its spans that did not arrive.
    pub missing_spans: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Damage {
    /// Traces that miss a span that was not left out on purpose.
    pub const fn damaged(&self) -> u64 {
        (self.headless + self.torn + self.absent).saturating_sub(self.left_out)
    }

    /// Sets the damaged traces per missing span.
    pub fn amplify(&mut self) {
        let lost = self.missing_spans.saturating_sub(self.left_out_spans);
        let each = if lost == 0 { 0.0 } else { self.damaged() as f64 / lost as f64 };
        self.amplification = (each * 1e4).round() / 1e4;
    }

    /// Share of the traces that miss such a span.
    pub fn damaged_share(&self) -> f64 {
        if self.traces == 0 { 0.0 } else { self.damaged() as f64 / self.traces as f64 }
    }

    /// Whether every trace has exactly one state.
    pub const fn closes(&self) -> bool {
        self.traces == self.complete + self.headless + self.torn + self.split + self.absent
            && self.left_out <= self.headless + self.torn + self.absent
    }
}
