//! Traces in JSON, as back ends show them: OTLP/JSON in several dialects, and Jaeger's older form. Whatever is not understood is
//! passed over; what was sent and is not there in a form that is known counts as not there.

use serde_json::{Deserializer, Value};
use spanfate_model::finding::canary::sent::{CanarySpan, CanaryValue, CanaryValues};
use spanfate_model::quantity::id::{SpanId, TraceId};

/// Envelopes in each other that are opened.
const DEEPEST: u32 = 6;

/// The documents of a body: a stream of results is several, one after the other.
pub(crate) fn documents(body: &[u8]) -> Option<Vec<Value>> {
    Deserializer::from_slice(body).into_iter().collect::<Result<Vec<Value>, _>>().ok()
}

/// Spans of OTLP/JSON, in whatever envelope: `resourceSpans`, or `batches` as Tempo calls it.
pub(crate) fn otlp(document: &Value) -> Vec<CanarySpan> {
    let mut out = Vec::new();
    envelope(document, DEEPEST, &mut out);
    out
}

fn envelope(value: &Value, depth: u32, out: &mut Vec<CanarySpan>) {
    let Some(deeper) = depth.checked_sub(1) else { return };
    match value {
        Value::Array(items) => items.iter().for_each(|item| envelope(item, deeper, out)),
        Value::Object(fields) => {
            for (key, inside) in fields {
                match key.as_str() {
                    "resourceSpans" | "resource_spans" | "batches" => {
                        for one in list(inside) {
                            resource_spans(one, out);
                        }
                    }
                    _ => envelope(inside, deeper, out),
                }
            }
        }
        _ => {}
    }
}

fn resource_spans(one: &Value, out: &mut Vec<CanarySpan>) {
    let resource = attributes(&one["resource"]["attributes"]);
    let scopes = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
    for scope in scopes.iter().flat_map(|name| list(&one[*name])) {
        out.extend(list(&scope["spans"]).iter().filter_map(|span| otlp_span(span, &resource)));
    }
}

fn otlp_span(span: &Value, resource: &CanaryValues) -> Option<CanarySpan> {
    let status = &span["status"];
    Some(CanarySpan {
        trace: TraceId(id(&span["traceId"])?),
        span: SpanId(id(&span["spanId"])?),
        parent: id(&span["parentSpanId"]).map(SpanId).unwrap_or_default(),
        name: text(&span["name"]),
        kind: coded(&span["kind"], &KINDS),
        start: whole(&span["startTimeUnixNano"]),
        end: whole(&span["endTimeUnixNano"]),
        status: coded(&status["code"], &CODES),
        message: text(&status["message"]),
        attributes: attributes(&span["attributes"]),
        resource: resource.clone(),
    })
}

/// Kinds in the order of their numbers, as OTLP and as Jaeger call them.
const KINDS: [[&str; 2]; 6] = [
    ["SPAN_KIND_UNSPECIFIED", ""],
    ["SPAN_KIND_INTERNAL", "internal"],
    ["SPAN_KIND_SERVER", "server"],
    ["SPAN_KIND_CLIENT", "client"],
    ["SPAN_KIND_PRODUCER", "producer"],
    ["SPAN_KIND_CONSUMER", "consumer"],
];

/// Codes of a status in the order of their numbers.
const CODES: [[&str; 2]; 3] =
    [["STATUS_CODE_UNSET", "UNSET"], ["STATUS_CODE_OK", "OK"], ["STATUS_CODE_ERROR", "ERROR"]];

/// An enum as a number or by its name.
fn coded<const N: usize>(value: &Value, names: &[[&str; 2]; N]) -> u8 {
    let place = |name: &str| names.iter().position(|known| known.contains(&name));
    let number = value.as_u64().or_else(|| place(value.as_str()?).map(|at| at as u64));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(0)
}

