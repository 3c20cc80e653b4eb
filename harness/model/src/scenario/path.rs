//! Further export paths of a fixture beside its main one.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pipeline::StoreEngine;
use crate::exporter::Exporter;

/// How an export path takes spans up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessorKind {
    /// The SDK's batch processor: a queue and one worker.
    #[default]
    Batch,
    /// The SDK's simple processor: `End()` exports the span.
    Simple,
}

impl ProcessorKind {
    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Simple => "simple",
        }
    }
}

/// An export path beside the main one: a span processor with an exporter of its own, to the same receiver or to a storage engine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportPath {
    /// Its name, of letters, digits, `-` and `_`; no other path of the service has it.
    pub name: String,
    /// How it takes spans up.
    #[serde(default)]
    pub processor: ProcessorKind,
    /// Its tracer provider: 1 is that of the main path, 2 and 3 have tracers of their own.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub provider: u8,
    /// How many of a request's child spans the tracer of its provider makes, the last ones; absent: one. Only where the provider is
    /// not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spans: Option<NonZeroU32>,
    /// A span processor in front hands on one of so many spans, by slot number, and hides the others; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<NonZeroU32>,
    /// Its knobs, always set by option. What is absent is the SDK's default, whatever the main path has.
    #[serde(default)]
    pub exporter: Exporter,
}

const fn first() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_first(provider: &u8) -> bool {
    *provider == first()
}

impl ExportPath {
    /// The path of every fixture to a storage engine: by the engine's name, so that who reads a plan finds it.
    pub fn to_engine(engine: &StoreEngine) -> Self {
        Self {
            name: engine.name.clone(),
            processor: ProcessorKind::Batch,
            provider: first(),
            spans: None,
            keep: None,
            exporter: Exporter::default(),
        }
    }

    /// How many of a request's child spans its provider's tracer makes; 0 for the first provider, which makes the others.
    pub fn children(&self) -> u32 {
        if is_first(&self.provider) { 0 } else { self.spans.map_or(1, NonZeroU32::get) }
    }
}
