//! What processes that take OTLP over gRPC cost, in turns: `receiver_cost ROUNDS REQUESTS NAME=PID=ADDRESS…`. Each gets the same requests
//! of 512 spans of the Go fixture; CPU is that of all threads of its process. `docs/compare-receiver.sh` starts the processes.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Request;
use http_body_util::Full;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use spanfate_testkit::client::{Client, EXPORT, zip};
use spanfate_testkit::message::frame;
use tokio::runtime::{Builder, Runtime};

/// Spans of a request.
const SPANS: u64 = 512;
/// How long an answer may take until the process is there, in looks of 50 ms.
const LOOKS: u32 = 400;

/// A process, and what each round of each way to send took, nanoseconds per span.
struct Peer {
    name: String,
    pid: u32,
    address: SocketAddr,
    /// Resident memory before the first request, KiB.
    idle: u64,
    took: [Vec<u64>; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, requests, peers @ ..] = &arguments[..] else {
        return Err("usage: receiver_cost ROUNDS REQUESTS NAME=PID=ADDRESS…".into());
    };
    let (rounds, requests): (usize, u64) = (rounds.parse()?, requests.parse()?);
    let mut first = CpuSet::new();
    first.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &first)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut peers = peers.iter().map(|text| Peer::named(text, &runtime)).collect::<Result<Vec<_>, _>>()?;
    let mut body = Vec::new();
    GzDecoder::new(&include_bytes!("../../../peers/bodies/go.pb.gz")[..]).read_to_end(&mut body)?;
    let bodies: [Bytes; 2] = [frame(&body, false).into(), frame(&zip(&body), true).into()];
    // The first round warms all of them up and is not counted; who begins changes from round to round.
    for round in 0..=rounds {
        for at in 0..peers.len() {
            let place = (at + round) % peers.len();
            for (zipped, body) in bodies.iter().enumerate() {
                let took = peers[place].take(&runtime, body, zipped == 1, requests)?;
                if round > 0 {
                    peers[place].took[zipped].push(took);
                }
            }
        }
    }
    println!("{rounds} rounds of {requests} requests of {SPANS} spans in turns, each plain and with gzip\n");
    println!("| | CPU a span, ns | with gzip | memory idle, MiB | at most, MiB |\n|---|---|---|---|---|");
    for peer in &peers {
        let [plain, zipped] = peer.took.clone().map(spread);
        let (idle, most) = (mib(peer.idle), mib(status(peer.pid, "VmHWM:")?));
        println!("| {} | {plain} | {zipped} | {idle} | {most} |", peer.name);
    }
    Ok(())
}

impl Peer {
    /// Finds a process and waits until it listens.
    fn named(text: &str, runtime: &Runtime) -> Result<Self, Box<dyn Error>> {
        let mut parts = text.split('=');
        let (Some(name), Some(pid), Some(address)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("`{text}` is not NAME=PID=ADDRESS").into());
        };
        let (pid, address) = (pid.parse()?, address.parse()?);
        for look in 0.. {
            match runtime.block_on(tokio::net::TcpStream::connect(address)) {
                Ok(_) => break,
                Err(error) if look == LOOKS => return Err(format!("{name} at {address}: {error}").into()),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        Ok(Self {
            name: name.to_owned(),
            pid,
            address,
            idle: status(pid, "VmRSS:")?,
            took: Default::default(),
        })
    }

    /// Sends it that many requests; what its process took of a CPU for a span, nanoseconds.
    fn take(
        &self,
        runtime: &Runtime,
        body: &Bytes,
        zipped: bool,
        requests: u64,
    ) -> Result<u64, Box<dyn Error>> {
        runtime.block_on(async {
            let mut client = Client::http2(self.address).await;
            let before = cpu(self.pid)?;
            for _ in 0..requests {
                let answer = client.send(request(body, zipped)?).await;
                if answer.grpc != Some(0) {
                    return Err(format!("{} answered {answer:?}", self.name).into());
                }
            }
            Ok((cpu(self.pid)? - before) / (requests * SPANS))
        })
    }
}

fn request(body: &Bytes, zipped: bool) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut request = Request::post(format!("http://receiver{EXPORT}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if zipped {
        request = request.header("grpc-encoding", "gzip");
    }
    request.body(Full::new(body.clone()))
}

/// CPU time of all threads that a process has, nanoseconds.
fn cpu(pid: u32) -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(sum)
}

/// A line of a process's status, in KiB.
fn status(pid: u32, line: &str) -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = text.lines().find_map(|one| one.strip_prefix(line)).ok_or("no such line")?;
    Ok(found.split_whitespace().next().unwrap_or_default().parse()?)
}

fn mib(kib: u64) -> String {
    format!("{:.1}", kib as f64 / 1024.0)
}

fn spread(mut figures: Vec<u64>) -> String {
    figures.sort_unstable();
    match (figures.first(), figures.get(figures.len() / 2), figures.last()) {
        (Some(least), Some(median), Some(most)) => format!("{median} ({least} to {most})"),
        _ => "–".to_owned(),
    }
}
