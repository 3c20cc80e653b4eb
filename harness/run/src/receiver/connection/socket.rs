//! A connection's socket. It remembers whether an error of the transport came before the end of its requests.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use spanfate_model::quantity::unit::MonoNs;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::host::clock;

/// How the receiver ends a connection without a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::receiver) enum ConnectionCut {
    /// With a reset.
    Reset,
    /// In order, as far as TCP is concerned.
    Fin,
}

/// What the exchanges of one connection share.
#[derive(Debug)]
pub(in crate::receiver) struct Connection {
    pub(in crate::receiver) number: u32,
    pub(in crate::receiver) accepted_at: MonoNs,
    broken: AtomicBool,
    /// A request was complete or answered, so this is a client.
    served: AtomicBool,
    /// A request did not come in time, and is counted as such.
    stalled: AtomicBool,
    /// Requests without an answer.
    open: AtomicU32,
    /// When bytes last came.
    heard: AtomicU64,
    /// Body bytes of requests that are not complete yet.
    held: AtomicU64,
    leaving: Notify,
    parting: Notify,
    cutting: Notify,
    /// How it is cut; the first word counts.
    cut: OnceLock<ConnectionCut>,
    /// The stream of a connection that is cut in order, once hyper has let go of it.
    returned: Mutex<Option<TcpStream>>,
}

impl Connection {
    pub(in crate::receiver) fn new(number: u32) -> Arc<Self> {
        let now = clock::now();
        Arc::new(Self {
            number,
            accepted_at: now,
            broken: AtomicBool::new(false),
            served: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            open: AtomicU32::new(0),
            heard: AtomicU64::new(now),
            held: AtomicU64::new(0),
            leaving: Notify::new(),
            parting: Notify::new(),
            cutting: Notify::new(),
            cut: OnceLock::new(),
            returned: Mutex::new(None),
        })
    }

    pub(in crate::receiver) fn is_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }

    pub(in crate::receiver) fn serve(&self) {
        self.served.store(true, Ordering::Relaxed);
    }

    pub(in crate::receiver) fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    pub(in crate::receiver) fn stall(&self) {
        self.stalled.store(true, Ordering::Relaxed);
    }

    pub(in crate::receiver) fn is_busy(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    /// A request has begun.
    pub(in crate::receiver) fn begin(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// A request has its answer or was cancelled; says whether it was the last.
    pub(in crate::receiver) fn end(&self) -> bool {
        self.open.fetch_sub(1, Ordering::Relaxed) == 1
    }

    pub(in crate::receiver) fn heard_at(&self) -> MonoNs {
        self.heard.load(Ordering::Relaxed)
    }

    pub(in crate::receiver) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    pub(in crate::receiver) fn hold(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(in crate::receiver) fn release(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Asks for the end of this connection.
    pub(in crate::receiver) fn leave(&self) {
        // What it has open ends because of the receiver, not because the peer wants it.
        self.broken.store(true, Ordering::Relaxed);
        self.leaving.notify_one();
    }

    /// Waits until the connection is asked to end.
    pub(in crate::receiver) async fn told_to_leave(&self) {
        self.leaving.notified().await;
    }

    /// Asks that the peer be asked to go elsewhere with its further requests.
    pub(in crate::receiver) fn part(&self) {
        self.parting.notify_one();
    }

    /// Waits until the peer is to be asked to go elsewhere.
    pub(in crate::receiver) async fn told_to_part(&self) {
        self.parting.notified().await;
    }

    /// Ends this connection without a word to the peer.
    pub(in crate::receiver) fn cut(&self, how: ConnectionCut) {
        // What it has open ends because of the receiver, not because the peer wants it.
        self.broken.store(true, Ordering::Relaxed);
        self.cut.get_or_init(|| how);
        self.cutting.notify_one();
    }

    /// Waits until the connection is cut.
    pub(in crate::receiver) async fn told_to_cut(&self) {
        self.cutting.notified().await;
    }

    /// The stream of a connection that is cut in order and that hyper has let go of.
    pub(in crate::receiver) fn returned(&self) -> Option<TcpStream> {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(in crate::receiver) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    fn watch<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(poll, Poll::Ready(Err(_))) {
            self.broken.store(true, Ordering::Relaxed);
        }
        poll
    }
}

/// A socket whose errors are noted before hyper drops the requests they end.
#[derive(Debug)]
pub(in crate::receiver) struct Socket {
    /// Taken out when it is dropped.
    inner: Option<TokioIo<TcpStream>>,
    connection: Arc<Connection>,
}

impl Socket {
    pub(in crate::receiver) fn new(stream: TcpStream, connection: &Arc<Connection>) -> Self {
        Self { inner: Some(TokioIo::new(stream)), connection: Arc::clone(connection) }
    }

    pub(in crate::receiver) fn set_nodelay(&self) -> io::Result<()> {
        self.inner.as_ref().map_or(Ok(()), |io| io.inner().set_nodelay(true))
    }

    fn io(&mut self) -> io::Result<Pin<&mut TokioIo<TcpStream>>> {
        self.inner.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let stream = self.inner.take().map(TokioIo::into_inner);
        match (self.connection.cut.get(), stream) {
            // One that is gone already needs no reset.
            (Some(ConnectionCut::Reset), Some(stream)) => drop(stream.set_zero_linger()),
            (Some(ConnectionCut::Fin), stream) => {
                *self.connection.returned.lock().unwrap_or_else(PoisonError::into_inner) = stream;
            }
            _ => {}
        }
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.io()?.poll_read(cx, into);
        if matches!(read, Poll::Ready(Ok(()))) {
            self.connection.heard.store(clock::now(), Ordering::Relaxed);
        }
        self.connection.watch(read)
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.io()?.poll_write(cx, from);
        self.connection.watch(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.io()?.poll_flush(cx);
        self.connection.watch(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A peer that is gone already is no error of the exchanges before.
        self.io()?.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.as_ref().is_some_and(TokioIo::is_write_vectored)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.io()?.poll_write_vectored(cx, from);
        self.connection.watch(written)
    }
}

/// The tasks of HTTP/2 streams: owned here, so that none outlives the receiver.
#[derive(Clone, Debug, Default)]
pub(in crate::receiver) struct Streams(Arc<Mutex<JoinSet<()>>>);

impl Streams {
    /// Takes all tasks out, to end them.
    pub(in crate::receiver) fn take(&self) -> JoinSet<()> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream);
    }
}
