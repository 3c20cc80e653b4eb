//! Which settings a batch processor needs for what it is offered, and the exporter of a collector ([`hop`]): pure arithmetic on their
//! capacity models (`docs/glossary.md`), with the memory they cost. Whoever advises asks [`plan::plan`] or [`hop::plan`], so that the
//! same question has one answer.

pub mod demand;
pub mod hop;
pub mod law;
pub mod lines;
pub mod observed;
pub mod plan;
pub mod retry;
pub mod settings;
pub mod why;

use crate::exporter::defaults;

/// The variable that sets the batch.
pub const BATCH_VARIABLE: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
/// The variable that sets the queue.
pub const QUEUE_VARIABLE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
/// The variable that bounds an export with all its retries.
pub const EXPORT_TIMEOUT_VARIABLE: &str = "OTEL_BSP_EXPORT_TIMEOUT";
/// The variable that sets the exporter's own bound.
pub const EXPORTER_TIMEOUT_VARIABLE: &str = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";

/// A queue that is too short is not made shorter than that.
const LEAST_QUEUE: u32 = defaults::QUEUE;
/// A batch that is too small is not made smaller than that.
const LEAST_BATCH: u32 = defaults::BATCH;
/// The largest batch that is advised: gRPC receivers refuse a message above 4 MiB by default.
const MOST_BATCH: u32 = 8192;
/// From this batch on that bound may be met.
const LARGE_BATCH: u32 = 4096;
/// The longest queue that is advised, 1.4 GiB of spans.
const MOST_QUEUE: u32 = 1 << 20;
/// So much more than what is offered the worker must be able to export.
pub const MARGIN: f64 = 1.25;
/// What the queue shall outlast without an export where it ran full although rate and export time left room, seconds.
const STALL_S: f64 = 1.0;
/// Queues are advised in steps of so many spans.
const STEP: u32 = 1024;
/// Memory of a span in the queue, bytes: growth of the resident set, garbage included; measured in `docs/performance.md`.
pub const SPAN_BYTES: u64 = 1400;
