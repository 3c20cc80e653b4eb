//! The load: every entry of the schedule gets one record, whatever the service does.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use spanfate_model::load::{LoadRecord, PlannedLoad, RequestOutcome, read, remote_parent};
use spanfate_model::quantity::id::TraceTag;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::scenario::arrivals::RecordedArrivals;
use spanfate_model::scenario::{Load as ScenarioLoad, LoadStep, Replay, Shape};
use spanfate_run::host::clock;
use spanfate_run::load::{self, Headers, LoadConfig, LoadSummary, RunningLoad, Starts};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const MS: u64 = 1_000_000;

/// A service on a thread of its own, until dropped.
struct Service {
    address: SocketAddr,
    /// Headers of every request, by the request's number.
    seen: Arc<Mutex<BTreeMap<u32, Option<String>>>>,
    _stop: oneshot::Sender<()>,
}

/// What the service does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Answer,
    Refuse,
    AnswerAfter(Duration),
    CloseConnection,
    CloseAfterAnswer,
}

fn service(manner: Manner) -> Service {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let (stop, stopped) = oneshot::channel();
    let notes = Arc::clone(&seen);
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            tokio::select! { () = accept(listener, manner, notes) => {}, _ = stopped => {} }
        });
    });
    Service { address, seen, _stop: stop }
}

async fn accept(listener: TcpListener, manner: Manner, notes: Arc<Mutex<BTreeMap<u32, Option<String>>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let notes = Arc::clone(&notes);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, manner, Arc::clone(&notes)));
            let mut serving = http1::Builder::new();
            serving.keep_alive(manner != Manner::CloseAfterAnswer);
            drop(serving.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    manner: Manner,
    notes: Arc<Mutex<BTreeMap<u32, Option<String>>>>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(request.uri().path(), "/work");
    let number = header("spanfate-request").unwrap().parse().unwrap();
    let twice = notes.lock().unwrap().insert(number, header("traceparent"));
    assert!(twice.is_none(), "request {number} came twice");
    let mut response = Response::new(Full::new("done".into()));
    match manner {
        Manner::Answer | Manner::CloseAfterAnswer => {}
        Manner::Refuse => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
        Manner::AnswerAfter(delay) => tokio::time::sleep(delay).await,
        Manner::CloseConnection => return Err("closed on purpose"),
    }
    Ok(response)
}

fn schedule(count: u64, max_in_flight: u32) -> Starts {
    Starts::Open { schedule: (0..count).map(|i| i * MS).collect(), measured_from: 20 * MS, max_in_flight }
}

/// A load of `count` requests, one each millisecond; `change` sets what the test is about.
fn begin(target: SocketAddr, count: u64, change: impl FnOnce(&mut LoadConfig)) -> (RunningLoad, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = LoadConfig {
        target,
        path: "/work".to_owned(),
        starts: schedule(count, 1024),
        start_at: clock::now() + 20 * MS,
        timeout: Duration::from_secs(10),
        headers: Headers::Number,
        log: dir.path().join("load.log"),
        real_time: false,
        limits: Arc::default(),
    };
    change(&mut config);
    (load::start(config).unwrap(), dir)
}

/// Joins the load, checks what always holds, and gives the records in the order of the schedule.
fn end(running: RunningLoad, dir: &TempDir, count: u64) -> (Vec<LoadRecord>, LoadSummary) {
    let summary = running.join().unwrap();
    let mut records: Vec<_> = read(&std::fs::read(dir.path().join("load.log")).unwrap()).collect();
    records.sort_by_key(|record| record.request);
    let numbers: Vec<_> = records.iter().map(|record| record.request).collect();
    assert_eq!(numbers, (0..count as u32).collect::<Vec<_>>(), "every entry has exactly one record");
    assert_eq!(summary.intended, count);
    assert_eq!(summary.intended, summary.started + summary.not_started);
    for record in &records {
        assert_eq!(record.measured, record.request >= 20);
        assert_eq!(record.started > 0, record.outcome.started());
        if record.outcome.started() {
            assert!(record.started >= record.intended && record.done >= record.started, "{record:?}");
        }
    }
    assert_eq!(records.iter().filter(|record| record.outcome.started()).count() as u64, summary.started);
    (records, summary)
}

fn count(records: &[LoadRecord], outcome: RequestOutcome) -> usize {
    records.iter().filter(|record| record.outcome == outcome).count()
}

#[test]
fn every_request_is_sent_once_and_recorded_once() {
    let service = service(Manner::Answer);
    let (running, dir) = begin(service.address, 200, |_| {});
    let (records, summary) = end(running, &dir, 200);
    assert_eq!(count(&records, RequestOutcome::Answered), 200, "{records:?}");
    assert!(records.iter().all(|record| record.status == 200));
    assert!(summary.connections < 200, "connections are reused");
    let seen = service.seen.lock().unwrap();
    assert_eq!(seen.len(), 200);
    assert!(seen.values().all(Option::is_none));
    let mut intended: Vec<_> = records.iter().map(|record| record.intended).collect();
    intended.dedup();
    assert_eq!(intended.len(), 200);
}

