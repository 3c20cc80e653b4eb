//! One request and its answer: what became of the answer is noted when the last trace of the exchange is dropped.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Response};
use hyper::body::{Body, Frame, SizeHint};
use spanfate_model::fault::answer::ScriptedAnswer;
use spanfate_model::format::wire::{AnswerFate, AnswerRecord, Relayed, WireProtocol};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::unread::UnreadReason;
use tonic::{Code, Status};

use super::ReceiverShared;
use super::call::Call;
use super::counts::OtlpSignal;
use super::passed::Passed;
use super::script::ActingEntry;
use crate::host::clock;
use crate::receiver::connection::socket::Connection;

/// Stands for "not in the log".
const NOT_LOGGED: u32 = u32::MAX;

/// A request without an answer keeps its connection busy.
#[derive(Debug)]
pub(super) struct Awaited<'a> {
    shared: &'a ReceiverShared,
    connection: &'a Connection,
}

impl<'a> Awaited<'a> {
    pub(super) fn new(shared: &'a ReceiverShared, connection: &'a Connection) -> Self {
        connection.begin();
        Self { shared, connection }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if self.connection.end() {
            self.shared.peers.became_idle();
        }
    }
}

/// One request and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    shared: Arc<ReceiverShared>,
    connection: Arc<Connection>,
    pub(super) call: Call,
    /// The export path of its client that it came by, where it says one.
    pub(super) path: Option<u8>,
    request: AtomicU32,
    body_bytes: AtomicU32,
    completed_at: AtomicU64,
    taken: AtomicBool,
    stalled: AtomicBool,
    /// Its body has come to its end.
    whole: AtomicBool,
    /// Why no span of it was read, where that is so.
    unread: OnceLock<UnreadReason>,
    /// The entry of the script that is to act on it, if there is one.
    acting: Option<ActingEntry>,
    /// It acted.
    acted: AtomicBool,
    /// The client is to leave once it has the answer.
    parting: AtomicBool,
    /// What was given to the transport; 0 as long as nothing was.
    status: AtomicU16,
    /// What it leaves to the endpoint behind a relay, where there is one.
    passed: Option<Passed>,
}

impl Exchange {
    /// An exchange whose request's head has arrived: what becomes of it is decided here, once.
    pub(super) fn new(
        shared: &Arc<ReceiverShared>,
        connection: &Arc<Connection>,
        call: Call,
        path: Option<u8>,
    ) -> Arc<Self> {
        let script = &shared.config.script;
        let acting = if call.signal == OtlpSignal::Traces { script.decide() } else { None };
        let mut exchange = Self::unreadable(shared, connection, call);
        (exchange.acting, exchange.path) = (acting, path);
        Arc::new(exchange)
    }

    /// An exchange whose request is none that can be read here: nothing acts on it.
    pub(super) fn unreadable(shared: &Arc<ReceiverShared>, connection: &Arc<Connection>, call: Call) -> Self {
        Self {
            acting: None,
            passed: shared.relay.as_ref().map(|_| Passed::default()),
            shared: Arc::clone(shared),
            connection: Arc::clone(connection),
            call,
            path: None,
            request: AtomicU32::new(NOT_LOGGED),
            body_bytes: AtomicU32::new(0),
            completed_at: AtomicU64::new(0),
            taken: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            whole: AtomicBool::new(false),
            unread: OnceLock::new(),
            acted: AtomicBool::new(false),
            parting: AtomicBool::new(false),
            status: AtomicU16::new(0),
        }
    }

