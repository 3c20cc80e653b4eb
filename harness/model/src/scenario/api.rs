//! The API by which a fixture makes its own spans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API by which a fixture makes its own spans: those of its work and of its cache. Server and client spans are those of
/// instrumentation, which is OpenTelemetry's always.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub enum SpanApi {
    /// That of OpenTelemetry.
    #[default]
    Otel,
    /// That of `OpenTracing`, through the bridge of OpenTelemetry (`go.opentelemetry.io/otel/bridge/opentracing`).
    OpentracingBridge,
    /// That of `OpenCensus`, through the bridge of OpenTelemetry (`go.opentelemetry.io/otel/bridge/opencensus`).
    OpencensusBridge,
}

impl SpanApi {
    /// Its word in scenarios.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otel => "otel",
            Self::OpentracingBridge => "opentracing-bridge",
            Self::OpencensusBridge => "opencensus-bridge",
        }
    }

    /// Whether it is OpenTelemetry's own.
    pub fn is_otel(&self) -> bool {
        *self == Self::Otel
    }
}
