//! Connections to one endpoint: one for HTTP/2, and for HTTP/1 as many as requests are under way, kept for the next.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use spanfate_model::limits::{LimitedPart, OwnLimit};
use spanfate_model::quantity::unit::MonoNs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;

use super::answer::{Answered, MOST_BYTES};
use super::tls::Tls;
use super::upstream::RelayTarget;
use super::{Trouble, lock, trouble};
use crate::host::clock;
use crate::host::limits::{LimitsMet, limit_of};
use crate::receiver::connection::socket::Streams;

/// Requests over HTTP/1 under way at once; more wait for their turn.
const MOST_AT_ONCE: usize = 32;

/// A connection that was not used for so long is not used again: what is between may have forgotten it.
const FRESH_NS: u64 = 50_000_000_000;

type Outgoing = Full<Bytes>;

trait ReadWrite: AsyncRead + AsyncWrite {}

impl<T: AsyncRead + AsyncWrite> ReadWrite for T {}

/// Bytes to and from the endpoint, encrypted or not.
type EndpointStream = Box<dyn ReadWrite + Send + Unpin>;

/// Connections to one endpoint.
#[derive(Debug)]
pub(super) struct ConnectionPool {
    target: RelayTarget,
    drivers: Streams,
    limits: Arc<LimitsMet>,
    ones: Mutex<Vec<Used<http1::SendRequest<Outgoing>>>>,
    two: Mutex<Option<Used<http2::SendRequest<Outgoing>>>>,
    turns: Semaphore,
}

/// A connection, and when it was last used.
#[derive(Clone, Debug)]
struct Used<S> {
    sender: S,
    at: MonoNs,
}

impl<S> Used<S> {
    fn now(sender: S) -> Self {
        Self { sender, at: clock::now() }
    }

    fn is_fresh(&self) -> bool {
        clock::now() < self.at.saturating_add(FRESH_NS)
    }
}

impl ConnectionPool {
    pub(super) fn new(target: RelayTarget, drivers: Streams, limits: &Arc<LimitsMet>) -> Self {
        Self {
            target,
            drivers,
            limits: Arc::clone(limits),
            ones: Mutex::default(),
            two: Mutex::default(),
            turns: Semaphore::new(MOST_AT_ONCE),
        }
    }

    /// The next request has a new connection.
    pub(super) fn forget(&self) {
        lock(&self.ones).clear();
        *lock(&self.two) = None;
    }

    /// Asks over HTTP/1.
    pub(super) async fn over_one(&self, request: Request<Outgoing>, tls: &Tls) -> Result<Answered, Trouble> {
        self.over_one_of(request, tls, MOST_BYTES).await
    }

    /// The same, for an answer of at most so many bytes.
    pub(super) async fn over_one_of(
        &self,
        request: Request<Outgoing>,
        tls: &Tls,
        most: usize,
    ) -> Result<Answered, Trouble> {
        let _turn = self.turns.acquire().await.map_err(|closed| Trouble::Unreachable(closed.to_string()))?;
        let mut request = request;
        // The stale ones first, then a new one.
        while let Some(mut kept) = self.kept_one() {
            match sent(kept.try_send_request(request).await)? {
                Sent::Answered(response) => return self.finish_one(response, kept, most).await,
                Sent::Not(back) => request = back,
            }
        }
        let mut new = self.new_one(tls).await?;
        match sent(new.try_send_request(request).await)? {
            Sent::Answered(response) => self.finish_one(response, new, most).await,
            Sent::Not(_) => Err(Trouble::Unreachable("it closes connections at once: EOF".to_owned())),
        }
    }

    async fn finish_one(
        &self,
        response: Response<Incoming>,
        mut sender: http1::SendRequest<Outgoing>,
        most: usize,
    ) -> Result<Answered, Trouble> {
        let answered = Answered::read_most(response, most).await?;
        if sender.ready().await.is_ok() {
            lock(&self.ones).push(Used::now(sender));
        }
        Ok(answered)
    }

