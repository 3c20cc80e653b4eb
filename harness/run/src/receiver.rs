//! The wire witness: an OTLP endpoint that notes every span before it answers.
//!
//! One port takes gRPC (HTTP/2 with prior knowledge) and HTTP with protobuf or JSON. Metrics and logs are taken within the
//! same bound on bytes and counted, not looked into and not noted; messages with logs are kept where somebody wants them. The receiver has a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use spanfate_model::fault::answer::ScriptedAnswer;
use spanfate_model::format::manifest::{KeptLogs, KeptSpans};
use spanfate_model::format::wire::Disposition;
use spanfate_model::unread::{UnreadReason, UnreadRequests};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

pub use self::config::{DiscardPlan, ReceiverConfig};
use self::counts::{GrowingCounts, OtlpSignal};
pub use self::counts::{ReceiverCounts, RelayTally, SignalTally};
pub use self::decode::keep::KeepPlan;
use self::decode::keep::{KeptMessage, LogKeeper, SpanKeeper};
pub(crate) use self::decode::names::Names;
pub(crate) use self::decode::whole_spans;
use self::exchange::Exchange;
pub(crate) use self::onlooker::Onlooker;
use self::receipt::{ArrivedMessage, Judgement, WireLog};
use self::refusal::Refusal;
use self::relay::Relay;
pub use self::relay::Upstream;
pub(crate) use self::relay::{DirectLine, PageAsked, PageTrouble};
use self::reply::{Failure, Reply};
pub use self::script::{EntryWhen, Script, ScriptEntry};
use crate::error::RunError;
use crate::host::clock;
pub use crate::receiver::connection::deadline::Deadlines;
use crate::receiver::connection::door::BoundPort;
use crate::receiver::connection::peers::Peers;
use crate::receiver::decode::span::Invalid;

mod body;
mod call;
mod coding;
mod config;
mod connection;
mod counts;
mod decode;
mod exchange;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod grpc;
mod http;
mod onlooker;
mod passed;
mod receipt;
mod refusal;
mod relay;
mod reply;
mod route;
mod script;
mod serve;

/// Messages up to this size are read even where the limit is lower, so that a refusal can name its spans.
const READ_ANYWAY: usize = 8 << 20;

/// What a receiver says at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceiverSummary {
    /// The final counts.
    pub counts: ReceiverCounts,
    /// The requests of which no span was read, by reason.
    pub unread: Vec<UnreadRequests>,
    /// The whole spans that it kept, where it was to keep some.
    pub kept: Option<KeptSpans>,
    /// The log records that it kept, likewise.
    pub kept_logs: Option<KeptLogs>,
    /// Connections accepted.
    pub connections: u32,
    /// CPU time of its thread, nanoseconds.
    pub cpu_ns: u64,
}

/// A running receiver. Dropping it stops it, too, without waiting.
#[derive(Debug)]
pub struct RunningReceiver {
    address: SocketAddr,
    shared: Arc<ReceiverShared>,
    stop: oneshot::Sender<()>,
    /// Gives the connections that it accepted, and its CPU time.
    thread: JoinHandle<Result<(u32, u64), RunError>>,
}

/// Starts a receiver. Fails when the address cannot be had or the log cannot be created.
pub fn start(config: ReceiverConfig) -> Result<RunningReceiver, RunError> {
    start_with(config, None)
}

/// The same with a relay, where there is an endpoint to hand on to: what the client is told is what that one says.
pub fn start_with(config: ReceiverConfig, upstream: Option<&Upstream>) -> Result<RunningReceiver, RunError> {
    let relay = upstream.cloned().map(|upstream| Relay::new(upstream, &config.limits)).transpose()?;
    let bound = BoundPort::listen(config.listen, config.script.minds_door())
        .map_err(|source| RunError::Listen { address: config.listen, source })?;
    let address = bound.address().map_err(RunError::system("read the receiver's address"))?;
    if upstream.is_some_and(|upstream| upstream.leads_to(address)) {
        return Err(RunError::Absent {
            what: "an endpoint behind the relay".to_owned(),
            remedy: format!(
                "it leads back to {address}, where this receiver listens; choose another with --relay or --listen"
            ),
        });
    }
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RunError::system("start the receiver's runtime"))?;
    let shared = ReceiverShared::create(config, relay)?;
    let (stop, stopped) = oneshot::channel();
    let minding = shared.config.script.mind_door();
    let serving = Arc::clone(&shared);
    let thread = thread::Builder::new()
        .name("sf-receiver".to_owned())
        .spawn(move || {
            let connections = runtime.block_on(serve::serve(bound, Arc::clone(&serving), stopped));
            drop(minding);
            // Answers still open are dropped with the runtime, and each notes its fate. A name that is still being looked
            // up for a relay is not waited for.
            runtime.shutdown_background();
            serving.log().finish()?;
            let connections = connections.map_err(RunError::system("accept connections"))?;
            Ok((connections, clock::thread_cpu()))
        })
        .map_err(RunError::system("start the receiver's thread"))?;
    Ok(RunningReceiver { address, shared, stop, thread })
}

