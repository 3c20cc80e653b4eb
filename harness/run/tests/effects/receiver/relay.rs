//! A relay: what goes on, what comes back, and what counts as accepted.

#[path = "upstream.rs"]
pub(crate) mod upstream;

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use spanfate_model::format::wire::{AnswerFate, Disposition, Relayed};
use spanfate_run::receiver::{self, RelayTally, Upstream as To};
use spanfate_testkit::message;

use super::bench::{Log, bench, relaying};
use super::scripted::{JSON, grpc, json, post};
use spanfate_testkit::client::{EXPORT, grpc_request, http_request};
use upstream::{Authority, Outgoing, Upstream, answer, success};

const UNAVAILABLE: u32 = 14;
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

fn to(address: SocketAddr) -> To {
    To::base(&format!("http://{address}"), |_| None).unwrap()
}

/// What each request came to: its answer record and the disposition of its spans.
fn said(log: &Log) -> Vec<(Relayed, u16)> {
    let of = |request: u32| log.answers.iter().find(|answer| answer.request == request).unwrap();
    (0..log.requests.len() as u32).map(|request| (of(request).relayed, of(request).status)).collect()
}

fn settled(log: &Log) -> Vec<Disposition> {
    log.settled.iter().map(|(_, disposition)| *disposition).collect()
}

const TAKEN: Relayed = Relayed::Taken { rejected: 0 };

