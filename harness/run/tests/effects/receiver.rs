//! The wire witness: what it answers, and what its log says.

pub(crate) mod bench;
mod connections;
mod deadlines;
mod down;
mod faults;
mod json;
mod paths;
mod relay;
mod scripted;
mod signals;
mod unread;
mod watched;

use std::io::Write;
use std::time::Duration;

use bench::bench;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use spanfate_model::format::wire::{AnswerFate, Disposition, WireProtocol};
use spanfate_model::quantity::id::SpanId;
use spanfate_run::host::clock;
use spanfate_run::receiver::DiscardPlan;
use spanfate_testkit::client::{Client, EXPORT, grpc_request, http_request, zip};
use spanfate_testkit::message;
use tokio::io::AsyncWriteExt;

const INVALID_ARGUMENT: u32 = 3;
const RESOURCE_EXHAUSTED: u32 = 8;
const UNIMPLEMENTED: u32 = 12;

#[tokio::test]
async fn spans_of_every_protocol_are_noted_before_the_answer() {
    let bench = bench(|_| {});
    let message = message::spans(5);
    let before = clock::now();
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    for zipped in [false, true] {
        assert_eq!(one.post(&message, zipped).await.status, StatusCode::OK);
        assert_eq!(two.grpc(&message, zipped).await.grpc, Some(0));
    }
    let counts = bench.receiver.counts();
    assert_eq!((counts.requests, counts.accepted, counts.refused, counts.gap), (4, 20, 0, 0));
    let (log, summary) = bench.finish().await;
    assert_eq!((summary.counts, summary.connections, log.end), (counts, 2, Some(4)));
    assert_eq!(log.spans.len(), 20);
    for (i, request) in log.requests.iter().enumerate() {
        assert_eq!(request.request, i as u32);
        assert_eq!(request.raw_bytes as usize, message.len());
        assert_eq!(request.wire_bytes as usize, if i < 2 { message.len() } else { zip(&message).len() });
        assert_eq!((request.spans, request.disposition), (5, Disposition::Accepted));
        assert_eq!((request.hop, request.path), (1, 2));
        assert!(request.at > before && request.at < clock::now());
        let protocol = if i % 2 == 0 { WireProtocol::HttpProtobuf } else { WireProtocol::Grpc };
        assert_eq!((request.protocol, request.connection), (protocol, log.requests[i % 2].connection));
    }
    for (i, span) in log.spans.iter().enumerate() {
        let n = i as u64 % 5;
        assert_eq!((span.request, span.key, span.parent), (i as u32 / 5, message::key(n), SpanId([9; 8])));
        assert_eq!((span.kind, span.start_wall, span.end_wall), (2, 1000 + n, 2000 + n));
        assert_eq!(log.name(span.name), format!("name {}", n % 3));
        assert_eq!(log.name(span.service), "checkout");
    }
    assert_eq!(log.names.len(), 1 + 3 + 1);
    assert_eq!(log.answers.len(), 4);
    assert!(log.answers.iter().all(|answer| answer.fate == AnswerFate::TakenByTransport));
}

