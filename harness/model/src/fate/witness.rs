//! The independent sources that say something about a span, and how complete each was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A source of statements about spans.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The span ledger inside the fixture.
    Process,
    /// eBPF probes on the SDK.
    Probe,
    /// The OTLP receiver.
    Wire,
    /// The SDK's own metrics.
    Sdk,
    /// The collector's own metrics.
    Collector,
    /// The load generator's plan.
    Load,
}

impl Witness {
    /// Its name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Probe => "probe",
            Self::Wire => "wire",
            Self::Sdk => "sdk",
            Self::Collector => "collector",
            Self::Load => "load",
        }
    }
}

/// How a witness ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WitnessState {
    /// It saw everything there was for it to see.
    Complete,
    /// It lost that many statements; 0 means that it cannot say how many.
    Lossy(u64),
    /// It was not there.
    Absent(String),
}

impl WitnessState {
    /// Whether it saw everything.
    #[inline]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }
}

/// A witness and how it ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WitnessReport {
    /// Which witness.
    pub witness: Witness,
    /// How it ended.
    pub state: WitnessState,
}
