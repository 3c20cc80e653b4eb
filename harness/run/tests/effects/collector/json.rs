//! Bodies in JSON, by the kind of what is odd about them.

use std::fmt::Write;

use super::Body;
use super::members::{AROUND, KINDS, NUMBERS, PARTS, TEXTS, UNKNOWN, VALUES, WHOLE};

const IDS: &str = r#""traceId":"5b8aa5a2d2c872e8321cf37308d69d01","spanId":"051581bf3cb55c01""#;
const SERVICE: &str = r#"{"key":"service.name","value":{"stringValue":"shop"}}"#;

/// A request whose only resource has these members.
fn resource(members: &str) -> String {
    format!(r#"{{"resourceSpans":[{{{members}}}]}}"#)
}

/// A request with these spans.
fn spans(list: &str) -> String {
    resource(&format!(
        r#""resource":{{"attributes":[{SERVICE}]}},"scopeSpans":[{{"scope":{{"name":"lib"}},"spans":[{list}]}}]"#
    ))
}

/// A request with a plain span and one that has these members behind its ids.
fn members(members: &str) -> String {
    spans(&format!(r#"{{{IDS},"name":"first","kind":2}},{{{IDS},{members}}}"#))
}

/// A request with an attribute whose value has these members.
fn value(members: &str) -> String {
    self::members(&format!(r#""attributes":[{{"key":"k","value":{{{members}}}}}],"name":"behind""#))
}

/// All of them.
pub(super) fn bodies() -> Vec<Body> {
    let mut all = Vec::new();
    let mut add = |kind: &str, texts: Vec<String>| {
        all.extend(texts.into_iter().enumerate().map(|(i, text)| Body::json(format!("{kind} {i}"), text)));
    };
    let each = |make: fn(&str) -> String, parts: &[&str]| parts.iter().map(|part| make(part)).collect();
    add("whole", each(members, WHOLE));
    add("names", names());
    add("kind", each(members, KINDS));
    add("number", each(members, NUMBERS));
    add("text", each(members, TEXTS));
    add("id", ids());
    add("null", nulls());
    add("unknown", each(members, UNKNOWN));
    add("twice", twice());
    add("around", AROUND.iter().map(|text| (*text).to_owned()).collect());
    add("order", orders());
    add("value", each(value, VALUES));
    add("part", each(members, PARTS));
    add("brackets", brackets());
    add("deep", deep());
    all.extend(bytes());
    let escaped: Vec<Body> = all.iter().filter(|body| !body.name.contains("UTF-8")).map(escaped).collect();
    all.extend(escaped);
    all
}

/// The same body with its keys written in escapes.
fn escaped(body: &Body) -> Body {
    let text = String::from_utf8(body.bytes.clone()).unwrap();
    let mut out = String::new();
    for part in text.split_inclusive("\":") {
        // What ends there is a key, but for texts that end with a colon, of which there are none.
        let begin = part
            .strip_suffix("\":")
            .and_then(|before| before.rfind('"'))
            .map_or(part.len(), |quote| quote + 1);
        let (before, key) = part.split_at(begin);
        out.push_str(before);
        match key.chars().next() {
            Some(first @ 'a'..='z') => write!(out, "\\u{:04x}{}", u32::from(first), &key[1..]).unwrap(),
            _ => out.push_str(key),
        }
    }
    Body::json(format!("escaped {}", body.name), out)
}

fn names() -> Vec<String> {
    vec![
        resource(r#""scope_spans":[{"spans":[{"trace_id":"5b8aa5a2d2c872e8321cf37308d69d01","span_id":"051581bf3cb55c01","parent_span_id":"0102030405060708","start_time_unix_nano":"1","end_time_unix_nano":2,"dropped_attributes_count":1,"dropped_events_count":1,"dropped_links_count":1}],"schema_url":"u"}],"resource":{"attributes":[{"key":"service.name","value":{"string_value":"snake"}}],"dropped_attributes_count":1,"entity_refs":[{"schema_url":"u","type":"t","id_keys":["a"],"description_keys":[null]}]},"schema_url":"u""#)
            .replace("resourceSpans", "resource_spans"),
        resource(r#""instrumentationLibrarySpans":[{"spans":[{}]}]"#),
        resource(r#""deprecatedScopeSpans":[{"spans":[{}]}]"#),
        resource(r#""deprecated_scope_spans":[{"spans":[{"kind":null}]}]"#),
        resource(r#""ScopeSpans":[{"spans":[{}]}]"#),
        resource(r#""scopeSpans":[{"Spans":[{}]}]"#),
    ]
}

fn ids() -> Vec<String> {
    let with = |trace: &str, span: &str, parent: &str| {
        spans(&format!(r#"{{"traceId":{trace},"spanId":{span},"parentSpanId":{parent}}}"#))
    };
    let (trace, span) = (r#""5b8aa5a2d2c872e8321cf37308d69d01""#, r#""051581bf3cb55c01""#);
    vec![
        with(trace, span, r#""""#),
        with(&trace.to_uppercase(), &span.to_uppercase(), &span.to_uppercase()),
        with(r#""""#, r#""""#, r#""""#),
        with(r#""00000000000000000000000000000000""#, r#""0000000000000000""#, span),
        with(r#""5b8a""#, span, span),
        with(r#""5b8aa5a2d2c872e8321cf37308d69d011""#, span, span),
        with(trace, r#""051581bf3cb55c0""#, span),
        with(trace, r#""051581bf3cb55c0g""#, span),
        with(trace, r#""BRWBvzy1XAE=""#, span),
        with(trace, span, r#""0102""#),
        with("null", span, span),
        with(trace, "null", span),
        with(trace, span, "null"),
        with(trace, "7", span),
        with(trace, r#""\u0030051581bf3cb55c01""#, span),
        with(r#""5b8aa5a2-d2c8-72e8-321c-f37308d69d01""#, span, span),
        spans(r#"{"name":"no ids"}"#),
        spans("{}"),
        spans(&format!(r#"{{"traceId":{trace}}}"#)),
    ]
}

fn nulls() -> Vec<String> {
    let of_span =
        ["kind", "name", "startTimeUnixNano", "flags", "attributes", "events", "links", "traceState"];
    let mut all: Vec<String> =
        of_span.iter().map(|name| members(&format!(r#""{name}":null,"name":"behind""#))).collect();
    all.extend([
        spans("null"),
        spans(&format!("null,{{{IDS}}},null")),
        spans("{},null{}"),
        resource(r#""scopeSpans":null,"resource":null,"schemaUrl":null"#),
        resource(r#""scopeSpans":[null,{"scope":null,"spans":null,"schemaUrl":null}]"#),
        resource(r#""resource":{"attributes":null,"entityRefs":null}"#),
        resource(r#""resource":{"attributes":[null],"droppedAttributesCount":null}"#),
        resource(r#""resource":{"attributes":[{"key":null,"value":null}]},"scopeSpans":[{"spans":[{}]}]"#),
    ]);
    all
}

fn twice() -> Vec<String> {
    let named = |name: &str| format!(r#"{{"key":"service.name","value":{{"stringValue":"{name}"}}}}"#);
    let (a, b) = (named("a"), named("b"));
    let one = format!(r#""scopeSpans":[{{"spans":[{{{IDS}}}]}}]"#);
    vec![
        members(r#""name":"a","name":"b","kind":1,"kind":"SPAN_KIND_CLIENT""#),
        members(r#""spanId":"0000000000000009","traceId":"""#),
        members(r#""spanId":"09","spanId":"0000000000000009""#),
        members(r#""name":3,"name":"b""#),
        resource(&format!(r#"{one},{one},"scope_spans":[{{"spans":[{{}}]}}]"#)),
        resource(&format!(r#""resource":{{"attributes":[{a},{b}]}},{one}"#)),
        resource(&format!(r#""resource":{{"attributes":[{a}]}},{one},"resource":{{"attributes":[{b}]}}"#)),
        resource(&format!(r#"{one},"resource":{{}},{one},"resource":{{"attributes":[{b}]}},{one}"#)),
        resource(&format!(
            r#""resource":{{"attributes":[{{"key":"service.name","value":{{"intValue":1}}}},{b}]}},{one}"#
        )),
        resource(&format!(r#""resource":{{"attributes":[{a}],"attributes":[{b}]}},{one}"#)),
        resource(&format!(
            r#""resource":{{"attributes":[{{"key":"x","value":{{"stringValue":"c"}},"value":{{}},"key":"service.name"}}]}},{one}"#
        )),
        resource(&format!(
            r#""resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"c","boolValue":true}}}}]}},{one}"#
        )),
        resource(&format!(
            r#""resource":{{"attributes":[{{"key":"service.name","value":{{"kvlistValue":{{"values":[{b}]}}}}}}]}},{one}"#
        )),
        format!(
            "{}{}",
            resource(&one).trim_end_matches('}'),
            r#"},"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}"#
        ),
    ]
}

fn orders() -> Vec<String> {
    let one = format!(r#""scopeSpans":[{{"spans":[{{"name":"early",{IDS}}}],"scope":{{"version":"1"}}}}]"#);
    vec![
        resource(&format!(r#"{one},"resource":{{"attributes":[{SERVICE}]}}"#)),
        resource(&format!(r#"{one},"resource":{{"attributes":[{{"key":7}}]}}"#)),
        resource(&format!(r#"{one},"schemaUrl":7"#)),
        resource(&format!(r#"{one},"resource":[]"#)),
    ]
}

fn brackets() -> Vec<String> {
    vec![
        spans("{}{}"),
        spans("{}[{}"),
        spans("},},{}"),
        spans("[{}]"),
        spans(r#"{"name":"a"{"kind":1}"#),
        spans(r#"{"name":"a","":3}"#),
        spans(r#"{"name":"a",null:3}"#),
        spans(r#"{"name":"a",null:}"#),
        spans(r#"{,"name":"a"}"#),
        spans(r#","name":"a"}"#),
        spans(r#"{"name" "a"}"#),
        spans(r#"{"name":"a"]"#),
        spans(r#"{"name":"a";"kind":1}"#),
        spans(r#"{"name":"a","kind":}"#),
        spans(r#"{name:"a"}"#),
        resource(r#""scopeSpans":,{"spans":[{}]}]"#),
        resource(r#""scopeSpans":[{"spans":[{}]}"#),
        resource(r#""scopeSpans":[{"spans":[{}]}]]"#),
    ]
}

fn deep() -> Vec<String> {
    let lists = |depth: usize| format!(r#""new":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!(r#""new":{}1{}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let values = |depth: usize| {
        value(&format!(
            "{}{}",
            r#""arrayValue":{"values":[{"#.repeat(depth) + r#""stringValue":"x""#,
            "}]}".repeat(depth)
        ))
    };
    vec![
        members(&lists(129)),
        members(&lists(10_000)),
        members(&lists(10_001)),
        members(&objects(10_000)),
        members(&objects(10_001)),
        values(60),
        values(2_000),
    ]
}

/// Text that is not UTF-8.
fn bytes() -> Vec<Body> {
    let odd: [(&str, &[u8]); 6] = [
        ("name", b"\"name\":\"a\xff\xfeb\""),
        ("name with an escape", b"\"name\":\"\\n\xc3\x28\""),
        ("surrogate in UTF-8", b"\"name\":\"\xed\xa0\xbd\""),
        ("key", b"\"n\xffw\":1"),
        ("value", b"\"attributes\":[{\"key\":\"\xff\",\"value\":{\"stringValue\":\"\xff\"}}]"),
        ("outside of text", b"\xff\"name\":1"),
    ];
    odd.iter()
        .map(|(name, part)| {
            let text = members("@");
            let (before, behind) = text.split_once('@').unwrap();
            let bytes = [before.as_bytes(), part, behind.as_bytes()].concat();
            Body { name: format!("not UTF-8: {name}"), json: true, bytes }
        })
        .collect()
}
