//! Designs under test that fixtures have built in, and how a page shows what came of them.

use std::borrow::Cow;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::quantity::unit::{Period, Rate};
use crate::scenario::figure::Figure;

/// A design that the fixtures of a variant have switched on.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Child spans are guarded: they end when nobody holds them any more, and at the latest when the service stops.
    Guard(GuardDesign),
    /// A log line is written for each request and each of its children.
    Logs(LogsDesign),
    /// A head sampler keeps key spans, and of the other traces a share that follows the load of the service.
    Hybrid(HybridDesign),
    /// Ended spans wait in the service, and are exported if their trace errs or is slow.
    Retrokeep(RetrokeepDesign),
    /// The sampler of the OpenTelemetry contrib that asks a Jaeger-style endpoint for its rate.
    JaegerRemote(JaegerRemoteDesign),
    /// An endpoint takes rules for what is exported, from faults of kind `sampling_rule`.
    Endpoint(EndpointDesign),
}

/// Settings of the guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GuardDesign {
    /// Longest flush of the provider while a panic passes through a guarded span; absent: nothing is flushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush: Option<Period>,
}

/// Settings of the sampler that follows the load.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HybridDesign {
    /// Requests per second at which the service is busy.
    pub busy: Rate,
    /// How often it reads its load.
    #[serde(default = "quarter")]
    pub every: Period,
    /// Without hysteresis: a level is left at the first reading below the limit by which it was entered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bare: bool,
}

const fn quarter() -> Period {
    Period::millis(250)
}

/// Settings of the processor that waits; what is absent is its own default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrokeepDesign {
    /// A trace with a span that took so long is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Period>,
    /// How long a trace waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Period>,
    /// Spans that may wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spans: Option<NonZeroU32>,
}

/// What the endpoint says that the sampler asks, which the service itself serves.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JaegerRemoteDesign {
    /// Share of the traces that is kept; absent: a tenth. Key spans have an operation of their own, which is kept always.
    #[serde(default = "tenth")]
    pub ratio: f64,
}

const fn tenth() -> f64 {
    0.1
}

/// Settings of the sampling endpoint.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointDesign {
    /// A controller that sends rules by itself; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchDesign>,
}

/// While the queue of the batch processor is full beyond a share, or exports fail, the endpoint is told to keep of all spans of the
/// service a share and what has an error.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchDesign {
    /// Share of the queue from which on it acts, 0 to 1.
    pub filled: f64,
    /// Share of the traces that is kept then.
    pub rate: f64,
    /// After which time each rule ends by itself.
    pub lasting: Period,
    /// Who looks at queue and exports, and tells it.
    #[serde(default, skip_serializing_if = "SwitchDrive::is_counters")]
    pub by: SwitchDrive,
}

/// Who drives a switch, and by what it is told how exporting goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum SwitchDrive {
    /// The service itself, by counters of its exporter.
    #[default]
    Counters,
    /// The harness from outside, by what the eBPF probes on the service count.
    Probes,
}

impl SwitchDrive {
    /// Whether the service does it.
    pub fn is_counters(&self) -> bool {
        *self == Self::Counters
    }
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
            _ => None,
        }
    }

    /// Whether it decides which spans are sampled, in place of what the exporter's settings say.
    pub const fn samples(&self) -> bool {
        matches!(self, Self::Hybrid(_) | Self::JaegerRemote(_))
    }

    /// What it is, with its settings, in a few words.
    pub fn text(&self) -> String {
        match self {
            Self::Guard(GuardDesign { flush: None }) => "guard".to_owned(),
            Self::Guard(GuardDesign { flush: Some(flush) }) => format!("guard, flush {flush}"),
            Self::Logs(LogsDesign { arm }) => format!("logs, {}", arm.as_str()),
            Self::Hybrid(HybridDesign { busy, every, bare }) => {
                let bare = if *bare { ", bare" } else { "" };
                format!("hybrid, busy at {busy}, every {every}{bare}")
            }
            Self::Retrokeep(RetrokeepDesign { slow, wait, spans }) => {
                let of = |name: &str, set: Option<String>| set.map(|set| format!(", {name} {set}"));
                let parts = [
                    of("slow", slow.map(|slow| slow.to_string())),
                    of("wait", wait.map(|wait| wait.to_string())),
                    of("spans", spans.map(|spans| spans.to_string())),
                ];
                format!("retrokeep{}", parts.into_iter().flatten().collect::<String>())
            }
            Self::JaegerRemote(JaegerRemoteDesign { ratio }) => format!("jaegerremote, ratio {ratio}"),
            Self::Endpoint(EndpointDesign { switch: None }) => "sampling endpoint".to_owned(),
            Self::Endpoint(EndpointDesign { switch: Some(SwitchDesign { filled, rate, lasting, by }) }) => {
                let by = if by.is_counters() { "" } else { ", by probes" };
                format!("sampling endpoint, switch at {filled}, rate {rate}, lasting {lasting}{by}")
            }
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
            (r#"{"hybrid":{"busy":"200/s","every":"250ms"}}"#, "hybrid, busy at 200/s, every 250ms"),
            (r#"{"hybrid":{"busy":"5/s","every":"1s","bare":true}}"#, "hybrid, busy at 5/s, every 1s, bare"),
            (r#"{"retrokeep":{}}"#, "retrokeep"),
            (r#"{"retrokeep":{"slow":"80ms","spans":9}}"#, "retrokeep, slow 80ms, spans 9"),
            (r#"{"jaeger_remote":{"ratio":0.1}}"#, "jaegerremote, ratio 0.1"),
            (r#"{"endpoint":{}}"#, "sampling endpoint"),
            (
                r#"{"endpoint":{"switch":{"filled":0.5,"rate":0.05,"lasting":"1s"}}}"#,
                "sampling endpoint, switch at 0.5, rate 0.05, lasting 1s",
            ),
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
