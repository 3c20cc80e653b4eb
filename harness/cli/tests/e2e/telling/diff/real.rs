//! A file against a real Jaeger that holds the same spans. Building Jaeger takes minutes, so by day this runs only where it has been
//! built already.

use std::path::Path;

use spanfate_testkit::client::{Client, http_request};
use tempfile::TempDir;

use super::{call, text};
use crate::engine::RealJaeger;
use crate::lab::{lab, skipped};

/// Traces of a root and a child, a millisecond apart, with whatever a span can have.
fn traces(numbers: impl Iterator<Item = u64>) -> String {
    let span = |trace: u64, id: u64, parent: &str, rest: &str| {
        let start = 1_700_000_000_000_000_000 + trace * 1_000_000 + id * 1500;
        format!(
            r#"{{"traceId":"{:032x}","spanId":"{id:016x}","parentSpanId":"{parent}","name":"op {id}","kind":{id},"startTimeUnixNano":"{start}","endTimeUnixNano":"{}"{rest}}}"#,
            trace + 1,
            start + 7700
        )
    };
    let rest = r#","traceState":"a=b","attributes":[{"key":"text","value":{"stringValue":"ž <&> 🐎"}},{"key":"whole","value":{"intValue":"-9007199254740993"}},
        {"key":"ratio","value":{"doubleValue":0.1}},{"key":"is","value":{"boolValue":false}},{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":"1"}]}}},
        {"key":"empty","value":{"stringValue":""}}],"events":[{"timeUnixNano":"1700000000000000500","name":"exception","attributes":[{"key":"n","value":{"intValue":"7"}}]}],
        "links":[{"traceId":"0f0e0d0c0b0a09080706050403020100","spanId":"0807060504030201"}],"status":{"code":2,"message":"bad"}"#;
    let rest = rest.replace(['\n'], "");
    let spans: Vec<String> = numbers
        .flat_map(|trace| [span(trace, 1, "", ""), span(trace, 2, "0000000000000001", &rest)])
        .collect();
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}},{{"key":"host.id","value":{{"intValue":"5"}}}}]}},"scopeSpans":[{{"scope":{{"name":"lib","version":"1.2"}},"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    ) + "\n"
}

fn compared(folder: &Path, file: &str, store: &str, more: &[&str]) -> (Option<i32>, String) {
    let done = call(folder, &[&[file, store][..], more].concat());
    (done.status.code(), text(&done.stdout) + &text(&done.stderr))
}

#[tokio::test]
async fn a_real_jaeger_tells_the_same_by_both_interfaces() {
    if !RealJaeger::program().is_file() {
        return skipped("Jaeger has not been built here (`spanfate scenario dual-engine` builds it)");
    }
    let Some(_lab) = lab() else { return };
    let jaeger = RealJaeger::start();
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("same", &traces(0..500));
    write("more", &traces(0..501));
    write("fewer", &traces((0..500).filter(|trace| *trace != 77)));
    for from in [0, 250] {
        let body = traces(from..from + 250);
        // It closes a connection after the first answer.
        let mut client = Client::http1(([127, 0, 0, 1], jaeger.http).into()).await;
        let sent =
            client.send(http_request("POST", "/v1/traces", "application/json", body.as_bytes(), false)).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
    }
    let store = format!("jaeger:http://127.0.0.1:{}", jaeger.query);
    // It answers before it has saved them.
    let mut found = (None, String::new());
    for _ in 0..20 {
        found = compared(folder.path(), "same", &store, &[]);
        if found.0 == Some(0) {
            break;
        }
    }
    assert_eq!(found.0, Some(0), "{}", found.1);
    for more in [
        &["--right-format", "jaeger-json"][..],
        &["--right-format", "jaeger-otlp"],
        &["--search"],
        &["--search", "--service", "shop", "--right-format", "jaeger-json"],
    ] {
        let (code, said) = compared(folder.path(), "same", &store, more);
        assert_eq!(code, Some(0), "{more:?}: {said}");
        assert!(said.contains("the same story of 1,000 spans in 500 traces"), "{said}");
    }
    let (code, said) = compared(folder.path(), "more", &store, &[]);
    assert_eq!((code, said.contains("2 only left")), (Some(99), true), "{said}");
    // Only a search sees what the file lacks.
    assert_eq!(compared(folder.path(), "fewer", &store, &[]).0, Some(0));
    let (code, said) = compared(folder.path(), "fewer", &store, &["--search"]);
    assert_eq!((code, said.contains("2 only right")), (Some(99), true), "{said}");
}
