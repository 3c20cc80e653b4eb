//! Hostile input against the running program: proper refusals, bounded memory, and honest clients go on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, StatusCode};
use http_body_util::Full;
use nix::sys::signal::Signal;

use crate::watching::station::Station;
use spanfate_testkit::client::{Client, EXPORT, grpc_request, http_request};
use spanfate_testkit::message;

/// What the program may hold beyond what it holds when idle, in KiB.
const BOUND_KIB: u64 = 128 << 10;

const MIB: usize = 1 << 20;
const INVALID_ARGUMENT: u32 = 3;
const RESOURCE_EXHAUSTED: u32 = 8;

/// A station and its memory when idle.
struct Target {
    station: Station,
    idle: u64,
}

impl Target {
    fn start() -> Self {
        let station = Station::start(&["--json"]);
        let idle = station.peak_kib();
        Self { station, idle }
    }

    async fn post(&self, body: &[u8], kind: &str, zipped: bool) -> StatusCode {
        let mut client = Client::http1(self.station.address).await;
        client.send(http_request("POST", "/v1/traces", kind, body, zipped)).await.status
    }

    async fn protobuf(&self, body: &[u8]) -> StatusCode {
        self.post(body, "application/x-protobuf", false).await
    }

    async fn json(&self, body: &str) -> StatusCode {
        self.post(body.as_bytes(), "application/json", false).await
    }

    async fn grpc(&self, body: &[u8]) -> Option<u32> {
        Client::http2(self.station.address).await.grpc(body, false).await.grpc
    }

    fn connect(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.station.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// An honest export still works, over every protocol, and memory stayed within its bound; gives the totals.
    #[expect(clippy::print_stdout, reason = "the figure of the docs; shown by --nocapture")]
    async fn finish(self, what: &str) -> serde_json::Value {
        assert_eq!(self.protobuf(&message::spans(2)).await, StatusCode::OK);
        assert_eq!(self.grpc(&message::spans(2)).await, Some(0));
        assert_eq!(self.json("{}").await, StatusCode::OK);
        let more = self.station.peak_kib() - self.idle;
        println!("{what}: {} KiB idle, at most {more} KiB more", self.idle);
        assert!(more <= BOUND_KIB, "{what} took {more} KiB more than the {} KiB when idle", self.idle);
        let ended = self.station.stop(Signal::SIGINT);
        assert_eq!(ended.code, Some(0));
        let totals = ended.totals();
        assert_eq!((totals["spans"].as_u64(), totals["distinct"].as_u64()), (Some(4), Some(2)));
        totals
    }
}

/// A request of so many bytes that is nothing but one small span again and again.
fn swarm(size: usize, span: &[u8]) -> Vec<u8> {
    let span = message::bytes(2, span);
    message::bytes(1, &message::bytes(2, &span.repeat(size / span.len())))
}

/// 256 MiB of zeros in gzip, made without ever holding them.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; MIB];
    for _ in 0..256 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn swarms_of_tiny_spans() {
    let target = Target::start();
    let ids = [message::bytes(1, &[1; 16]), message::bytes(2, &[1; 8])].concat();
    for size in [4 * MIB, 19 * MIB] {
        // A Collector takes spans without ids, too; here they are too many.
        for swarm in [swarm(size, b""), swarm(size, &ids)] {
            assert_eq!(target.protobuf(&swarm).await, StatusCode::PAYLOAD_TOO_LARGE);
            assert_eq!(target.grpc(&swarm).await, Some(RESOURCE_EXHAUSTED));
        }
        let spans = "{},".repeat(size / 3);
        let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}{{}}]}}]}}]}}"#);
        assert_eq!(target.json(&json).await, StatusCode::PAYLOAD_TOO_LARGE);
        let resources = format!(r#"{{"resourceSpans":[{spans}{{}}]}}"#);
        let status = if size > 16 * MIB { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::OK };
        assert_eq!(target.json(&resources).await, status, "resources without spans");
    }
    let totals = target.finish("swarms of tiny spans").await;
    assert_eq!((totals["invalid"].as_u64(), totals["requests"].as_u64()), (Some(0), Some(8 + 4 + 3)));
}

#[tokio::test]
async fn gzip_bombs_and_false_lengths() {
    let target = Target::start();
    let bomb = bomb();
    for kind in ["application/x-protobuf", "application/json"] {
        for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
            let mut request = http_request("POST", path, kind, &bomb, false);
            request.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
            let answer = Client::http1(target.station.address).await.send(request).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path} {kind}");
        }
    }
    let mut two = Client::http2(target.station.address).await;
    for frame in [message::frame(&bomb, true), vec![0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]] {
        let mut call = grpc_request(EXPORT, b"", true);
        *call.body_mut() = Full::new(Bytes::from(frame));
        assert_eq!(two.send(call).await.grpc, Some(RESOURCE_EXHAUSTED));
    }
    let totals = target.finish("gzip bombs and false lengths").await;
    assert_eq!((totals["invalid"].as_u64(), totals["metrics"]["refused"].as_u64()), (Some(0), Some(2)));
}