#[test]
fn a_bad_status_is_told_apart() {
    let service = service(Manner::Refuse);
    let (running, dir) = begin(service.address, 30, |_| {});
    let (records, _) = end(running, &dir, 30);
    assert_eq!(count(&records, RequestOutcome::BadStatus), 30);
    assert!(records.iter().all(|record| record.status == 503));
}

#[test]
fn the_trace_parent_names_the_request() {
    let service = service(Manner::Answer);
    for sampled in [true, false] {
        let tag = TraceTag { run: 7, trial: u16::from(sampled), key: 99 };
        let (running, dir) =
            begin(service.address, 30, |config| config.headers = Headers::TraceParent { tag, sampled });
        end(running, &dir, 30);
        for (number, parent) in std::mem::take(&mut *service.seen.lock().unwrap()) {
            let (trace, span) = (tag.trace_id(number), remote_parent(&tag, number));
            assert_eq!(parent.unwrap(), format!("00-{trace}-{span}-0{}", u8::from(sampled)));
        }
    }
}

#[test]
fn a_service_that_never_answers_times_out() {
    let service = service(Manner::AnswerAfter(Duration::from_mins(1)));
    let (running, dir) = begin(service.address, 30, |config| config.timeout = Duration::from_millis(150));
    let (records, _) = end(running, &dir, 30);
    assert_eq!(count(&records, RequestOutcome::TimedOut), 30, "{records:?}");
    assert!(records.iter().all(|record| record.done - record.started >= 150 * MS));
}

#[test]
fn a_closed_port_is_no_connection() {
    let closed = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (running, dir) = begin(closed, 30, |_| {});
    let (records, _) = end(running, &dir, 30);
    assert_eq!(count(&records, RequestOutcome::ConnectFailed), 30);
}

#[test]
fn a_connection_that_breaks_is_not_tried_again() {
    let service = service(Manner::CloseConnection);
    let (running, dir) = begin(service.address, 30, |_| {});
    let (records, summary) = end(running, &dir, 30);
    assert_eq!(count(&records, RequestOutcome::Broken), 30, "{records:?}");
    assert_eq!((service.seen.lock().unwrap().len(), summary.connections), (30, 30));
}

#[test]
fn a_connection_the_service_closes_after_an_answer_is_replaced() {
    let service = service(Manner::CloseAfterAnswer);
    let (running, dir) = begin(service.address, 30, |_| {});
    let (records, summary) = end(running, &dir, 30);
    assert_eq!((count(&records, RequestOutcome::Answered), summary.connections), (30, 30), "{records:?}");
}

#[test]
fn above_the_cap_requests_are_not_started() {
    let service = service(Manner::AnswerAfter(Duration::from_millis(50)));
    let (running, dir) = begin(service.address, 100, |config| config.starts = schedule(100, 1));
    let (records, summary) = end(running, &dir, 100);
    let capped = count(&records, RequestOutcome::InFlightCap);
    assert!(capped > 50, "{capped}");
    assert_eq!((capped as u64, summary.connections), (summary.not_started, 1));
    assert_eq!(count(&records, RequestOutcome::Answered) + capped, 100);
}

#[test]
fn stopping_early_leaves_the_rest_to_the_generator() {
    let service = service(Manner::AnswerAfter(Duration::from_millis(20)));
    let (running, dir) = begin(service.address, 100_000, |_| {});
    while running.progress().started < 50 {
        thread::sleep(Duration::from_millis(5));
    }
    running.stop_early();
    let (records, summary) = end(running, &dir, 100_000);
    assert!(summary.started >= 50 && summary.started < 100_000);
    assert_eq!(count(&records, RequestOutcome::Answered) as u64, summary.started);
    assert_eq!(count(&records, RequestOutcome::GeneratorLate) as u64, summary.not_started);
}

#[test]
fn what_is_hopelessly_late_is_not_started() {
    let service = service(Manner::Answer);
    let (running, dir) = begin(service.address, 50, |config| config.start_at = clock::now() - 5_000 * MS);
    let (records, summary) = end(running, &dir, 50);
    assert_eq!((count(&records, RequestOutcome::GeneratorLate), summary.started), (50, 0));
}

#[test]
fn an_empty_schedule_ends_at_once() {
    let service = service(Manner::Answer);
    let (running, dir) = begin(service.address, 0, |_| {});
    let (records, summary) = end(running, &dir, 0);
    assert_eq!((records.len(), summary.connections), (0, 0));
}

