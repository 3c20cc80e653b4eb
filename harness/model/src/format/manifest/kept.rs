//! Whole messages that a receiver kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whole spans beside a wire log: the messages that were accepted, as they came.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KeptSpans {
    /// File name of those in protobuf, each behind its length as four bytes, big endian; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protobuf: Option<String>,
    /// File name of those in JSON, one a line; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// How many messages.
    pub messages: u64,
    /// Spans in them.
    pub spans: u64,
    /// Accepted spans that are not in them.
    pub missed: u64,
    /// Requests with metrics that were accepted and not kept; absent where none were to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_missed: Option<u64>,
    /// Bytes of each file, by its name, those of metrics as well: one that was cut between two messages looks whole by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, u64>,
}

/// Log records that were accepted: the messages, as they came.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct KeptLogs {
    /// File name of those in protobuf, each behind its length as four bytes, big endian; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protobuf: Option<String>,
    /// File name of those in JSON, one a line; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// How many messages.
    pub messages: u64,
    /// Accepted messages that are not in them.
    pub missed: u64,
    /// Bytes of each file, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, u64>,
}

impl KeptLogs {
    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.protobuf.iter().chain(&self.json)
    }
}
