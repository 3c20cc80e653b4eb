//! The configuration file of a fixture, as it is written and as the fixture reads it (`docs/fixture-protocol.md`, section 2).
//! `docs/protocol/fixture.json` has every key; tests of both languages read it.

mod design;
mod fault;
mod path;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::exporter::defaults;
use crate::exporter::{Compression, Exporter, OnFull, Protocol, Retry, SamplerKind, Via};
use crate::quantity::id::{TraceTag, decimal};
use crate::quantity::unit::Period;
use crate::scenario::{Fixture, ProcessorKind, Service, SpanApi};

pub use design::{DesignConfig, LinesPlace, SwitchConfig, endpoint_token};
pub use fault::{CodeFault, FaultConfig, GcConfig};
pub use path::PathConfig;

/// Version of the file.
pub const VERSION: u32 = 1;

/// Everything that a fixture is told beside its environment. An absent key leaves what it is about as it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureConfig {
    /// [`VERSION`].
    pub version: u32,
    /// `service.name` of its spans.
    pub service: String,
    /// What it serves.
    pub serve: Fixture,
    /// Its number in the plan, part of its span ids.
    pub process: u16,
    /// Which start of the service this is, from 0.
    pub incarnation: u32,
    /// Where it listens; port 0: where the kernel likes.
    pub listen: SocketAddr,
    /// Its span ledger; none switches the process witness off.
    pub ledger: Option<LedgerConfig>,
    /// The trial's part of its trace ids.
    pub trace: TraceConfig,
    /// Whose trace context it takes up.
    pub root: RootConfig,
    /// The API by which it makes its own spans.
    #[serde(default, skip_serializing_if = "SpanApi::is_otel")]
    pub api: SpanApi,
    /// Services that it calls for each request, in this order.
    pub hops: Vec<Hop>,
    /// Its exporter.
    pub exporter: ExporterConfig,
    /// The span processor of its main path; absent: the batch processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<ProcessorKind>,
    /// A span processor before its main path hands on one of so many spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<NonZeroU32>,
    /// Export paths beside the main one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathConfig>,
    /// What one request costs.
    pub work: RequestWork,
    /// A cache before a store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheConfig>,
    /// The design under test that it has built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignConfig>,
    /// Losses made on purpose, which calibrate the instrument.
    pub plant: PlantConfig,
    /// What can be switched on at run time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultConfig>,
    /// The file that Go's runtime/trace goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_trace: Option<PathBuf>,
    /// Bound on the graceful shutdown of the provider, milliseconds.
    pub shutdown_timeout_ms: u64,
}

/// Where the span ledger lies, and how large it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// The file, best on tmpfs.
    pub path: PathBuf,
    /// Spans it has room for.
    pub slots: u64,
    /// Bytes of its append log, a multiple of 8.
    pub log_bytes: u64,
    /// Key of the span id mix.
    #[serde(with = "decimal")]
    pub salt: u64,
}

/// The trial's part of every trace id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceConfig {
    /// Says which run.
    pub run_tag: u16,
    /// Says which trial.
    pub trial: u16,
    /// Key of the mix in the low 8 bytes.
    #[serde(with = "decimal")]
    pub key: u64,
}

impl From<TraceTag> for TraceConfig {
    fn from(tag: TraceTag) -> Self {
        Self { run_tag: tag.run, trial: tag.trial, key: tag.key }
    }
}

/// Whose trace context a fixture takes up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RootConfig {
    /// Nobody's: every request begins a trace.
    Local,
    /// The caller's.
    Remote,
}

/// A service that is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// Its name.
    pub service: String,
    /// How it is called.
    pub to: HopKind,
    /// Where it listens.
    pub target: SocketAddr,
}

/// How a service is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HopKind {
    /// `GET /work`.
    Http,
    /// `/spanfate.fixtures.Work/Do`.
    Grpc,
}

/// The exporter, and its knobs that go by option.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExporterConfig {
    /// Which exporter package.
    pub protocol: Protocol,
    /// Its knobs and those of the processor.
    pub options: FixtureOptions,
}

