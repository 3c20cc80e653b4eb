//! `[[fault]]`: what goes wrong on purpose, where, and when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::{At, Family, FaultKind, PlannedWindow, Requests, Target, Trigger, repeated};
use crate::quantity::unit::Period;
use crate::scenario::Variant;

/// A fault of the timeline. Exactly one of `at`, `when` and `requests` says when it begins; `at` beside `when` means "not
/// before".
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What it is called in tables; absent: the name of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What happens.
    pub kind: FaultKind,
    /// What it is put on; absent: the first service, the link on which it exports, or the receiver, as the kind needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Target>,
    /// When it begins, from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// How long it lasts; absent: until the trial ends, its orderly stop included.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Period>,
    /// It begins again that often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Period>,
    /// Until when it begins again; absent: until the load ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Period>,
    /// It begins once a service is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Trigger>,
    /// It acts on these requests at the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
    /// Variants that have it; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<String>>,
    /// The dose below which it did not happen, in what its kind counts; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
}

impl Fault {
    /// Name in tables.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.kind.name())
    }

    /// Whether a variant has it: the fault may name its variants, and the variant its faults.
    pub fn is_of(&self, variant: &Variant) -> bool {
        let named = |names: &Option<Vec<String>>, name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|one| one == name))
        };
        named(&self.variants, &variant.name)
            && self.name.as_deref().is_none_or(|own| named(&variant.faults, own))
    }

    /// What it is put on, where the file does not say.
    pub fn target(&self, first: &str) -> Target {
        self.on.clone().unwrap_or_else(|| match self.kind.family() {
            Family::Network => Target::exports_of(first),
            Family::Process | Family::Code => Target::Service(first.to_owned()),
            Family::Receiver => Target::Receiver,
        })
    }

    /// The dose it must reach.
    pub fn needed(&self) -> u64 {
        self.at_least.unwrap_or(1)
    }

    /// How long it keeps exports from their endpoint at a time, seconds. Faults of a process, of its CPU or of its code are no outage:
    /// no queue is to bridge them.
    pub fn outage_s(&self) -> f64 {
        let cuts = matches!(self.kind.family(), Family::Network | Family::Receiver) && !self.kind.is_moment();
        self.lasting.filter(|_| cuts).map_or(0.0, Period::seconds)
    }

    /// Its windows in a trial, for a load of that length in nanoseconds. Empty for a fault that begins by a state, whose
    /// window begins when it does, and for one that counts requests.
    pub fn windows(&self, number: usize, seed: u64, load: u64) -> Vec<PlannedWindow> {
        let Some(at) = self.at.filter(|_| self.when.is_none() && self.requests.is_none()) else {
            return Vec::new();
        };
        let length = if self.kind.is_moment() { Some(0) } else { self.lasting.map(Period::nanos) };
        let until = self.until.map_or(u64::MAX, Period::nanos);
        repeated(at.drawn(seed, number), self.every.map(Period::nanos), until, length, load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_keeps_exports_from_their_endpoint_is_an_outage() {
        let outage = |text: &str| serde_json::from_str::<Fault>(text).unwrap().outage_s();
        for (text, seconds) in [
            (r#"{"at": "1s", "for": "3s", "kind": {"answer": {"never": {}}}}"#, 3.0),
            (r#"{"at": "1s", "kind": {"answer": {"never": {}}}}"#, 0.0),
            (r#"{"at": "1s", "for": "9s", "kind": "pause"}"#, 0.0),
        ] {
            assert_eq!(outage(text).to_bits(), f64::to_bits(seconds), "{text}");
        }
    }
}
