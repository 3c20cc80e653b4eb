//! A scenario file as it is written. Every key is closed; nothing is resolved here (see [`crate::plan`]).

mod api;
pub mod arrivals;
mod claim;
mod compare;
mod design;
pub mod ebpf;
pub mod expect;
mod fault;
pub mod figure;
mod load;
mod path;
pub mod pipeline;
mod sdk;
mod service;
mod sweep;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exporter::Exporter;
use crate::quantity::unit::{ByteSize, Period};
use crate::scenario::ebpf::Ebpf;
use crate::scenario::expect::Expect;
use crate::scenario::pipeline::{HopKnobs, OwnCollector, Pipeline};

pub use api::SpanApi;
pub use claim::Claim;
pub use compare::{ALPHA, Compare, Gates};
pub use design::{
    Design, DesignPage, EndpointDesign, GuardDesign, HybridDesign, JaegerRemoteDesign, LogArm, LogsDesign,
    PageFigures, RetrokeepDesign, SwitchDesign, SwitchDrive,
};
pub use fault::Fault;
pub use load::{Arrival, Bursts, Load, LoadOverride, LoadStep, Model, Ramp, Replay, Shape};

pub use path::{ExportPath, ProcessorKind};
pub use sdk::{OLDEST_SDK, SDK_VERSIONS, Sdk, SdkVersion};
pub(crate) use service::one_or_many;
pub use service::{Cache, Fixture, Root, Service, WitnessMode};
pub use sweep::{Axis, MOST_CELLS, Sweep};

/// Top-level keys that later versions will understand.
pub const RESERVED: &[&str] = &["canary"];

/// A whole scenario file.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
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
    /// The services under test; the load talks to the first. `[service]` is one, `[[service]]` several.
    #[serde(default = "one_service", rename = "service", deserialize_with = "one_or_many")]
    #[schemars(with = "service::OneOrMany")]
    pub services: Vec<Service>,
    /// The receiver, for all variants.
    #[serde(default)]
    pub receiver: Receiver,
    /// Collectors between the services and the receiver; none: the services send to the receiver.
    #[serde(default)]
    pub pipeline: Pipeline,
    /// The eBPF witness, for all variants: a word (`auto`, `off`, `batch`, `counters`, `spans`, `events`, `required`) or a table.
    #[serde(default)]
    #[schemars(with = "Option<ebpf::Written>")]
    pub ebpf: Option<Ebpf>,
    /// Exporter knobs, for all variants.
    #[serde(default)]
    pub exporter: Exporter,
    /// The configurations that are compared; none means one, named `default`.
    #[serde(default)]
    pub variant: Vec<Variant>,
    /// Many configurations from few lines.
    #[serde(default)]
    pub sweep: Sweep,
    /// Two variants that are compared, in pairs of trials.
    #[serde(default)]
    pub compare: Option<Compare>,
    /// What goes wrong on purpose.
    #[serde(default)]
    pub fault: Vec<Fault>,
    /// What must hold.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// What somebody claims, to be measured.
    #[serde(default)]
    pub claim: Vec<Claim>,
    /// How the page of designs shows it.
    #[serde(default)]
    pub designs: Option<DesignPage>,
    /// Planted losses, which calibrate the instrument.
    #[serde(default)]
    pub plant: Plant,
    /// What the command line set in place of the file, as lines of it.
    #[serde(skip)]
    pub changed: Vec<String>,
}

impl Scenario {
    /// A scenario that has a load and nothing else: one service, one variant, one trial.
    pub fn new(name: String, load: Load) -> Self {
        Self {
            name,
            description: String::new(),
            seed: default_seed(),
            trials: one(),
            load,
            services: one_service(),
            receiver: Receiver::default(),
            pipeline: Pipeline::default(),
            ebpf: None,
            exporter: Exporter::default(),
            variant: Vec::new(),
            sweep: Sweep::default(),
            compare: None,
            fault: Vec::new(),
            expect: Vec::new(),
            claim: Vec::new(),
            designs: None,
            plant: Plant::default(),
            changed: Vec::new(),
        }
    }

    /// Trials of each variant: the pairs of a comparison, or what `trials` says.
    pub fn repetitions(&self) -> NonZeroU32 {
        self.compare.as_ref().map_or(self.trials, |compare| compare.pairs)
    }
}

/// How the receiver behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Receiver {
    /// Delay of every answer.
    pub answer_after: Option<Period>,
    /// Largest request, uncompressed; above it the request is refused.
    pub max_bytes: Option<ByteSize>,
    /// Most spans in a request; above it the request is refused.
    pub max_spans: Option<NonZeroU32>,
    /// What it keeps beside the wire log: `spans` for whole spans, attributes and all; `logs` for log records; `all` for these and metrics.
    pub keep: Option<KeptContent>,
}

