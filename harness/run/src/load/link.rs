//! One HTTP/1.1 connection and the request on it, driven together by one task.

use std::future::{pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    sender: SendRequest<Empty<Bytes>>,
    connection: Connection<TokioIo<TcpStream>, Empty<Bytes>>,
    ended: bool,
    /// Its number in this load.
    pub(super) number: u32,
}

impl Link {
    /// Opens a connection.
    pub(super) async fn open(target: SocketAddr, number: u32) -> io::Result<Self> {
        let stream = TcpStream::connect(target).await?;
        stream.set_nodelay(true)?;
        // Some machines pace every connection (BBR): a timer for each request, and requests that leave later than they were
        // sent. Where Reno is not to be had, the machine's own choice stays.
        drop(SockRef::from(&stream).set_tcp_congestion(b"reno"));
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Self { sender, connection, ended: false, number })
    }

    /// Whether a request can be written: nothing was sent yet when this says no.
    pub(super) async fn ready(&mut self) -> bool {
        let Self { sender, connection, ended, .. } = self;
        driven(connection, ended, sender.ready()).await.is_ok()
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(&mut self, request: Request<Empty<Bytes>>) -> hyper::Result<StatusCode> {
        let Self { sender, connection, ended, .. } = self;
        let exchange = async {
            let mut response = sender.send_request(request).await?;
            while let Some(frame) = response.body_mut().frame().await {
                frame?;
            }
            Ok(response.status())
        };
        driven(connection, ended, exchange).await
    }

    /// Returns when the peer has closed the idle connection.
    pub(super) async fn closed(link: &mut Option<Self>) {
        match link {
            Some(link) if !link.ended => {
                // Why it ended does not matter while no request is on it.
                let ended = (&mut link.connection).await;
                drop(ended);
            }
            Some(_) => {}
            None => pending().await,
        }
    }
}

/// Runs `work` and the connection it uses in one task: a second task would cost two wake-ups per request.
async fn driven<T>(
    connection: &mut Connection<TokioIo<TcpStream>, Empty<Bytes>>,
    ended: &mut bool,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        if !*ended {
            *ended = Pin::new(&mut *connection).poll(cx).is_ready();
        }
        // The connection may just have delivered what the work waits for.
        work.as_mut().poll(cx)
    })
    .await
}
