//! The load: an HTTP client that keeps to a schedule made before the first request; or, to compare with, one whose
//! connections wait for their answers.
//!
//! One thread wakes up at each intended start, sends and receives. Every entry of the plan gets exactly one record.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::Uri;
use spanfate_model::quantity::id::TraceTag;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_probes::priority;
use tokio::runtime::{Builder, LocalOptions};

use self::pace::{LoadPace, StopOnDrop};
use self::request::Template;
use crate::error::RunError;
use crate::host::limits::LimitsMet;

mod alarm;
mod crew;
mod dispatch;
mod link;
mod pace;
mod record;
mod request;

/// What to send, and when.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// The service.
    pub target: SocketAddr,
    /// Path of every request.
    pub path: String,
    /// What decides when a request starts.
    pub starts: Starts,
    /// When the load begins.
    pub start_at: MonoNs,
    /// Bound on one request, from its start.
    pub timeout: Duration,
    /// What each request carries.
    pub headers: Headers,
    /// The load log to create.
    pub log: PathBuf,
    /// Whether to ask for real-time priority, so that the receiver beside it does not delay a start. Not where the service
    pub real_time: bool,
    /// Where limits are noted that it meets.
    pub limits: Arc<LimitsMet>,
}

/// What decides when a request starts.
#[derive(Clone, Debug)]
pub enum Starts {
    /// A schedule.
    Open {
        /// Intended starts in nanoseconds after `start_at`, ascending.
        schedule: Arc<[u64]>,
        /// Requests intended at or after this offset are measured.
        measured_from: u64,
        /// Requests that may be open at once.
        max_in_flight: u32,
    },
    /// The answer to the request before it on the same connection.
    Closed {
        /// Connections.
        connections: u32,
        /// Requests over all connections.
        requests: u32,
    },
}

impl Starts {
    /// Requests in all.
    pub fn count(&self) -> u64 {
        match self {
            Self::Open { schedule, .. } => schedule.len() as u64,
            Self::Closed { requests, .. } => u64::from(*requests),
        }
    }

    const fn most_open(&self) -> u32 {
        match self {
            Self::Open { max_in_flight, .. } => *max_in_flight,
            Self::Closed { connections, .. } => *connections,
        }
    }
}

/// What each request carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Headers {
    /// `spanfate-request` with the number of the request.
    Number,
    /// Also `traceparent`: the trace id of the request, and [`spanfate_model::load::remote_parent`].
    TraceParent {
        /// Makes the trace ids.
        tag: TraceTag,
        /// The sampled flag.
        sampled: bool,
    },
}

/// How far a load is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LoadProgress {
    /// Requests started.
    pub started: u64,
    /// Of these, requests that ended in whatever way.
    pub done: u64,
    /// Entries of the plan that were given up without a start.
    pub not_started: u64,
}

/// What a load says at its end; `intended = started + not_started`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadSummary {
    /// Requests of the plan.
    pub intended: u64,
    /// Requests started.
    pub started: u64,
    /// Of these, not started.
    pub not_started: u64,
    /// Connections opened, failed attempts included.
    pub connections: u32,
    /// How its thread was scheduled: `real-time`, or `ordinary` and why.
    pub scheduling: String,
}

/// A running load. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct RunningLoad {
    pace: Arc<LoadPace>,
    _stop: StopOnDrop,
    sending: JoinHandle<Result<(u32, String), RunError>>,
    intended: u64,
}

/// Starts a load.
pub fn start(config: LoadConfig) -> Result<RunningLoad, RunError> {
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    let path: Uri = config.path.parse().map_err(refused).map_err(RunError::system("use the load's path"))?;
    let template = Template::new(config.target, path, config.headers);
    let log = create(&config)?;
    let pace = Arc::new(LoadPace::default());
    let intended = config.starts.count();
    let stop = StopOnDrop::new(&pace);
    let theirs = Arc::clone(&pace);
    let sending = spawn("sf-load", move || {
        let _stop = StopOnDrop::new(&theirs);
        let scheduling = schedule_thread(config.real_time);
        // Without the runtime's own timers: they round to milliseconds.
        let runtime = Builder::new_current_thread()
            .enable_io()
            .build_local(LocalOptions::default())
            .map_err(RunError::system("start the load's runtime"))?;
        let connections = runtime.block_on(dispatch::run(&config, template, log, &theirs))?;
        Ok((connections, scheduling))
    })?;
    Ok(RunningLoad { pace, _stop: stop, sending, intended })
}

/// Asks for real-time priority; says what came of it.
fn schedule_thread(wanted: bool) -> String {
    if !wanted {
        return "ordinary".to_owned();
    }
    match priority::real_time() {
        Ok(()) => "real-time (SCHED_FIFO 1)".to_owned(),
        Err(error) => format!("ordinary: real-time priority is not permitted ({})", error.kind()),
    }
}

fn create(config: &LoadConfig) -> Result<File, RunError> {
    let mut options = OpenOptions::new();
    options.create_new(true).append(true).open(&config.log).map_err(RunError::file("create", &config.log))
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, RunError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(RunError::system("start a thread of the load"))
}

impl RunningLoad {
    /// How far it is.
    pub fn progress(&self) -> LoadProgress {
        self.pace.progress()
    }

    /// Whether every entry of the plan has its record, so that [`Self::join`] returns at once.
    pub fn is_finished(&self) -> bool {
        self.sending.is_finished()
    }

    /// Starts no more requests; those that are open may end.
    pub fn stop_early(&self) {
        self.pace.stop();
    }

    /// Waits for the end: in an open load at most the rest of the schedule, a second, and the bound of a request.
    pub fn join(self) -> Result<LoadSummary, RunError> {
        let panicked = |_| io::Error::other("the thread of the load panicked");
        let (connections, scheduling) =
            self.sending.join().map_err(panicked).map_err(RunError::system("send the load"))??;
        let LoadProgress { started, not_started, .. } = self.pace.progress();
        Ok(LoadSummary { intended: self.intended, started, not_started, connections, scheduling })
    }
}
