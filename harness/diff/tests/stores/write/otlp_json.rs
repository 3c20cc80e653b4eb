//! OTLP in JSON, and what Jaeger and Tempo make of it.

use serde_json::{Value, json};

use super::{base64, hex};
use crate::spans::{TestOrigin, TestPairs, TestSpan, TestValue, TestWorld};

const KINDS: [&str; 6] = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const CODES: [&str; 3] = ["UNSET", "OK", "ERROR"];

fn value(of: &TestValue) -> Value {
    match of {
        TestValue::Empty => json!({}),
        TestValue::Text(text) => json!({ "stringValue": text }),
        TestValue::Bool(value) => json!({ "boolValue": value }),
        TestValue::Int(value) => json!({ "intValue": value.to_string() }),
        TestValue::Double(value) => json!({ "doubleValue": value }),
        TestValue::List(values) => {
            json!({ "arrayValue": { "values": values.iter().map(value).collect::<Vec<_>>() } })
        }
        TestValue::Map(values) => json!({ "kvlistValue": { "values": pairs(values) } }),
        TestValue::Bytes(bytes) => json!({ "bytesValue": base64(bytes) }),
    }
}

fn pairs(of: &TestPairs) -> Value {
    of.iter().map(|(key, one)| json!({ "key": key, "value": value(one) })).collect()
}

/// A span; `short`: as Jaeger or Tempo writes it, by names and in base64.
fn span(of: &TestSpan, ids: fn(&[u8]) -> String, names: bool) -> Value {
    let events: Vec<Value> = of
        .events
        .iter()
        .map(|event| {
            json!({
                "timeUnixNano": event.time.to_string(), "name": event.name,
                "attributes": pairs(&event.attributes), "droppedAttributesCount": event.dropped,
            })
        })
        .collect();
    let links: Vec<Value> = of
        .links
        .iter()
        .map(|link| {
            json!({
                "traceId": ids(&link.trace), "spanId": ids(&link.span), "traceState": link.state,
                "attributes": pairs(&link.attributes), "droppedAttributesCount": link.dropped, "flags": link.flags,
            })
        })
        .collect();
    let kind =
        if names { json!(format!("SPAN_KIND_{}", KINDS[usize::from(of.kind)])) } else { json!(of.kind) };
    let code = if names {
        json!(format!("STATUS_CODE_{}", CODES[usize::from(of.status)]))
    } else {
        json!(of.status)
    };
    json!({
        "traceId": ids(&of.trace), "spanId": ids(&of.span),
        "parentSpanId": if of.parent == [0; 8] { String::new() } else { ids(&of.parent) },
        "traceState": of.state, "flags": of.flags, "name": of.name, "kind": kind,
        "startTimeUnixNano": of.start.to_string(), "endTimeUnixNano": of.end.to_string(),
        "attributes": pairs(&of.attributes), "droppedAttributesCount": of.dropped[0],
        "events": events, "droppedEventsCount": of.dropped[1],
        "links": links, "droppedLinksCount": of.dropped[2],
        "status": { "message": of.message, "code": code },
    })
}

fn resource(of: &TestOrigin) -> Value {
    let name = vec![("service.name".to_owned(), TestValue::Text(of.name.clone()))];
    let all = [name, of.attributes.clone()].concat();
    json!({ "attributes": pairs(&all), "droppedAttributesCount": of.dropped })
}

fn scope(of: &TestOrigin) -> Value {
    json!({
        "name": of.name, "version": of.version,
        "attributes": pairs(&of.attributes), "droppedAttributesCount": of.dropped,
    })
}

fn resource_spans(world: &TestWorld, ids: fn(&[u8]) -> String, names: bool) -> Vec<Value> {
    let mut out = Vec::new();
    for (at, origin) in world.resources.iter().enumerate() {
        let mut scopes = Vec::new();
        for (to, library) in world.scopes.iter().enumerate() {
            let own = world.spans.iter().filter(|one| (one.resource, one.scope) == (at, to));
            let spans: Vec<Value> = own.map(|one| span(one, ids, names)).collect();
            // serde_json writes keys in the order of the alphabet: the schema before the spans here, behind them in messages.
            scopes.push(json!({ "scope": scope(library), "spans": spans, "schemaUrl": library.schema }));
        }
        out.push(json!({ "resource": resource(origin), "scopeSpans": scopes, "schemaUrl": origin.schema }));
    }
    out
}

/// A line for each resource.
pub(crate) fn document(world: &TestWorld) -> Vec<u8> {
    let lines = resource_spans(world, hex, false).into_iter();
    let lines = lines.map(|one| json!({ "resourceSpans": [one] }).to_string() + "\n");
    lines.collect::<String>().into_bytes()
}

/// As Tempo answers.
pub(crate) fn tempo(world: &TestWorld) -> Vec<u8> {
    json!({ "batches": resource_spans(world, base64, true) }).to_string().into_bytes()
}

/// As Jaeger answers at `/api/v3/traces`: through its own model, which loses some.
pub(crate) fn jaeger(world: &TestWorld) -> Vec<u8> {
    let mut lossy = world.clone();
    for origin in lossy.resources.iter_mut().chain(&mut lossy.scopes) {
        origin.schema.clear();
        origin.dropped = 0;
        as_text(&mut origin.attributes);
    }
    for scope in &mut lossy.scopes {
        scope.attributes.clear();
    }
    for span in &mut lossy.spans {
        (span.flags, span.dropped) = (0, [0; 3]);
        as_text(&mut span.attributes);
        for event in &mut span.events {
            event.dropped = 0;
            as_text(&mut event.attributes);
        }
        for link in &mut span.links {
            (link.state, link.attributes) = (String::new(), Vec::new());
            (link.flags, link.dropped) = (0, 0);
        }
    }
    json!({ "result": { "resourceSpans": resource_spans(&lossy, hex, false) } }).to_string().into_bytes()
}

/// Lists, maps and empty values as text, in the order of their keys.
pub(crate) fn as_text(of: &mut TestPairs) {
    for (_, one) in of.iter_mut() {
        if matches!(one, TestValue::List(_) | TestValue::Map(_)) {
            *one = TestValue::Text(plain(one).to_string());
        } else if *one == TestValue::Empty {
            *one = TestValue::Text(String::new());
        }
    }
    of.sort_by(|(a, _), (b, _)| a.cmp(b));
}

fn plain(of: &TestValue) -> Value {
    match of {
        TestValue::Empty => Value::Null,
        TestValue::Text(text) => json!(text),
        TestValue::Bool(value) => json!(value),
        TestValue::Int(value) => json!(value),
        TestValue::Double(value) => json!(value),
        TestValue::List(values) => values.iter().map(plain).collect(),
        TestValue::Map(values) => values.iter().map(|(key, one)| (key.clone(), plain(one))).collect(),
        TestValue::Bytes(bytes) => json!(base64(bytes)),
    }
}
