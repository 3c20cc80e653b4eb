//! What a span costs the receiver's thread: `cargo run --release -p spanfate-run --example receiver_cost [REQUESTS] [gzip]`.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

#[path = "../../tests/receiver/message.rs"]
mod message;
#[path = "../load_cost/threads.rs"]
mod threads;

use std::error::Error;
use std::io::Write;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use spanfate_run::receiver::{self, Config, Deadlines, DiscardPlan};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const SPANS: u64 = 512;
const EXPORT: &str = "http://receiver/opentelemetry.proto.collector.trace.v1.TraceService/Export";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let requests: u64 = arguments.next().map_or(Ok(2000), |text| text.parse())?;
    let zipped = arguments.next().is_some_and(|text| text == "gzip");
    let message = message::spans(SPANS);
    let dir = std::path::Path::new("/dev/shm").join(format!("spanfate-receiver-cost-{}", std::process::id()));
    std::fs::create_dir(&dir)?;
    // As in a trial: the harness on one core, the client on another.
    threads::pin(1)?;
    let receiver = receiver::start(Config {
        listen: ([127, 0, 0, 1], 0).into(),
        answer_after: None,
        max_bytes: 4 << 20,
        max_spans: 10_000,
        deadlines: Deadlines::default(),
        log: dir.join("wire.log"),
        log_limit: 1 << 30,
        discard_acknowledged: DiscardPlan::default(),
        hop: 0,
        path: 0,
    })?;
    threads::pin(0)?;
    let frame = if zipped {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&message)?;
        message::frame(&encoder.finish()?, true)
    } else {
        message::frame(&message, false)
    };
    println!(
        "{requests} requests of {SPANS} spans, {} bytes each, {} on the wire",
        message.len(),
        frame.len()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A thread names itself, so it is there a moment later.
    thread::sleep(Duration::from_millis(50));
    let before = threads::cpu("sf-receiver")?;
    runtime.block_on(send(&receiver, requests, &frame.into(), zipped))?;
    let spent = threads::cpu("sf-receiver")? - before;
    let summary = receiver.stop()?;
    std::fs::remove_dir_all(&dir)?;
    println!("{:?}", summary.counts);
    println!("{:.1} us of CPU per request", spent as f64 / 1e3 / requests as f64);
    println!("{:.0} ns of CPU per span", spent as f64 / (requests * SPANS) as f64);
    println!(
        "{:.2} % of a core at 25,000 spans/s",
        spent as f64 / (requests * SPANS) as f64 * 25_000.0 / 1e7
    );
    Ok(())
}

async fn send(
    receiver: &receiver::Receiver,
    requests: u64,
    frame: &Bytes,
    zipped: bool,
) -> Result<(), Box<dyn Error>> {
    let stream = TcpStream::connect(receiver.address()).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let mut driver = JoinSet::new();
    driver.spawn(async move { drop(connection.await) });
    for _ in 0..requests {
        let mut request =
            Request::post(EXPORT).header("content-type", "application/grpc").header("te", "trailers");
        if zipped {
            request = request.header("grpc-encoding", "gzip");
        }
        let response = sender.send_request(request.body(Full::new(frame.clone()))?).await?;
        response.into_body().collect().await?;
    }
    Ok(())
}
