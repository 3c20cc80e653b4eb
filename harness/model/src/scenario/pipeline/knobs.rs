//! What can be set of a collector that the project configures.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exporter::Protocol;
use crate::quantity::unit::{ByteSize, Period};

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
    /// Room on disk for the queue, with `storage = "disk"` (`max_size` of `file_storage`); absent: what the disk has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_size: Option<ByteSize>,
    /// Largest message that its receiver takes over gRPC, in whole MiB (`max_recv_msg_size_mib`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_recv: Option<ByteSize>,
    /// Age at which its receiver asks clients over gRPC to connect anew (`max_connection_age`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connection_age: Option<Period>,
    /// How often its exporter asks over gRPC whether an idle connection still is one (`keepalive.time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keepalive: Option<Period>,
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
            disk_size: self.disk_size.or(base.disk_size),
            max_recv: self.max_recv.or(base.max_recv),
            max_connection_age: self.max_connection_age.or(base.max_connection_age),
            keepalive: self.keepalive.or(base.keepalive),
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
