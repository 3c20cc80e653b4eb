//! Designs under test that fixtures have built in, and how a page shows what came of them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::quantity::unit::Period;
use crate::scenario::figure::Figure;

/// A design that the fixtures of a variant have switched on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Child spans are guarded: they end when nobody holds them any more, and at the latest when the service stops.
    Guard(GuardDesign),
    /// A log line is written for each request and each of its children.
    Logs(LogsDesign),
}

/// Settings of the guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GuardDesign {
    /// Longest flush of the provider while a panic passes through a guarded span; absent: nothing is flushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush: Option<Period>,
}

/// Settings of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogsDesign {
    /// How a line names its span.
    pub arm: LogArm,
}

/// How log lines name their spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum LogArm {
    /// By a handler for `log/slog` that adds `trace_id`, `span_id` and `trace_flags` from the context.
    Handler,
    /// By the contrib bridge `otelslog`, which sends lines on as log records of OTLP.
    Otelslog,
    /// Under other names: `traceId`, `spanId`.
    WrongNames,
    /// As `handler`, but lines of children are logged without a context.
    NoContext,
    /// As `handler`, with the id of the request (`X-Request-ID`) beside the ids.
    RequestId,
    /// By the id of the request in place of the trace's.
    RequestIdAsTraceId,
}

impl LogArm {
    /// Its word in scenarios.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::Otelslog => "otelslog",
            Self::WrongNames => "wrong_names",
            Self::NoContext => "no_context",
            Self::RequestId => "request_id",
            Self::RequestIdAsTraceId => "request_id_as_trace_id",
        }
    }

    /// Whether its lines go to the receiver and not into a file.
    pub const fn is_sent(self) -> bool {
        matches!(self, Self::Otelslog)
    }
}

impl Design {
    /// How its log lines name their spans, where it has some.
    pub const fn log_arm(&self) -> Option<LogArm> {
        match self {
            Self::Logs(logs) => Some(logs.arm),
            Self::Guard(_) => None,
        }
    }

    /// What it is, with its settings, in a few words.
    pub fn text(&self) -> String {
        match self {
            Self::Guard(GuardDesign { flush: None }) => "guard".to_owned(),
            Self::Guard(GuardDesign { flush: Some(flush) }) => format!("guard, flush {flush}"),
            Self::Logs(LogsDesign { arm }) => format!("logs, {}", arm.as_str()),
        }
    }
}

/// How `docs/designs.md` shows a scenario of `scenarios/designs/`. It changes nothing of what is run.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignPage {
    /// The design, as a heading; scenarios of one design stand together.
    pub design: String,
    /// Whether it is worth it: one honest sentence.
    pub sentence: String,
    /// The figures of the table, in this order.
    pub figures: PageFigures,
}

/// Figures by their names.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct PageFigures(pub Vec<Figure>);

impl TryFrom<Vec<String>> for PageFigures {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        if names.is_empty() {
            return Err("no figure is named; name those that tell the contenders apart".to_owned());
        }
        names.into_iter().map(Figure::try_from).collect::<Result<_, _>>().map(Self)
    }
}

impl JsonSchema for PageFigures {
    fn schema_name() -> Cow<'static, str> {
        "PageFigures".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "minItems": 1, "items": {"type": "string", "enum": Figure::names()} })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_design_is_written_as_it_is_read_and_says_what_it_is() {
        for (text, says) in [
            (r#"{"guard":{}}"#, "guard"),
            (r#"{"guard":{"flush":"1s"}}"#, "guard, flush 1s"),
            (r#"{"logs":{"arm":"handler"}}"#, "logs, handler"),
            (r#"{"logs":{"arm":"otelslog"}}"#, "logs, otelslog"),
            (r#"{"logs":{"arm":"request_id_as_trace_id"}}"#, "logs, request_id_as_trace_id"),
        ] {
            let design: Design = serde_json::from_str(text).unwrap();
            assert_eq!(
                (serde_json::to_string(&design).unwrap().as_str(), design.text().as_str()),
                (text, says)
            );
        }
        assert!(serde_json::from_str::<Design>(r#"{"guard":{"flosh":"1s"}}"#).is_err());
        assert!(serde_json::from_str::<Design>(r#"{"logs":{}}"#).is_err());
    }

    #[test]
    fn figures_of_the_page_are_figures() {
        let read =
            |names: &[&str]| PageFigures::try_from(names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read(&["loss.rate"]), Ok(PageFigures(vec![Figure::LossRate])));
        assert!(read(&[]).unwrap_err().contains("name those"));
        assert!(read(&["los.rate"]).unwrap_err().contains("did you mean `loss.rate`"));
    }
}
