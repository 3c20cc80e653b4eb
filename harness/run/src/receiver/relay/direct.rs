//! Requests of our own to an endpoint, over connections like those of the relay: exports of spans, and questions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use spanfate_model::finding::canary::sent::CanaryDoor;
use spanfate_model::format::wire::{Relayed, WireProtocol};
use tokio::time::timeout;

use super::Trouble;
use super::answer::Answered;
use super::pool::ConnectionPool;
use super::tls::Tls;
use super::upstream::{RelayTarget, Upstream};
use crate::error::RunError;
use crate::receiver::call::Call;
use crate::receiver::connection::socket::Streams;
use crate::receiver::counts::OtlpSignal;

/// As long as exporters wait unless told otherwise.
const WAIT: Duration = Duration::from_secs(10);

/// What servers are told of who asks.
const AGENT: HeaderValue = HeaderValue::from_static("spanfate-canary");

/// The way to one endpoint.
#[derive(Debug)]
pub(crate) struct DirectLine {
    upstream: Upstream,
    tls: Tls,
    drivers: Streams,
    headers: HeaderMap,
    pool: ConnectionPool,
}

impl DirectLine {
    /// One whose requests all have these headers. Nothing is connected yet.
    pub(crate) fn new(
        upstream: &Upstream,
        protocol: WireProtocol,
        headers: HeaderMap,
    ) -> Result<Self, RunError> {
        let drivers = Streams::default();
        let target =
            upstream.target(Call { signal: OtlpSignal::Traces, protocol }, &PathAndQuery::from_static("/"));
        Ok(Self {
            tls: Tls::new(upstream)?,
            pool: ConnectionPool::new(target, drivers.clone(), &Arc::default()),
            upstream: upstream.clone(),
            drivers,
            headers,
        })
    }

    /// Ends all connections.
    pub(crate) async fn close(&self) {
        self.drivers.take().shutdown().await;
    }

    /// Sends an export request with so many spans, once: who tries again makes duplicates.
    pub(crate) async fn export(&self, protocol: WireProtocol, message: &[u8], spans: u32) -> CanaryDoor {
        let call = Call { signal: OtlpSignal::Traces, protocol };
        let target = self.upstream.target(call, &PathAndQuery::from_static("/"));
        let asked = self.post(call, &target, message);
        let answered = match timeout(WAIT, asked).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(Trouble::Unreachable(why))) => return CanaryDoor::Unreachable(why),
            Ok(Err(Trouble::Broken(why))) => return CanaryDoor::Unanswered(why),
            Ok(Err(Trouble::Large)) => return CanaryDoor::Unanswered("its answer is too large".to_owned()),
            Ok(Err(Trouble::Late | Trouble::Crowded)) | Err(_) => {
                // Whatever the connection waits for, the next request need not.
                self.pool.forget();
                return CanaryDoor::Unanswered(format!("none within {} s", WAIT.as_secs()));
            }
        };
        match answered.relayed(call, spans) {
            Relayed::Taken { rejected } => CanaryDoor::Taken { rejected: rejected.into() },
            _ => CanaryDoor::Refused(answered.status(protocol)),
        }
    }

    async fn post(&self, call: Call, target: &RelayTarget, message: &[u8]) -> Result<Answered, Trouble> {
        let mut headers = self.headers.clone();
        headers.insert(USER_AGENT, AGENT);
        if call.protocol == WireProtocol::Grpc {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers.insert(TE, HeaderValue::from_static("trailers"));
            let frame = [&[0], &(message.len() as u32).to_be_bytes()[..], message].concat();
            return self
                .pool
                .over_two(request("POST", target.uri(call.protocol), headers, frame)?, &self.tls)
                .await;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(HOST, target.host()?);
        let request = request("POST", target.uri(call.protocol), headers, message.to_vec())?;
        self.pool.over_one(request, &self.tls).await
    }

    /// Asks for a page below the endpoint: its status and its whole body.
    pub(crate) async fn page(&self, page: &PageAsked<'_>) -> Result<(StatusCode, Bytes), PageTrouble> {
        let asked =
            PathAndQuery::try_from(page.path).map_err(|wrong| PageTrouble::Unreachable(wrong.to_string()))?;
        let call = Call { signal: OtlpSignal::Unknown, protocol: WireProtocol::HttpProtobuf };
        let target = self.upstream.target(call, &asked);
        let get = async {
            let mut headers = self.headers.clone();
            headers.insert(USER_AGENT, AGENT);
            headers.insert(ACCEPT, HeaderValue::from_static(page.accept));
            headers.insert(HOST, target.host()?);
            let request = request("GET", target.uri(call.protocol), headers, Vec::new())?;
            self.pool.over_one_of(request, &self.tls, page.most_bytes).await
        };
        match timeout(page.wait, get).await {
            Ok(Ok(answered)) => Ok(answered.into_page()),
            Ok(Err(Trouble::Unreachable(why))) => Err(PageTrouble::Unreachable(why)),
            Ok(Err(Trouble::Broken(why))) => Err(PageTrouble::Broken(why)),
            Ok(Err(Trouble::Large)) => Err(PageTrouble::Large),
            Ok(Err(Trouble::Late | Trouble::Crowded)) | Err(_) => {
                // Whatever the connection waits for, the next request need not.
                self.pool.forget();
                Err(PageTrouble::Late)
            }
        }
    }
}

/// A page that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageAsked<'a> {
    /// Path and query.
    pub(crate) path: &'a str,
    /// The media type that is wanted.
    pub(crate) accept: &'static str,
    /// Most bytes of the answer.
    pub(crate) most_bytes: usize,
    /// Longest time until all of it is there.
    pub(crate) wait: Duration,
}

/// Why there is no page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PageTrouble {
    /// There is no connection.
    Unreachable(String),
    /// It broke off before its end.
    Broken(String),
    /// It took too long.
    Late,
    /// It is too large.
    Large,
}

fn request(
    method: &str,
    uri: String,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>, Trouble> {
    let request = Request::builder().method(method).uri(uri).body(Full::new(body.into()));
    let mut request = request.map_err(|wrong| Trouble::Unreachable(wrong.to_string()))?;
    *request.headers_mut() = headers;
    Ok(request)
}
