//! OTLP/JSON: the same notes as for protobuf, and mistakes shown where they are.

use http::StatusCode;
use spanfate_model::format::wire::{AnswerFate, Disposition, WireProtocol};
use spanfate_model::quantity::id::{SpanId, SpanKey};
use spanfate_run::receiver::DiscardPlan;
use spanfate_testkit::message;

use super::bench::bench;
use spanfate_testkit::client::{Answer, Client, http_request, zip};

/// A span as exporters write it, with the number of `message::key`.
fn span(i: u64) -> String {
    let SpanKey { trace, span } = message::key(i);
    format!(
        r#"{{"traceId":"{trace}","spanId":"{span}","parentSpanId":"0909090909090909","flags":257,"name":"name {}",
        "kind":2,"startTimeUnixNano":"{}","endTimeUnixNano":{},"attributes":[{{"key":"a","value":{{"intValue":"1"}}}}],
        "status":{{}}}}"#,
        i % 3,
        1000 + i,
        2000 + i
    )
}

const RESOURCE: &str = r#""resource":{"attributes":[{"key":"host.name","value":{"stringValue":"here"}},
    {"key":"service.name","value":{"stringValue":"checkout"}},{"key":"n","value":{"intValue":3}}]}"#;

fn request(spans: impl IntoIterator<Item = String>) -> String {
    let spans = spans.into_iter().collect::<Vec<_>>().join(",");
    // The resource behind the spans, which JSON allows.
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"scope":{{}},"spans":[{spans}]}}],{RESOURCE}}}]}}"#)
}

async fn post(client: &mut Client, text: &str, zipped: bool) -> Answer {
    client.send(http_request("POST", "/v1/traces", "application/json", text.as_bytes(), zipped)).await
}

#[tokio::test]
async fn spans_in_json_are_noted_like_those_in_protobuf() {
    let bench = bench(|_| {});
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let text = request((0..5).map(span));
    assert_eq!(one.post(&message::spans(5), false).await.status, StatusCode::OK);
    for (client, zipped) in [(&mut one, false), (&mut two, true)] {
        let answer = post(client, &text, zipped).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "{}"));
    }
    let (log, summary) = bench.finish().await;
    assert_eq!((summary.counts.requests, summary.counts.accepted, log.end), (3, 15, Some(3)));
    for (i, request) in log.requests.iter().enumerate().skip(1) {
        let sent = if i == 1 { text.len() } else { zip(text.as_bytes()).len() };
        assert_eq!((request.raw_bytes as usize, request.wire_bytes as usize), (text.len(), sent));
        assert_eq!((request.spans, request.protocol), (5, WireProtocol::HttpJson));
    }
    for (i, span) in log.spans.iter().enumerate().skip(5) {
        let protobuf = &log.spans[i % 5];
        assert_eq!((span.request, span.key, span.parent), (i as u32 / 5, protobuf.key, protobuf.parent));
        assert_eq!((span.name, span.service, span.kind), (protobuf.name, protobuf.service, protobuf.kind));
        assert_eq!((span.start_wall, span.end_wall), (protobuf.start_wall, protobuf.end_wall));
    }
    assert!(log.answers.iter().all(|answer| answer.fate == AnswerFate::TakenByTransport));
}

