//! Faults of a link. A TCP proxy stands in it: it can delay, cut and refuse, but it cannot lose packets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::{ByteSize, Period};

/// Which way bytes go, seen from the side that opened the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// What it sends.
    Upstream,
    /// What it gets.
    #[default]
    Downstream,
    /// Both.
    Both,
}

/// Bytes arrive later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// By how much.
    pub delay: Period,
    /// Up to how much more or less, drawn by the proxy; it cannot be replayed.
    #[serde(default)]
    pub jitter: Period,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

/// Bytes arrive no faster than that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// Per second, in whole kB.
    pub rate: ByteSize,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

/// Bytes arrive in small pieces.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slicer {
    /// Average size of a piece.
    pub size: ByteSize,
    /// Up to how much smaller or larger.
    #[serde(default)]
    pub variation: ByteSize,
    /// Pause after each piece.
    #[serde(default)]
    pub delay: Period,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

/// Nothing arrives any more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// When the connection ends; absent: not while the fault lasts (a black hole).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Period>,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

/// The end of a connection arrives late.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowClose {
    /// By how much.
    pub delay: Period,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

/// Connections are reset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPeer {
    /// How long after it begins, or after a later connection is opened.
    #[serde(default)]
    pub after: Period,
}

/// The kernel delays, loses or duplicates packets (netem), in a network namespace of the trial's own.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Packets {
    /// They arrive that much later.
    pub delay: Period,
    /// Up to how much more or less.
    pub jitter: Period,
    /// Share that is lost, 0 to 1.
    pub loss: f64,
    /// Share that arrives twice, 0 to 1.
    pub duplicate: f64,
    /// Which way.
    pub direction: Direction,
}

/// The kernel lets packets pass no faster than that (a token bucket), in a network namespace of the trial's own. What waits longer
/// than its queue is long is dropped, so TCP sends it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shaper {
    /// Bytes per second.
    pub rate: ByteSize,
    /// How long a packet may wait; absent: 200ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Period>,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}

/// A connection ends after some bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitData {
    /// After how many.
    pub bytes: ByteSize,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
}
