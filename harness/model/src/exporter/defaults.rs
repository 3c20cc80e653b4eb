//! The defaults of the Go SDK, its OTLP exporters and grpc-go: what holds where nobody sets anything. The only place that has them;
//! fixtures have their own, because Go needs them there.

/// Length of the queue, spans (`OTEL_BSP_MAX_QUEUE_SIZE`).
pub const QUEUE: u32 = 2048;
/// Spans per export at most (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
pub const BATCH: u32 = 512;
/// After this time a batch that does not fill is exported, milliseconds (`OTEL_BSP_SCHEDULE_DELAY`).
pub const DELAY_MS: u64 = 5_000;
/// Bound on an export with all its retries, milliseconds (`OTEL_BSP_EXPORT_TIMEOUT`).
pub const EXPORT_TIMEOUT_MS: u64 = 30_000;
/// The exporter's own bound, milliseconds (`OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`).
pub const EXPORTER_TIMEOUT_MS: u64 = 10_000;
/// Pause before the first retry of an export, milliseconds.
pub const RETRY_INITIAL_MS: u64 = 5_000;
/// The longest pause between retries before chance moves it, milliseconds.
pub const RETRY_MOST_MS: u64 = 30_000;
/// After this time no further retry is made, milliseconds (`MaxElapsedTime`).
pub const RETRY_ELAPSED_MS: u64 = 60_000;
/// The longest pause of gRPC between attempts to connect, milliseconds.
pub const RECONNECT_MOST_MS: u64 = 120_000;
