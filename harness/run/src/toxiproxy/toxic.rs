//! Toxics as the server writes and reads them.

use serde::{Deserialize, Serialize};

/// One toxic of a proxy.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Toxic {
    /// Its name, of which a proxy has one only.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: ToxicKind,
    /// Which way.
    pub stream: ToxicStream,
    /// Share of connections on which it acts, 0 to 1. It is rolled per connection, and again when the toxic is updated.
    pub toxicity: f32,
}

/// Direction of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToxicStream {
    /// From the client.
    Upstream,
    /// To the client.
    Downstream,
}

/// What a toxic does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "attributes", rename_all = "snake_case")]
pub enum ToxicKind {
    /// Delays data.
    Latency {
        /// Milliseconds.
        latency: u64,
        /// Milliseconds more or less.
        jitter: u64,
    },
    /// Limits the rate.
    Bandwidth {
        /// 1000 bytes per second; 0 is no limit.
        rate: u64,
    },
    /// Delays the end of a connection.
    SlowClose {
        /// Milliseconds.
        delay: u64,
    },
    /// Stops all data, and ends the connection when it has been silent so long.
    Timeout {
        /// Milliseconds; 0 for never, until the toxic is removed.
        timeout: u64,
    },
    /// Resets a connection once data come or it ends.
    ResetPeer {
        /// Milliseconds from then.
        timeout: u64,
    },
    /// Cuts data into small pieces.
    Slicer {
        /// Bytes of a piece.
        average_size: u64,
        /// Bytes more or less; less than `average_size`.
        size_variation: u64,
        /// Microseconds between pieces.
        delay: u64,
    },
    /// Ends the connection after so many bytes.
    LimitData {
        /// Bytes.
        bytes: u64,
    },
}
