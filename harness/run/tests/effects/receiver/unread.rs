//! Requests of which no span can be read: what they are answered, that each is counted once, and that a relay hands them on.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use spanfate_model::unread::{UnreadReason, UnreadRequests};
use spanfate_run::receiver::{ReceiverSummary, RelayTally, Upstream as To};
use spanfate_testkit::client::{EXPORT, grpc_request, http_request};
use spanfate_testkit::message;

use super::bench::{bench, relaying};
use super::relay::upstream::{Upstream, answer, success};

const PROTOBUF: &str = "application/x-protobuf";
const IMPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Import";

/// Paths at which a Collector takes nothing either.
const OTHER_PATHS: [&str; 5] =
    ["/", "/v1/traces/", "/otlp/v1/traces", "/v1/v1/traces", "/v1/traces/v1/traces"];

fn post_to(path: &str, body: &[u8]) -> Request<Full<Bytes>> {
    http_request("POST", path, PROTOBUF, body, false)
}

fn coded(coding: &'static str, body: &[u8]) -> Request<Full<Bytes>> {
    let mut request = post_to("/v1/traces", body);
    request.headers_mut().insert("content-encoding", HeaderValue::from_static(coding));
    request
}

/// A message over gRPC that is compressed already.
fn framed(coding: &'static str, body: &[u8]) -> Request<Full<Bytes>> {
    let mut request = grpc_request(EXPORT, b"", true);
    request.headers_mut().insert("grpc-encoding", HeaderValue::from_static(coding));
    *request.body_mut() = Full::new(message::frame(body, true).into());
    request
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn snappy_frames(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.into_inner().unwrap()
}

fn of(unread: &[UnreadRequests], reason: UnreadReason) -> &UnreadRequests {
    unread.iter().find(|unread| unread.reason.is(&reason)).unwrap()
}

/// Every request was counted once: read, or not read for one reason.
fn assert_counted(summary: &ReceiverSummary, sent: u64) {
    let counts = &summary.counts;
    let unread: u64 = summary.unread.iter().map(|unread| unread.requests).sum();
    let noted = [UnreadReason::NoSpan, UnreadReason::TooLarge];
    let noted = summary.unread.iter().filter(|unread| noted.iter().any(|reason| unread.reason.is(reason)));
    let noted: u64 = noted.map(|unread| unread.requests).sum();
    let of_signals = counts.metrics.requests + counts.logs.requests;
    assert_eq!(counts.requests - noted + of_signals + unread, sent, "{summary:?}");
    assert_eq!(counts.unread, unread);
}

#[tokio::test]
async fn what_a_collector_takes_is_taken() {
    let bench = bench(|_| {});
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let plain = message::spans(3);
    let taken = [
        ("", plain.clone()),
        ("identity", plain.clone()),
        ("gzip", super::zip(&plain)),
        ("zstd", zstd(&plain)),
        ("deflate", zlib(&plain)),
        ("zlib", zlib(&plain)),
        ("snappy", snap::raw::Encoder::new().compress_vec(&plain).unwrap()),
        ("snappy", snappy_frames(&plain)),
        ("x-snappy-framed", snappy_frames(&plain)),
    ];
    for (coding, body) in &taken {
        let answer = one.send(coded(coding, body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{coding}: {}", answer.text);
    }
    for (coding, body) in
        [("gzip", super::zip(&plain)), ("zstd", zstd(&plain)), ("snappy", snappy_frames(&plain))]
    {
        assert_eq!(two.send(framed(coding, &body)).await.grpc, Some(0), "{coding}");
    }
    // To the letter, as a Collector.
    for coding in ["GZIP", "x-gzip", "none", "br"] {
        let answer = one.send(coded(coding, &super::zip(&plain))).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{coding}");
    }
    let unknown = two.send(framed("deflate", &zlib(&plain))).await;
    assert!(unknown.grpc == Some(12) && unknown.text.contains("deflate"), "{unknown:?}");
    assert_eq!(one.send(coded("zstd", &plain)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(two.send(framed("snappy", &plain)).await.grpc, Some(13));
    let (log, summary) = bench.finish().await;
    assert_eq!((log.spans.len(), summary.counts.accepted), (36, 36));
    assert_eq!(of(&summary.unread, UnreadReason::Encoding).requests, 5);
    assert_eq!(of(&summary.unread, UnreadReason::Encoding).example, "POST /v1/traces, `GZIP`");
    assert_eq!(of(&summary.unread, UnreadReason::Undecodable).requests, 2);
    assert_counted(&summary, 12 + 7);
}

#[tokio::test]
async fn what_is_turned_away_is_counted_by_reason_with_an_example() {
    let bench = bench(|config| config.max_spans = 4);
    let (mut one, mut two) = (bench.one().await, bench.two().await);
    let message = message::spans(2);
    for path in OTHER_PATHS {
        assert_eq!(one.send(post_to(path, &message)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let get = http_request("GET", "/v1/traces", PROTOBUF, b"", false);
    assert_eq!(one.send(get).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let text = http_request("POST", "/v1/traces", "text/plain", &message, false);
    assert_eq!(one.send(text).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(two.send(grpc_request(IMPORT, &message, false)).await.grpc, Some(12));
    assert_eq!(one.post(b"what?", false).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(two.send(grpc_request(EXPORT, b"what?", false)).await.grpc, Some(3));
    assert_eq!(one.post(&message::spans(5), false).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // A span in a field of another name is none; a message without a byte says nothing.
    let old =
        http_request("POST", "/v1/traces", "application/json", br#"{"resourceSpans":[{"x":[1]}]}"#, false);
    assert_eq!(one.send(old).await.status, StatusCode::OK);
    assert_eq!(one.post(b"", false).await.status, StatusCode::OK);
    assert_eq!(one.post(&message, false).await.status, StatusCode::OK);
    let logs = http_request("POST", "/v1/logs", PROTOBUF, b"1", false);
    assert_eq!(one.send(logs).await.status, StatusCode::OK);
    let summary = bench.finish().await.1;
    let said: Vec<_> = summary
        .unread
        .iter()
        .map(|unread| (*unread.reason.known().unwrap(), unread.requests, &*unread.example))
        .collect();
    assert_eq!(
        said,
        [
            (UnreadReason::Path, 5, "POST /"),
            (UnreadReason::Method, 1, "GET /v1/traces"),
            (UnreadReason::MediaType, 1, "POST /v1/traces, `text/plain`"),
            (
                UnreadReason::Undecodable,
                2,
                "POST /v1/traces, not an export request: wire type is unknown (byte 0)"
            ),
            (
                UnreadReason::TooLarge,
                1,
                "POST /v1/traces, 5 spans are over the receiver's limit of 4 spans per request"
            ),
            (UnreadReason::NoSpan, 1, "POST /v1/traces, 29 bytes"),
            (UnreadReason::GrpcMethod, 1, "POST /opentelemetry.proto.collector.trace.v1.TraceService/Import"),
        ]
    );
    assert_eq!((summary.counts.requests, summary.counts.accepted, summary.counts.invalid), (4, 2, 2));
    assert_counted(&summary, 15);
}

/// Requests over HTTP that nobody here can read.
fn unreadable() -> Vec<Request<Full<Bytes>>> {
    let plain = message::spans(2);
    let bomb = super::zip(&vec![0; 40 << 20]);
    let mut sent = Vec::new();
    for path in OTHER_PATHS {
        sent.push(post_to(&format!("{path}?token=1"), &plain));
    }
    sent.push(http_request("GET", "/v1/traces", PROTOBUF, b"", false));
    sent.push(http_request("PUT", "/v1/traces", PROTOBUF, &plain, false));
    sent.push(http_request("POST", "/v1/traces", "application/x-mine", &plain, false));
    sent.push(coded("br", &plain));
    sent.push(coded("gzip", &plain));
    sent.push(coded("gzip", &bomb));
    sent.push(post_to("/v1/traces", b"what?"));
    sent
}

#[tokio::test]
async fn what_cannot_be_read_goes_on_as_it_came_and_the_endpoint_answers() {
    let upstream = Upstream::start(|came| {
        let unknown = came.head.uri.path() == "/";
        Some(if unknown { answer(418, &[("x-mine", "1")], b"tea", &[]) } else { success(came) })
    })
    .await;
    let to = To::base(&format!("http://{}", upstream.address), |_| None).unwrap();
    let front = relaying(Some(&to), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    let plain = message::spans(2);
    for request in &unreadable() {
        let mut request = request.clone();
        request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer secret"));
        let body = request.body().clone();
        let (head, back) = one.exchange(request.clone()).await.unwrap();
        let came = upstream.came().pop().unwrap();
        assert_eq!(
            (&came.head.method, came.head.uri.path_and_query()),
            (request.method(), request.uri().path_and_query())
        );
        assert_eq!(came.header("authorization"), Some("Bearer secret"));
        for name in ["content-type", "content-encoding"] {
            assert_eq!(came.head.headers.get(name), request.headers().get(name));
        }
        let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
        assert!(!came.is_two() && came.body == body, "{request:?}");
        if request.uri().path() == "/" {
            assert_eq!((head.status.as_u16(), &back.to_bytes()[..]), (418, &b"tea"[..]));
            assert_eq!(head.headers["x-mine"], "1");
        } else {
            assert_eq!(head.status, StatusCode::OK);
        }
    }
    for request in [
        grpc_request(IMPORT, &plain, true),
        framed("br", &plain),
        framed("zstd", &plain),
        grpc_request(EXPORT, b"what?", false),
    ] {
        let path = request.uri().path().to_owned();
        assert_eq!(two.send(request).await.grpc, Some(0));
        let came = upstream.came().pop().unwrap();
        assert!(came.is_two() && came.head.uri.path() == path && came.body.len() > 5, "{came:?}");
    }
    let (log, summary) = front.finish().await;
    assert_eq!((log.requests.len(), summary.counts.accepted), (0, 0));
    assert_eq!(summary.counts.relay, RelayTally { taken: 15, refused: 1, unanswered: 0 });
    let counted: Vec<_> = summary
        .unread
        .iter()
        .map(|unread| (*unread.reason.known().unwrap(), unread.requests, unread.handed_on, unread.taken))
        .collect();
    assert_eq!(
        counted,
        [
            (UnreadReason::Path, 5, 5, 4),
            (UnreadReason::Method, 2, 2, 2),
            (UnreadReason::MediaType, 1, 1, 1),
            (UnreadReason::Encoding, 2, 2, 2),
            (UnreadReason::Undecodable, 4, 4, 4),
            (UnreadReason::TooLarge, 1, 1, 1),
            (UnreadReason::GrpcMethod, 1, 1, 1),
        ]
    );
    assert_eq!(summary.unread.iter().map(UnreadRequests::turned_away).sum::<u64>(), 0);
}

#[tokio::test]
async fn where_the_endpoint_is_away_the_client_may_try_again() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let front = relaying(Some(&To::base(&format!("http://{gone}"), |_| None).unwrap()), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    let posted = one.send(post_to("/mine", b"1")).await;
    assert_eq!(posted.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(two.send(grpc_request(IMPORT, b"1", false)).await.grpc, Some(14));
    let summary = front.finish().await.1;
    assert_eq!(summary.counts.relay, RelayTally { taken: 0, refused: 0, unanswered: 2 });
    assert_counted(&summary, 2);
}
