//! `[pipeline]`: collectors between the services and the receiver, in the order in which spans pass them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exporter::Protocol;
use crate::quantity::unit::{ByteSize, Period};

/// Collectors in the path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// The collectors, in order: services send to the first, the last sends to the receiver.
    pub hop: Vec<CollectorHop>,
}

/// A collector in the path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectorHop {
    /// Its name in tables, and for faults.
    pub name: String,
    /// A collector of the user's own: its binary, its configuration, or both; absent: the project's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<OwnCollector>,
    /// How it is set up.
    #[serde(default, skip_serializing_if = "HopKnobs::is_empty")]
    pub knobs: HopKnobs,
    /// How long it may take to stop before it is killed.
    #[serde(default = "thirty_seconds")]
    pub shutdown: Period,
    /// At the end of a trial: how long it may take to send what it holds before it is asked to stop.
    #[serde(default = "thirty_seconds")]
    pub drain: Period,
}

/// What a user brings of a collector.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnCollector {
    /// The program: a path, seen from the scenario file's folder, or a name that PATH has; absent: the project's own collector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// Its configuration, seen from the scenario file's folder. Endpoints of exporters that lead on the path and ports on which it
    /// listens are set for a trial, everything else is as it stands there. Absent: what `knobs` say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

/// What the queue of an exporter counts in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum QueueSizer {
    /// Requests, whatever is in them.
    Requests,
    /// Spans.
    Items,
    /// Bytes.
    Bytes,
}

impl QueueSizer {
    /// Its name in a collector's configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Items => "items",
            Self::Bytes => "bytes",
        }
    }
}

/// Where the queue of an exporter lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum QueueStorage {
    /// In memory: it ends with the process.
    Memory,
    /// On disk, by the extension `file_storage`.
    Disk,
}

/// Compression of what a collector sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum HopCompression {
    /// None.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

impl HopCompression {
    /// Its name in a collector's configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Settings of the project's own collector. An absent key leaves the collector's default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HopKnobs {
    /// Whether the pipeline has the batch processor; absent: it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_processor: Option<bool>,
    /// Spans after which the batch processor hands on (`send_batch_size`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<NonZeroU32>,
    /// Time after which it does so at the latest (`timeout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_timeout: Option<Period>,
    /// Whether the exporter makes batches itself (`sending_queue.batch`); absent: it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exporter_batch: Option<bool>,
    /// Fewest spans of such a batch (`min_size`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exporter_batch_min: Option<NonZeroU32>,
    /// Most spans of such a batch (`max_size`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exporter_batch_max: Option<NonZeroU32>,
    /// Time after which such a batch is sent at the latest (`flush_timeout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush_timeout: Option<Period>,
    /// Whether the exporter has a queue (`sending_queue.enabled`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<bool>,
    /// Length of the queue (`queue_size`), in what `queue_sizer` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_size: Option<NonZeroU32>,
    /// What the queue counts in (`sizer`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_sizer: Option<QueueSizer>,
    /// Exports at the same time (`num_consumers`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumers: Option<NonZeroU32>,
    /// Whether a full queue makes its caller wait in place of refusing (`block_on_overflow`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_on_overflow: Option<bool>,
    /// Whether the caller waits for the result of the export (`wait_for_result`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_result: Option<bool>,
    /// Where the queue lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<QueueStorage>,
    /// Whether failed exports are tried again (`retry_on_failure.enabled`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<bool>,
    /// First wait before another attempt (`initial_interval`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_initial: Option<Period>,
    /// Longest wait (`max_interval`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_max: Option<Period>,
    /// Time after which it gives up (`max_elapsed_time`); `0s`: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_give_up: Option<Period>,
    /// Bound on one export (`timeout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Period>,
    /// Memory above which the memory limiter refuses (`limit_mib`); absent: there is no memory limiter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<ByteSize>,
    /// Protocol of its exporter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Compression of what it sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<HopCompression>,
}

