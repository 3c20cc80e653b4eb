//! When a fault happens. What is drawn is drawn from the trial's seed, before the run.

use std::fmt;
use std::num::NonZeroU32;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::id::mix;
use crate::quantity::text;
use crate::quantity::unit::Period;

/// A time from the start of the load, warm-up included: `"2s"`, or `"1s..3s"` for one that is drawn per trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct At {
    /// Not before.
    pub from: Period,
    /// Not after.
    pub to: Period,
}

/// A state that a service must be in, as its span ledger says while it runs, or a collector, as its metrics do. All that is given must
/// hold at once.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Trigger {
    /// Whose state; absent: the service the fault is on, else the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// A collector of the path in a service's place, which says of itself how full the queues of its exporters are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop: Option<String>,
    /// Spans in the batch processor's queue, at least. Its length is looked at every 10 ms. With `hop`: what the queues of its exporters
    /// hold, in what they count in, looked at every 50 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_at_least: Option<u32>,
    /// Whether an export is in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_in_flight: Option<bool>,
    /// Spans created, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spans_created: Option<u64>,
}

/// Requests at the receiver, by number from 0 in the order in which they begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// The first.
    #[serde(default)]
    pub from: u32,
    /// The last; absent: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// Every how many.
    #[serde(default = "one")]
    pub every: NonZeroU32,
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// A time in which a fault is planned to act, nanoseconds from the start of the load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlannedWindow {
    /// Its beginning.
    pub from: u64,
    /// Its end; `u64::MAX` stands for the end of the trial. The beginning again for what happens at a moment.
    pub to: u64,
}

impl At {
    /// Bounds of the time, nanoseconds.
    pub const fn bounds(self) -> (u64, u64) {
        (self.from.nanos(), self.to.nanos())
    }

    /// The time in a trial, nanoseconds. Faults of one trial are drawn apart.
    pub fn drawn(self, seed: u64, fault: usize) -> u64 {
        let (from, to) = self.bounds();
        if to <= from {
            return from;
        }
        ChaCha8Rng::seed_from_u64(seed ^ mix(fault as u64 + 1)).random_range(from..=to)
    }
}

impl JsonSchema for At {
    text::text!("At", || text::TextSchema {
        what: "A time from the start of the load, warm-up included; `1s..3s` is drawn per trial.".to_owned(),
        pattern: format!(r"{0}(?:\.\.{0})?", Period::pattern()),
        example: "2s".to_owned(),
    });
}

impl TryFrom<String> for At {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let period = |text: &str| Period::try_from(text.to_owned()).map_err(|error| error.to_string());
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (period(from)?, period(to)?),
            None => (period(&text)?, period(&text)?),
        };
        if to < from {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { from, to })
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { self.from.fmt(f) } else { write!(f, "{}..{}", self.from, self.to) }
    }
}

impl From<At> for String {
    fn from(at: At) -> Self {
        at.to_string()
    }
}

/// Windows that begin `every` so often, until the load ends. One that would begin at its end or later is none.
pub(crate) fn repeated(
    first: u64,
    every: Option<u64>,
    until: u64,
    length: Option<u64>,
    load: u64,
) -> Vec<PlannedWindow> {
    let mut out = Vec::new();
    let mut from = first;
    while from < load && (out.is_empty() || from < until) {
        out.push(PlannedWindow { from, to: length.map_or(u64::MAX, |length| from.saturating_add(length)) });
        match every {
            Some(every) if every > 0 => from = from.saturating_add(every),
            _ => break,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_read_and_write() {
        for text in ["2s", "1s..3s"] {
            assert_eq!(At::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        assert!(At::try_from("3s..1s".to_owned()).unwrap_err().contains("ends before"));
        assert!(At::try_from("1s..".to_owned()).is_err());
    }

    #[test]
    fn windows_repeat_until_the_load_ends() {
        let windows = repeated(2, Some(5), 100, Some(2), 14);
        assert_eq!(windows, [(2, 4), (7, 9), (12, 14)].map(|(from, to)| PlannedWindow { from, to }));
        assert_eq!(repeated(2, None, 100, None, 14), [PlannedWindow { from: 2, to: u64::MAX }]);
        assert!(repeated(14, None, 100, None, 14).is_empty());
    }

    proptest! {
        #[test]
        fn a_drawn_time_lies_within_its_bounds_and_is_the_same_again(seed: u64, fault in 0_usize..32, from in 0_u64..100, more in 0_u64..100) {
            let at = At { from: Period::millis(from), to: Period::millis(from + more) };
            let drawn = at.drawn(seed, fault);
            prop_assert!((from * 1_000_000..=(from + more) * 1_000_000).contains(&drawn));
            prop_assert_eq!(drawn, at.drawn(seed, fault));
        }
    }
}
