//! The wire witness: an OTLP endpoint that notes every span before it answers.
//!
//! One port takes gRPC (HTTP/2 with prior knowledge) and HTTP with protobuf or JSON. Metrics and logs are taken within the
//! same bound on bytes and counted, not looked into and not noted. The receiver has a thread of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fmt, io};

use spanfate_model::wire::Disposition;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use self::counts::Totals;
pub use self::counts::{Counts, Tally};
pub use self::deadline::Deadlines;
use self::exchange::Exchange;
use self::message::Invalid;
use self::peers::Peers;
use self::receipt::{Arrival, WireLog};
use crate::error::Error;

mod counts;
mod deadline;
mod exchange;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod grpc;
mod http;
mod json;
mod message;
mod names;
mod otlp;
mod peers;
mod receipt;
mod route;
mod serve;
mod socket;

/// Messages up to this size are read even where the limit is lower, so that a refusal can name its spans.
const READ_ANYWAY: usize = 8 << 20;

/// How a receiver behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// Delay of every answer, from the time at which the message was complete.
    pub answer_after: Option<Duration>,
    /// Largest uncompressed message; a larger one is refused.
    pub max_bytes: usize,
    /// Most spans in a message; one with more is refused.
    pub max_spans: u32,
    /// How long to wait for a client.
    pub deadlines: Deadlines,
    /// The wire log to create.
    pub log: PathBuf,
    /// Most bytes of the wire log; spans beyond are answered and counted as a gap.
    pub log_limit: u64,
    /// Planted losses.
    pub discard_acknowledged: DiscardPlan,
    /// Hop the receiver stands for.
    pub hop: u8,
    /// Export path the receiver stands for.
    pub path: u8,
}

/// Accepted spans that are thrown away on purpose, to see whether the accounting finds them. Their keys go to
/// `planted.ndjson` beside the wire log, which only tests read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DiscardPlan {
    /// How many; 0 for none.
    pub count: u32,
    /// Every how many accepted spans one is lost, until `count` is reached.
    pub every: u32,
}

/// What a receiver says at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The final counts.
    pub counts: Counts,
    /// Connections accepted.
    pub connections: u32,
}

/// A running receiver. Dropping it stops it, too, without waiting.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<u32, Error>>,
}

/// Starts a receiver. Fails when the address cannot be had or the log cannot be created.
pub fn start(config: Config) -> Result<Receiver, Error> {
    let listener = TcpListener::bind(config.listen)
        .map_err(|source| Error::Listen { address: config.listen, source })?;
    let address = listener.local_addr().map_err(Error::system("read the receiver's address"))?;
    listener.set_nonblocking(true).map_err(Error::system("make the receiver's port non-blocking"))?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::system("start the receiver's runtime"))?;
    let shared = Shared::create(config)?;
    let (stop, stopped) = oneshot::channel();
    let serving = Arc::clone(&shared);
    let thread = thread::Builder::new()
        .name("sf-receiver".to_owned())
        .spawn(move || {
            let connections = runtime.block_on(serve::serve(listener, Arc::clone(&serving), stopped));
            // Answers still open are dropped with the runtime, and each notes its fate.
            drop(runtime);
            serving.log().finish()?;
            connections.map_err(Error::system("accept connections"))
        })
        .map_err(Error::system("start the receiver's thread"))?;
    Ok(Receiver { address, shared, stop, thread })
}

impl Receiver {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has counted so far.
    pub fn counts(&self) -> Counts {
        self.shared.totals.counts()
    }