impl HopKnobs {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These settings, and where one is absent, those of `base`.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            batch_processor: self.batch_processor.or(base.batch_processor),
            batch_size: self.batch_size.or(base.batch_size),
            batch_timeout: self.batch_timeout.or(base.batch_timeout),
            exporter_batch: self.exporter_batch.or(base.exporter_batch),
            exporter_batch_min: self.exporter_batch_min.or(base.exporter_batch_min),
            exporter_batch_max: self.exporter_batch_max.or(base.exporter_batch_max),
            flush_timeout: self.flush_timeout.or(base.flush_timeout),
            queue: self.queue.or(base.queue),
            queue_size: self.queue_size.or(base.queue_size),
            queue_sizer: self.queue_sizer.or(base.queue_sizer),
            consumers: self.consumers.or(base.consumers),
            block_on_overflow: self.block_on_overflow.or(base.block_on_overflow),
            wait_for_result: self.wait_for_result.or(base.wait_for_result),
            storage: self.storage.or(base.storage),
            retry: self.retry.or(base.retry),
            retry_initial: self.retry_initial.or(base.retry_initial),
            retry_max: self.retry_max.or(base.retry_max),
            retry_give_up: self.retry_give_up.or(base.retry_give_up),
            timeout: self.timeout.or(base.timeout),
            memory_limit: self.memory_limit.or(base.memory_limit),
            protocol: self.protocol.or(base.protocol),
            compression: self.compression.or(base.compression),
        }
    }

    /// Whether the pipeline has the batch processor.
    pub fn has_batch_processor(&self) -> bool {
        self.batch_processor.unwrap_or(true)
    }

    /// Whether the exporter's queue outlives its process.
    pub fn is_persistent(&self) -> bool {
        self.storage == Some(QueueStorage::Disk)
    }
}

impl Pipeline {
    /// The hops with what a variant sets of them, by their names: knobs, and other collectors.
    pub fn with(
        &self,
        knobs: &BTreeMap<String, HopKnobs>,
        collectors: &BTreeMap<String, OwnCollector>,
    ) -> Vec<CollectorHop> {
        let one = |hop: &CollectorHop| CollectorHop {
            knobs: knobs.get(&hop.name).map_or(hop.knobs, |own| own.over(hop.knobs)),
            collector: collectors.get(&hop.name).or(hop.collector.as_ref()).cloned(),
            ..hop.clone()
        };
        self.hop.iter().map(one).collect()
    }
}

impl CollectorHop {
    /// The user's own configuration, where there is one.
    pub fn own_config(&self) -> Option<&str> {
        self.collector.as_ref()?.config.as_deref()
    }

    /// The user's own program, where there is one.
    pub fn own_binary(&self) -> Option<&str> {
        self.collector.as_ref()?.binary.as_deref()
    }
}

const fn thirty_seconds() -> Period {
    Period::millis(30_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_sets_knobs_of_a_hop_and_keeps_the_others() {
        let hop = r#"{"hop": [{"name": "agent", "knobs": {"queue_size": 100, "retry": false}}, {"name": "gateway"}]}"#;
        let pipeline: Pipeline = serde_json::from_str(hop).unwrap();
        let set: BTreeMap<String, HopKnobs> =
            serde_json::from_str(r#"{"agent": {"queue_size": 7, "storage": "disk"}}"#).unwrap();
        let own: BTreeMap<String, OwnCollector> =
            serde_json::from_str(r#"{"gateway": {"config": "gateway.yaml"}}"#).unwrap();
        let hops = pipeline.with(&set, &own);
        assert_eq!((hops[0].own_config(), hops[1].own_config()), (None, Some("gateway.yaml")));
        assert_eq!(hops[0].knobs.queue_size.map(NonZeroU32::get), Some(7));
        assert_eq!((hops[0].knobs.retry, hops[0].knobs.is_persistent()), (Some(false), true));
        assert!(hops[1].knobs.is_empty() && hops[1].knobs.has_batch_processor());
        assert_eq!(pipeline.with(&BTreeMap::new(), &BTreeMap::new()), pipeline.hop);
    }
}
