//! Response times of the requests that nobody disturbed, where a trial is not valid for latency: an estimate, which gates nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::term::{Term, words};

words! {
    /// Why response times without disturbance cannot be told.
    pub enum EstimateDoubt {
        /// Too few requests lie in undisturbed time.
        TooFew = "too few requests lie in undisturbed time",
        /// Others took time evenly, so no time is undisturbed.
        Everywhere = "others took time also where none is seen",
        /// Those just after a disturbance are slower than later ones.
        AfterEffects = "requests are slower just after a disturbance than later",
        /// The load itself came late.
        LoadLate = "the load itself came late",
    }
}

/// What requests took whose time lies in windows in which nobody took time from the service, with a guard before and a reach after.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct UndisturbedTimes {
    /// Requests of the measured part that count.
    pub requests: u64,
    /// Their share of all that were started in it, 0 to 1.
    pub share: f64,
    /// Time without disturbance that each has before its intended start, milliseconds.
    pub guard_ms: f64,
    /// The same after it; the same for all, so that slow requests are not left out.
    pub reach_ms: f64,
    /// Median response time from the intended start, milliseconds. Absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// 99 %; absent also where too few requests show it. Too high where others took slices that the kernel's counters do not show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// Why it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Term<EstimateDoubt>>,
}
