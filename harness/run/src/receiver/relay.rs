//! Hands on what was received to the user's own endpoint, and gives its answer to the client (ADR 009).
//!
//! The receipt is in the log before any of this begins. Bodies and headers go on as they came, but for the headers that belong
//! to one connection.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use spanfate_model::fault::answer::GrpcCode;
use spanfate_model::format::wire::{Relayed, WireProtocol};
use tokio::time::timeout;
use tonic::body::Body;

use self::answer::Answered;
pub(crate) use self::direct::{DirectLine, PageAsked, PageTrouble};
use self::pool::ConnectionPool;
use self::tls::Tls;
use self::upstream::RelayTarget;
pub use self::upstream::Upstream;
use super::call::Call;
use super::exchange::Exchange;
use super::reply::Failure;
use crate::error::RunError;
use crate::host::limits::LimitsMet;
use crate::receiver::connection::socket::Streams;

mod answer;
mod direct;
mod pool;
mod tls;
mod trouble;
mod upstream;

/// Longest time from a complete message to the whole answer. Exporters give up after ten seconds unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of messages that wait for an answer, all together.
const MOST_WAITING: u64 = 64 << 20;

/// Headers that are about one connection and not about the message. `host` and the length are made anew.
const OF_A_HOP: [HeaderName; 11] = [
    CONNECTION,
    HOST,
    CONTENT_LENGTH,
    EXPECT,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The way to the user's own endpoint.
#[derive(Debug)]
pub(super) struct Relay {
    upstream: Upstream,
    tls: Tls,
    limits: Arc<LimitsMet>,
    /// By scheme and authority; there are a handful.
    pools: Mutex<BTreeMap<String, Arc<ConnectionPool>>>,
    /// The tasks of all connections.
    drivers: Streams,
    waiting: AtomicU64,
    /// Why the last request that could not be handed on was not.
    trouble: Mutex<Option<String>>,
}

/// What of a request goes on beside its body, where it is handed on.
#[derive(Debug)]
pub(super) struct RequestHead {
    method: Method,
    asked: PathAndQuery,
    headers: HeaderMap,
}

impl RequestHead {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let asked = request.uri().path_and_query().cloned();
        Self {
            method: request.method().clone(),
            asked: asked.unwrap_or_else(|| PathAndQuery::from_static("/")),
            headers: request.headers().clone(),
        }
    }
}

/// Why there is no answer of the endpoint.
#[derive(Debug)]
enum Trouble {
    /// There is no connection to it; nothing was sent.
    Unreachable(String),
    /// It was lost on the way.
    Broken(String),
    /// It took too long.
    Late,
    /// Too much waits for it already.
    Crowded,
    /// Its answer is larger than anything that is expected.
    Large,
}

impl Relay {
    pub(super) fn new(upstream: Upstream, limits: &Arc<LimitsMet>) -> Result<Self, RunError> {
        Ok(Self {
            tls: Tls::new(&upstream)?,
            upstream,
            limits: Arc::clone(limits),
            pools: Mutex::default(),
            drivers: Streams::default(),
            waiting: AtomicU64::new(0),
            trouble: Mutex::default(),
        })
    }

    /// Why the last request that could not be handed on was not.
    pub(super) fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// The tasks of its connections, to end them.
    pub(super) fn drivers(&self) -> &Streams {
        &self.drivers
    }

