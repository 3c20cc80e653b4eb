//! Jaeger's own JSON, as the Collector's translator and Jaeger's query service make it of OTLP.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::otlp_json::as_text;
use super::{base64, hex};
use crate::spans::{TestOrigin, TestPairs, TestSpan, TestValue, TestWorld};

fn tag(key: &str, kind: &str, value: impl Into<Value>) -> Value {
    json!({ "key": key, "type": kind, "value": value.into() })
}

fn text(key: &str, value: &str) -> Value {
    tag(key, "string", json!(value))
}

fn tags(of: &TestPairs) -> Vec<Value> {
    let mut of = of.clone();
    as_text(&mut of);
    of.iter()
        .map(|(key, one)| match one {
            TestValue::Bool(value) => tag(key, "bool", json!(value)),
            // What JavaScript cannot hold is a string.
            TestValue::Int(value) if value.unsigned_abs() >= 1 << 53 => {
                tag(key, "int64", json!(value.to_string()))
            }
            TestValue::Int(value) => tag(key, "int64", json!(value)),
            TestValue::Double(value) => tag(key, "float64", json!(value)),
            TestValue::Bytes(bytes) => tag(key, "binary", json!(base64(bytes))),
            TestValue::Text(value) => text(key, value),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn sorted(mut tags: Vec<Value>) -> Vec<Value> {
    tags.sort_by_key(|tag| tag["key"].to_string());
    tags
}

fn micros(ns: u64) -> u64 {
    (ns.cast_signed() / 1000).cast_unsigned()
}

/// Without zeros in front where the first half is zeros.
fn trace_id(id: &[u8; 16]) -> String {
    if id[..8] == [0; 8] { hex(&id[8..]) } else { hex(id) }
}

fn span(of: &TestSpan, scope: &TestOrigin) -> Value {
    let mut all = Vec::new();
    for (key, value) in [("otel.scope.name", &scope.name), ("otel.scope.version", &scope.version)] {
        if !value.is_empty() {
            all.push(text(key, value));
        }
    }
    all.extend(tags(&of.attributes));
    if of.kind > 0 {
        let kinds = ["internal", "server", "client", "producer", "consumer"];
        all.push(text("span.kind", kinds[usize::from(of.kind) - 1]));
    }
    match of.status {
        1 => all.push(text("otel.status_code", "OK")),
        2 => {
            all.push(text("otel.status_code", "ERROR"));
            all.push(tag("error", "bool", json!(true)));
        }
        _ => {}
    }
    if !of.message.is_empty() {
        all.push(text("otel.status_description", &of.message));
    }
    if !of.state.is_empty() {
        all.push(text("w3c.tracestate", &of.state));
    }
    all.push(text("internal.span.format", "otlp"));
    let mut references = Vec::new();
    if of.parent != [0; 8] {
        references.push(
            json!({ "refType": "CHILD_OF", "traceID": trace_id(&of.trace), "spanID": hex(&of.parent) }),
        );
    }
    references.extend(of.links.iter().map(|link| {
        json!({ "refType": "FOLLOWS_FROM", "traceID": trace_id(&link.trace), "spanID": hex(&link.span) })
    }));
    let logs: Vec<Value> = of
        .events
        .iter()
        .map(|event| {
            let mut fields = Vec::new();
            if !event.name.is_empty() {
                fields.push(text("event", &event.name));
            }
            fields.extend(tags(&event.attributes));
            json!({ "timestamp": micros(event.time), "fields": fields })
        })
        .collect();
    json!({
        "traceID": trace_id(&of.trace), "spanID": hex(&of.span), "operationName": of.name,
        "references": references, "startTime": micros(of.start), "duration": micros(of.end.wrapping_sub(of.start)),
        "tags": sorted(all), "logs": logs, "processID": format!("p{}", of.resource + 1), "warnings": null,
    })
}

fn process(of: &TestOrigin) -> Value {
    let name = if of.name.is_empty() { "OTLPResourceNoServiceName" } else { &of.name };
    json!({ "serviceName": name, "tags": tags(&of.attributes) })
}

/// All traces in one answer.
pub(crate) fn document(world: &TestWorld) -> Vec<u8> {
    let mut traces: BTreeMap<[u8; 16], Vec<&TestSpan>> = BTreeMap::new();
    for span in &world.spans {
        traces.entry(span.trace).or_default().push(span);
    }
    // Processes come behind the spans, as Jaeger has them.
    let trace = |(id, spans): (&[u8; 16], &Vec<&TestSpan>)| {
        let spans: Vec<Value> = spans.iter().map(|one| span(one, &world.scopes[one.scope])).collect();
        let own: serde_json::Map<String, Value> = world
            .resources
            .iter()
            .enumerate()
            .map(|(at, one)| (format!("p{}", at + 1), process(one)))
            .collect();
        let (spans, own) = (Value::from(spans), Value::from(own));
        format!(
            "{{\"traceID\":\"{}\",\"spans\":{spans},\"processes\":{own},\"warnings\":null}}",
            trace_id(id)
        )
    };
    let traces: Vec<String> = traces.iter().map(trace).collect();
    format!("{{\"data\":[{}],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}}\n", traces.join(","))
        .into_bytes()
}