    fn kept_one(&self) -> Option<http1::SendRequest<Outgoing>> {
        let mut ones = lock(&self.ones);
        ones.retain(|one| one.sender.is_ready() && one.is_fresh());
        ones.pop().map(|one| one.sender)
    }

    /// Asks over HTTP/2.
    pub(super) async fn over_two(&self, request: Request<Outgoing>, tls: &Tls) -> Result<Answered, Trouble> {
        let mut request = request;
        if let Some(mut kept) = self.kept_two() {
            match sent(kept.try_send_request(request).await)? {
                Sent::Answered(response) => return Answered::read(response).await,
                Sent::Not(back) => request = back,
            }
        }
        let mut new = self.new_two(tls).await?;
        match sent(new.try_send_request(request).await)? {
            Sent::Answered(response) => Answered::read(response).await,
            Sent::Not(_) => Err(Trouble::Unreachable("it closes connections at once: EOF".to_owned())),
        }
    }

    fn kept_two(&self) -> Option<http2::SendRequest<Outgoing>> {
        let mut two = lock(&self.two);
        let used = two.as_mut().filter(|used| !used.sender.is_closed() && used.is_fresh())?;
        used.at = clock::now();
        Some(used.sender.clone())
    }

    async fn new_one(&self, tls: &Tls) -> Result<http1::SendRequest<Outgoing>, Trouble> {
        let io = TokioIo::new(self.connect(tls, false).await?);
        let (sender, connection) = http1::handshake(io).await.map_err(unreachable)?;
        // How it ended shows in the answers.
        self.drivers.execute(async move { drop(connection.await) });
        Ok(sender)
    }

    async fn new_two(&self, tls: &Tls) -> Result<http2::SendRequest<Outgoing>, Trouble> {
        let io = TokioIo::new(self.connect(tls, true).await?);
        let shaken = http2::handshake(self.drivers.clone(), io).await;
        let (sender, connection) = shaken.map_err(unreachable)?;
        self.drivers.execute(async move { drop(connection.await) });
        *lock(&self.two) = Some(Used::now(sender.clone()));
        Ok(sender)
    }

    async fn connect(&self, tls: &Tls, http2: bool) -> Result<EndpointStream, Trouble> {
        let (host, port) = self.target.place();
        let found = lookup_host((host, port)).await;
        let found: Vec<SocketAddr> = found.map_err(|error| no_name(host, &error))?.collect();
        let first = found.first().ok_or_else(|| no_name(host, &"no such host"))?;
        let no = |error: io::Error| {
            // That there is no address of ours to reach it from says as much of the endpoint as of us.
            if limit_of(&error) != Some(OwnLimit::Ports) {
                self.limits.note(LimitedPart::Relay, &error);
            }
            Trouble::Unreachable(format!("dial tcp {first}: connect: {}", trouble::text(&error)))
        };
        let stream = TcpStream::connect(&found[..]).await.map_err(no)?;
        // Without it a small request may wait for an acknowledgement.
        stream.set_nodelay(true).map_err(no)?;
        if self.target.secure {
            return Ok(Box::new(tls.over(stream, host, http2).await?));
        }
        Ok(Box::new(stream))
    }
}

enum Sent {
    Answered(Response<Incoming>),
    /// The connection was at its end, and nothing was sent.
    Not(Request<Outgoing>),
}

fn sent(tried: Result<Response<Incoming>, TrySendError<Request<Outgoing>>>) -> Result<Sent, Trouble> {
    match tried {
        Ok(response) => Ok(Sent::Answered(response)),
        Err(mut failed) => match failed.take_message() {
            Some(request) => Ok(Sent::Not(request)),
            None => Err(broken(failed.into_error())),
        },
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn unreachable(error: hyper::Error) -> Trouble {
    Trouble::Unreachable(trouble::in_full(&error))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
pub(super) fn broken(error: hyper::Error) -> Trouble {
    Trouble::Broken(trouble::in_full(&error))
}

fn no_name(host: &str, why: &dyn std::fmt::Display) -> Trouble {
    Trouble::Unreachable(format!("dial tcp: lookup {host}: {why}"))
}