#[tokio::test]
async fn deep_nesting() {
    let target = Target::start();
    // An attribute of lists in lists, which a recursive reader would follow to the end of its stack.
    let mut value = message::bytes(1, b"deep");
    for _ in 0..5000 {
        value = message::bytes(5, &message::bytes(1, &value));
    }
    let attribute = [message::bytes(1, b"service.name"), message::bytes(2, &value)].concat();
    let resource = message::bytes(1, &message::bytes(1, &attribute));
    assert_eq!(target.protobuf(&message::bytes(1, &resource)).await, StatusCode::BAD_REQUEST);
    assert_eq!(target.grpc(&message::bytes(1, &resource)).await, Some(INVALID_ARGUMENT));
    let (open, shut) = ("[".repeat(7 * MIB), "]".repeat(7 * MIB));
    assert_eq!(target.json(&format!(r#"{{"unknown":{open}{shut}}}"#)).await, StatusCode::BAD_REQUEST);
    let inside = format!(r#"{{"resourceSpans":[{{"resource":{{"a":{open}{shut}}}}}]}}"#);
    assert_eq!(target.json(&inside).await, StatusCode::BAD_REQUEST);
    // Values are as deep as a Collector's: as deep as the message.
    let (lists, values) = (r#""arrayValue":{"values":[{"#.repeat(MIB / 8), "}]}".repeat(MIB / 8));
    let deep =
        format!(r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"value":{{{lists}{values}}}}}]}}}}]}}"#);
    assert_eq!(target.json(&deep).await, StatusCode::OK);
    assert_eq!(target.json(&open).await, StatusCode::BAD_REQUEST);
    assert_eq!(target.json(&format!(r#"{{"resourceSpans":{open}"#)).await, StatusCode::BAD_REQUEST);
    assert_eq!(
        target.json(&r#"{"resourceSpans":[{"scopeSpans":"#.repeat(MIB / 4)).await,
        StatusCode::BAD_REQUEST
    );
    let totals = target.finish("deep nesting").await;
    assert_eq!(totals["invalid"].as_u64(), Some(3 + 4));
}

#[tokio::test]
async fn wrong_ids_and_noise() {
    let target = Target::start();
    let ids = |trace: usize, span: usize| {
        message::request([[message::bytes(1, &vec![1; trace]), message::bytes(2, &vec![1; span])].concat()])
    };
    for (trace, span) in [(15, 8), (17, 8), (16, 7), (16, 9), (MIB, MIB)] {
        assert_eq!(target.protobuf(&ids(trace, span)).await, StatusCode::BAD_REQUEST);
        assert_eq!(target.grpc(&ids(trace, span)).await, Some(INVALID_ARGUMENT));
        let json = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{}","spanId":"{}"}}]}}]}}]}}"#,
            "01".repeat(trace),
            "01".repeat(span)
        );
        assert_eq!(target.json(&json).await, StatusCode::BAD_REQUEST);
    }
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(target.protobuf(&noise).await, StatusCode::BAD_REQUEST);
    assert_eq!(target.post(&noise, "application/json", false).await, StatusCode::BAD_REQUEST);
    let mut stream = target.connect(&noise);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // Noise in place of HTTP ends the connection, with or without an answer.
    drop(stream.read(&mut [0; 64]));
    target.finish("wrong ids and noise").await;
}

/// The head of a request that announces so many bytes.
fn head(length: usize) -> String {
    format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn slow_and_hanging_clients() {
    let target = Target::start();
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(target.connect(b""));
        open.push(target.connect(b"POST /v1/traces HTT"));
        // Announced and never sent; announced, begun and left hanging.
        open.push(target.connect(head(16 * MIB).as_bytes()));
        open.push(target.connect(&[head(16 * MIB).as_bytes(), b"{\"resourceSpans\":["].concat()));
        open.push(target.connect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    }
    // Together these hold more than may be held: some are turned away, the receiver is not.
    let large = [head(16 * MIB).as_bytes(), &vec![b' '; 12 * MIB]].concat();
    for _ in 0..12 {
        let mut stream = TcpStream::connect(target.station.address).unwrap();
        // One that is turned away is cut off while it still writes.
        drop(stream.write_all(&large));
        open.push(stream);
    }
    let totals = target.finish("slow and hanging clients").await;
    // What holds most goes for what holds less: some of the large ones are cut off, and none is a request.
    assert_eq!(totals["requests"].as_u64(), Some(3), "{totals}");
    assert!(totals["closed"].as_u64().is_some_and(|closed| closed >= 5), "{totals}");
    drop(open);
}

#[tokio::test]
async fn more_hanging_clients_than_there_is_room_for() {
    let target = Target::start();
    let long = |size| format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\nlong: {}", "y".repeat(size));
    let body = format!("{}0123456789", head(16 * MIB));
    let mut open = Vec::new();
    for round in 0..60 {
        for bytes in
            [&b""[..], b"PRI * HT", long(60_000).as_bytes(), head(16 * MIB).as_bytes(), body.as_bytes()]
        {
            open.push(target.connect(bytes));
        }
        // The totals are those of the end: an empty request in between has no spans.
        if round % 10 == 9 {
            assert_eq!(target.protobuf(b"").await, StatusCode::OK);
        }
    }
    let totals = target.finish("300 hanging clients").await;
    assert!(totals["closed"].as_u64().is_some_and(|closed| (44..=60).contains(&closed)), "{totals}");
    drop(open);
}