    /// Whether it still takes requests; if it does not, [`stop`](Self::stop) says why.
    pub fn is_open(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Stops accepting, lets open requests finish for at most a second, and ends the log in order.
    pub fn stop(self) -> Result<Summary, Error> {
        // The thread may have ended by itself; joining tells why.
        drop(self.stop);
        let ended = self.thread.join().map_err(|_| io::Error::other("its thread panicked"));
        let connections = ended.map_err(Error::system("stop the receiver"))??;
        Ok(Summary { counts: self.shared.totals.counts(), connections })
    }
}

/// What all connections of a receiver share.
#[derive(Debug)]
struct Shared {
    config: Config,
    /// Above this a message is not even read.
    read_limit: usize,
    log: Mutex<WireLog>,
    totals: Totals,
    peers: Peers,
    /// Body bytes held by requests that are not complete yet.
    in_flight: AtomicU64,
    /// The receiver itself ends what is still open.
    cut: AtomicBool,
}

/// Why a message is not accepted.
#[derive(Clone, Debug)]
enum Refusal {
    Malformed(Invalid),
    TooManySpans { spans: u32, limit: u32 },
    TooLarge { limit: usize },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(Invalid { at, what }) => write!(f, "not an export request: {what} (byte {at})"),
            Self::TooManySpans { spans, limit } => {
                write!(f, "{spans} spans are over the receiver's limit of {limit} spans per request")
            }
            Self::TooLarge { limit } => {
                write!(f, "the message is over the receiver's limit of {limit} bytes")
            }
        }
    }
}

impl Shared {
    /// Creates the log and what goes with it.
    fn create(config: Config) -> Result<Arc<Self>, Error> {
        let log = WireLog::create(&config)?;
        Ok(Arc::new(Self {
            read_limit: config.max_bytes.saturating_mul(2).max(READ_ANYWAY),
            config,
            log: Mutex::new(log),
            totals: Totals::default(),
            peers: Peers::default(),
            in_flight: AtomicU64::new(0),
            cut: AtomicBool::new(false),
        }))
    }

    fn log(&self) -> MutexGuard<'_, WireLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges and notes a complete message. Everything here happens before anything is awaited or answered.
    fn receive(&self, exchange: &Exchange, message: &[u8]) -> Result<(), Refusal> {
        exchange.complete();
        let (max_bytes, max_spans) = (self.config.max_bytes, self.config.max_spans);
        if let Some(tally) = self.totals.beside(exchange.call.signal) {
            if message.len() > max_bytes {
                tally.refuse();
                return Err(Refusal::TooLarge { limit: max_bytes });
            }
            tally.accept(message.len());
            return Ok(());
        }
        let spans = message::count(exchange.call.protocol, message)
            .map_err(|invalid| self.refuse_malformed(invalid))?;
        let refusal = if message.len() > max_bytes {
            Some(Refusal::TooLarge { limit: max_bytes })
        } else if spans > max_spans {
            Some(Refusal::TooManySpans { spans, limit: max_spans })
        } else {
            None
        };
        let disposition = if refusal.is_none() { Disposition::Accepted } else { Disposition::Refused };
        self.note(exchange, message, spans, disposition)?;
        refusal.map_or(Ok(()), Err)
    }

    /// Notes a message that was too large to be read; its spans stay unknown.
    fn refuse_unread(&self, exchange: &Exchange) -> Refusal {
        exchange.complete();
        let too_large = Refusal::TooLarge { limit: self.config.max_bytes };
        if let Some(tally) = self.totals.beside(exchange.call.signal) {
            tally.refuse();
            return too_large;
        }
        self.note(exchange, &[], 0, Disposition::Refused).map_or_else(|refusal| refusal, |()| too_large)
    }

    fn refuse_malformed(&self, invalid: Invalid) -> Refusal {
        self.totals.invalid.fetch_add(1, Ordering::Relaxed);
        Refusal::Malformed(invalid)
    }

    fn note(
        &self,
        exchange: &Exchange,
        message: &[u8],
        spans: u32,
        disposition: Disposition,
    ) -> Result<(), Refusal> {
        let noted = self.log().append(&Arrival {
            message,
            spans,
            wire_bytes: exchange.wire_bytes(),
            at: exchange.completed_at(),
            connection: exchange.connection(),
            protocol: exchange.call.protocol,
            disposition,
        });
        let receipt = noted.map_err(|invalid| self.refuse_malformed(invalid))?;
        exchange.logged(receipt.request);
        let accepted = disposition == Disposition::Accepted;
        let of_spans = if accepted { &self.totals.accepted } else { &self.totals.refused };
        self.totals.requests.fetch_add(1, Ordering::Relaxed);
        of_spans.fetch_add(u64::from(spans), Ordering::Relaxed);
        self.totals.gap.fetch_add(receipt.gap, Ordering::Relaxed);
        Ok(())
    }
}
