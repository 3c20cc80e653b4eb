//! The exporter and processor settings of a Go service: what a variant sets, and what the SDK then really uses.

pub mod defaults;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::Period;

/// Export protocol; it chooses the exporter package.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Protocol {
    /// OTLP over gRPC (`otlptracegrpc`).
    #[default]
    #[serde(rename = "grpc")]
    Grpc,
    /// OTLP over HTTP with protobuf bodies (`otlptracehttp`).
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

impl Protocol {
    /// The value `OTEL_EXPORTER_OTLP_PROTOCOL` has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
        }
    }
}

/// Compression of export requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// No compression.
    None,
    /// gzip.
    Gzip,
}

/// What the batch processor does when its queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum OnFull {
    /// Drop the span (the SDK's default).
    Drop,
    /// Block the caller of `End()`.
    Block,
}

/// How a knob reaches the SDK.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// By its environment variable where it has one, as users do.
    #[default]
    Env,
    /// By an option in the code.
    Option,
}

/// A sampler, by the name `OTEL_TRACES_SAMPLER` gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// Samples everything.
    AlwaysOn,
    /// Samples nothing.
    AlwaysOff,
    /// Samples a share, by trace id.
    #[serde(rename = "traceidratio")]
    TraceIdRatio,
    /// Follows the parent; roots are sampled.
    #[serde(rename = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// Follows the parent; roots are not sampled.
    #[serde(rename = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// Follows the parent; a share of the roots is sampled.
    #[serde(rename = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl SamplerKind {
    /// The value of `OTEL_TRACES_SAMPLER`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlwaysOn => "always_on",
            Self::AlwaysOff => "always_off",
            Self::TraceIdRatio => "traceidratio",
            Self::ParentBasedAlwaysOn => "parentbased_always_on",
            Self::ParentBasedAlwaysOff => "parentbased_always_off",
            Self::ParentBasedTraceIdRatio => "parentbased_traceidratio",
        }
    }

    /// Whether it takes a ratio.
    pub const fn takes_ratio(self) -> bool {
        matches!(self, Self::TraceIdRatio | Self::ParentBasedTraceIdRatio)
    }
}

/// Retry settings of the exporter (option only; there is no variable).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Whether failed exports are tried again.
    pub enabled: bool,
    /// First wait.
    pub initial: Option<Period>,
    /// Longest wait.
    pub max_interval: Option<Period>,
    /// Longest total time.
    pub max_elapsed: Option<Period>,
}

/// The knobs of one configuration. An absent knob is not touched: the SDK's own default holds.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exporter {
    /// Export protocol (the harness must choose one; absent means `grpc`).
    pub protocol: Option<Protocol>,
    /// Queue length in spans (`OTEL_BSP_MAX_QUEUE_SIZE`).
    pub queue: Option<u32>,
    /// Spans per export (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    pub batch: Option<u32>,
    /// Longest wait before a partial batch is exported (`OTEL_BSP_SCHEDULE_DELAY`).
    pub delay: Option<Period>,
    /// Bound on one export by the processor (`OTEL_BSP_EXPORT_TIMEOUT`).
    pub export_timeout: Option<Period>,
    /// What happens when the queue is full (option only).
    pub on_full: Option<OnFull>,
    /// The exporter's own timeout (`OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`).
    pub timeout: Option<Period>,
    /// Retry (option only).
    pub retry: Option<Retry>,
    /// Compression (`OTEL_EXPORTER_OTLP_TRACES_COMPRESSION`).
    pub compression: Option<Compression>,
    /// Sampler (`OTEL_TRACES_SAMPLER`).
    pub sampler: Option<SamplerKind>,
    /// Ratio of a ratio sampler (`OTEL_TRACES_SAMPLER_ARG`), 0 to 1.
    pub ratio: Option<f64>,
    /// How knobs reach the SDK.
    pub via: Option<Via>,
}

/// What the SDK takes for a batch that its variables set.
pub const fn batch_by_variables(batch: u32, queue: u32) -> u32 {
    match (batch > queue, queue < defaults::BATCH) {
        (false, _) => batch,
        (true, true) => queue,
        (true, false) => defaults::BATCH,
    }
}

impl Exporter {
    /// Queue length that holds: its own, or the SDK's default.
    pub fn queue_or_default(&self) -> u32 {
        self.queue.unwrap_or(defaults::QUEUE)
    }

    /// Spans per export that hold. Where the SDK reads a batch that is larger than the queue from its variables, it takes its
    /// default in place of that, or what the queue holds; what code sets it takes as it is.
    pub fn batch_or_default(&self) -> u32 {
        let (batch, queue) = (self.batch.unwrap_or(defaults::BATCH), self.queue_or_default());
        match self.via.unwrap_or_default() {
            Via::Env => batch_by_variables(batch, queue),
            Via::Option => batch,
        }
    }

    /// These knobs, and where one is absent, those of `base`.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            protocol: self.protocol.or(base.protocol),
            queue: self.queue.or(base.queue),
            batch: self.batch.or(base.batch),
            delay: self.delay.or(base.delay),
            export_timeout: self.export_timeout.or(base.export_timeout),
            on_full: self.on_full.or(base.on_full),
            timeout: self.timeout.or(base.timeout),
            retry: self.retry.or(base.retry),
            compression: self.compression.or(base.compression),
            sampler: self.sampler.or(base.sampler),
            ratio: self.ratio.or(base.ratio),
            via: self.via.or(base.via),
        }
    }

    /// The knobs that are set, as text, for tables and reports.
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut put =
            |name: &str, value: Option<String>| out.extend(value.map(|value| (name.to_owned(), value)));
        put("protocol", self.protocol.map(|p| p.as_str().to_owned()));
        put("queue", self.queue.map(|n| n.to_string()));
        put("batch", self.batch.map(|n| n.to_string()));
        put("delay", self.delay.map(|p| p.to_string()));
        put("export_timeout", self.export_timeout.map(|p| p.to_string()));
        put("on_full", self.on_full.map(|f| if f == OnFull::Block { "block" } else { "drop" }.to_owned()));
        put("timeout", self.timeout.map(|p| p.to_string()));
        put("retry", self.retry.map(|r| if r.enabled { "on" } else { "off" }.to_owned()));
        put(
            "compression",
            self.compression.map(|c| if c == Compression::Gzip { "gzip" } else { "none" }.to_owned()),
        );
        put("sampler", self.sampler.map(|s| s.as_str().to_owned()));
        put("ratio", self.ratio.map(|r| r.to_string()));
        put("via", self.via.map(|v| if v == Via::Option { "option" } else { "env" }.to_owned()));
        out
    }
}

/// What the SDK really uses, as it says itself after start.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Effective {
    /// Export protocol.
    pub protocol: String,
    /// Queue length in spans.
    pub queue: u32,
    /// Spans per export.
    pub batch: u32,
    /// Schedule delay in milliseconds.
    pub delay_ms: f64,
    /// Export timeout of the processor in milliseconds.
    pub export_timeout_ms: f64,
    /// Whether `End()` blocks when the queue is full.
    pub block: bool,
    /// Go type of the exporter.
    pub exporter_type: String,
    /// The sampler's own description.
    pub sampler: String,
}