impl RunningReceiver {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has counted so far.
    pub fn counts(&self) -> ReceiverCounts {
        self.shared.totals.counts()
    }

    /// Why the last request that a relay could not hand on was not.
    pub fn relay_trouble(&self) -> Option<String> {
        self.shared.relay.as_ref().and_then(Relay::trouble)
    }

    /// Whether it still takes requests; if it does not, [`stop`](Self::stop) says why.
    pub fn is_open(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Stops accepting, lets open requests finish for at most a second, and ends the log in order.
    pub fn stop(self) -> Result<ReceiverSummary, RunError> {
        // The thread may have ended by itself; joining tells why.
        drop(self.stop);
        let ended = self.thread.join().map_err(|_| io::Error::other("its thread panicked"));
        let (connections, cpu_ns) = ended.map_err(RunError::system("stop the receiver"))??;
        let totals = &self.shared.totals;
        let kept = self.shared.keeper.as_ref().map(|keeper| locked(keeper).kept());
        Ok(ReceiverSummary {
            counts: totals.counts(),
            unread: totals.unread.all(),
            kept,
            kept_logs: self.shared.log_keeper.as_ref().map(|keeper| locked(keeper).kept()),
            connections,
            cpu_ns,
        })
    }
}

/// What all connections of a receiver share.
#[derive(Debug)]
struct ReceiverShared {
    config: ReceiverConfig,
    /// Above this a message is not even read.
    read_limit: usize,
    log: Mutex<WireLog>,
    keeper: Option<Mutex<SpanKeeper>>,
    log_keeper: Option<Mutex<LogKeeper>>,
    totals: GrowingCounts,
    peers: Peers,
    /// Body bytes held by requests that are not complete yet.
    in_flight: AtomicU64,
    /// The receiver itself ends what is still open.
    cut: AtomicBool,
    relay: Option<Relay>,
}

impl ReceiverShared {
    /// Creates the log and what goes with it.
    fn create(config: ReceiverConfig, relay: Option<Relay>) -> Result<Arc<Self>, RunError> {
        let log = WireLog::create(&config, relay.is_some())?;
        let here = |plan: Option<&KeepPlan>| plan.filter(|_| relay.is_none()).cloned();
        let keeper = here(config.keep.as_ref()).map(|plan| Mutex::new(SpanKeeper::new(plan, &config.limits)));
        let log_keeper =
            here(config.keep_logs.as_ref()).map(|plan| Mutex::new(LogKeeper::new(plan, &config.limits)));
        Ok(Arc::new(Self {
            read_limit: config.max_bytes.saturating_mul(2).max(READ_ANYWAY),
            config,
            log: Mutex::new(log),
            keeper,
            log_keeper,
            totals: GrowingCounts::default(),
            peers: Peers::default(),
            in_flight: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            relay,
        }))
    }

    fn log(&self) -> MutexGuard<'_, WireLog> {
        locked(&self.log)
    }

    /// Judges and notes a complete message. Everything here happens before anything is awaited or answered.
    fn receive(&self, exchange: &Exchange, message: &[u8]) -> Result<Reply, Refusal> {
        exchange.complete();
        let (max_bytes, max_spans) = (self.config.max_bytes, self.config.max_spans);
        if let Some(tally) = self.totals.beside(exchange.call.signal) {
            if message.len() > max_bytes && self.relay.is_none() {
                let too_large = Refusal::TooLarge { limit: max_bytes };
                exchange.unread(UnreadReason::TooLarge, || too_large.to_string());
                tally.refuse();
                return Err(too_large);
            }
            tally.accept(message.len());
            if let Some(keeper) = &self.keeper
                && exchange.call.signal == OtlpSignal::Metrics
            {
                locked(keeper).keep_metrics(exchange.call.protocol, message);
            }
            if let Some(keeper) = &self.log_keeper
                && exchange.call.signal == OtlpSignal::Logs
            {
                locked(keeper).keep(exchange.call.protocol, message);
            }
            exchange.pass(0);
            return Ok(Reply::Usual);
        }
        let spans = decode::message::count(exchange.call.protocol, message)
            .map_err(|invalid| Self::refuse_malformed(exchange, invalid))?;
        // Behind a relay no limit of ours has a say.
        let refusal = if self.relay.is_some() {
            None
        } else if message.len() > max_bytes {
            Some(Refusal::TooLarge { limit: max_bytes })
        } else if spans > max_spans {
            Some(Refusal::TooManySpans { spans, limit: max_spans })
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.note(exchange, message, spans, refused(exchange))?;
            exchange.unread(UnreadReason::TooLarge, || refusal.to_string());
            return Err(refusal);
        }
        let (judgement, reply) = judge(exchange, spans, message.len());
        self.note(exchange, message, spans, judgement)?;
        if spans == 0 && !message.is_empty() {
            exchange.unread(UnreadReason::NoSpan, || format!("{} bytes", message.len()));
        }
        if judgement.fault != 0 {
            exchange.act();
        }
        reply
    }