/// Joins a closed load; the records in the order of their numbers.
fn end_closed(running: RunningLoad, dir: &TempDir, count: u32) -> (Vec<LoadRecord>, LoadSummary) {
    let summary = running.join().unwrap();
    let mut records: Vec<_> = read(&std::fs::read(dir.path().join("load.log")).unwrap()).collect();
    records.sort_by_key(|record| record.request);
    let numbers: Vec<_> = records.iter().map(|record| record.request).collect();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>(), "every request has exactly one record");
    assert_eq!(
        (summary.intended, summary.started + summary.not_started),
        (u64::from(count), u64::from(count))
    );
    assert!(records.iter().all(|record| record.measured));
    (records, summary)
}

#[test]
fn a_closed_load_waits_for_its_answers() {
    let service = service(Manner::AnswerAfter(Duration::from_millis(2)));
    let starts = Starts::Closed { connections: 3, requests: 60 };
    let (running, dir) = begin(service.address, 0, |config| config.starts = starts);
    let (records, summary) = end_closed(running, &dir, 60);
    assert_eq!((count(&records, RequestOutcome::Answered), summary.connections), (60, 3));
    assert!(records.iter().all(|record| record.intended == record.started && record.started > 0));
    for connection in 0..3 {
        let own: Vec<_> = records.iter().filter(|record| record.connection == connection).collect();
        assert!(own.windows(2).all(|pair| pair[1].started >= pair[0].done), "one at a time: {own:?}");
    }
    assert_eq!(service.seen.lock().unwrap().len(), 60);
}

#[test]
fn a_closed_load_ends_although_nobody_answers() {
    let closed = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let starts = Starts::Closed { connections: 4, requests: 50 };
    let (running, dir) = begin(closed, 0, |config| config.starts = starts);
    let (records, _) = end_closed(running, &dir, 50);
    assert_eq!(count(&records, RequestOutcome::ConnectFailed), 50);
}

#[test]
fn stopping_a_closed_load_leaves_the_rest() {
    let service = service(Manner::AnswerAfter(Duration::from_millis(5)));
    let starts = Starts::Closed { connections: 2, requests: 100_000 };
    let (running, dir) = begin(service.address, 0, |config| config.starts = starts);
    while running.progress().started < 20 {
        thread::sleep(Duration::from_millis(5));
    }
    running.stop_early();
    let (records, summary) = end_closed(running, &dir, 100_000);
    assert_eq!(count(&records, RequestOutcome::Answered) as u64, summary.started);
    assert_eq!(count(&records, RequestOutcome::GeneratorLate) as u64, summary.not_started);
    assert!(records.iter().all(|record| record.intended > 0));
}

/// A planned load against a service, as a trial sends it.
fn run_planned(load: &ScenarioLoad) -> (Vec<LoadRecord>, Vec<u64>) {
    let planned = PlannedLoad::resolve(load);
    let offsets = spanfate_model::load::schedule(&planned, 3);
    let service = service(Manner::Answer);
    let (running, dir) = begin(service.address, 0, |config| {
        config.starts = Starts::Open {
            schedule: offsets.clone().into(),
            measured_from: planned.warmup.nanos(),
            max_in_flight: 1024,
        };
    });
    running.join().unwrap();
    let mut records: Vec<_> = read(&std::fs::read(dir.path().join("load.log")).unwrap()).collect();
    records.sort_by_key(|record| record.request);
    assert_eq!(records.len(), offsets.len());
    assert_eq!(count(&records, RequestOutcome::Answered), records.len());
    let began = records[0].intended - offsets[0];
    for (record, offset) in records.iter().zip(&offsets) {
        assert_eq!(record.intended, began + offset);
        assert_eq!(record.measured, *offset >= planned.warmup.nanos());
        assert!(record.started >= record.intended);
    }
    (records, offsets)
}

#[test]
fn steps_are_sent_as_they_are_planned() {
    let step = |rate, ms| LoadStep { rate: Rate(rate), lasting: Period::millis(ms) };
    let load = ScenarioLoad {
        shape: Some(Shape::Steps(vec![step(100.0, 100), step(1000.0, 100)])),
        warmup: Some(Period::millis(50)),
        ..ScenarioLoad::default()
    };
    let (records, _) = run_planned(&load);
    assert_eq!(records.len(), 5 + 10 + 100);
    assert_eq!(records.iter().filter(|record| record.measured).count(), 110);
}

#[test]
fn a_replay_is_sent_at_its_own_times() {
    let trace = RecordedArrivals::parse("5.00\n5.01\n5.01\n5.2\n5.3\n").unwrap();
    let replay = Replay { file: "arrivals.txt".to_owned(), speed: 2.0, trace: Some(Arc::new(trace)) };
    let load =
        ScenarioLoad { replay: Some(replay), warmup: Some(Period::millis(50)), ..ScenarioLoad::default() };
    let (records, offsets) = run_planned(&load);
    assert_eq!(offsets, [0, 5, 5, 100, 150].map(|ms| ms * MS));
    assert_eq!(records.iter().filter(|record| record.measured).count(), 2);
}
