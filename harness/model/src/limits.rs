//! Limits of the harness's own surroundings that a trial met: what was lost there is not the service's loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::term::{Term, words};

/// A quota on CPU time in the measured part.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct QuotaFigures {
    /// Cores that may be used.
    pub cores: f64,
    /// Periods of the quota in which something was ready to run.
    pub periods: u64,
    /// Of these, periods in which the quota was used up.
    pub throttled: u64,
    /// Time in which what was ready to run was kept from it, milliseconds, added up over the CPUs.
    pub throttled_ms: f64,
}

impl QuotaFigures {
    /// Share of the periods in which the quota was used up.
    pub fn share(&self) -> f64 {
        self.throttled as f64 / (self.periods as f64).max(1.0)
    }
}

words! {
    /// What ran out.
    pub enum OwnLimit {
        /// Descriptors that this process may have.
        Descriptors = "descriptors of the harness",
        /// Files that may be open on the whole machine.
        OpenFiles = "open files of the machine",
        /// Local ports for connections to one address.
        Ports = "local ports",
        /// Space for raw logs.
        Space = "space for raw logs",
    }
}

words! {
    /// The part of the harness that it ran out for.
    pub enum LimitedPart {
        /// The load generator, for a connection.
        Load = "load generator",
        /// The receiver, for a connection that a client had opened.
        Receiver = "receiver",
        /// The relay, for a connection to the endpoint behind it.
        Relay = "relay",
        /// The log of what the receiver saw.
        WireLog = "wire log",
        /// The log of what became of requests.
        LoadLog = "load log",
        /// The log of what the probes saw.
        ProbeLog = "probe log",
        /// The samples of resource usage.
        Sampler = "usage sampler",
    }
}

/// A limit that was met.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LimitMet {
    /// What ran out.
    pub what: Term<OwnLimit>,
    /// For which part of the harness.
    pub part: Term<LimitedPart>,
    /// How often it was missed.
    pub times: u64,
    /// How much there was, where that is known: descriptors, or bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_another_version_is_kept_and_one_of_this_is_known() {
        let text = r#"{"what":"descriptors of the harness","part":"a part to come","times":3}"#;
        let met: LimitMet = serde_json::from_str(text).unwrap();
        assert!(met.what.is(&OwnLimit::Descriptors) && met.part.known().is_none());
        assert_eq!(serde_json::to_string(&met).unwrap(), text);
    }

    #[test]
    fn a_quota_without_a_period_was_not_used_up() {
        assert_eq!(QuotaFigures::default().share().to_bits(), 0.0_f64.to_bits());
        let some = QuotaFigures { periods: 121, throttled: 84, ..QuotaFigures::default() };
        assert!((some.share() - 0.694).abs() < 0.001);
    }
}
