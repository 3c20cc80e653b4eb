//! The load: an open-loop HTTP client that keeps to a schedule made before the first request.
//!
//! A timing thread does nothing but wake up at each intended start; a load thread sends and receives. Every entry of
//! the schedule gets exactly one record.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::Uri;
use nix::errno::Errno;
use spanfate_model::id::TraceTag;
use spanfate_model::unit::MonoNs;
use tokio::runtime::{Builder, LocalOptions};

use self::pace::{Pace, StopOnDrop};
use self::request::Template;
use crate::error::Error;

mod crew;
mod dispatch;
mod link;
mod pace;
mod record;
mod request;

/// What to send, and when.
#[derive(Clone, Debug)]
pub struct Config {
    /// The service.
    pub target: SocketAddr,
    /// Path of every request.
    pub path: String,
    /// Intended starts in nanoseconds after `start_at`, ascending.
    pub schedule: Vec<u64>,
    /// Requests intended at or after this offset are measured.
    pub measured_from: u64,
    /// When the schedule begins.
    pub start_at: MonoNs,
    /// Requests that may be open at once.
    pub max_in_flight: u32,
    /// Bound on one request, from its start.
    pub timeout: Duration,
    /// What each request carries.
    pub headers: Headers,
    /// The load log to create.
    pub log: PathBuf,
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
pub struct Progress {
    /// Requests started.
    pub started: u64,
    /// Of these, requests that ended in whatever way.
    pub done: u64,
    /// Entries of the schedule that were given up without a start.
    pub not_started: u64,
}

/// What a load says at its end; `intended = started + not_started`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Entries of the schedule.
    pub intended: u64,
    /// Requests started.
    pub started: u64,
    /// Entries without a start.
    pub not_started: u64,
    /// Connections opened, failed attempts included.
    pub connections: u32,
}

/// A running load. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    pace: Arc<Pace>,
    stop: StopOnDrop,
    timing: JoinHandle<Result<(), Errno>>,
    sending: JoinHandle<Result<u32, Error>>,
    intended: u64,
}

/// Starts a load.
pub fn start(mut config: Config) -> Result<Running, Error> {
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    let path: Uri = config.path.parse().map_err(refused).map_err(Error::system("use the load's path"))?;
    let template = Template::new(config.target, path, config.headers);
    let log = create(&config)?;
    let pace = Arc::new(Pace::default());
    let intended = config.schedule.len() as u64;
    let stop = StopOnDrop::new(&pace);
    let schedule: Arc<[u64]> = std::mem::take(&mut config.schedule).into();
    let timing = {
        let (pace, schedule, start_at) = (Arc::clone(&pace), Arc::clone(&schedule), config.start_at);
        spawn("sf-timing", move || pace::keep(&pace, &schedule, start_at))?
    };
    let sending = {
        let pace = Arc::clone(&pace);
        spawn("sf-load", move || {
            let _stop = StopOnDrop::new(&pace);
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build_local(LocalOptions::default())
                .map_err(Error::system("start the load's runtime"))?;
            runtime.block_on(dispatch::run(&config, &schedule, template, log, &pace))
        })?
    };
    Ok(Running { pace, stop, timing, sending, intended })
}

fn create(config: &Config) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create_new(true).append(true).open(&config.log).map_err(Error::file("create", &config.log))
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Error> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(Error::system("start a thread of the load"))
}

impl Running {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.pace.progress()
    }

    /// Whether every entry of the schedule has its record, so that [`Self::join`] returns at once.
    pub fn is_finished(&self) -> bool {
        self.sending.is_finished()
    }

    /// Starts no more requests; those that are open may end.
    pub fn stop_early(&self) {
        self.pace.stop();
    }

    /// Waits for the end: at most the rest of the schedule, a second, and the bound of a request.
    pub fn join(self) -> Result<Summary, Error> {
        let panicked = |_| io::Error::other("a thread of the load panicked");
        let sending = self.sending.join().map_err(panicked);
        drop(self.stop);
        let timing = self.timing.join().map_err(panicked);
        let connections = sending.map_err(Error::system("send the load"))??;
        timing
            .map_err(Error::system("time the load"))?
            .map_err(io::Error::from)
            .map_err(Error::system("set the timer slack"))?;
        let Progress { started, not_started, .. } = self.pace.progress();
        Ok(Summary { intended: self.intended, started, not_started, connections })
    }
}
