//! Sends the same traces of five spans to two receivers at once, as two exporters of one process do:
//! `cargo run -p spanfate-run --example twin_load LEFT RIGHT [CLIENTS] [SECONDS] [TRACES]`. Each client has a connection to both sides and
//! sends its next request, of so many traces, when both have answered. Prints traces, seconds and traces per second.
//! `docs/compare-live.sh` puts `spanfate diff --live` behind it.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use spanfate_model::quantity::unit::MonoNs;
use spanfate_run::host::clock;
use spanfate_testkit::client::Client;
use spanfate_testkit::message;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Spans of a trace: a root, two under it, and two under the first of those.
const SPANS: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [left, right, rest @ ..] = &arguments[..] else {
        return Err("give two addresses, for example 127.0.0.1:4327 127.0.0.1:4328".into());
    };
    let (left, right): (SocketAddr, SocketAddr) = (left.parse()?, right.parse()?);
    let number = |at: usize, usual: u64| rest.get(at).map_or(Ok(usual), |text| text.parse());
    let (clients, seconds, traces) = (number(0, 50)?, number(1, 10)?, number(2, 1)?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (sent, lasted) = runtime.block_on(async {
        let began = clock::now();
        let until = began + Duration::from_secs(seconds).as_nanos() as u64;
        let mut tasks = JoinSet::new();
        for client in 0..clients {
            tasks.spawn(send(left, right, client, traces, until));
        }
        let mut sent = 0;
        while let Some(one) = tasks.join_next().await {
            sent += one?;
        }
        Ok::<_, Box<dyn Error>>((sent, (clock::now() - began) as f64 / 1e9))
    })?;
    println!("{sent} traces in {lasted:.3} s: {:.0} traces/s", sent as f64 / lasted);
    Ok(())
}

/// Sends as a client until its time is over; gives the traces that both sides took.
async fn send(left: SocketAddr, right: SocketAddr, client: u64, traces: u64, until: MonoNs) -> u64 {
    let (mut left, mut right) = (Client::http2(left).await, Client::http2(right).await);
    let request = RequestTemplate::new(traces);
    let mut sent = 0;
    // A trace id of its own for each client, and each trace.
    let mut next = (u128::from(client) + 1) << 64;
    while clock::now() < until {
        let body = request.filled(next);
        let (one, other) = tokio::join!(left.grpc(&body, false), right.grpc(&body, false));
        if (one.grpc, other.grpc) == (Some(0), Some(0)) {
            sent += traces;
        }
        next += u128::from(traces);
    }
    sent
}

/// A request in which only the trace ids are filled in: to build one costs more than to receive it.
struct RequestTemplate {
    bytes: Vec<u8>,
    /// Where the trace ids stand, and of which trace.
    places: Vec<(usize, u128)>,
}

impl RequestTemplate {
    fn new(traces: u64) -> Self {
        // What stands for the id of a trace occurs nowhere else.
        let mark = |trace: u64| [&[0xa5; 8][..], &trace.to_be_bytes()].concat();
        let spans = (0..traces).flat_map(|trace| {
            (0..SPANS).map(move |at| {
                let id = |at: u64| (at + 1).to_be_bytes();
                let mut out = [message::bytes(1, &mark(trace)), message::bytes(2, &id(at))].concat();
                if at > 0 {
                    out.extend(message::bytes(4, &id((at - 1) / 2)));
                }
                out.extend(message::bytes(5, format!("operation {at}").as_bytes()));
                let start = 1_700_000_000_000_000_000 + at * 1_000_000;
                out.extend(
                    [message::number(6, 2), message::fixed(7, start), message::fixed(8, start + 5)].concat(),
                );
                for attribute in ["http.request.method", "http.route", "server.address", "url.scheme"] {
                    out.extend(message::bytes(9, &message::attribute(attribute, "0123456789abcdef")));
                }
                out
            })
        });
        let bytes = message::request(spans);
        let marks = bytes.windows(16).enumerate().filter(|(_, part)| part.starts_with(&[0xa5; 8]));
        let number = |part: &[u8]| part[8..].iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
        let places = marks.map(|(at, part)| (at, number(part))).collect();
        Self { bytes, places }
    }

    /// The request whose first trace has that id.
    fn filled(&self, first: u128) -> Vec<u8> {
        let mut out = self.bytes.clone();
        for (at, trace) in &self.places {
            out[*at..at + 16].copy_from_slice(&(first + trace).to_be_bytes());
        }
        out
    }
}
