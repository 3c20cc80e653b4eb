//! The receiver alone: every encoding, exact totals, an orderly end. None of it needs Go.

use std::fs;
use std::time::Duration;

use http::StatusCode;
use nix::sys::signal::Signal;
use serde_json::json;
use spanfate_model::format::wire::{self, WireProtocol, WireRecord};
use spanfate_run::host::clock;
use tempfile::TempDir;

use crate::watching::station::{Station, call};
use spanfate_testkit::client::{Client, grpc_request, http_request};
use spanfate_testkit::message;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// One span in OTLP/JSON, with the ids of `message::key`.
fn json_span(n: u64) -> Vec<u8> {
    let key = message::key(n);
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{}","spanId":"{}","name":"n"}}]}}]}}]}}"#,
        key.trace, key.span
    )
    .into_bytes()
}

#[tokio::test]
async fn spans_of_three_encodings_are_counted_exactly() {
    let station = Station::start(&["--max-spans", "8", "--out", "wire.log", "--json"]);
    let (mut one, mut two) = (Client::http1(station.address).await, Client::http2(station.address).await);
    for zipped in [false, true] {
        assert_eq!(two.grpc(&message::spans(5), zipped).await.grpc, Some(0));
        assert_eq!(one.post(&message::spans(8), zipped).await.status, StatusCode::OK);
        let span = json_span(100 + u64::from(zipped));
        let answer = one.send(http_request("POST", "/v1/traces", JSON, &span, zipped)).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "{}"));
    }
    assert_eq!(one.post(&message::spans(9), false).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(one.post(b"what?", false).await.status, StatusCode::BAD_REQUEST);
    let metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    assert_eq!(two.send(grpc_request(metrics, b"12345", false)).await.grpc, Some(0));
    let logs = one.send(http_request("POST", "/v1/logs", PROTOBUF, b"123", true)).await;
    assert_eq!(logs.status, StatusCode::OK);
    let ended = station.stop(Signal::SIGINT);
    assert_eq!(ended.code, Some(0));
    // Spans 0..5 came four times, 5..8 twice, 100 and 101 once.
    let expected = json!({
        "connections": 2, "requests": 7, "spans": 28, "distinct": 10, "duplicates": 18, "refused": 9, "invalid": 1,
        "unread": [
            {"reason": "undecodable", "requests": 1, "handed_on": 0, "taken": 0, "example":
                "POST /v1/traces, not an export request: wire type is unknown (byte 0)"},
            {"reason": "too large", "requests": 1, "handed_on": 0, "taken": 0, "example":
                "POST /v1/traces, 9 spans are over the receiver's limit of 8 spans per request"},
        ],
        "gap": 0, "stalled": 0, "closed": 0, "metrics": {"requests": 1, "bytes": 5, "refused": 0}, "logs": {"requests": 1, "bytes": 3, "refused": 0},
        "limits_met": [],
    });
    assert_eq!(ended.totals(), expected);
    let log = fs::read(ended.folder.path().join("wire.log")).unwrap();
    let protocols: Vec<WireProtocol> = wire::read(&log)
        .unwrap()
        .filter_map(|record| match record {
            WireRecord::Request(request) => Some(request.protocol),
            _ => None,
        })
        .collect();
    let round = [WireProtocol::Grpc, WireProtocol::HttpProtobuf, WireProtocol::HttpJson];
    assert_eq!(protocols, [&round[..], &round, &[WireProtocol::HttpProtobuf]].concat());
    assert_eq!(wire::read(&log).unwrap().last(), Some(WireRecord::End { requests: 7 }));
}

#[tokio::test]
async fn sigterm_is_an_orderly_end_and_answers_wait_as_told() {
    let station = Station::start(&["--answer-after", "80ms"]);
    let before = clock::now();
    let mut two = Client::http2(station.address).await;
    assert_eq!(two.grpc(&message::spans(3), false).await.grpc, Some(0));
    assert!(clock::now() - before >= Duration::from_millis(80).as_nanos() as u64);
    // Open connections, one of them silent, do not hold up the end.
    let _silent = std::net::TcpStream::connect(station.address).unwrap();
    let ended = station.stop(Signal::SIGTERM);
    assert_eq!(ended.code, Some(0));
    for row in [
        "spans            3\n",
        "  distinct       3\n",
        "  duplicates     0\n",
        "not read         0 requests\n",
    ] {
        assert!(ended.stdout.contains(row), "no `{row}` in:\n{}", ended.stdout);
    }
    assert_eq!(fs::read_dir(ended.folder.path()).unwrap().count(), 0, "nothing is left without --out");
}

#[test]
fn what_cannot_be_had_is_said() {
    let station = Station::start(&["--json"]);
    let folder = TempDir::new().unwrap();
    let address = station.address.to_string();
    let busy = call(&folder, &["--listen", &address]);
    let text = String::from_utf8_lossy(&busy.stderr).into_owned();
    assert_eq!(busy.status.code(), Some(69), "{text}");
    assert!(text.contains(&address) && text.contains("--listen") && text.contains("in use"), "{text}");
    fs::write(folder.path().join("taken"), "mine").unwrap();
    let taken = call(&folder, &["--listen", "127.0.0.1:0", "--out", "taken"]);
    let text = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert_eq!(taken.status.code(), Some(74), "{text}");
    assert!(text.contains("taken is there already"), "{text}");
    assert_eq!(fs::read_to_string(folder.path().join("taken")).unwrap(), "mine");
    for wrong in [["--listen", "4317"], ["--answer-after", "30"], ["--max-spans", "0"]] {
        assert_eq!(call(&folder, &wrong).status.code(), Some(2), "{wrong:?}");
    }
    let ended = station.stop(Signal::SIGINT);
    assert_eq!((ended.code, ended.totals()["requests"].as_u64()), (Some(0), Some(0)));
}
