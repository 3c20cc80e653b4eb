//! What can keep the harness from doing its work. A lost span or a crashed fixture is data, never an error.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use spanfate_probes::ProbeError;

/// The harness could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file operation failed.
    #[error("could not {action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A file of a results directory cannot be understood.
    #[error("{path} is not what a results directory holds there; was it written by another version?")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A run's arrivals are not those of its plan.
    #[error("{path} does not hold the arrivals that this run replayed; put the original file back")]
    OtherArrivals {
        /// The file.
        path: PathBuf,
    },
    /// Raw logs could not be brought into the results directory.
    #[error(
        "could not copy the raw logs; they are kept in {scratch}: free disk space, then run `spanfate analyze RUN`"
    )]
    LogsKept {
        /// Where they are.
        scratch: PathBuf,
        /// Why the copy failed.
        #[source]
        source: io::Error,
    },
    /// Something another process is still using.
    #[error("{path} is still being used by another process; wait until it has ended")]
    Busy {
        /// What.
        path: PathBuf,
    },
    /// A result file could not be written.
    #[error("could not write {path}; {}", remedy(source))]
    ResultNotWritten {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// An address cannot be listened on.
    #[error(
        "could not listen on {address}; end what uses it, or choose another address with --listen (port 0: any free port)"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// There is a file already where one should be created.
    #[error("{path} is there already; choose another file with --out")]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A capability of the machine is absent.
    #[error("{what} is absent: {remedy}")]
    Absent {
        /// What is missing.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The fixture could not be built or started.
    #[error("fixture {fixture} {problem}")]
    Fixture {
        /// Which fixture.
        fixture: String,
        /// What went wrong and what to do.
        problem: String,
    },
    /// A collector does not take the configuration that a user brought.
    #[error("the collector does not take {config}:\n{said}")]
    CollectorConfig {
        /// The user's file.
        config: PathBuf,
        /// What the collector said, or why it cannot stand in a path.
        said: String,
    },
    /// What a user calls a collector is none.
    #[error(
        "{program} is no OpenTelemetry Collector: {why}; give the path of a collector's binary, or leave `binary` out for the \
         project's own"
    )]
    NoCollector {
        /// The program.
        program: PathBuf,
        /// What was seen of it.
        why: String,
    },
    /// A program that no probes can be put on.
    #[error("{program} cannot be attached to: {why}")]
    Unfit {
        /// The program.
        program: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// A deadline of the harness passed.
    #[error("{what} took longer than {seconds} s")]
    Deadline {
        /// What was waited for.
        what: String,
        /// The bound.
        seconds: u64,
    },
    /// The next trial would end after the time that a run may take.
    #[error(
        "the time that --max-duration gives is over; `spanfate resume RUN` runs the trials that are missing"
    )]
    OutOfTime,
    /// A run is resumed on a machine that did not begin it.
    #[error(
        "this machine is not the one that began the run ({differences}); resume it there, or give --allow-env-mismatch, \
         which makes the result inconclusive"
    )]
    OtherMachine {
        /// What differs, with both values.
        differences: String,
    },
    /// The operating system refused something.
    #[error("could not {action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl RunError {
    /// Why a program cannot be attached to: itself, or the machine.
    pub(crate) fn unfit(program: &Path, error: &ProbeError) -> Self {
        match error {
            ProbeError::Kernel { .. } | ProbeError::Hazard { .. } | ProbeError::Machine => {
                Self::Absent { what: "the eBPF witness".to_owned(), remedy: error.to_string() }
            }
            other => Self::Unfit { program: program.to_owned(), why: other.to_string() },
        }
    }

    /// Whether the next trial may fare better. A disk that is full stays full.
    pub(crate) fn is_of_one_trial(&self) -> bool {
        matches!(
            self,
            Self::Fixture { .. } | Self::Deadline { .. } | Self::Absent { .. } | Self::System { .. }
        )
    }

    /// A file operation that failed.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// A system call that failed.
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }

    /// A result file that could not be written.
    pub(crate) fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::ResultNotWritten { path, source }
    }
}

/// What helps where a file could not be written.
fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            "run this as the user who owns it (with sudo what was made with sudo), or choose another place"
        }
        _ => "free disk space or choose another place",
    }
}
