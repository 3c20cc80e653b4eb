//! How a service ended: by what, at whose bidding, and what became of its tracer providers' shutdowns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::term::{Term, words};

words! {
    /// Who made a process end.
    pub enum EndedBy {
        /// It did itself: it exited without being asked, or its own fault ended it.
        Itself = "itself",
        /// We asked it to stop, for the run was over.
        Harness = "the harness, at the end of the run",
        /// The user of the harness did: their Ctrl-C, or the like, was handed on.
        User = "the user of the harness",
        /// We killed it, for it took longer to shut down than it may.
        Impatience = "the harness, after the time to shut down",
        /// A fault of the scenario did, or may have.
        Fault = "a fault of the scenario",
        /// The kernel killed it because memory had run out.
        OutOfMemory = "the kernel, for memory had run out",
        /// A signal did that none of these sent.
        SomebodyElse = "somebody else",
    }
}

words! {
    /// How far the shutdown of a tracer provider came.
    pub enum ShutdownCourse {
        /// Nobody called it.
        NotCalled = "not called",
        /// It was called and returned.
        Returned = "returned",
        /// It was called and returned an error.
        ReturnedError = "returned an error",
        /// It was called, and the process ended before it returned.
        DidNotReturn = "did not return",
        /// It was called; whether it returned was not seen.
        ReturnUnseen = "called, return not seen",
        /// Whether it was called was not seen.
        Unseen = "not seen",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How one start of a service ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServiceEnd {
    /// Which start of the service.
    pub incarnation: u32,
    /// When, milliseconds from the start of the load; below 0 before it.
    pub at_ms: f64,
    /// Exit code, if it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Number of the signal, if one ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Who made it end.
    pub by: Term<EndedBy>,
    /// Number of the fault that did, or may have, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<usize>,
    /// Processes that it had started and that still ran. They were ended with it, and nobody watched their spans.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_running: u32,
    /// Its tracer providers, in the order of their first spans; empty where no witness looks at them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderEnd>,
}

/// What became of the shutdown of one tracer provider.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProviderEnd {
    /// Its number in the order of the providers' first spans, from 1.
    pub provider: u32,
    /// How far its shutdown came.
    pub shutdown: Term<ShutdownCourse>,
    /// When it was called, milliseconds from the start of the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_ms: Option<f64>,
    /// How long it took to return, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
}