    pub(super) fn shared(&self) -> &ReceiverShared {
        &self.shared
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The entry of the script that is to act on this request.
    pub(super) fn acting(&self) -> Option<&ActingEntry> {
        self.acting.as_ref()
    }

    /// It acts, whether or not that was said before.
    pub(super) fn act(&self) {
        if let Some(acting) = &self.acting
            && !self.acted.swap(true, Ordering::Relaxed)
        {
            acting.acted();
        }
    }

    /// The fault that acted, as the wire log says it.
    pub(super) fn fault(&self) -> u8 {
        let acted = self.acting.as_ref().filter(|_| self.acted.load(Ordering::Relaxed));
        acted.map_or(0, ActingEntry::fault)
    }

    /// What acted.
    pub(super) fn deed(&self) -> Option<&ScriptedAnswer> {
        self.acting.as_ref().filter(|_| self.acted.load(Ordering::Relaxed)).map(ActingEntry::answer)
    }

    /// The client is asked to leave once it has the answer.
    pub(super) fn part(&self) {
        self.parting.store(true, Ordering::Relaxed);
    }

    /// This goes to the transport.
    fn answering<B>(&self, response: &Response<B>) {
        let status = if self.call.protocol == WireProtocol::Grpc {
            // A success has its code in the trailers; of what comes from behind a relay it is known.
            let code = response.headers().get("grpc-status").map(HeaderValue::as_bytes);
            let stated = code.map(Code::from_bytes).or_else(|| response.extensions().get().copied());
            1000 + i32::from(stated.unwrap_or(Code::Ok)) as u16
        } else {
            response.status().as_u16()
        };
        self.status.store(status, Ordering::Relaxed);
    }

    /// Bytes of the message as sent, without the frame of gRPC.
    pub(super) fn wire_bytes(&self) -> u32 {
        let prefix = if self.call.protocol == WireProtocol::Grpc { 5 } else { 0 };
        self.body_bytes.load(Ordering::Relaxed).saturating_sub(prefix)
    }

    /// The message is complete, now.
    pub(super) fn complete(&self) {
        self.completed_at.store(clock::now(), Ordering::Relaxed);
        self.connection.serve();
    }

    /// Bytes of the body have come.
    pub(super) fn hold(&self, bytes: u64) {
        self.connection.hold(bytes);
        self.body_bytes.fetch_add(bytes as u32, Ordering::Relaxed);
    }

    /// Whether the message did not come in time.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// Its body has come to its end.
    pub(super) fn end(&self) {
        self.whole.store(true, Ordering::Relaxed);
    }

    /// No span of it was read, for that reason; only the first one counts. What is wrong is said in a few words.
    pub(super) fn unread(&self, reason: UnreadReason, wrong: impl FnOnce() -> String) {
        self.unread_of(reason, || format!("POST {}, {}", self.call.path(), wrong()));
    }

    /// The same, with what the request was.
    pub(super) fn unread_of(&self, reason: UnreadReason, example: impl FnOnce() -> String) {
        if self.unread.set(reason).is_ok() {
            self.shared.totals.unread.add(reason, example);
        }
    }

    /// Whether the endpoint behind a relay gets the request: it is whole, and it is in the log or nobody here could read it.
    pub(super) fn goes_on(&self) -> bool {
        let counted = self.unread.get().is_none_or(|reason| *reason == UnreadReason::NoSpan);
        self.shared.relay.is_some() && self.whole.load(Ordering::Relaxed) && (!counted || self.is_passed())
    }

    /// When the message was complete; 0 before.
    pub(super) fn completed_at(&self) -> MonoNs {
        self.completed_at.load(Ordering::Relaxed)
    }

    /// The message did not come in time.
    pub(super) fn stall(&self) {
        self.shared.totals.stalled.fetch_add(1, Ordering::Relaxed);
        self.stalled.store(true, Ordering::Relaxed);
        self.connection.stall();
    }

    /// Whether bytes of another, worse request are given up for this one's.
    pub(super) fn make_room(&self) -> bool {
        let made = self.shared.peers.release_bytes(&self.connection);
        self.shared.totals.closed.fetch_add(u64::from(made), Ordering::Relaxed);
        made
    }

    /// A piece of the body as it was sent.
    pub(super) fn copy(&self, piece: &Bytes) {
        if let Some(passed) = &self.passed {
            passed.copy(piece);
        }
    }

    /// The body as it was sent.
    pub(super) fn copied(&self) -> Bytes {
        self.passed.as_ref().map(Passed::copied).unwrap_or_default()
    }

    /// Whether its so many spans are accepted is up to the endpoint behind the relay; says whether there is one.
    pub(super) fn pass(&self, spans: u32) -> bool {
        self.passed.as_ref().inspect(|passed| passed.pass(spans)).is_some()
    }

    /// Whether it is in the log and to be handed on.
    pub(super) fn is_passed(&self) -> bool {
        self.passed.as_ref().is_some_and(Passed::is_passed)
    }

    /// Spans that are to be handed on.
    pub(super) fn spans(&self) -> u32 {
        self.passed.as_ref().map_or(0, Passed::spans)
    }

    /// What the endpoint behind the relay made of it; only the first word counts.
    pub(super) fn relayed(&self, relayed: Relayed) {
        if let Some(passed) = &self.passed
            && let Some(spans) = passed.settle(relayed)
        {
            self.shared.totals.settle(self.call.signal, relayed, spans);
            if let Some(reason) = self.unread.get() {
                self.shared.totals.unread.settle(*reason, relayed);
            }
        }
    }

    pub(super) fn logged(&self, request: Option<u32>) {
        self.request.store(request.unwrap_or(NOT_LOGGED), Ordering::Relaxed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.parting.load(Ordering::Relaxed) {
            self.connection.part();
        }
        // Whoever is still waiting for an answer now gets none.
        self.relayed(Relayed::Unanswered);
        let request = self.request.load(Ordering::Relaxed);
        if request == NOT_LOGGED {
            return;
        }
        let fate = if self.taken.load(Ordering::Relaxed) {
            AnswerFate::TakenByTransport
        } else if self.connection.is_broken() || self.shared.cut.load(Ordering::Relaxed) {
            AnswerFate::ConnectionError
        } else {
            AnswerFate::CancelledByPeer
        };
        let (fault, status) = (self.fault(), self.status.load(Ordering::Relaxed));
        let relayed = self.passed.as_ref().map(Passed::relayed).unwrap_or_default();
        let answer = AnswerRecord { request, at: clock::now(), fate, fault, status, relayed };
        self.shared.log().answered(&answer);
    }
}

/// An answer's body; knows whether the transport took all of it.
#[derive(Debug)]
pub(super) struct AnswerBody {
    inner: tonic::body::Body,
    exchange: Option<Arc<Exchange>>,
}

impl AnswerBody {
    /// An answer whose fate is noted.
    pub(super) fn to(exchange: Arc<Exchange>, response: Response<tonic::body::Body>) -> Response<Self> {
        exchange.answering(&response);
        response.map(|inner| Self { inner, exchange: Some(exchange) })
    }

    /// An answer to something that is no export request.
    pub(super) fn plain(inner: tonic::body::Body) -> Self {
        Self { inner, exchange: None }
    }

    fn taken(&self) {
        if let Some(exchange) = &self.exchange {
            exchange.taken.store(true, Ordering::Relaxed);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let last = match &frame {
            None => true,
            Some(Ok(frame)) => frame.is_trailers(),
            Some(Err(_)) => false,
        };
        if last {
            self.taken();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // A body without bytes is never polled: the transport took it with the head.
        if self.inner.is_end_stream() {
            self.taken();
        }
    }
}
