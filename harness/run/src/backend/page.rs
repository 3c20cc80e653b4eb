//! A page of a back end: its bytes, and the few fields of its spans by which they are counted. Types are held to strictly: a page that is
//! something else must not pass for one without spans.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use super::json::id_of;

/// What the bytes of a page are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageShape {
    /// OTLP as JSON in some envelope: Jaeger's `{"result":{"resourceSpans":…}}`, Tempo's `{"batches":…}` or `{"trace":…}`.
    OtlpJson,
    /// OTLP as protobuf: a message whose field 1 are resource spans, as Tempo gives it.
    OtlpProtobuf,
    /// Jaeger's own JSON: `{"data":[{"traceID":…,"spans":…,"processes":…}]}`.
    JaegerJson,
}

/// A page.
#[derive(Clone, PartialEq, Debug)]
pub struct BackEndPage {
    /// What its bytes are.
    pub shape: PageShape,
    /// All of it.
    pub bytes: Bytes,
    /// The path and query that were asked for.
    pub asked: String,
    /// Traces of it that no earlier page of the same reading has shown. Others are there once more, and are to be left out.
    pub fresh: BTreeSet<TraceId>,
    /// The spans of these, in the order of the page; none of protobuf, which is not read here.
    pub spans: Vec<ShownSpan>,
}

/// A span that a back end shows, as far as it is counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ShownSpan {
    /// Its ids.
    pub key: SpanKey,
    /// Its parent; zero for a root.
    pub parent: SpanId,
    /// Its name.
    pub name: String,
    /// `service.name` of its resource.
    pub service: String,
    /// Its kind, as OTLP numbers it.
    pub kind: u8,
    /// When it began and ended, unix nanoseconds.
    pub start: u64,
    /// When it ended.
    pub end: u64,
}

/// The spans of a page in JSON; the text says where it is not as it should be.
pub(super) fn spans(shape: PageShape, bytes: &[u8]) -> Result<Vec<ShownSpan>, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    match shape {
        PageShape::OtlpJson => {
            let page: OtlpPage = serde_json::from_slice(bytes).map_err(wrong)?;
            let all = page.parts()?;
            let mut out = Vec::new();
            for part in &all {
                part.spans(&mut out)?;
            }
            Ok(out)
        }
        PageShape::JaegerJson => {
            let page: JaegerPage = serde_json::from_slice(bytes).map_err(wrong)?;
            if page.errors.is_some_and(|errors| !errors.is_empty()) {
                return Err("it names errors beside what it shows".to_owned());
            }
            let mut out = Vec::new();
            for trace in page.data.unwrap_or_default() {
                trace.spans(&mut out)?;
            }
            Ok(out)
        }
        PageShape::OtlpProtobuf => Ok(Vec::new()),
    }
}

/// The names of services: of Jaeger's newer interface under `services`, of the older one under `data`. A null stands for none, and so
/// does what the newer one leaves out; another page without these keys is none of theirs.
pub(super) fn services(bytes: &[u8]) -> Result<Vec<String>, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let page: BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes).map_err(wrong)?;
    match page.get("services").or_else(|| page.get("data")) {
        Some(names) => Ok(Option::<Vec<String>>::deserialize(names).map_err(wrong)?.unwrap_or_default()),
        None if page.is_empty() => Ok(Vec::new()),
        None => Err("it names no services".to_owned()),
    }
}

/// OTLP in the envelopes that there are.
#[derive(Deserialize)]
struct OtlpPage {
    result: Option<OtlpTraces>,
    trace: Option<OtlpTraces>,
    #[serde(alias = "batches", rename = "resourceSpans")]
    resources: Option<Vec<OtlpResource>>,
}