fn attributes(of: &Value) -> CanaryValues {
    let mut out = CanaryValues::new();
    for one in list(of) {
        out.entry(text(&one["key"])).or_insert_with(|| any(&one["value"]));
    }
    out
}

fn any(value: &Value) -> Option<CanaryValue> {
    let (kind, inside) = value.as_object()?.iter().next()?;
    match kind.as_str() {
        "stringValue" => inside.as_str().map(|text| CanaryValue::Text(text.to_owned())),
        "boolValue" => inside.as_bool().map(CanaryValue::Bool),
        "intValue" => inside.as_i64().or_else(|| inside.as_str()?.parse().ok()).map(CanaryValue::Int),
        "doubleValue" => inside.as_f64().or_else(|| inside.as_str()?.parse().ok()).map(CanaryValue::Double),
        _ => None,
    }
}

/// Spans as Jaeger's interface gets them, of `/api/traces/ID`. Times are microseconds there.
pub(super) fn jaeger(document: &Value) -> Vec<CanarySpan> {
    let mut out = Vec::new();
    for trace in list(&document["data"]) {
        let processes = &trace["processes"];
        out.extend(list(&trace["spans"]).iter().filter_map(|span| jaeger_span(span, processes)));
    }
    out
}

fn jaeger_span(span: &Value, processes: &Value) -> Option<CanarySpan> {
    let process = &processes[span["processID"].as_str().unwrap_or_default()];
    let mut resource = tags(&process["tags"]);
    resource.insert("service.name".to_owned(), Some(CanaryValue::Text(text(&process["serviceName"]))));
    let attributes = tags(&span["tags"]);
    let tag = |name: &str| match attributes.get(name) {
        Some(Some(CanaryValue::Text(text))) => Value::from(text.as_str()),
        _ => Value::Null,
    };
    let start = whole(&span["startTime"]).saturating_mul(1000);
    Some(CanarySpan {
        trace: TraceId(id(&span["traceID"])?),
        span: SpanId(id(&span["spanID"])?),
        parent: parent_of(span).unwrap_or_default(),
        name: text(&span["operationName"]),
        kind: coded(&tag("span.kind"), &KINDS),
        start,
        end: start.saturating_add(whole(&span["duration"]).saturating_mul(1000)),
        status: coded(&tag("otel.status_code"), &CODES),
        message: text(&tag("otel.status_description")),
        attributes,
        resource,
    })
}

fn parent_of(span: &Value) -> Option<SpanId> {
    let child = list(&span["references"]).iter().find(|one| one["refType"] == "CHILD_OF");
    child.and_then(|one| id(&one["spanID"])).or_else(|| id(&span["parentSpanID"])).map(SpanId)
}

fn tags(of: &Value) -> CanaryValues {
    let mut out = CanaryValues::new();
    for one in list(of) {
        let value = &one["value"];
        let value = match one["type"].as_str().unwrap_or_default() {
            "string" => value.as_str().map(|text| CanaryValue::Text(text.to_owned())),
            "bool" => value.as_bool().map(CanaryValue::Bool),
            "int64" => value.as_i64().or_else(|| value.as_str()?.parse().ok()).map(CanaryValue::Int),
            "float64" => value.as_f64().map(CanaryValue::Double),
            _ => None,
        };
        out.entry(text(&one["key"])).or_insert(value);
    }
    out
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number of 64 bits, which JSON writes as text and some as a number.
fn whole(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

/// An id in hex, where zeros at its begin may be missing, or in base64 as protobuf's own JSON has it.
fn id<const N: usize>(value: &Value) -> Option<[u8; N]> {
    id_of(value.as_str()?)
}

/// The same of its text.
pub(super) fn id_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.is_empty() {
        return None;
    }
    if text.len() <= 2 * N && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let padded = format!("{text:0>width$}", width = 2 * N);
        let mut out = [0; N];
        for (byte, pair) in out.iter_mut().zip(padded.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(out);
    }
    base64(text)?.try_into().ok()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
#[path = "json/tests.rs"]
mod tests;