    /// Notes a message that was too large to be read; its spans stay unknown. Of one that goes on nothing was refused here.
    fn refuse_unread(&self, exchange: &Exchange) -> Refusal {
        exchange.complete();
        let too_large = Refusal::TooLarge { limit: self.config.max_bytes };
        exchange.unread(UnreadReason::TooLarge, || too_large.to_string());
        if exchange.goes_on() {
            return too_large;
        }
        if let Some(tally) = self.totals.beside(exchange.call.signal) {
            tally.refuse();
            return too_large;
        }
        self.note(exchange, &[], 0, refused(exchange)).map_or_else(|refusal| refusal, |()| too_large)
    }

    fn refuse_malformed(exchange: &Exchange, invalid: Invalid) -> Refusal {
        let malformed = Refusal::Malformed(invalid);
        exchange.unread(UnreadReason::Undecodable, || malformed.to_string());
        malformed
    }

    fn note(
        &self,
        exchange: &Exchange,
        message: &[u8],
        spans: u32,
        judgement: Judgement,
    ) -> Result<(), Refusal> {
        let noted = self.log().append(&ArrivedMessage {
            message,
            spans,
            wire_bytes: exchange.wire_bytes(),
            at: exchange.completed_at(),
            connection: exchange.connection().number,
            protocol: exchange.call.protocol,
            path: exchange.path,
            judgement,
        });
        let receipt = noted.map_err(|invalid| Self::refuse_malformed(exchange, invalid))?;
        exchange.logged(receipt.request);
        self.totals.requests.fetch_add(1, Ordering::Relaxed);
        self.totals.gap.fetch_add(receipt.gap, Ordering::Relaxed);
        let accepted = match judgement.disposition {
            // The endpoint behind the relay has the last word.
            Disposition::Accepted if exchange.pass(spans) => return Ok(()),
            Disposition::Accepted => spans,
            Disposition::RejectedPartial => spans - judgement.rejected,
            Disposition::Refused | Disposition::Failed => 0,
        };
        if let Some(keeper) = self.keeper.as_ref().filter(|_| accepted > 0) {
            let (protocol, discarded) = (exchange.call.protocol, &receipt.discarded[..]);
            let rejected = spans - accepted;
            locked(keeper).keep(&KeptMessage { protocol, message, spans, rejected, discarded });
        }
        if let Some(onlooker) = self.config.onlooker.as_ref().filter(|_| accepted > 0) {
            onlooker.show(exchange.call.protocol, exchange.completed_at(), message);
        }
        self.totals.accepted.fetch_add(u64::from(accepted), Ordering::Relaxed);
        self.totals.refused.fetch_add(u64::from(spans - accepted), Ordering::Relaxed);
        Ok(())
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message over a limit of the receiver's own, whatever the script wants.
fn refused(exchange: &Exchange) -> Judgement {
    Judgement { disposition: Disposition::Refused, rejected: 0, fault: exchange.fault() }
}

/// What becomes of a valid message, and what is answered if anything is.
fn judge(exchange: &Exchange, spans: u32, length: usize) -> (Judgement, Result<Reply, Refusal>) {
    let usual = Judgement { disposition: Disposition::Accepted, rejected: 0, fault: 0 };
    let Some(acting) = exchange.acting() else { return (usual, Ok(Reply::Usual)) };
    let answer = acting.answer();
    let disposition = if answer.accepts() { Disposition::Accepted } else { Disposition::Failed };
    let done = Judgement { disposition, rejected: 0, fault: acting.fault() };
    match answer {
        ScriptedAnswer::Status(status) => (done, Err(Refusal::OnPurpose(Failure::of_status(status)))),
        ScriptedAnswer::Limit(limit) if length as u64 > limit.bytes.0 => {
            (done, Err(Refusal::OnPurpose(Failure::of_limit(*limit, length))))
        }
        ScriptedAnswer::Limit(_) => (usual, Ok(Reply::Usual)),
        ScriptedAnswer::Partial(_) if spans == 0 => (usual, Ok(Reply::Usual)),
        ScriptedAnswer::Partial(partial) => {
            let rejected = partial.reject.get().min(spans);
            let done = Judgement { disposition: Disposition::RejectedPartial, rejected, ..done };
            (done, Ok(Reply::Partial(rejected)))
        }
        ScriptedAnswer::Malformed => (done, Ok(Reply::Garbage)),
        _ => (done, Ok(Reply::Usual)),
    }
}
