//! What a request costs the load's thread, and how late it starts it:
//! `cargo run -p spanfate-run --example load_cost [RATE] [SECONDS] [ADDRESS] [trace] [ordinary]`; `… load_cost serve` is the
//! service alone, `… load_cost floor [RATE] [SECONDS]` a thread that only wakes up: what the machine charges for that.

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
use nix::sys::prctl::set_timerslack;
use spanfate_model::load::{LoadRecord, RequestOutcome, read};
use spanfate_model::quantity::id::TraceTag;
use spanfate_run::host::clock;
use spanfate_run::load::{self, Headers, LoadConfig, Starts};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "serve") {
        println!("{}", serve()?);
        // For others to send to, until this process is ended.
        loop {
            thread::park();
        }
    }
    let floor_wanted = arguments.first().is_some_and(|word| word == "floor");
    let arguments = if floor_wanted { arguments[1..].to_vec() } else { arguments };
    let number = |at: usize, default: u64| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (rate, seconds) = (number(0, 5000)?, number(1, 10)?);
    if floor_wanted {
        return floor(rate, seconds);
    }
    let words = ["trace", "ordinary"];
    let target = match arguments.get(2).filter(|word| !words.contains(&word.as_str())) {
        Some(address) => address.parse()?,
        None => serve()?,
    };
    let headers = if arguments.iter().any(|word| word == "trace") {
        Headers::TraceParent { tag: TraceTag { run: 1, trial: 1, key: 1 }, sampled: true }
    } else {
        Headers::Number
    };
    let real_time = !arguments.iter().any(|word| word == "ordinary");
    send(target, rate, seconds, headers, real_time)
}

fn send(
    target: SocketAddr,
    rate: u64,
    seconds: u64,
    headers: Headers,
    real_time: bool,
) -> Result<(), Box<dyn Error>> {
    let log = std::path::Path::new("/dev/shm").join(format!("spanfate-load-cost-{}", std::process::id()));
    let count = rate * seconds;
    // As in a trial: the harness on one core, the service on another.
    threads::pin(1)?;
    let running = load::start(LoadConfig {
        target,
        path: "/work".to_owned(),
        starts: Starts::Open {
            schedule: (0..count).map(|i| i * 1_000_000_000 / rate).collect(),
            measured_from: 1_000_000_000.min(seconds * 500_000_000),
            max_in_flight: 1024,
        },
        start_at: clock::now() + 200_000_000,
        timeout: Duration::from_secs(10),
        headers,
        log: log.clone(),
        real_time,
        limits: std::sync::Arc::default(),
    })?;
    // The thread is gone after the join, so the last look is a little before the end.
    let (mut sending, mut done) = (0, 0);
    while running.progress().done + running.progress().not_started < count - rate / 10 {
        thread::sleep(Duration::from_millis(20));
        done = running.progress().done;
        sending = threads::cpu("sf-load")?;
    }
    println!("{:?}", running.join()?);
    println!("sf-load {:.1} us of CPU per request", sending as f64 / 1e3 / done as f64);
    let records: Vec<_> = read(&std::fs::read(&log)?).collect();
    std::fs::remove_file(&log)?;
    let answered = records.iter().filter(|record| record.outcome == RequestOutcome::Answered).count();
    println!("{answered} of {count} answered");
    let started = || records.iter().filter(|record| record.started > 0).map(|record| record.started);
    let (first, last) = (started().min().unwrap_or_default(), started().max().unwrap_or_default());
    println!("achieved {:.1} requests/s", started().count() as f64 * 1e9 / (last - first).max(1) as f64);
    quantiles("start lag", &records, |record| record.started - record.intended);
    quantiles("response time", &records, |record| record.done - record.intended);
    quantiles("service time", &records, |record| record.done - record.started);
    Ok(())
}

/// What a wake-up costs: a thread sleeps until each start and does nothing.
fn floor(rate: u64, seconds: u64) -> Result<(), Box<dyn Error>> {
    threads::pin(1)?;
    let (count, began) = (rate * seconds, clock::now() + 100_000_000);
    let sleeper = thread::Builder::new().name("sf-floor".to_owned()).spawn(move || {
        set_timerslack(1).ok();
        for wake in 0..count {
            clock::sleep_until(began + wake * 1_000_000_000 / rate);
        }
        threads::cpu("sf-floor")
    })?;
    let used = sleeper.join().map_err(|_| "the thread panicked")??;
    println!("sf-floor {:.1} us of CPU per wake-up", used as f64 / 1e3 / count as f64);
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