    /// Hands a request on that is in the log, or that nobody here can read, and says what the client is to be told.
    pub(super) async fn hand_on(&self, head: RequestHead, exchange: &Exchange) -> Response<Body> {
        let (call, body) = (exchange.call, exchange.copied());
        let target = self.upstream.target(call, &head.asked);
        let done = match Waiting::begin(&self.waiting, body.len()) {
            Some(_waiting) => {
                let asked = self.ask(call, &target, head, body);
                timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
                    // Whatever the connection waits for, the next request need not.
                    self.pool(&target).forget();
                    Err(Trouble::Late)
                })
            }
            None => Err(Trouble::Crowded),
        };
        let answered = match done {
            Ok(answered) => answered,
            Err(trouble) => return self.explain(&trouble, &target, exchange),
        };
        exchange.relayed(answered.relayed(call, exchange.spans()));
        answered.into_response(call.protocol)
    }

    async fn ask(
        &self,
        call: Call,
        target: &RelayTarget,
        head: RequestHead,
        body: Bytes,
    ) -> Result<Answered, Trouble> {
        let RequestHead { method, mut headers, .. } = head;
        strip(&mut headers);
        let pool = self.pool(target);
        let request = Request::builder().method(method).uri(target.uri(call.protocol)).body(Full::new(body));
        let mut request = request.map_err(|wrong| Trouble::Unreachable(wrong.to_string()))?;
        if call.protocol == WireProtocol::Grpc {
            headers.insert(TE, HeaderValue::from_static("trailers"));
        } else {
            headers.insert(HOST, target.host()?);
        }
        *request.headers_mut() = headers;
        match call.protocol {
            WireProtocol::Grpc => pool.over_two(request, &self.tls).await,
            WireProtocol::HttpProtobuf | WireProtocol::HttpJson => pool.over_one(request, &self.tls).await,
        }
    }

    fn pool(&self, target: &RelayTarget) -> Arc<ConnectionPool> {
        let mut pools = lock(&self.pools);
        Arc::clone(pools.entry(target.origin()).or_insert_with(|| {
            Arc::new(ConnectionPool::new(target.clone(), self.drivers.clone(), &self.limits))
        }))
    }

    /// What the client is told where the endpoint says nothing: something that it tries again.
    fn explain(&self, trouble: &Trouble, target: &RelayTarget, exchange: &Exchange) -> Response<Body> {
        let origin = target.origin();
        let (http, grpc, why) = match trouble {
            Trouble::Unreachable(why) => {
                (503, GrpcCode::Unavailable, format!("the relay could not reach {origin}: {why}"))
            }
            Trouble::Broken(why) => {
                (502, GrpcCode::Unavailable, format!("the relay got no answer of {origin}: {why}"))
            }
            Trouble::Late => (
                504,
                GrpcCode::DeadlineExceeded,
                format!("the relay got no answer of {origin} within {} s: i/o timeout", PATIENCE.as_secs()),
            ),
            Trouble::Crowded => {
                (503, GrpcCode::Unavailable, format!("too many bytes wait for an answer of {origin}"))
            }
            Trouble::Large => {
                (502, GrpcCode::Unavailable, format!("the answer of {origin} is too large to be one"))
            }
        };
        exchange.relayed(Relayed::Unanswered);
        let failure = Failure::of_relay(http, grpc, why.clone());
        *lock(&self.trouble) = Some(why);
        match exchange.call.protocol {
            WireProtocol::Grpc => failure.over_grpc().into_http(),
            protocol => failure.over_http(protocol),
        }
    }
}

/// Removes what is about one connection only, also what the message itself names so.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in OF_A_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// A message that waits for an answer, and its bytes.
struct Waiting<'a>(&'a AtomicU64, u64);

impl<'a> Waiting<'a> {
    fn begin(all: &'a AtomicU64, bytes: usize) -> Option<Self> {
        let before = all.fetch_add(bytes as u64, Ordering::Relaxed);
        let waiting = Self(all, bytes as u64);
        (before + waiting.1 <= MOST_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_the_connection_stays_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-mine"),
            ("x-mine", "1"),
            ("host", "here"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "5"),
            ("authorization", "Bearer 1"),
            ("content-encoding", "gzip"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        strip(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "content-encoding"]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let all = AtomicU64::new(0);
        let most = Waiting::begin(&all, MOST_WAITING as usize);
        assert!(most.is_some() && Waiting::begin(&all, 1).is_none());
        drop(most);
        assert!(Waiting::begin(&all, 1).is_some());
    }
}
