//! CPU per span of the receiver beside a server that decodes everything, over loopback:
//! `cargo run --release --manifest-path harness/peers/Cargo.toml [ROUNDS] [REQUESTS]`.
//!
//! Both are in this process, each on a thread of its own on one core, the client on another. They take turns.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use spanfate_peers::{SPANS, Sample};
use spanfate_run::receiver::{self, ReceiverConfig};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

mod full_decode;
#[path = "../../run/examples/load_cost/threads.rs"]
mod threads;

type Failure = Box<dyn Error>;

const OURS: &str = "sf-receiver";
const EXPORT: &str = "http://receiver/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A way to send a body.
struct Case {
    name: &'static str,
    sample: Sample,
    grpc: bool,
    zipped: bool,
}

const CASES: [Case; 7] = [
    Case { name: "gRPC, go", sample: Sample::Go, grpc: true, zipped: false },
    Case { name: "gRPC, node", sample: Sample::Node, grpc: true, zipped: false },
    Case { name: "gRPC gzip, go", sample: Sample::Go, grpc: true, zipped: true },
    Case { name: "gRPC gzip, node", sample: Sample::Node, grpc: true, zipped: true },
    Case { name: "HTTP protobuf, node", sample: Sample::Node, grpc: false, zipped: false },
    Case { name: "HTTP JSON, node", sample: Sample::NodeJson, grpc: false, zipped: false },
    Case { name: "HTTP JSON gzip, node", sample: Sample::NodeJson, grpc: false, zipped: true },
];

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let requests: u64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let folder = std::path::Path::new("/dev/shm").join(format!("spanfate-peers-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    threads::pin(1)?;
    let receiver = receiver::start(ReceiverConfig::new(folder.join("wire.log"), 1 << 30))?;
    let (peer, counted) = full_decode::start()?;
    threads::pin(0)?;
    // A thread names itself, so it is there a moment later.
    std::thread::sleep(Duration::from_millis(50));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "{rounds} rounds of {requests} requests of {SPANS} spans; ns of CPU per span, median (least to most)\n"
    );
    println!("| body | bytes | on the wire | receiver | full decode |\n|---|---|---|---|---|");
    let (mut to_us, mut to_peer) = (0, 0);
    for case in &CASES {
        let body = case.sample.bytes();
        let wire = case.encode(&body)?;
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        // The first round warms both up and is not counted.
        for round in 0..=rounds {
            let measure = |thread, address, into: &mut Vec<u64>| -> Result<(), Failure> {
                let before = threads::cpu(thread)?;
                runtime.block_on(case.send(address, requests, &wire))?;
                let spent = threads::cpu(thread)? - before;
                if round > 0 {
                    into.push(spent / (requests * SPANS));
                }
                Ok(())
            };
            measure(OURS, receiver.address(), &mut ours)?;
            to_us += requests * SPANS;
            if case.grpc {
                measure(full_decode::THREAD, peer, &mut theirs)?;
                to_peer += requests * SPANS;
            }
        }
        println!(
            "| {} | {} | {} | {} | {} |",
            case.name,
            body.len(),
            wire.len(),
            spread(ours),
            spread(theirs)
        );
    }
    let summary = receiver.stop()?;
    std::fs::remove_dir_all(&folder)?;
    assert_eq!((summary.counts.accepted, summary.counts.gap), (to_us, 0), "the receiver took every span");
    assert_eq!(counted.load(Ordering::Relaxed), to_peer, "so did its peer");
    Ok(())
}

fn spread(mut figures: Vec<u64>) -> String {
    figures.sort_unstable();
    match (figures.first(), figures.get(figures.len() / 2), figures.last()) {
        (Some(least), Some(median), Some(most)) => format!("{median} ({least} to {most})"),
        _ => "—".to_owned(),
    }
}

impl Case {
    fn encode(&self, body: &[u8]) -> Result<Bytes, Failure> {
        let body = if self.zipped {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            encoder.finish()?
        } else {
            body.to_vec()
        };
        if self.grpc {
            let length = (body.len() as u32).to_be_bytes();
            return Ok([&[u8::from(self.zipped)][..], &length, &body].concat().into());
        }
        Ok(body.into())
    }

    async fn send(&self, address: SocketAddr, requests: u64, body: &Bytes) -> Result<(), Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut driver = JoinSet::new();
        if self.grpc {
            let (mut sender, connection) =
                http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            driver.spawn(async move { drop(connection.await) });
            for _ in 0..requests {
                let mut request =
                    Request::post(EXPORT).header("content-type", "application/grpc").header("te", "trailers");
                if self.zipped {
                    request = request.header("grpc-encoding", "gzip");
                }
                let answer = sender.send_request(request.body(Full::new(body.clone()))?).await?.into_body();
                let trailers =
                    answer.collect().await?.trailers().and_then(|all| all.get("grpc-status").cloned());
                assert_eq!(trailers.as_ref().map(|status| status.as_bytes()), Some(&b"0"[..]));
            }
            return Ok(());
        }
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        driver.spawn(async move { drop(connection.await) });
        let kind =
            if self.sample == Sample::NodeJson { "application/json" } else { "application/x-protobuf" };
        for _ in 0..requests {
            let mut request =
                Request::post("/v1/traces").header("host", "receiver").header("content-type", kind);
            if self.zipped {
                request = request.header("content-encoding", "gzip");
            }
            let answer = sender.send_request(request.body(Full::new(body.clone()))?).await?;
            assert!(answer.status().is_success(), "{}", answer.status());
            answer.into_body().collect().await?;
        }
        Ok(())
    }
}
