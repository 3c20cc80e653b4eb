//! A scenario file as it is written. Every key is closed; nothing is resolved here (see [`crate::plan`]).

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::expect::Expect;
use crate::exporter::Exporter;
use crate::unit::{ByteSize, Period};

mod load;

pub use self::load::{Arrival, Bursts, Load, LoadOverride, Model, Ramp, Replay, Shape, Step};

/// Top-level keys that later versions will understand.
pub const RESERVED: &[&str] = &["fault", "pipeline", "ebpf", "sweep", "compare"];

/// A whole scenario file.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name, also the first part of run ids: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What the scenario is for, one or two sentences.
    #[serde(default)]
    pub description: String,
    /// Seed of everything that is drawn: schedule, order of trials, ids.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Trials per variant.
    #[serde(default = "one")]
    pub trials: NonZeroU32,
    /// The load.
    pub load: Load,
    /// The service under test.
    #[serde(default)]
    pub service: Service,
    /// The receiver, for all variants.
    #[serde(default)]
    pub receiver: Receiver,
    /// Exporter knobs, for all variants.
    #[serde(default)]
    pub exporter: Exporter,
    /// The configurations that are compared; none means one, named `default`.
    #[serde(default)]
    pub variant: Vec<Variant>,
    /// What must hold.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// Planted losses, which calibrate the instrument.
    #[serde(default)]
    pub plant: Plant,
}

/// The service under test and the work of one request.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Which fixture.
    pub fixture: Fixture,
    /// Spans per request, the root included.
    pub spans_per_request: NonZeroU32,
    /// String attributes per span.
    pub attributes: u32,
    /// Length of each attribute's value.
    pub attribute_bytes: u32,
    /// CPU time per request.
    pub cpu: Period,
    /// Sleep per request.
    pub sleep: Period,
    /// Heap allocation per request.
    pub allocate: ByteSize,
    /// Where the root span of a trace is made.
    pub root: Root,
    /// Bound on the graceful shutdown of server and provider.
    pub shutdown: Period,
    /// Whether the process witness is on.
    pub witness: WitnessMode,
}

/// A fixture of `go-fixtures/`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fixture {
    /// An HTTP service with otelhttp.
    #[default]
    Http,
}

impl Fixture {
    /// The command of `go-fixtures/cmd` that builds it.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Http => "httpsvc",
        }
    }

    /// Its service name.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Http => "http",
        }
    }
}

/// Where the root span of a trace is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// In the fixture; the request carries only its number.
    #[default]
    Local,
    /// At the caller: `traceparent` with the sampled flag.
    RemoteSampled,
    /// At the caller: `traceparent` without the sampled flag.
    RemoteUnsampled,
}

/// Whether the process witness is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WitnessMode {
    /// All hooks and the SDK's own metrics.
    #[default]
    Full,
    /// None of them; prices the instrument.
    Off,
}

/// How the receiver behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receiver {
    /// Delay of every answer.
    pub answer_after: Option<Period>,
    /// Largest request, uncompressed; above it the request is refused.
    pub max_bytes: Option<ByteSize>,
    /// Most spans in a request; above it the request is refused.
    pub max_spans: Option<NonZeroU32>,
}

impl Receiver {
    /// These settings, and where one is absent, those of `base`.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            answer_after: self.answer_after.or(base.answer_after),
            max_bytes: self.max_bytes.or(base.max_bytes),
            max_spans: self.max_spans.or(base.max_spans),
        }
    }
}

/// A named configuration: what differs from the scenario's base.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Name, unique in the file.
    pub name: String,
    /// Exporter knobs over the base.
    #[serde(default)]
    pub exporter: Exporter,
    /// Receiver settings over the base.
    #[serde(default)]
    pub receiver: Receiver,
    /// A load of its own.
    #[serde(default)]
    pub load: Option<LoadOverride>,
}

/// Losses and duplicates made on purpose. The accounting is not told: it must find them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plant {
    /// Spans the receiver throws away after it acknowledged them: must come out as unexplained.
    pub discard_acknowledged: u32,
    /// Spans the exporter wrapper filters, and says so: must come out as `filtered`.
    pub filter: u32,
    /// Export calls that are sent twice: their spans must come out with two copies.
    pub double_send: u32,
}

const fn default_seed() -> u64 {
    1
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

impl Default for Service {
    fn default() -> Self {
        Self {
            fixture: Fixture::Http,
            spans_per_request: NonZeroU32::MIN.saturating_add(4),
            attributes: 4,
            attribute_bytes: 16,
            cpu: Period::default(),
            sleep: Period::default(),
            allocate: ByteSize::default(),
            root: Root::Local,
            shutdown: Period::millis(10_000),
            witness: WitnessMode::Full,
        }
    }
}
