//! Our side: a receiver on a socket, its answers and its log.

use std::collections::BTreeMap;
use std::fmt::Write;

use http::StatusCode;
use spanfate_model::format::wire::{self, SpanRecord, WireRecord};
use spanfate_testkit::client::{Client, http_request};

use super::{Answers, Body, TakenSpans};
use crate::receiver::bench::bench;

/// Bodies that one receiver is asked; its log keeps so many different names apart.
const AT_ONCE: usize = 1000;

/// Sends every body over HTTP.
pub(super) async fn answers(bodies: &[Body]) -> Answers {
    answered(bodies, false).await
}

/// Sends every body, all of them in protobuf, over gRPC.
pub(super) async fn answers_over_grpc(bodies: &[Body]) -> Answers {
    answered(bodies, true).await
}

async fn answered(bodies: &[Body], grpc: bool) -> Answers {
    let mut all = Answers::new();
    for some in bodies.chunks(AT_ONCE) {
        let bench = bench(|_| {});
        let mut client = if grpc { bench.two().await } else { bench.one().await };
        let mut taken = Vec::new();
        for body in some {
            if send(&mut client, body, grpc).await {
                taken.push(&body.name);
            } else {
                all.insert(body.name.clone(), None);
            }
        }
        let receiver = bench.receiver;
        tokio::task::spawn_blocking(|| receiver.stop().unwrap()).await.unwrap();
        let logged = logged(&std::fs::read(bench.dir.path().join("wire.log")).unwrap());
        assert_eq!(logged.len(), taken.len(), "what was taken is in the log, and nothing else");
        all.extend(taken.into_iter().cloned().zip(logged));
    }
    all
}

/// Whether a body was taken; otherwise it was refused as unreadable.
async fn send(client: &mut Client, body: &Body, grpc: bool) -> bool {
    if grpc {
        let code = client.grpc(&body.bytes, false).await.grpc;
        assert!(matches!(code, Some(0 | 3)), "{}: {code:?}", body.name);
        return code == Some(0);
    }
    let media = if body.json { "application/json" } else { "application/x-protobuf" };
    let status = client.send(http_request("POST", "/v1/traces", media, &body.bytes, false)).await.status;
    assert!([StatusCode::OK, StatusCode::BAD_REQUEST].contains(&status), "{}: {status}", body.name);
    status == StatusCode::OK
}

/// The spans of each request in the log, in its order.
fn logged(log: &[u8]) -> Vec<TakenSpans> {
    let (mut names, mut requests) = (BTreeMap::<u32, Vec<u8>>::new(), Vec::<Vec<SpanRecord>>::new());
    for record in wire::read(log).unwrap() {
        match record {
            WireRecord::Name { id, piece } => names.entry(id).or_default().extend(piece),
            WireRecord::Request(_) => requests.push(Vec::new()),
            WireRecord::Span(span) => requests[span.request as usize].push(span),
            _ => {}
        }
    }
    let line = |span: &SpanRecord| {
        format!(
            "{} {} {} {} {} {} {} {}",
            span.key.trace,
            span.key.span,
            span.parent,
            span.kind,
            span.start_wall,
            span.end_wall,
            word(&names[&span.name]),
            word(&names[&span.service])
        )
    };
    requests.iter().map(|spans| Some(spans.iter().map(line).collect())).collect()
}

/// Bytes so that they stand in a line, whatever they are; the Collector's side writes them the same.
fn word(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        if matches!(byte, b'!'..=b'~') && *byte != b'%' {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02x}").unwrap();
        }
    }
    if out.is_empty() { "-".to_owned() } else { out }
}
