//! Bodies in the shapes in which Jaeger (v1.62, v1.76) and Tempo give them.

use spanfate_model::finding::canary::sent::CanaryMint;

use super::*;

/// Of Jaeger's `/api/v3/traces/ID`: one result, ids in hex, enums as numbers, 64 bits as text.
const JAEGER_V3: &str = r#"{"result":{"resourceSpans":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"spanfate-canary-0"}},
  {"key":"service.instance.id","value":{"stringValue":"00000000000000aa"}},
  {"key":"spanfate.canary.service","value":{"intValue":"0"}}]},
 "scopeSpans":[{"scope":{"name":"spanfate.canary","version":"1"},"spans":[
  {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"","name":"canary serves 0","kind":2,
   "startTimeUnixNano":"1800000000000000123","endTimeUnixNano":"1800000000000004567",
   "attributes":[{"key":"spanfate.canary.large","value":{"intValue":"9007199254740993"}},
    {"key":"spanfate.canary.share","value":{"doubleValue":0.25}},
    {"key":"spanfate.canary.flag","value":{"boolValue":true}},
    {"key":"more","value":{"arrayValue":{"values":[]}}}],
   "status":{"message":"fails on purpose","code":2}}]}]}]}}"#;

/// Of Tempo's `/api/traces/ID`: `batches`, ids in base64, enums by name.
const TEMPO: &str = r#"{"batches":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"spanfate-canary-0"}}]},
 "scopeSpans":[{"scope":{"name":"spanfate.canary"},"spans":[
  {"traceId":"CvdlGRbNQ92ESOshHIAxnA==","spanId":"t61rcWkgMzE=","parentSpanId":"AAECAwQFBgc=","name":"canary calls 1",
   "kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"1800000000000000123","endTimeUnixNano":"1800000000000004567",
   "attributes":[{"key":"spanfate.canary.large","value":{"intValue":"9007199254740993"}}],
   "status":{"code":"STATUS_CODE_ERROR","message":"fails on purpose"}}]}]}]}"#;

/// Of Jaeger's `/api/traces/ID`: microseconds, tags, processes.
const JAEGER: &str = r#"{"data":[{"traceID":"0af7651916cd43dd8448eb211c80319c","spans":[
 {"traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"00ad6b7169203331","operationName":"canary calls 1",
  "references":[{"refType":"FOLLOWS_FROM","traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"ffffffffffffffff"},
   {"refType":"CHILD_OF","traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"b7ad6b7169203331"}],
  "startTime":1800000000000000,"duration":4,"tags":[
   {"key":"spanfate.canary.large","type":"int64","value":9007199254740993},
   {"key":"spanfate.canary.share","type":"float64","value":0.25},{"key":"spanfate.canary.flag","type":"bool","value":true},
   {"key":"span.kind","type":"string","value":"client"},{"key":"otel.status_code","type":"string","value":"ERROR"},
   {"key":"error","type":"bool","value":true},{"key":"otel.status_description","type":"string","value":"fails on purpose"},
   {"key":"internal.span.format","type":"string","value":"otlp"}],
  "logs":[],"processID":"p1","warnings":null}],
 "processes":{"p1":{"serviceName":"spanfate-canary-0","tags":[{"key":"spanfate.canary.service","type":"int64","value":0}]}},
 "warnings":null}],"total":0,"limit":0,"offset":0,"errors":null}"#;

fn only(read: fn(&Value) -> Vec<CanarySpan>, body: &str) -> CanarySpan {
    let all: Vec<CanarySpan> = documents(body.as_bytes()).unwrap().iter().flat_map(read).collect();
    assert_eq!(all.len(), 1);
    all.into_iter().next().unwrap()
}

#[test]
fn the_dialects_of_otlp_say_the_same() {
    let jaeger = only(otlp, JAEGER_V3);
    assert_eq!(
        (jaeger.trace.to_string(), jaeger.span.to_string()),
        ("0af7651916cd43dd8448eb211c80319c".to_owned(), "b7ad6b7169203331".to_owned())
    );
    assert_eq!((jaeger.kind, jaeger.status, jaeger.message.as_str()), (2, 2, "fails on purpose"));
    assert_eq!((jaeger.start, jaeger.end), (1_800_000_000_000_000_123, 1_800_000_000_000_004_567));
    assert!(jaeger.parent.is_zero());
    assert_eq!(jaeger.attributes["spanfate.canary.large"], Some(CanaryValue::Int(9_007_199_254_740_993)));
    assert_eq!(jaeger.attributes["spanfate.canary.share"], Some(CanaryValue::Double(0.25)));
    assert_eq!(jaeger.attributes["spanfate.canary.flag"], Some(CanaryValue::Bool(true)));
    assert_eq!(jaeger.attributes["more"], None);
    assert_eq!(jaeger.resource["spanfate.canary.service"], Some(CanaryValue::Int(0)));
    let tempo = only(otlp, TEMPO);
    assert_eq!((tempo.trace, tempo.span), (jaeger.trace, jaeger.span));
    assert_eq!((tempo.kind, tempo.status, tempo.parent.to_string()), (3, 2, "0001020304050607".to_owned()));
    // Its second interface wraps the same.
    let second = TEMPO.replacen(r#""batches""#, r#""resourceSpans""#, 1);
    assert_eq!(only(otlp, &format!(r#"{{"trace":{second},"metrics":{{}},"status":"COMPLETE"}}"#)), tempo);
    // Results may come one after the other.
    let two: Vec<Value> = documents(format!("{JAEGER_V3}\n{JAEGER_V3}").as_bytes()).unwrap();
    assert_eq!(two.iter().flat_map(otlp).count(), 2);
}

#[test]
fn jaegers_older_form_is_read_to_the_microsecond() {
    let span = only(jaeger, JAEGER);
    // The zeros at the begin of an id may be missing there.
    let short = JAEGER.replace("00ad6b7169203331", "ad6b7169203331");
    assert_eq!(only(jaeger, &short), span);
    assert_eq!((span.kind, span.status, span.message.as_str()), (3, 2, "fails on purpose"));
    assert_eq!((span.start, span.end), (1_800_000_000_000_000_000, 1_800_000_000_000_004_000));
    assert_eq!(span.parent.to_string(), "b7ad6b7169203331");
    assert_eq!(span.attributes["spanfate.canary.large"], Some(CanaryValue::Int(9_007_199_254_740_993)));
    assert_eq!(span.resource["service.name"], Some(CanaryValue::Text("spanfate-canary-0".to_owned())));
    assert_eq!(span.resource["spanfate.canary.service"], Some(CanaryValue::Int(0)));
}

#[test]
fn what_is_no_trace_gives_no_span() {
    let mint = CanaryMint::new(1, 1, 1);
    for body in [
        r#"{"data":null,"total":0,"errors":[{"code":404,"msg":"trace not found"}]}"#,
        r#"{"error":{"httpCode":404,"message":"trace not found"}}"#,
        "[[[[[[[[[[[[{}]]]]]]]]]]]]",
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz","spanId":7},{}]}]}]}"#,
        r#"{"data":[{"spans":[{"traceID":"","spanID":"1"}]}]}"#,
        "",
    ] {
        for document in documents(body.as_bytes()).unwrap() {
            assert_eq!([otlp(&document), jaeger(&document)].concat(), [], "{body}");
        }
    }
    assert!(documents(b"<!doctype html><html></html>").is_none());
    assert!(mint.number_of(TraceId::default()).is_none());
}
