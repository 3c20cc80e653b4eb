//! Faults inside a fixture: its runtime and its code.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::{ByteSize, Period};

/// Garbage, live heap, other settings of the collector, forced collections; at least one of them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gc {
    /// Garbage per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocate: Option<ByteSize>,
    /// Size of its objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ByteSize>,
    /// Live heap that is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<ByteSize>,
    /// GOGC, percent; -1 for off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gogc: Option<i32>,
    /// GOMEMLIMIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<ByteSize>,
    /// A forced collection that often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_every: Option<Period>,
}

/// A panic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Panic {
    /// Where.
    pub place: PanicPlace,
    /// What becomes of it.
    #[serde(default)]
    pub outcome: PanicOutcome,
    /// It hits one of so many requests, chosen by their numbers.
    pub one_in: NonZeroU32,
    /// Where it kills the process: started again that long after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<Period>,
}

/// Where a panic happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum PanicPlace {
    /// Under `defer span.End()`.
    UnderDefer,
    /// After the span's start, before the line with `defer`.
    BeforeDefer,
    /// In a deferred function that runs before `End`.
    DeferredBeforeEnd,
    /// In a deferred function that runs after `End`.
    DeferredAfterEnd,
    /// Under `defer func() { span.End() }()`.
    ClosureEnd,
    /// Under several spans, each with `defer span.End()`.
    Nested,
}

/// What becomes of a panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum PanicOutcome {
    /// Recovered by net/http, or by a gRPC interceptor.
    #[default]
    Recovered,
    /// In a goroutine that nobody recovers: the process dies.
    Fatal,
    /// The same, with `defer provider.Shutdown()` in that goroutine.
    FatalAfterShutdown,
    /// In another goroutine than the one with `defer provider.Shutdown()`.
    FatalElsewhere,
}

impl PanicOutcome {
    /// Whether the process dies.
    pub const fn is_fatal(self) -> bool {
        !matches!(self, Self::Recovered)
    }
}

/// The goroutine or the process ends without a panic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeExit {
    /// How.
    pub how: HowExit,
    /// It hits one of so many requests.
    pub one_in: NonZeroU32,
    /// Where the process ends: started again that long after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<Period>,
}

/// How something ends without a panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum HowExit {
    /// `runtime.Goexit`: the goroutine, with its deferred functions.
    Goexit,
    /// `os.Exit`: the process, without deferred functions.
    OsExit,
    /// `log.Fatal`: the same, with a line on stderr.
    LogFatal,
}

impl HowExit {
    /// Whether the process ends.
    pub const fn ends_process(self) -> bool {
        !matches!(self, Self::Goexit)
    }
}

/// A call goes on without its trace context: nothing is lost, the trace is split.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextLost {
    /// How.
    pub how: HowLost,
    /// It hits one of so many requests.
    pub one_in: NonZeroU32,
}

/// How a context is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum HowLost {
    /// A goroutine is started on `context.Background()`.
    Background,
    /// Calls carry no header.
    Strip,
    /// Calls carry the header of another trace.
    Rewrite,
    /// Calls carry B3 headers, and the called service reads W3C's.
    B3,
}

/// A deep call stack.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deep {
    /// Calls, 10 to 1,000,000.
    pub depth: u32,
    /// It hits one of so many requests.
    pub one_in: NonZeroU32,
}

/// A span is not ended as it should be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanError {
    /// What is done wrong.
    pub what: WhatError,
    /// It hits one of so many requests.
    pub one_in: NonZeroU32,
    /// For `handed_over`: how long the other goroutine keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Period>,
}

/// What is done wrong with a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum WhatError {
    /// `End` is never called.
    NeverEnded,
    /// `End` is called twice.
    EndedTwice,
    /// `End` is called after the provider's shutdown.
    EndedAfterShutdown,
    /// Handed to a goroutine that outlives the request.
    HandedOver,
    /// The body of a called service's answer is neither read nor closed, so its client span never ends.
    BodyUnread,
    /// Ended as it should be, with an error: what it measured failed, and the request is answered with 500.
    Failed,
}

/// The cache's connections are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoolExhausted {
    /// How many; 0 for all.
    pub hold: u32,
}

/// The cache's lock is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LruLocked {
    /// How long at a time.
    pub hold: Period,
    /// How often.
    pub every: Period,
}

/// The exporter needs CPU time per span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowSerialisation {
    /// How much.
    pub per_span: Period,
}

/// Spans are stamped by a wall clock that is off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockStep {
    /// By how much.
    pub by: Period,
    /// It is behind, not ahead.
    #[serde(default)]
    pub back: bool,
}

/// A rule for the sampling endpoint of a service, sent to it when it is due.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingRule {
    /// Name of the spans that it is for.
    pub span: String,
    /// Share of the traces of which such a span is kept.
    pub rate: f64,
    /// What a span must be to be kept whatever the rate: `error`, `status_code>=500`, `duration>100ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// After which time it ends by itself; absent: as the endpoint has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Period>,
}

/// A handler hangs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hang {
    /// How long.
    pub lasting: Period,
    /// It hits one of so many requests.
    pub one_in: NonZeroU32,
}
