//! A client's stream that notes what comes, and how it ends.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use spanfate_testkit::client::Client;

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// In order.
    Fin,
    /// With a reset.
    Reset,
    /// The client left first.
    Own,
}

/// What came over a connection.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Shared>);

#[derive(Default)]
struct Shared {
    bytes: Mutex<Vec<u8>>,
    end: Mutex<Option<End>>,
    ended: Notify,
}

impl Seen {
    /// Waits for the end of the connection.
    pub(crate) async fn end(&self) -> End {
        let ended = tokio::time::timeout(Duration::from_secs(10), self.0.ended.notified());
        ended.await.unwrap();
        self.0.end.lock().unwrap().unwrap()
    }

    /// Types of the HTTP/2 frames that came, in their order.
    pub(crate) fn frames(&self) -> Vec<u8> {
        let bytes = self.0.bytes.lock().unwrap();
        let (mut at, mut out) = (0, Vec::new());
        while let Some(head) = bytes.get(at..at + 9) {
            out.push(head[3]);
            at += 9 + u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        }
        out
    }

    fn note(&self, end: End) {
        self.0.end.lock().unwrap().get_or_insert(end);
        self.0.ended.notify_one();
    }
}

/// The stream.
struct Watched {
    stream: TcpStream,
    seen: Seen,
}

/// A client that speaks HTTP/2, and what it sees.
pub(crate) async fn two(address: SocketAddr) -> (Client, Seen) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let seen = Seen::default();
    (Client::http2_over(Watched { stream, seen: seen.clone() }).await, seen)
}

/// Reads a connection to its end: what came, and how it ended.
pub(crate) async fn rest(mut stream: TcpStream) -> (Vec<u8>, End) {
    let mut all = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut all)).await.unwrap();
    let end = match read {
        Ok(_) => End::Fin,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            End::Reset
        }
    };
    (all, end)
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.seen.note(End::Own);
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        match &read {
            Poll::Ready(Ok(())) if into.filled().len() == before => self.seen.note(End::Fin),
            Poll::Ready(Ok(())) => {
                self.seen.0.bytes.lock().unwrap().extend_from_slice(&into.filled()[before..]);
            }
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::ConnectionReset => {
                self.seen.note(End::Reset);
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => {}
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
