//! What a request costs the load's thread, and how late it starts it:
//! `cargo run -p spanfate-run --example load_cost [RATE] [SECONDS] [trace]`.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

mod threads;

use std::convert::Infallible;
use std::error::Error;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Empty;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use spanfate_model::id::TraceTag;
use spanfate_model::load::{LoadRecord, Outcome, read};
use spanfate_run::clock;
use spanfate_run::load::{self, Config, Headers, Starts};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rate: u64 = arguments.next().map_or(Ok(5000), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let headers = if arguments.next().is_some_and(|text| text == "trace") {
        Headers::TraceParent { tag: TraceTag { run: 1, trial: 1, key: 1 }, sampled: true }
    } else {
        Headers::Number
    };
    let log = std::path::Path::new("/dev/shm").join(format!("spanfate-load-cost-{}", std::process::id()));
    let count = rate * seconds;
    let target = serve()?;
    // As in a trial: the harness on one core, the service on another.
    threads::pin(1)?;
    let running = load::start(Config {
        target,
        path: "/work".to_owned(),
        starts: Starts::Open {
            schedule: (0..count).map(|i| i * 1_000_000_000 / rate).collect(),
            measured_from: 1_000_000_000,
            max_in_flight: 1024,
        },
        start_at: clock::now() + 200_000_000,
        timeout: Duration::from_secs(10),
        headers,
        log: log.clone(),
    })?;
    // The thread is gone after the join, so the last look is a little before the end.
    let mut sending = 0;
    while running.progress().done + running.progress().not_started < count - rate / 10 {
        thread::sleep(Duration::from_millis(20));
        sending = threads::cpu("sf-load")?;
    }
    let done = running.progress().done as f64;
    println!("{:?}", running.join()?);
    println!("sf-load {:.1} us of CPU per request", sending as f64 / 1e3 / done);
    let records: Vec<_> = read(&std::fs::read(&log)?).collect();
    std::fs::remove_file(&log)?;
    let answered = records.iter().filter(|record| record.outcome == Outcome::Answered).count();
    println!("{answered} of {count} answered");
    quantiles("start lag", &records, |record| record.started - record.intended);
    quantiles("response time", &records, |record| record.done - record.started);
    Ok(())
}

fn quantiles(what: &str, records: &[LoadRecord], of: impl Fn(&LoadRecord) -> u64) {
    let started = records.iter().filter(|record| record.measured && record.outcome.started());
    let mut values: Vec<_> = started.map(of).collect();
    values.sort_unstable();
    let at = |q: f64| {
        let value = values.get((values.len() as f64 * q) as usize).or(values.last());
        value.copied().unwrap_or_default() as f64 / 1e3
    };
    println!(
        "{what}: p50 {:.1} us, p90 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

/// A service that does nothing, on a thread that lives as long as the process.
fn serve() -> Result<SocketAddr, Box<dyn Error>> {
    let listener = StdListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("service".to_owned()).spawn(move || accept(&runtime, listener))?;
    Ok(address)
}

fn accept(runtime: &Runtime, listener: StdListener) {
    runtime.block_on(async {
        drop(threads::pin(0));
        let Ok(listener) = TcpListener::from_std(listener) else { return };
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) });
            connections.spawn(async move {
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
}
