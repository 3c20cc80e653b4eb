//! One request and its answer: what became of the answer is noted when the last trace of the exchange is dropped.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use spanfate_model::unit::MonoNs;
use spanfate_model::wire::{AnswerFate, WireProtocol};
use tonic::Status;

use super::Shared;
use super::counts::Signal;
use super::deadline::Patience;
use super::socket::Connection;
use crate::clock;

/// Body bytes that all incomplete requests together may hold.
const MOST_IN_FLIGHT: u64 = 64 << 20;

/// What a client is told that did not send its request in time.
pub(super) const STALLED: &str =
    "the request did not come in time; the receiver waits no longer for its rest";

/// Stands for "not in the log".
const NOT_LOGGED: u32 = u32::MAX;

/// A request without an answer keeps its connection busy.
#[derive(Debug)]
pub(super) struct Awaited<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
}

impl<'a> Awaited<'a> {
    pub(super) fn new(shared: &'a Shared, connection: &'a Connection) -> Self {
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

/// What is asked, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) signal: Signal,
    pub(super) protocol: WireProtocol,
}

/// One request and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    pub(super) call: Call,
    request: AtomicU32,
    body_bytes: AtomicU32,
    completed_at: AtomicU64,
    taken: AtomicBool,
    stalled: AtomicBool,
}

impl Exchange {
    pub(super) fn new(shared: &Arc<Shared>, connection: &Arc<Connection>, call: Call) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::clone(shared),
            connection: Arc::clone(connection),
            call,
            request: AtomicU32::new(NOT_LOGGED),
            body_bytes: AtomicU32::new(0),
            completed_at: AtomicU64::new(0),
            taken: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
        })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn connection(&self) -> u32 {
        self.connection.number
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

    /// Whether the message did not come in time.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// When the message was complete; 0 before.
    pub(super) fn completed_at(&self) -> MonoNs {
        self.completed_at.load(Ordering::Relaxed)
    }

    /// The message did not come in time.
    fn stall(&self) {
        self.shared.totals.stalled.fetch_add(1, Ordering::Relaxed);
        self.stalled.store(true, Ordering::Relaxed);
        self.connection.stall();
    }

    /// Whether bytes of another, worse request are given up for this one's.
    fn make_room(&self) -> bool {
        let made = self.shared.peers.release_bytes(&self.connection);
        self.shared.totals.closed.fetch_add(u64::from(made), Ordering::Relaxed);
        made
    }

    pub(super) fn logged(&self, request: Option<u32>) {
        self.request.store(request.unwrap_or(NOT_LOGGED), Ordering::Relaxed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
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
        self.shared.log().answered(request, clock::now(), fate);
    }
}

/// Bytes of a request as the transport gives them.
pub(super) trait Inbound: Body<Data = Bytes, Error: fmt::Display> + Send + Unpin + 'static {}

impl<B: Body<Data = Bytes, Error: fmt::Display> + Send + Unpin + 'static> Inbound for B {}

/// A request's body, with its bytes counted and the memory of all incomplete requests bounded.
#[derive(Debug)]
pub(super) struct RequestBody<B> {
    inner: B,
    exchange: Arc<Exchange>,
    patience: Patience,
    held: u64,
}

impl<B> RequestBody<B> {
    pub(super) fn new(inner: B, exchange: &Arc<Exchange>) -> Self {
        let patience = Patience::new(exchange.shared.config.deadlines);
        Self { inner, exchange: Arc::clone(exchange), patience, held: 0 }
    }
}

impl<B: Inbound> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => {
                ready!(self.patience.poll_end(cx));
                self.exchange.stall();
                return Poll::Ready(Some(Err(Status::deadline_exceeded(STALLED))));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(broken))) => {
                return Poll::Ready(Some(Err(Status::cancelled(broken.to_string()))));
            }
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        self.patience.renew();
        if let Some(data) = frame.data_ref() {
            let length = data.len() as u64;
            self.held += length;
            self.exchange.connection.hold(length);
            self.exchange.body_bytes.fetch_add(length as u32, Ordering::Relaxed);
            let before = self.exchange.shared.in_flight.fetch_add(length, Ordering::Relaxed);
            if before + length > MOST_IN_FLIGHT && !self.exchange.make_room() {
                return Poll::Ready(Some(Err(Status::resource_exhausted("too many bytes in flight"))));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for RequestBody<B> {
    fn drop(&mut self) {
        self.exchange.shared.in_flight.fetch_sub(self.held, Ordering::Relaxed);
        self.exchange.connection.release(self.held);
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
    pub(super) fn to(exchange: Arc<Exchange>, inner: tonic::body::Body) -> Self {
        Self { inner, exchange: Some(exchange) }
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