/// What a receiver keeps of what it accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum KeptContent {
    /// Whole spans, as they came.
    Spans,
    /// Log records, as they came.
    Logs,
    /// Whole spans, metrics and log records.
    All,
}

impl Receiver {
    /// These settings, and where one is absent, those of `base`.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            answer_after: self.answer_after.or(base.answer_after),
            max_bytes: self.max_bytes.or(base.max_bytes),
            max_spans: self.max_spans.or(base.max_spans),
            keep: self.keep.or(base.keep),
        }
    }

    /// Whether it keeps whole spans.
    pub fn keeps_spans(&self) -> bool {
        matches!(self.keep, Some(KeptContent::Spans | KeptContent::All))
    }

    /// Whether it keeps metrics.
    pub fn keeps_metrics(&self) -> bool {
        self.keep == Some(KeptContent::All)
    }

    /// Whether it keeps log records.
    pub fn keeps_logs(&self) -> bool {
        matches!(self.keep, Some(KeptContent::Logs | KeptContent::All))
    }
}

/// A named configuration: what differs from the scenario's base.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
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
    /// Settings of collectors over the base, by the names of their hops.
    #[serde(default)]
    pub hops: BTreeMap<String, HopKnobs>,
    /// Collectors of the user's own in place of those of the base, by the names of their hops.
    #[serde(default)]
    pub collectors: BTreeMap<String, OwnCollector>,
    /// A design under test that its fixtures have switched on.
    #[serde(default)]
    pub design: Option<Design>,
    /// The span processor of the main path of its fixtures; absent: `batch`.
    #[serde(default)]
    pub processor: Option<ProcessorKind>,
    /// The API by which its fixtures make their own spans.
    #[serde(default)]
    pub api: SpanApi,
    /// The process witness of all services, in place of what each says.
    #[serde(default)]
    pub witness: Option<WitnessMode>,
    /// The eBPF witness, in place of the scenario's.
    #[serde(default)]
    #[schemars(with = "Option<ebpf::Written>")]
    pub ebpf: Option<Ebpf>,
    /// A load of its own.
    #[serde(default)]
    pub load: Option<LoadOverride>,
    /// SDK that its fixtures are built with: a released version (`1.45.0`; `1.45`: its newest patch) or a checkout of
    /// opentelemetry-go (`path:FOLDER`, seen from the scenario file's folder); absent: the one that the fixtures pin.
    #[serde(default)]
    pub sdk: Option<String>,
    /// How its fixtures are built.
    #[serde(default)]
    pub build: Build,
    /// Names of the faults that it has, of those with a name; absent: all that say nothing else.
    #[serde(default)]
    pub faults: Option<Vec<String>>,
    /// Where it lies in a sweep: its point on each axis.
    #[serde(skip)]
    pub cell: Vec<usize>,
}

/// How fixtures are built.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum Build {
    /// `-trimpath`.
    #[default]
    Plain,
    /// Without symbols and debug information: `-trimpath -ldflags="-s -w"`.
    Stripped,
    /// Without inlining: `-trimpath -gcflags=all=-l`.
    NoInlining,
    /// Position independent: `-trimpath -buildmode=pie`.
    Pie,
}

impl Build {
    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stripped => "stripped",
            Self::NoInlining => "no-inlining",
            Self::Pie => "pie",
        }
    }

    /// Whether it is the usual way.
    pub fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

impl Default for Variant {
    /// The one variant of a file that names none.
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            exporter: Exporter::default(),
            receiver: Receiver::default(),
            hops: BTreeMap::new(),
            collectors: BTreeMap::new(),
            design: None,
            processor: None,
            api: SpanApi::Otel,
            witness: None,
            ebpf: None,
            load: None,
            sdk: None,
            build: Build::Plain,
            faults: None,
            cell: Vec::new(),
        }
    }
}

/// Losses and duplicates made on purpose. The accounting is not told: it must find them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plant {
    /// Spans the receiver throws away after it acknowledged them: must come out as unexplained.
    pub discard_acknowledged: u32,
    /// Spans the exporter wrapper filters, and says so: must come out as `filtered`.
    pub filter: u32,
    /// Export calls that are sent twice: their spans must come out with two copies.
    pub double_send: u32,
    /// Name of the service whose exporter filters and sends twice; absent means the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

fn one_service() -> Vec<Service> {
    vec![Service::default()]
}

const fn default_seed() -> u64 {
    1
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}