impl ExporterConfig {
    /// Where knobs that have a variable may go by it.
    pub fn of(exporter: &Exporter) -> Self {
        let options = match exporter.via {
            Some(Via::Option) => FixtureOptions::all(exporter),
            None | Some(Via::Env) => FixtureOptions::without_variable(exporter),
        };
        Self { protocol: exporter.protocol.unwrap_or_default(), options }
    }
}

/// Knobs that are set in code. An absent one is not touched.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureOptions {
    /// Queue length, spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// Spans per export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Longest wait before a partial batch is exported, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Bound on one export by the processor, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_timeout_ms: Option<u64>,
    /// The exporter's own timeout, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Compression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Sampler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerKind>,
    /// Ratio of the sampler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler_arg: Option<f64>,
    /// What happens when the queue is full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_full: Option<OnFull>,
    /// Retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryConfig>,
}

impl FixtureOptions {
    /// Knobs that have no variable.
    fn without_variable(exporter: &Exporter) -> Self {
        Self { on_full: exporter.on_full, retry: exporter.retry.map(RetryConfig::from), ..Self::default() }
    }

    /// All that are set.
    pub fn all(exporter: &Exporter) -> Self {
        Self {
            queue: exporter.queue,
            batch: exporter.batch,
            delay_ms: exporter.delay.map(millis),
            export_timeout_ms: exporter.export_timeout.map(millis),
            timeout_ms: exporter.timeout.map(millis),
            compression: exporter.compression,
            sampler: exporter.sampler,
            sampler_arg: exporter.ratio,
            ..Self::without_variable(exporter)
        }
    }
}

/// Retry policy of the exporter. The SDK's option replaces all values at once, so all of them are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConfig {
    /// Whether failed exports are tried again.
    pub enabled: bool,
    /// First wait, milliseconds.
    pub initial_ms: u64,
    /// Longest wait, milliseconds.
    pub max_interval_ms: u64,
    /// Longest total time, milliseconds.
    pub max_elapsed_ms: u64,
}

impl From<Retry> for RetryConfig {
    fn from(retry: Retry) -> Self {
        Self {
            enabled: retry.enabled,
            initial_ms: retry.initial.map_or(defaults::RETRY_INITIAL_MS, millis),
            max_interval_ms: retry.max_interval.map_or(defaults::RETRY_MOST_MS, millis),
            max_elapsed_ms: retry.max_elapsed.map_or(defaults::RETRY_ELAPSED_MS, millis),
        }
    }
}

/// What one request costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestWork {
    /// Spans, the server span included.
    pub spans: u32,
    /// Names of the child spans, in turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Of these, key spans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// String attributes per child span.
    pub attributes: u32,
    /// Length of each attribute's value.
    pub attribute_bytes: u32,
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// Sleep, microseconds.
    pub sleep_us: u64,
    /// Heap allocation.
    pub allocate_bytes: u64,
}

impl RequestWork {
    /// That of a service.
    pub fn of(service: &Service) -> Self {
        Self {
            spans: service.spans_per_request.get(),
            names: service.span_names.clone(),
            key: service.key_spans.clone(),
            attributes: service.attributes,
            attribute_bytes: service.attribute_bytes,
            cpu_us: service.cpu.nanos() / 1_000,
            sleep_us: service.sleep.nanos() / 1_000,
            allocate_bytes: service.allocate.0,
        }
    }
}

/// A local LRU before a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// Where the store listens.
    pub store: SocketAddr,
    /// Connections.
    pub pool: u32,
    /// Entries of the local LRU.
    pub entries: u32,
    /// Distinct keys of the load.
    pub keys: u32,
}

/// Losses and duplicates made on purpose by the exporter wrapper. They need a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantConfig {
    /// Slots whose spans it filters out.
    pub filter: Vec<u64>,
    /// Export calls, from 0, that it sends twice.
    pub double_send: Vec<u32>,
}

/// A period as the file has it. What does not fit is checked before (`Kind::excesses`, the scenario's checks).
fn millis(period: Period) -> u64 {
    period.nanos() / 1_000_000
}

#[cfg(test)]
mod tests;
