//! Metrics and logs: taken and counted, kept out of the wire log.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use spanfate_run::receiver::{KeepPlan, SignalTally};
use spanfate_testkit::message;

use super::bench::bench;
use spanfate_testkit::client::{grpc_request, http_request};

const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

#[tokio::test]
async fn metrics_and_logs_are_counted_and_not_noted() {
    let bench = bench(|_| {});
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    for zipped in [false, true] {
        for (path, service) in [("/v1/metrics", METRICS), ("/v1/logs", LOGS)] {
            // What is in them is nobody's business here.
            let body = [b'x'; 100];
            let protobuf =
                one.send(http_request("POST", path, "application/x-protobuf", &body, zipped)).await;
            assert_eq!((protobuf.status, protobuf.text.as_str()), (StatusCode::OK, ""));
            let json = one.send(http_request("POST", path, "application/json", &body, zipped)).await;
            assert_eq!((json.status, json.text.as_str()), (StatusCode::OK, "{}"));
            assert_eq!(two.send(grpc_request(service, &body[..50], zipped)).await.grpc, Some(0));
        }
    }
    assert_eq!(one.post(&message::spans(1), false).await.status, StatusCode::OK);
    let (log, summary) = bench.finish().await;
    let tally = SignalTally { requests: 6, bytes: 500, refused: 0 };
    assert_eq!((summary.counts.metrics, summary.counts.logs), (tally, tally));
    assert_eq!((summary.counts.requests, summary.counts.accepted, summary.counts.invalid), (1, 1, 0));
    assert_eq!((log.requests.len(), log.answers.len(), log.end), (1, 1, Some(1)));
}

#[tokio::test]
async fn metrics_and_logs_keep_to_the_bound_on_bytes() {
    let bench = bench(|config| config.max_bytes = 1000);
    let (mut one, mut two) = (bench.two().await, bench.two().await);
    // One that is read and refused, and one that is not even read.
    for size in [1001, 9 << 20] {
        for zipped in [false, true] {
            let large = vec![0; size];
            let request = http_request("POST", "/v1/metrics", "application/x-protobuf", &large, zipped);
            assert_eq!(one.send(over_two(request)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
            assert_eq!(two.send(grpc_request(LOGS, &large, zipped)).await.grpc, Some(8));
        }
    }
    let (log, summary) = bench.finish().await;
    let tally = SignalTally { requests: 0, bytes: 0, refused: 4 };
    assert_eq!((summary.counts.metrics, summary.counts.logs), (tally, tally));
    assert!(log.requests.is_empty());
}

/// The same request for HTTP/2, where an early answer does not race with the body.
fn over_two(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    *request.uri_mut() = format!("http://receiver{}", request.uri().path()).parse().unwrap();
    request.headers_mut().remove("host");
    request
}

#[tokio::test]
async fn metrics_and_logs_are_kept_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let plan =
        KeepPlan { folder: folder.path().to_owned(), most_bytes: 1 << 20, metric_bytes: Some(1 << 10) };
    let bench = bench(|config| {
        (config.keep, config.keep_logs) = (Some(plan.clone()), Some(plan.clone()));
    });
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    for zipped in [false, true] {
        let json = http_request("POST", "/v1/metrics", "application/json", b"{\n}", zipped);
        assert_eq!(one.send(json).await.status, StatusCode::OK);
        assert_eq!(two.send(grpc_request(LOGS, b"log", zipped)).await.grpc, Some(0));
    }
    // What does not fit any more is answered all the same, and nothing is kept behind it.
    for body in [&[b'x'; 2000][..], b"m"] {
        assert_eq!(two.send(grpc_request(METRICS, body, false)).await.grpc, Some(0));
    }
    assert_eq!(one.post(&message::spans(2), false).await.status, StatusCode::OK);
    let (_, summary) = bench.finish().await;
    let read = |name: &str| std::fs::read(folder.path().join(name)).ok();
    assert_eq!(read("wire.metrics.jsonl").unwrap(), b"{ }\n{ }\n");
    assert_eq!(read("wire.logs.otlp").unwrap(), b"\0\0\0\x03log\0\0\0\x03log");
    assert_eq!(read("wire.metrics.otlp"), None);
    let kept = summary.kept.unwrap();
    assert_eq!((kept.metrics_missed, kept.spans, kept.missed), (Some(2), 2, 0));
    assert_eq!((kept.bytes.len(), summary.kept_logs.unwrap().bytes.len()), (2, 1));
}