#[tokio::test]
async fn both_logs_hold_the_same_spans_of_every_encoding() {
    let behind = bench(|_| {});
    let front = relaying(Some(&to(behind.receiver.address())), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    for zipped in [false, true] {
        assert_eq!(two.grpc(&message::spans(5), zipped).await.grpc, Some(0));
        let posted = one.post(&message::spans(3), zipped).await;
        assert_eq!((posted.status, posted.text.as_str()), (StatusCode::OK, ""));
        let posted = one.send(http_request("POST", "/v1/traces", "application/json", JSON, zipped)).await;
        assert_eq!((posted.status, posted.text.as_str()), (StatusCode::OK, "{}"));
        assert_eq!(two.send(grpc_request(LOGS, b"12345", zipped)).await.grpc, Some(0));
        let metrics = http_request("POST", "/v1/metrics", "application/x-protobuf", b"123", zipped);
        assert_eq!(one.send(metrics).await.status, StatusCode::OK);
    }
    let (log, summary) = front.finish().await;
    let (behind, behind_summary) = behind.finish().await;
    assert_eq!((log.spans.len(), summary.counts.accepted), (20, 20));
    let keys = |log: &Log| log.settled.clone();
    assert_eq!(keys(&log), keys(&behind));
    assert!(log.settled.iter().all(|(_, disposition)| *disposition == Disposition::Accepted));
    assert_eq!(said(&log), [(TAKEN, 1000), (TAKEN, 200), (TAKEN, 200)].repeat(2));
    assert_eq!(summary.counts.relay, RelayTally { taken: 10, refused: 0, unanswered: 0 });
    assert_eq!(summary.counts.logs, behind_summary.counts.logs);
    assert_eq!(summary.counts.metrics, behind_summary.counts.metrics);
    assert_eq!(behind_summary.connections, 2, "one for each protocol");
    assert!(summary.cpu_ns > 0 && behind_summary.cpu_ns > 0, "each knows what its thread took");
    let sizes = |log: &Log| -> Vec<(u32, u32)> {
        log.requests.iter().map(|request| (request.raw_bytes, request.wire_bytes)).collect()
    };
    assert_eq!(sizes(&log), sizes(&behind), "what was compressed stays compressed");
}

#[tokio::test]
async fn what_goes_on_is_what_came() {
    let upstream = Upstream::start(|came| Some(success(came))).await;
    let to = To::base(&format!("http://{}/otlp/", upstream.address), |_| None).unwrap();
    let front = relaying(Some(&to), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    let with_key = |mut request: Request<Full<Bytes>>| {
        request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer secret"));
        request.headers_mut().insert("x-api-key", HeaderValue::from_static("17"));
        request
    };
    let message = message::spans(2);
    let mut posted = with_key(post(&message));
    posted.headers_mut().insert("connection", HeaderValue::from_static("x-hop"));
    posted.headers_mut().insert("x-hop", HeaderValue::from_static("1"));
    assert_eq!(one.send(posted).await.status, StatusCode::OK);
    assert_eq!(two.send(with_key(grpc_request(EXPORT, &message, true))).await.grpc, Some(0));
    let came = upstream.came();
    for came in &came {
        assert_eq!(
            (came.header("authorization"), came.header("x-api-key")),
            (Some("Bearer secret"), Some("17"))
        );
        assert_eq!(came.header("x-hop"), None);
    }
    let zipped = super::zip(&message);
    let [http, grpc] = &came[..] else { panic!("{came:?}") };
    assert!(!http.is_two() && grpc.is_two());
    assert_eq!(http.head.uri.path(), "/otlp/v1/traces");
    assert_eq!(http.header("host"), Some(upstream.address.to_string().as_str()));
    assert_eq!((http.header("content-encoding"), &http.body[..]), (Some("gzip"), &zipped[..]));
    assert_eq!((grpc.head.uri.path(), grpc.head.method.as_str()), (EXPORT, "POST"));
    assert_eq!((grpc.header("te"), grpc.header("grpc-encoding")), (Some("trailers"), Some("gzip")));
    assert_eq!(grpc.body, message::frame(&zipped, true));
    front.finish().await;
}

/// Refuses whatever comes, with all that a refusal may have.
fn refusal(two: bool) -> Outgoing {
    if two {
        let trailers = [("grpc-status", "8"), ("grpc-message", "full"), ("grpc-status-details-bin", "AAA")];
        answer(200, &[("content-type", "application/grpc")], b"", &trailers)
    } else {
        answer(429, &[("retry-after", "7"), ("x-mine", "1")], b"slow down", &[])
    }
}

#[tokio::test]
async fn a_refusal_reaches_the_client_unchanged_and_nothing_is_accepted() {
    let upstream = Upstream::start(|came| Some(refusal(came.is_two()))).await;
    let front = relaying(Some(&to(upstream.address)), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    let (head, body) = one.exchange(post(&message::spans(2))).await.unwrap();
    assert_eq!(head.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (head.headers["retry-after"].as_bytes(), head.headers["x-mine"].as_bytes()),
        (&b"7"[..], &b"1"[..])
    );
    assert_eq!(body.to_bytes(), "slow down");
    let (_, body) = two.exchange(grpc(&message::spans(3))).await.unwrap();
    let trailers = body.trailers().unwrap();
    assert_eq!(
        (trailers["grpc-status"].as_bytes(), trailers["grpc-message"].as_bytes()),
        (&b"8"[..], &b"full"[..])
    );
    assert_eq!(trailers["grpc-status-details-bin"], "AAA");
    let counts = front.receiver.counts();
    assert_eq!((counts.requests, counts.accepted, counts.refused), (2, 0, 5));
    let (log, _) = front.finish().await;
    assert_eq!(said(&log), [(Relayed::Refused, 429), (Relayed::Refused, 1008)]);
    assert_eq!(settled(&log), [Disposition::Failed; 5]);
    assert!(log.answers.iter().all(|answer| answer.fate == AnswerFate::TakenByTransport));
}

#[tokio::test]
async fn a_partial_success_is_passed_on_and_counted() {
    let upstream = Upstream::start(|came| {
        let partial = message::bytes(1, &[message::number(1, 2), message::bytes(2, b"no")].concat());
        Some(if came.is_two() {
            let frame = message::frame(&super::zip(&partial), true);
            let headers = [("content-type", "application/grpc"), ("grpc-encoding", "gzip")];
            answer(200, &headers, &frame, &[("grpc-status", "0")])
        } else if came.header("content-type") == Some("application/json") {
            answer(200, &[], br#"{"partialSuccess":{"rejectedSpans":"1"}}"#, &[])
        } else {
            answer(200, &[("content-encoding", "gzip")], &super::zip(&partial), &[])
        })
    })
    .await;
    let front = relaying(Some(&to(upstream.address)), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    let (_, body) = two.exchange(grpc(&message::spans(3))).await.unwrap();
    assert!(body.to_bytes().len() > 5, "the client has the same bytes");
    assert_eq!(one.send(post(&message::spans(3))).await.status, StatusCode::OK);
    assert_eq!(one.send(json()).await.text, r#"{"partialSuccess":{"rejectedSpans":"1"}}"#);
    let (log, summary) = front.finish().await;
    let rejected = |rejected| Relayed::Taken { rejected };
    assert_eq!(said(&log), [(rejected(2), 1000), (rejected(2), 200), (rejected(1), 200)]);
    let (no, yes) = (Disposition::RejectedPartial, Disposition::Accepted);
    assert_eq!(settled(&log), [no, no, yes, no, no, yes, no, yes]);
    assert_eq!((summary.counts.accepted, summary.counts.refused), (3, 5));
}

#[tokio::test]
async fn without_an_endpoint_the_client_is_told_to_try_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let front = relaying(Some(&to(address)), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    let called = two.grpc(&message::spans(2), false).await;
    let why = format!(
        "the relay could not reach http://{address}: dial tcp {address}: connect: connection refused"
    );
    assert_eq!(called.grpc, Some(UNAVAILABLE));
    assert!(called.text.starts_with(&why), "{called:?}");
    assert!(front.receiver.relay_trouble().unwrap().starts_with(&why));
    assert_eq!(one.post(&message::spans(2), true).await.status, StatusCode::SERVICE_UNAVAILABLE);
    let logs = one.send(http_request("POST", "/v1/logs", "application/json", b"{}", false)).await;
    assert_eq!(logs.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(logs.text.contains(r#""code":14"#), "{logs:?}");
    assert_eq!(front.receiver.counts().accepted, 0);
    // It comes, goes, and comes again.
    for _ in 0..2 {
        let behind = bench(|config| config.listen = address);
        assert_eq!(two.grpc(&message::spans(2), false).await.grpc, Some(0));
        assert_eq!(one.post(&message::spans(2), true).await.status, StatusCode::OK);
        assert_eq!(behind.finish().await.0.spans.len(), 4);
    }
    let (log, summary) = front.finish().await;
    assert_eq!(said(&log)[..2], [(Relayed::Unanswered, 1014), (Relayed::Unanswered, 503)]);
    assert_eq!((summary.counts.accepted, summary.counts.refused), (8, 4));
    assert_eq!(summary.counts.relay, RelayTally { taken: 4, refused: 0, unanswered: 3 });
    let accepted = settled(&log).iter().filter(|settled| **settled == Disposition::Accepted).count();
    assert_eq!((accepted, log.settled.len()), (8, 12));
}

#[tokio::test]
async fn the_receipt_is_there_before_the_endpoint_answers_and_is_worth_nothing_without() {
    let upstream = Upstream::start(|_| None).await;
    let front = relaying(Some(&to(upstream.address)), |_| {});
    for grpc_too in [false, true] {
        let (mut one, mut two) = (front.one().await, front.two().await);
        let message = message::spans(2);
        let call = async {
            if grpc_too { two.grpc(&message, false).await } else { one.post(&message, false).await }
        };
        let asked = async {
            while upstream.came().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::select! { _ = call => panic!("answered"), () = asked => {} }
    }
    let counts = front.receiver.counts();
    assert_eq!((counts.requests, counts.accepted), (2, 0));
    let (log, summary) = front.finish().await;
    assert_eq!(said(&log), [(Relayed::Unanswered, 0); 2]);
    assert_eq!((settled(&log), summary.counts.refused), (vec![Disposition::Failed; 4], 4));
}

#[tokio::test]
async fn limits_of_the_receiver_have_no_say_where_the_endpoint_has() {
    let upstream = Upstream::start(|came| Some(success(came))).await;
    let front = relaying(Some(&to(upstream.address)), |config| {
        (config.max_spans, config.max_bytes) = (2, 1000);
    });
    let (mut one, mut two) = (front.one().await, front.two().await);
    assert_eq!(one.post(&message::spans(3), false).await.status, StatusCode::OK);
    assert_eq!(two.grpc(&message::spans(30), true).await.grpc, Some(0));
    let metrics = http_request("POST", "/v1/metrics", "application/x-protobuf", &[1; 1001], false);
    assert_eq!(one.send(metrics).await.status, StatusCode::OK);
    assert_eq!(upstream.came().len(), 3);
    // What cannot be held at all does not go on.
    assert_eq!(two.grpc(&vec![0; 9 << 20], false).await.grpc, Some(8));
    assert!(upstream.came().is_empty());
    let (log, summary) = front.finish().await;
    assert_eq!(said(&log), [(TAKEN, 200), (TAKEN, 1000), (Relayed::No, 1008)]);
    assert_eq!((settled(&log), summary.counts.accepted), (vec![Disposition::Accepted; 33], 33));
    assert_eq!((summary.counts.metrics.requests, summary.counts.unread), (1, 1));
}

#[test]
fn a_receiver_does_not_hand_on_to_itself() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let bench = bench(|_| {});
    let upstream = To::base(&format!("http://localhost:{}", address.port()), |_| None).unwrap();
    let mut config = super::bench::config(bench.dir.path());
    config.listen = address;
    config.log = bench.dir.path().join("other.log");
    let refused = receiver::start_with(config, Some(&upstream)).unwrap_err();
    assert!(refused.to_string().contains("leads back to"), "{refused}");
}

/// The endpoint with what the environment says of TLS.
fn secure(address: SocketAddr, files: &[(&str, &Path)]) -> To {
    let variable = |name: &str| {
        let file = files.iter().find(|(known, _)| name == format!("OTEL_EXPORTER_OTLP_{known}"));
        file.map(|(_, path)| path.to_string_lossy().into_owned())
    };
    To::base(&format!("https://localhost:{}", address.port()), variable).unwrap()
}

#[tokio::test]
async fn an_encrypted_endpoint_is_reached_if_it_is_believed() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let upstream = Upstream::start_with(Some(ours.server(false)), |came| Some(success(came))).await;
    let (right, wrong) = (ours.file("ca"), other.file("ca"));
    let front = relaying(Some(&secure(upstream.address, &[("CERTIFICATE", &right)])), |_| {});
    let (mut one, mut two) = (front.one().await, front.two().await);
    for _ in 0..2 {
        assert_eq!(two.grpc(&message::spans(2), true).await.grpc, Some(0));
        assert_eq!(one.post(&message::spans(2), true).await.status, StatusCode::OK);
    }
    assert_eq!(front.finish().await.1.counts.accepted, 8);
    let front = relaying(Some(&secure(upstream.address, &[("CERTIFICATE", &wrong)])), |_| {});
    let called = front.two().await.grpc(&message::spans(2), false).await;
    assert_eq!(called.grpc, Some(UNAVAILABLE));
    assert!(
        called.text.contains("not trusted") && called.text.contains("OTEL_EXPORTER_OTLP_CERTIFICATE"),
        "{called:?}"
    );
    let posted = front.one().await.post(&message::spans(2), false).await;
    assert_eq!(posted.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(front.finish().await.1.counts.accepted, 0);
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_one_is_asked_for() {
    let ours = Authority::new("ours");
    let upstream = Upstream::start_with(Some(ours.server(true)), |came| Some(success(came))).await;
    let (ca, leaf, key) = (ours.file("ca"), ours.file("leaf"), ours.file("key"));
    let files = [("CERTIFICATE", ca.as_path()), ("CLIENT_CERTIFICATE", &leaf), ("CLIENT_KEY", &key)];
    let front = relaying(Some(&secure(upstream.address, &files)), |_| {});
    assert_eq!(front.two().await.grpc(&message::spans(2), true).await.grpc, Some(0));
    assert_eq!(front.finish().await.1.counts.accepted, 2);
    let front = relaying(Some(&secure(upstream.address, &files[..1])), |_| {});
    assert_eq!(front.two().await.grpc(&message::spans(2), true).await.grpc, Some(UNAVAILABLE));
    front.finish().await;
}

#[test]
fn certificates_that_cannot_be_used_are_said_at_the_start() {
    let bench = bench(|_| {});
    let path = bench.dir.path().join("no.pem");
    let address = "127.0.0.1:1".parse().unwrap();
    let start = || {
        let mut config = super::bench::config(bench.dir.path());
        config.log = bench.dir.path().join("other.log");
        receiver::start_with(config, Some(&secure(address, &[("CERTIFICATE", &path)])))
            .unwrap_err()
            .to_string()
    };
    let said = start();
    assert!(said.contains("no.pem"), "{said}");
    std::fs::write(&path, "nothing").unwrap();
    let said = start();
    assert!(said.contains("no.pem") && said.contains("holds no certificate"), "{said}");
}