#[tokio::test]
async fn a_request_over_the_span_limit_is_refused_with_its_spans_named() {
    let bench = bench(|config| config.max_spans = 4);
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let refused = two.grpc(&message::spans(5), true).await;
    assert_eq!(refused.grpc, Some(RESOURCE_EXHAUSTED));
    assert_eq!(refused.text, "5 spans are over the receiver's limit of 4 spans per request");
    assert_eq!(one.post(&message::spans(5), false).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(one.post(&message::spans(4), false).await.status, StatusCode::OK);
    let (log, summary) = bench.finish().await;
    assert_eq!((summary.counts.refused, summary.counts.accepted), (10, 4));
    let refused = log.spans.iter().filter(|span| span.disposition == Disposition::Refused).count();
    assert_eq!((refused, log.spans.len()), (10, 14));
    assert_eq!(log.requests[0].disposition, Disposition::Refused);
    assert!(
        log.answers.iter().all(|answer| answer.fate == AnswerFate::TakenByTransport),
        "{:?}",
        log.answers
    );
}

#[tokio::test]
async fn a_request_over_the_byte_limit_is_refused_with_its_spans_named() {
    let bench = bench(|config| config.max_bytes = 1000);
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let message = message::spans(10);
    for zipped in [false, true] {
        let refused = two.grpc(&message, zipped).await;
        assert_eq!(refused.grpc, Some(RESOURCE_EXHAUSTED), "{refused:?}");
        assert!(refused.text.contains("limit of 1000 bytes"), "{refused:?}");
        assert_eq!(one.post(&message, zipped).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let (log, _) = bench.finish().await;
    assert_eq!(log.spans.len(), 40);
    assert!(log.requests.iter().all(|request| request.disposition == Disposition::Refused));
}

#[tokio::test]
async fn what_is_too_large_to_read_is_refused_without_spans() {
    let bench = bench(|_| {});
    let bomb = bomb();
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    assert_eq!(one.post(&bomb, false).await.status, StatusCode::BAD_REQUEST, "zeros are no message");
    assert_eq!(two.send(framed(&bomb)).await.grpc, Some(RESOURCE_EXHAUSTED));
    assert_eq!(two.grpc(&vec![0; 9 << 20], false).await.grpc, Some(RESOURCE_EXHAUSTED));
    let mut raw = http_request("POST", "/v1/traces", "application/x-protobuf", &bomb, false);
    raw.headers_mut().insert("content-encoding", http::HeaderValue::from_static("gzip"));
    assert_eq!(one.send(raw).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let (log, summary) = bench.finish().await;
    assert_eq!((log.requests.len(), log.spans.len(), summary.counts.invalid), (3, 0, 1));
    assert!(
        log.requests
            .iter()
            .all(|r| r.disposition == Disposition::Refused && r.spans == 0 && r.raw_bytes == 0)
    );
    assert!(peak_kib() < 160 << 10, "{} KiB were resident at the peak", peak_kib());
}

/// 256 MiB of zeros in gzip, made without ever holding them.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

/// The most memory this process has had resident.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A gRPC call whose message is compressed already.
fn framed(zipped: &[u8]) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let mut request = grpc_request(EXPORT, b"", true);
    *request.body_mut() = http_body_util::Full::new(message::frame(zipped, true).into());
    request
}

#[tokio::test]
async fn no_prefix_of_a_message_does_harm() {
    let bench = bench(|_| {});
    let mut two = bench.two().await;
    let message = message::spans(2);
    for end in 0..message.len() {
        let answer = two.grpc(&message[..end], false).await;
        // Only the empty prefix ends between two fields.
        assert_eq!(answer.grpc, Some(if end == 0 { 0 } else { INVALID_ARGUMENT }), "{end} {answer:?}");
        assert!(end == 0 || answer.text.contains("(byte "), "{answer:?}");
    }
    let (log, summary) = bench.finish().await;
    assert_eq!((log.requests.len(), log.spans.len()), (1, 0));
    assert_eq!(summary.counts.invalid, message.len() as u64 - 1);
}

#[tokio::test]
async fn malformed_messages_are_named() {
    let bench = bench(|_| {});
    let mut one = bench.one().await;
    let with = |span: Vec<u8>| message::request([span]);
    let ids = |trace: &[u8], span: &[u8]| [message::bytes(1, trace), message::bytes(2, span)].concat();
    let cases = [
        (with(ids(&[1; 15], &[1; 8])), "trace_id is not 16 bytes long"),
        (with(ids(&[1; 16], &[1; 9])), "span_id is not 8 bytes long"),
        (
            with([ids(&[1; 16], &[1; 8]), message::bytes(4, &[1; 7])].concat()),
            "parent_span_id is not 8 bytes long",
        ),
        (
            with([ids(&[1; 16], &[1; 8]), message::number(7, 1)].concat()),
            "wrong wire type; it must be fixed64",
        ),
        (
            with([ids(&[1; 16], &[1; 8]), message::fixed(6, 1)].concat()),
            "wrong wire type; it must be a varint",
        ),
        (message::number(1, 1), "wrong wire type; it must be length-delimited"),
        (vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "longer than what it is in"),
        (vec![0xff; 11], "longer than ten bytes"),
        (vec![0x17], "wire type is unknown"),
        (vec![0x14], "group ends that did not begin"),
        (vec![0x13, 0x14], "ends with a group"),
        (vec![0x13; 101], "ends with a group"),
        (vec![0x13, 0x08, 0x01, 0x14], "group ends that did not begin"),
        (vec![0x13], "ends with a group"),
        (vec![0x80], "ends inside a number"),
        (vec![0x02, 0x00], "field number is out of range"),
    ];
    for (message, what) in cases {
        let answer = one.post(&message, false).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what}");
        assert!(answer.text.contains(what) && answer.text.contains("(byte "), "{what}: {}", answer.text);
    }
    // Unknown fields and spans without a parent are fine.
    let group = vec![0xa3, 0x06, 0x13, 0x14, 0xa4, 0x06];
    let root = [ids(&[1; 16], &[1; 8]), group, message::bytes(4, &[]), message::number(1000, 5)].concat();
    assert_eq!(one.post(&with(root), false).await.status, StatusCode::OK);
    let (log, _) = bench.finish().await;
    assert_eq!(log.spans.len(), 1);
    assert!(log.spans[0].parent.is_zero());
}

#[tokio::test]
async fn a_malformed_message_leaves_nothing_behind() {
    let bench = bench(|config| config.discard_acknowledged = DiscardPlan { count: 1, every: 2 });
    let mut one = bench.one().await;
    let bad = message::request([message::span(1), message::span(2), message::bytes(2, &[1; 9])]);
    assert_eq!(one.post(&bad, false).await.status, StatusCode::BAD_REQUEST);
    // The same names again, now with the resource behind the spans, which the format allows.
    let scope = [message::bytes(2, &message::span(1)), message::bytes(2, &message::span(2))].concat();
    let resource = message::bytes(1, &message::attribute("service.name", "late"));
    let good = message::bytes(1, &[message::bytes(2, &scope), message::bytes(1, &resource)].concat());
    assert_eq!(one.post(&good, false).await.status, StatusCode::OK);
    let (log, summary) = bench.finish().await;
    assert_eq!((summary.counts.invalid, summary.counts.requests, summary.counts.accepted), (1, 1, 2));
    assert_eq!((log.requests.len(), log.requests[0].request, log.spans.len()), (1, 0, 1));
    assert_eq!(log.spans[0].key, message::key(1), "the second span is the planted loss");
    assert_eq!((log.name(log.spans[0].name), log.name(log.spans[0].service)), ("name 1", "late"));
}

#[tokio::test]
async fn what_is_no_export_gets_a_clear_answer() {
    let bench = bench(|_| {});
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let protobuf = "application/x-protobuf";
    for (method, path, kind, status) in [
        ("POST", "/v1/profiles", protobuf, StatusCode::NOT_FOUND),
        ("GET", "/v1/logs", protobuf, StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/v1/traces", protobuf, StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/v1/traces", "text/json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("POST", "/v1/traces", "application/grpc", StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        ("POST", EXPORT, protobuf, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let answer = one.send(http_request(method, path, kind, b"", false)).await;
        assert_eq!(answer.status, status, "{method} {path} {kind}");
        assert!(!answer.text.is_empty());
    }
    let mut odd = http_request("POST", "/v1/traces", "application/x-protobuf; charset=utf-8", b"", false);
    assert_eq!(one.send(odd.clone()).await.status, StatusCode::OK);
    odd.headers_mut().insert("content-encoding", http::HeaderValue::from_static("br"));
    assert_eq!(one.send(odd).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for path in ["/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/x"] {
        assert_eq!(two.send(grpc_request(path, b"", false)).await.grpc, Some(UNIMPLEMENTED));
    }
    let (log, _) = bench.finish().await;
    assert_eq!((log.requests.len(), log.requests[0].spans), (1, 0));
}

#[tokio::test]
async fn the_answer_waits_and_other_requests_do_not() {
    let bench = bench(|config| config.answer_after = Some(Duration::from_millis(50)));
    let mut two = bench.two().await;
    let mut other = bench.two().await;
    let before = clock::now();
    let message = message::spans(1);
    let (a, b) = tokio::join!(two.grpc(&message, false), other.grpc(&message, false));
    assert_eq!((a.grpc, b.grpc), (Some(0), Some(0)));
    assert!(clock::now() - before >= 50_000_000);
    let (log, _) = bench.finish().await;
    for (request, answer) in log.requests.iter().zip(&log.answers) {
        assert!(answer.at >= request.at + 50_000_000);
    }
    assert!(log.requests[1].at < log.answers[0].at, "one answer's delay must not hold up another request");
}

#[tokio::test]
async fn at_the_log_limit_spans_are_a_gap_and_answers_go_on() {
    let limit = 40 * 64;
    let bench = bench(|config| config.log_limit = limit);
    let mut two = bench.two().await;
    for _ in 0..5 {
        assert_eq!(two.grpc(&message::spans(10), false).await.grpc, Some(0));
    }
    assert_eq!(bench.receiver.counts().gap, 30);
    let (log, summary) = bench.finish().await;
    assert_eq!((log.requests.len(), log.spans.len(), log.answers.len()), (2, 20, 2));
    assert_eq!((log.gap, log.end, summary.counts.accepted), (30, Some(5), 50));
    assert!(log.bytes <= limit, "{}", log.bytes);
}

#[tokio::test]
async fn planted_losses_leave_the_log_and_are_listed_apart() {
    let bench = bench(|config| config.discard_acknowledged = DiscardPlan { count: 3, every: 4 });
    let mut two = bench.two().await;
    for i in 0..4 {
        assert_eq!(
            two.grpc(&message::request((i * 5..i * 5 + 5).map(message::span)), false).await.grpc,
            Some(0)
        );
    }
    let planted = bench.dir.path().join("planted.ndjson");
    let listed = std::fs::read_to_string(&planted).unwrap();
    let (log, summary) = bench.finish().await;
    assert_eq!((log.spans.len(), log.gap, summary.counts.accepted), (17, 0, 20));
    assert_eq!(log.requests.iter().map(|request| request.spans).sum::<u32>(), 17);
    let line = |i| {
        let key = message::key(i);
        format!("{{\"trace_id\":\"{}\",\"span_id\":\"{}\"}}\n", key.trace, key.span)
    };
    assert_eq!(listed, [3, 7, 11].map(line).concat());
    assert!(log.spans.iter().all(|span| ![3, 7, 11].map(message::key).contains(&span.key)));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_has_cancelled() {
    let bench = bench(|config| config.answer_after = Some(Duration::from_mins(1)));
    let message = message::spans(2);
    for attempt in 1..=2 {
        let leave = async |mut client: Client, grpc: bool| {
            let call = async {
                if grpc { client.grpc(&message, false).await } else { client.post(&message, false).await }
            };
            let noted = async {
                while bench.receiver.counts().requests < attempt {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! { _ = call => panic!("answered early"), () = noted => {} }
        };
        if attempt == 1 {
            leave(bench.one().await, false).await;
        } else {
            leave(bench.two().await, true).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = clock::now();
    let (log, _) = bench.finish().await;
    assert_eq!(log.answers.len(), 2);
    for answer in &log.answers {
        assert_eq!(answer.fate, AnswerFate::CancelledByPeer);
        assert!(answer.at < before, "noted when it happened, not at the stop");
    }
    assert_eq!(log.spans.len(), 4, "what was received stays received");
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_client() {
    let bench = bench(|config| config.answer_after = Some(Duration::from_mins(1)));
    let mut two = bench.two().await;
    let message = message::spans(1);
    let _idle = bench.one().await;
    let _silent = tokio::net::TcpStream::connect(bench.receiver.address()).await.unwrap();
    let mut call = Box::pin(two.grpc(&message, false));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut call).await.is_err());
    let before = clock::now();
    let (log, _) = bench.finish().await;
    assert!(clock::now() - before < 10_000_000_000);
    assert_eq!((log.spans.len(), log.answers.len(), log.end), (1, 1, Some(1)));
    assert_eq!(log.answers[0].fate, AnswerFate::ConnectionError, "the receiver cut it off, not the peer");
}

#[tokio::test]
async fn a_reset_before_the_answer_is_an_error_of_the_connection() {
    let bench = bench(|config| config.answer_after = Some(Duration::from_mins(1)));
    let mut stream = tokio::net::TcpStream::connect(bench.receiver.address()).await.unwrap();
    let message = message::spans(1);
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        message.len()
    );
    stream.write_all(&[head.as_bytes(), &message].concat()).await.unwrap();
    while bench.receiver.counts().requests == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stream.set_zero_linger().unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (log, _) = bench.finish().await;
    assert_eq!((log.answers.len(), log.answers[0].fate), (1, AnswerFate::ConnectionError));
}
