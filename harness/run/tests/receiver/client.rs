//! A receiver under test, clients for it, and its log.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use spanfate_model::wire::{self, AnswerRecord, RequestRecord, SpanRecord, WireRecord};
use spanfate_run::receiver::{self, Config, DiscardPlan, Receiver, Summary};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::message::frame;

pub(crate) const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A receiver in a directory of its own.
pub(crate) struct Bench {
    pub(crate) receiver: Receiver,
    pub(crate) dir: TempDir,
}

/// Starts a receiver; `change` sets what the test is about.
pub(crate) fn bench(change: impl FnOnce(&mut Config)) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config {
        answer_after: None,
        max_bytes: 4 << 20,
        max_spans: 10_000,
        log: dir.path().join("wire.log"),
        log_limit: 1 << 30,
        discard_acknowledged: DiscardPlan::default(),
        hop: 1,
        path: 2,
    };
    change(&mut config);
    Bench { receiver: receiver::start(config).unwrap(), dir }
}

/// What a wire log says.
#[derive(Default, Debug)]
pub(crate) struct Log {
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) spans: Vec<SpanRecord>,
    pub(crate) answers: Vec<AnswerRecord>,
    pub(crate) names: Vec<(u32, String)>,
    pub(crate) gap: u64,
    pub(crate) end: Option<u64>,
    pub(crate) bytes: u64,
}

impl Log {
    pub(crate) fn name(&self, id: u32) -> &str {
        &self.names.iter().find(|(known, _)| *known == id).unwrap().1
    }
}

impl Bench {
    /// Stops the receiver and reads its log. Meanwhile the clients of the test go on, as a client outside would.
    pub(crate) async fn finish(self) -> (Log, Summary) {
        let receiver = self.receiver;
        let summary = tokio::task::spawn_blocking(|| receiver.stop().unwrap()).await.unwrap();
        let bytes = std::fs::read(self.dir.path().join("wire.log")).unwrap();
        let mut log = Log { bytes: bytes.len() as u64, ..Log::default() };
        for record in wire::read(&bytes).unwrap() {
            match record {
                WireRecord::Request(request) => log.requests.push(request),
                WireRecord::Span(span) => log.spans.push(span),
                WireRecord::Answer(answer) => log.answers.push(answer),
                WireRecord::Name { id, piece } => log.names.push((id, String::from_utf8(piece).unwrap())),
                WireRecord::Gap { spans } => log.gap += spans,
                WireRecord::End { requests } => log.end = Some(requests),
                WireRecord::Unknown(kind) => panic!("record of kind {kind}"),
            }
        }
        (log, summary)
    }
}

/// An answer: HTTP status, gRPC status if there is one, body or gRPC message.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) grpc: Option<u32>,
    pub(crate) text: String,
}

fn grpc_of(headers: &HeaderMap) -> Option<(u32, String)> {
    let code = headers.get("grpc-status")?.to_str().unwrap().parse().unwrap();
    let text = headers.get("grpc-message").map_or("", |text| text.to_str().unwrap());
    Some((code, text.replace("%20", " ")))
}

/// A connection and the task that drives it.
pub(crate) struct Client {
    sender: Sender,
    _driver: JoinSet<()>,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn http1(receiver: &Receiver) -> Self {
        let io = TokioIo::new(TcpStream::connect(receiver.address()).await.unwrap());
        let (sender, connection) = http1::handshake(io).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Self { sender: Sender::One(sender), _driver: driver }
    }

    pub(crate) async fn http2(receiver: &Receiver) -> Self {
        let stream = TcpStream::connect(receiver.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Self { sender: Sender::Two(sender), _driver: driver }
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let response = match &mut self.sender {
            Sender::One(sender) => sender.send_request(request).await.unwrap(),
            Sender::Two(sender) => sender.send_request(request).await.unwrap(),
        };
        let (head, body) = response.into_parts();
        let body = tokio::time::timeout(Duration::from_secs(10), body.collect()).await.unwrap().unwrap();
        let grpc = grpc_of(&head.headers).or_else(|| body.trailers().and_then(grpc_of));
        let plain = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        match grpc {
            Some((code, text)) => Answer { status: head.status, grpc: Some(code), text },
            None => Answer { status: head.status, grpc: None, text: plain },
        }
    }

    pub(crate) async fn grpc(&mut self, message: &[u8], zipped: bool) -> Answer {
        self.send(grpc_request(EXPORT, message, zipped)).await
    }

    pub(crate) async fn post(&mut self, message: &[u8], zipped: bool) -> Answer {
        self.send(http_request("POST", "/v1/traces", "application/x-protobuf", message, zipped)).await
    }
}

pub(crate) fn grpc_request(path: &str, message: &[u8], zipped: bool) -> Request<Full<Bytes>> {
    let body = if zipped { frame(&zip(message), true) } else { frame(message, false) };
    let mut request = Request::post(format!("http://receiver{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if zipped {
        request = request.header("grpc-encoding", "gzip");
    }
    request.body(Full::new(body.into())).unwrap()
}

pub(crate) fn http_request(
    method: &str,
    path: &str,
    kind: &str,
    message: &[u8],
    zipped: bool,
) -> Request<Full<Bytes>> {
    let body = if zipped { zip(message) } else { message.to_vec() };
    let mut request =
        Request::builder().method(method).uri(path).header("host", "receiver").header("content-type", kind);
    if zipped {
        request = request.header("content-encoding", "gzip");
    }
    request.body(Full::new(body.into())).unwrap()
}

pub(crate) fn zip(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).unwrap();
    encoder.finish().unwrap()
}
