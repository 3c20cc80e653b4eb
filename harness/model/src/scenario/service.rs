//! The services under test: fixtures of `go-fixtures/`, alone or as a chain, or a Go program of the user's own.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::path::ExportPath;
use crate::exporter::Exporter;
use crate::quantity::unit::{ByteSize, Period};

/// One service and the work of one call to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Its name, also `service.name` of its spans; empty in a file means that of the fixture.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which fixture; of no account where `command` is given.
    pub fixture: Fixture,
    /// Names of the services it calls, in this order, once each per call to itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// Spans per call: the server span and its children, without those of `calls` and `cache`.
    pub spans_per_request: NonZeroU32,
    /// Names of the child spans, in turn; none means `work.child`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub span_names: Vec<String>,
    /// Of these, the ones that matter most: samplers of designs keep them, and `kept.key_spans` says how many arrived.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key_spans: Vec<String>,
    /// String attributes per child span.
    pub attributes: u32,
    /// Length of each attribute's value.
    pub attribute_bytes: u32,
    /// CPU time per call.
    pub cpu: Period,
    /// Sleep per call.
    pub sleep: Period,
    /// Heap allocation per call.
    pub allocate: ByteSize,
    /// Where its part of a trace is begun; absent means the usual: the first service begins it, the others take it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// A cache before a store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// Bound on the graceful shutdown of server and provider.
    pub shutdown: Period,
    /// Whether the process witness is on.
    pub witness: WitnessMode,
    /// The fixture writes a runtime/trace, to be held against the probes. It changes what is measured.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub runtime_trace: bool,
    /// Exporter knobs of this service alone, over those of the variant.
    pub exporter: Exporter,
    /// A span processor before the main path hands on one of so many spans, by slot number, and hides the others; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<NonZeroU32>,
    /// Further export paths beside the main one.
    #[serde(rename = "path", skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<ExportPath>,
    /// A program of the user's own in a fixture's place, with its arguments; `{port}` is a free port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// A command that is run once before, to build it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub build: Vec<String>,
    /// Where `build` and `command` run, seen from the scenario file's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// Its environment beside what the harness sets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// It gets our own environment, too, as it would from its user's shell.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inherit_env: bool,
    /// URL that answers 2xx once it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// URL of every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A fixture of `go-fixtures/`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Fixture {
    /// An HTTP service with otelhttp.
    #[default]
    Http,
    /// A gRPC service with otelgrpc.
    Grpc,
    /// A small RESP server, as Redis is one; it makes no spans.
    Store,
}

impl Fixture {
    /// Its name in files, and the name of a service that has no other.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
            Self::Store => "store",
        }
    }
}

/// A local LRU before a store: per call a look-up, and on a miss a wait for a connection and a round trip.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Name of the store's service.
    pub store: String,
    /// Connections.
    #[serde(default = "eight")]
    pub pool: NonZeroU32,
    /// Entries of the local LRU.
    #[serde(default = "entries")]
    pub entries: NonZeroU32,
    /// Distinct keys of the load.
    #[serde(default = "keys")]
    pub keys: NonZeroU32,
}

/// Where the root span of a trace is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// In the service; the request carries only its number. In a service that others call this loses the context.
    #[default]
    Local,
    /// At the caller: `traceparent` with the sampled flag.
    RemoteSampled,
    /// At the caller: `traceparent` without the sampled flag.
    RemoteUnsampled,
}

/// Whether the process witness is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum WitnessMode {
    /// All hooks and the SDK's own metrics.
    #[default]
    Full,
    /// None of them; prices the instrument.
    Off,
}

impl Service {
    /// Whether it is a program of the user's own.
    pub fn is_own(&self) -> bool {
        !self.command.is_empty()
    }

    /// Names of the spans that a fixture of HTTP makes itself: that of its request, and those of the children.
    pub fn names_of_spans(&self) -> Vec<&str> {
        let children = self.span_names.iter().map(String::as_str);
        let usual = self.span_names.is_empty().then_some("work.child");
        ["GET /work"].into_iter().chain(children).chain(usual).collect()
    }

    /// Whether it makes spans.
    pub fn makes_spans(&self) -> bool {
        self.is_own() || self.fixture != Fixture::Store
    }
}

/// `[service]` or `[[service]]`, for the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[expect(dead_code, reason = "read as JSON Schema only")]
pub(crate) enum OneOrMany {
    /// `[service]`: one.
    One(Box<Service>),
    /// `[[service]]`: several that call each other; the load talks to the first.
    Many(Vec<Service>),
}

/// Reads `[service]` (one) or `[[service]]` (several).
pub(crate) fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Service>, D::Error> {
    struct OneOrManyVisitor;
    impl<'de> Visitor<'de> for OneOrManyVisitor {
        type Value = Vec<Service>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table [service] or tables [[service]]")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Ok(vec![Service::deserialize(MapAccessDeserializer::new(map))?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(seq))
        }
    }
    from.deserialize_any(OneOrManyVisitor)
}

const fn eight() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(7)
}

const fn entries() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(511)
}

const fn keys() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(2047)
}

impl Default for Service {
    fn default() -> Self {
        Self {
            name: String::new(),
            fixture: Fixture::Http,
            calls: Vec::new(),
            spans_per_request: NonZeroU32::MIN.saturating_add(4),
            span_names: Vec::new(),
            key_spans: Vec::new(),
            attributes: 4,
            attribute_bytes: 16,
            cpu: Period::default(),
            sleep: Period::default(),
            allocate: ByteSize::default(),
            root: None,
            cache: None,
            shutdown: Period::millis(10_000),
            witness: WitnessMode::Full,
            runtime_trace: false,
            exporter: Exporter::default(),
            keep: None,
            paths: Vec::new(),
            command: Vec::new(),
            build: Vec::new(),
            directory: None,
            env: BTreeMap::new(),
            inherit_env: false,
            ready: None,
            url: None,
        }
    }
}