impl OtlpPage {
    fn parts(self) -> Result<Vec<OtlpResource>, String> {
        let inside = self.result.or(self.trace).map(|traces| traces.resources);
        match (self.resources, inside) {
            (Some(resources), _) | (None, Some(resources)) => Ok(resources),
            (None, None) => Err("it has no resourceSpans".to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct OtlpTraces {
    #[serde(default, alias = "batches", rename = "resourceSpans")]
    resources: Vec<OtlpResource>,
}

#[derive(Deserialize)]
struct OtlpResource {
    #[serde(default)]
    resource: Described,
    #[serde(default, alias = "instrumentationLibrarySpans", rename = "scopeSpans")]
    scopes: Vec<OtlpScope>,
}

#[derive(Deserialize, Default)]
struct Described {
    #[serde(default)]
    attributes: Vec<NamedValue>,
}

#[derive(Deserialize)]
struct NamedValue {
    key: String,
    value: Option<PlainText>,
}

#[derive(Deserialize)]
struct PlainText {
    #[serde(rename = "stringValue")]
    text: Option<String>,
}

#[derive(Deserialize)]
struct OtlpScope {
    #[serde(default)]
    spans: Vec<OtlpSpan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OtlpSpan {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    start_time_unix_nano: WholeNumber,
    #[serde(default)]
    end_time_unix_nano: WholeNumber,
}

/// A number of 64 bits, which JSON writes as text and some as a number.
#[derive(Clone, Copy, Default)]
struct WholeNumber(u64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.map(Self).ok_or_else(|| serde::de::Error::custom(format!("{value} is no whole number")))
    }
}

/// The kind of a span, as a number or by its name.
#[derive(Clone, Copy, Default)]
struct Kind(u8);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const NAMES: [&str; 6] = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
        let value = serde_json::Value::deserialize(from)?;
        let named =
            |name: &str| NAMES.iter().position(|known| name.strip_prefix("SPAN_KIND_") == Some(known));
        let number = value.as_u64().or_else(|| Some(named(value.as_str()?)? as u64));
        let number = number.and_then(|number| u8::try_from(number).ok());
        number.map(Self).ok_or_else(|| serde::de::Error::custom(format!("{value} is no kind of a span")))
    }
}

impl OtlpResource {
    fn spans(&self, out: &mut Vec<ShownSpan>) -> Result<(), String> {
        let named = |one: &&NamedValue| one.key == "service.name";
        let service =
            self.resource.attributes.iter().find(named).and_then(|one| one.value.as_ref()?.text.clone());
        for span in self.scopes.iter().flat_map(|scope| &scope.spans) {
            out.push(ShownSpan {
                key: key(&span.trace_id, &span.span_id)?,
                parent: parent(&span.parent_span_id)?,
                name: span.name.clone(),
                service: service.clone().unwrap_or_default(),
                kind: span.kind.0,
                start: span.start_time_unix_nano.0,
                end: span.end_time_unix_nano.0,
            });
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct JaegerPage {
    // Without traces it is null.
    data: Option<Vec<JaegerTrace>>,
    #[serde(default)]
    errors: Option<Vec<serde_json::Value>>,
}

#[derive(Deserialize)]
struct JaegerTrace {
    #[serde(default)]
    spans: Vec<QueriedSpan>,
    #[serde(default)]
    processes: BTreeMap<String, JaegerProcess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JaegerProcess {
    #[serde(default)]
    service_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueriedSpan {
    #[serde(rename = "traceID")]
    trace: String,
    #[serde(rename = "spanID")]
    span: String,
    #[serde(default)]
    operation_name: String,
    #[serde(default)]
    references: Vec<QueriedReference>,
    #[serde(default)]
    start_time: WholeNumber,
    #[serde(default)]
    duration: WholeNumber,
    #[serde(default, rename = "processID")]
    process: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueriedReference {
    ref_type: String,
    #[serde(rename = "spanID")]
    span: String,
}

impl JaegerTrace {
    fn spans(&self, out: &mut Vec<ShownSpan>) -> Result<(), String> {
        for span in &self.spans {
            let child = span.references.iter().find(|one| one.ref_type == "CHILD_OF");
            let start = span.start_time.0.saturating_mul(1000);
            let process = self.processes.get(&span.process);
            out.push(ShownSpan {
                key: key(&span.trace, &span.span)?,
                parent: child.map_or(Ok(SpanId::default()), |one| parent(&one.span))?,
                name: span.operation_name.clone(),
                service: process.map_or_else(String::new, |process| process.service_name.clone()),
                // It stands among the tags, and nothing is counted by it.
                kind: 0,
                start,
                end: start.saturating_add(span.duration.0.saturating_mul(1000)),
            });
        }
        Ok(())
    }
}

fn key(trace: &str, span: &str) -> Result<SpanKey, String> {
    let trace_id = id_of(trace).map(TraceId).ok_or_else(|| format!("`{}` is no trace id", short(trace)))?;
    let span_id = id_of(span).map(SpanId).ok_or_else(|| format!("`{}` is no span id", short(span)))?;
    Ok(SpanKey { trace: trace_id, span: span_id })
}

fn parent(text: &str) -> Result<SpanId, String> {
    if text.is_empty() {
        return Ok(SpanId::default());
    }
    id_of(text).map(SpanId).ok_or_else(|| format!("`{}` is no span id", short(text)))
}

/// The beginning of a text that should be an id.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTLP: &str = r#"{"result":{"resourceSpans":[{"resource":{"attributes":[{"key":"n","value":{"intValue":"1"}},
        {"key":"service.name","value":{"stringValue":"front"}}]},"scopeSpans":[{"spans":[
        {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"","name":"a","kind":2,
         "startTimeUnixNano":"1800000000000000123","endTimeUnixNano":1800000000000000124}]}]}]}}"#;
    const JAEGER: &str = r#"{"data":[{"traceID":"af7651916cd43dd8448eb211c80319c","spans":[{"traceID":"af7651916cd43dd8448eb211c80319c",
        "spanID":"ad6b7169203331","operationName":"a","references":[{"refType":"CHILD_OF","traceID":"1","spanID":"1"}],
        "startTime":1800000000000000,"duration":4,"processID":"p1"}],"processes":{"p1":{"serviceName":"front","tags":[]}}}],
        "errors":null}"#;

    #[test]
    fn both_interfaces_give_the_same_ids() {
        let otlp = spans(PageShape::OtlpJson, OTLP.as_bytes()).unwrap();
        assert_eq!((otlp.len(), otlp[0].service.as_str(), otlp[0].kind), (1, "front", 2));
        assert_eq!(otlp[0].end - otlp[0].start, 1);
        let jaeger = spans(PageShape::JaegerJson, JAEGER.as_bytes()).unwrap();
        assert_eq!((jaeger[0].key.trace, jaeger[0].service.as_str()), (otlp[0].key.trace, "front"));
        // The zeros at the begin of an id may be missing there.
        assert_eq!(jaeger[0].key.span.to_string(), "00ad6b7169203331");
        assert_eq!(jaeger[0].parent.to_string(), "0000000000000001");
        let tempo = OTLP.replace(r#""result""#, r#""trace""#).replace("resourceSpans", "batches");
        assert_eq!(spans(PageShape::OtlpJson, tempo.as_bytes()).unwrap(), otlp);
    }

    #[test]
    fn what_is_no_page_is_an_error_and_never_an_empty_one() {
        for (shape, text, why) in [
            (PageShape::OtlpJson, "", "EOF"),
            (PageShape::OtlpJson, "<!doctype html>", "line 1 column 1"),
            (PageShape::OtlpJson, &OTLP[..OTLP.len() - 9], "EOF"),
            (PageShape::OtlpJson, "{}", "no resourceSpans"),
            (PageShape::OtlpJson, r#"{"result":[7]}"#, "invalid"),
            (PageShape::OtlpJson, &OTLP.replace("b7ad6b7169203331", "b7ad6b716920333x"), "no span id"),
            (PageShape::OtlpJson, &OTLP.replace("8448eb211c80319c", "8448eb211c80319c00"), "no trace id"),
            (PageShape::OtlpJson, &OTLP.replace(r#""kind":2"#, r#""kind":"two""#), "no kind"),
            (PageShape::OtlpJson, &OTLP.replace(r#""1800000000000000123""#, "-1"), "no whole number"),
            (PageShape::OtlpJson, &format!("{OTLP} {OTLP}"), "trailing"),
            (PageShape::JaegerJson, r#"{"data":7}"#, "invalid type"),
            (PageShape::JaegerJson, r#"{"data":[],"errors":[{"code":500,"msg":"x"}]}"#, "names errors"),
            (
                PageShape::JaegerJson,
                &JAEGER.replace(r#""spanID":"ad6b7169203331""#, r#""spanID":7"#),
                "invalid type",
            ),
        ] {
            let said = spans(shape, text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
        assert_eq!(spans(PageShape::JaegerJson, br#"{"data":null,"errors":null}"#).unwrap(), []);
        // So deep that a reader without a bound would run out of stack.
        assert!(spans(PageShape::OtlpJson, "[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn services_are_named_by_both_interfaces() {
        let of = |text: &str| services(text.as_bytes());
        assert_eq!(of(r#"{"services":["a","b"]}"#).unwrap(), ["a", "b"]);
        assert_eq!(of(r#"{"data":["a"],"total":1,"errors":null}"#).unwrap(), ["a"]);
        assert!(of(r#"{"data":null,"total":0}"#).unwrap().is_empty() && of("{ }").unwrap().is_empty());
        assert!(of(r#"{"else":1}"#).is_err() && of("[]").is_err() && of(r#"{"services":[1]}"#).is_err());
    }
}