#[tokio::test]
async fn limits_hold_for_json() {
    let small = bench(|config| (config.max_spans, config.max_bytes) = (4, 3000));
    let mut one = small.one().await;
    let many = post(&mut one, &request((0..5).map(span)), true).await;
    assert_eq!(many.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(many.text, "5 spans are over the receiver's limit of 4 spans per request");
    let padded = request((0..2).map(span)) + &" ".repeat(3000);
    let large = post(&mut one, &padded, false).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.text.contains("limit of 3000 bytes"), "{}", large.text);
    let bomb = "[".repeat(9 << 20);
    assert_eq!(post(&mut one, &bomb, true).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let (log, summary) = small.finish().await;
    assert_eq!((summary.counts.refused, summary.counts.accepted, log.requests.len()), (7, 0, 3));
    assert!(log.spans.iter().all(|span| span.disposition == Disposition::Refused));
    assert_eq!(log.requests[2].raw_bytes, 0, "what is not read has no spans");
}

#[tokio::test]
async fn malformed_json_is_shown_where_it_is_wrong() {
    let bench = bench(|_| {});
    let mut one = bench.one().await;
    let with =
        |span: &str| format!("{{\n \"resourceSpans\": [{{\n \"scopeSpans\":[{{\"spans\":[{span}]}}]}}]}}");
    let ids = r#""traceId":"0102030405060708090a0b0c0d0e0fFF","spanId":"0102030405060708""#;
    let cases = [
        (String::new(), "ends too early"),
        ("{\"resourceSpans\":[}".to_owned(), "(byte 19)"),
        ("{\"resourceSpans\":{}}".to_owned(), "expected a list"),
        ("{\"resourceSpans\":[3]}".to_owned(), "expected an object"),
        ("[]".to_owned(), "expected an object"),
        ("{\"x\":\"\u{1}\"}".to_owned(), "control character"),
        (with(r#"{"traceId":"0102"}"#), "id does not have 32 hexadecimal digits"),
        (with(r#"{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA=="}"#), "id does not have 32 hexadecimal digits"),
        (with(r#"{"spanId":"010203040506070g"}"#), "id does not have 16 hexadecimal digits"),
        (with(r#"{"spanId":7}"#), "expected a string"),
        (with(&format!(r#"{{{ids},"startTimeUnixNano":"1s"}}"#)), "expected a whole number"),
        (with(&format!(r#"{{{ids},"endTimeUnixNano":-1}}"#)), "expected a whole number"),
        (with(&format!(r#"{{{ids},"endTimeUnixNano":1.5}}"#)), "not whole"),
        (with(&format!(r#"{{{ids},"kind":[]}}"#)), "expected a whole number"),
        (with(&format!(r#"{{{ids},"name":{{"x":"{}"}}}}"#, "x".repeat(9999))), "expected a string"),
        (with(&format!("{{{ids}}},x")), "expected an object"),
    ];
    for (text, what) in &cases {
        let answer = post(&mut one, text, false).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what}: {}", answer.text);
        assert!(answer.text.contains(what) && answer.text.contains("(byte "), "{what}: {}", answer.text);
        assert!(answer.text.len() < 300);
    }
    // Offsets are those of the whole message, also inside an element that is read apart.
    let text = with(&format!("{{{ids},\"name\":7}}"));
    let at = text.find("7}").unwrap();
    let answer = post(&mut one, &text, false).await.text;
    let named: usize = answer.rsplit("byte ").next().unwrap().trim_end_matches(')').parse().unwrap();
    assert!(named.abs_diff(at) <= 1, "{answer}, but it is at {at}");
    let (log, summary) = bench.finish().await;
    assert_eq!((log.requests.len(), summary.counts.invalid), (0, cases.len() as u64 + 1));
}

#[tokio::test]
async fn json_is_read_as_protobuf_maps_it() {
    let bench = bench(|config| config.discard_acknowledged = DiscardPlan { count: 1, every: 3 });
    let mut one = bench.one().await;
    for text in ["{}", "{\"resourceSpans\":null}", "{\"other\":[1]}", "{\"resourceSpans\":[null,{}]}"] {
        assert_eq!(post(&mut one, text, false).await.status, StatusCode::OK, "{text}");
    }
    // Nulls, empty parents, escapes, capital digits, unknown and deep fields.
    let ids = r#""traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"0102030405060708""#;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let odd = format!(
        r#"{{{ids},"parentSpanId":"","name":"a\u00e9\"","kind":"SPAN_KIND_CLIENT","start_time_unix_nano":1000,"new":{deep}}}"#
    );
    let plain =
        format!(r#"{{{ids},"endTimeUnixNano":"18446744073709551615","Trace_id":3,"traceState":null}}"#);
    let answer = post(&mut one, &request([odd, plain, span(1)]), false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let (log, _) = bench.finish().await;
    assert_eq!((log.requests.len(), log.spans.len()), (5, 2), "the third span is the planted loss");
    let span = &log.spans[0];
    assert_eq!((log.name(span.name), log.name(span.service)), ("aé\"", "checkout"));
    assert_eq!((span.parent, span.kind, span.start_wall), (SpanId::default(), 3, 1000));
    assert_eq!(span.key.trace.to_string(), "0102030405060708090a0b0c0d0e0f10");
    assert_eq!(log.spans[1].end_wall, u64::MAX);
}
