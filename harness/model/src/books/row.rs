//! One span as a row: what `spanfate export` gives. Additions only within a major, at the end.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fate::Fate;
use crate::quantity::id::{SpanId, TraceId};

/// Where a span of the books stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Standing {
    /// Its fate is proven.
    Fate(Fate),
    /// Complete witnesses prove nothing.
    #[default]
    Unexplained,
    /// A witness that would tell has a gap.
    Unaccounted,
}

impl Standing {
    /// The standing of a text.
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "unexplained" => Some(Self::Unexplained),
            "unaccounted" => Some(Self::Unaccounted),
            name => Fate::by_name(name).map(Self::Fate),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fate(fate) => fate.fmt(f),
            Self::Unexplained => f.write_str("unexplained"),
            Self::Unaccounted => f.write_str("unaccounted"),
        }
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Standing {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::of(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no fate")))
    }
}

impl JsonSchema for Standing {
    fn schema_name() -> Cow<'static, str> {
        "Standing".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Whether a span begins what our services did for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// It has no parent, or the load is its parent.
    Root,
    /// Its parent is a span.
    Child,
}

impl Position {
    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Child => "child",
        }
    }
}

/// A span. Times are milliseconds from the start of the load, to the microsecond.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SpanRow<'a> {
    /// Number of the trial.
    pub trial: u16,
    /// Its variant.
    pub variant: &'a str,
    /// The service that made the span, as it calls itself.
    pub service: &'a str,
    /// Which start of the service's process; absent without a process witness.
    pub incarnation: Option<u32>,
    /// Trace id.
    pub trace_id: TraceId,
    /// Span id.
    pub span_id: SpanId,
    /// Parent span id, if it has one.
    pub parent_span_id: Option<SpanId>,
    /// Name; empty if it is not known.
    pub name: &'a str,
    /// Span kind by OTLP's name (`server`, `internal`, …).
    pub kind: &'static str,
    /// Request number, if it belongs to one.
    pub request: Option<u32>,
    /// Its id was made; absent without a process witness.
    pub created_ms: Option<f64>,
    /// Its end was seen.
    pub ended_ms: Option<f64>,
    /// It was handed to the exporter.
    pub exported_ms: Option<f64>,
    /// Where it stands in the books.
    pub fate: Standing,
    /// Accepted copies.
    pub copies: u16,
    /// From creation to its first receipt.
    pub delay_ms: Option<f64>,
    /// The first accepted copy was complete.
    pub received_ms: Option<f64>,
    /// Root or child.
    pub position: Position,
    /// Where it stands on each export path that it was offered to: `path=fate` in the order of the paths, `;` between two. Empty
    /// where its process has one path, and for a span that was offered to none.
    pub paths: String,
}

/// OTLP's name of a span kind.
pub const fn kind_name(kind: u8) -> &'static str {
    match kind {
        1 => "internal",
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => "unspecified",
    }
}
