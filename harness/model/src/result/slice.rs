//! A slice of a trial's timeline.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::Fate;

/// A slice of the timeline.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// Start, milliseconds from the start of the load.
    pub at_ms: f64,
    /// Spans created.
    pub created: u64,
    /// Spans received (first accepted copy).
    pub received: u64,
    /// Spans lost, at the time of their loss.
    pub lost: u64,
    /// Of these by fate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost_by: BTreeMap<Fate, u64>,
    /// Longest queue seen.
    pub queue: u64,
    /// Requests started.
    pub requests: u64,
    /// Longest export that ended in it, milliseconds.
    pub export_ms: f64,
    /// Most exports in flight at one moment, over all services.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_flight: u64,
    /// CPU of the fixture, cores.
    pub fixture_cpu: f64,
    /// Garbage collections that ended between two looks at a process the later of which lies in it, over all services.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gc_cycles: u64,
    /// Stop-the-world time between the same looks, milliseconds, added up over all services.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub stopped_ms: f64,
    /// Heap in use, bytes: the most that was seen of each process looked at in it, added up over these.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub heap: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_nothing(ms: &f64) -> bool {
    ms.abs() < f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_an_older_result_is_read_and_written_as_it_was() {
        let before = concat!(
            r#"{"at_ms":250.0,"created":5,"received":4,"lost":1,"queue":9,"requests":1,"#,
            r#""export_ms":3.5,"fixture_cpu":0.5}"#
        );
        let slice: Slice = serde_json::from_str(before).unwrap();
        assert!(slice.lost_by.is_empty() && slice.in_flight == 0 && slice.heap == 0);
        assert_eq!(serde_json::to_string(&slice).unwrap(), before);
    }
}
