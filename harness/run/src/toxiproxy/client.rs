//! The client: every status is looked at, and what was asked for is read back.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::metrics::{ProxyBytes, of_proxy};
use super::toxic::Toxic;
use crate::RunError;

/// Bound on one call.
const BOUND: Duration = Duration::from_secs(2);

/// Most bytes of an answer.
const MOST_BYTES: usize = 4 << 20;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ToxiproxyProblem {
    /// The server said no.
    #[error("toxiproxy answered {call} with {status}: {message}")]
    Refused {
        /// Method and path.
        call: String,
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server could not be reached, or broke off.
    #[error("toxiproxy did not answer {call}; look whether it still runs, and at its log")]
    Unreachable {
        /// Method and path.
        call: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server took too long.
    #[error("toxiproxy did not answer {call} within {} s", BOUND.as_secs())]
    Late {
        /// Method and path.
        call: String,
    },
    /// The answer is not what this client knows.
    #[error("toxiproxy answered {call} with `{body}`; is it v2.12.0?")]
    Unreadable {
        /// Method and path.
        call: String,
        /// What came.
        body: String,
        /// Why it cannot be read.
        #[source]
        source: serde_json::Error,
    },
    /// The server took a call and did something else.
    #[error("toxiproxy was asked for {asked} and has {found}")]
    Different {
        /// What was asked for.
        asked: String,
        /// What was read back.
        found: String,
    },
    /// A name that cannot stand in a URL or a metric as it is.
    #[error("`{0}` is no name for toxiproxy here; use letters, digits, `-`, `_` and `.`")]
    Name(String),
}

impl From<ToxiproxyProblem> for RunError {
    fn from(problem: ToxiproxyProblem) -> Self {
        let source = std::error::Error::source(&problem).map(|source| format!(": {source}"));
        Self::Fixture {
            fixture: "toxiproxy".to_owned(),
            problem: format!("failed: {problem}{}", source.unwrap_or_default()),
        }
    }
}

/// A proxy as the server has it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Proxy {
    /// Its name.
    pub name: String,
    /// Where it really listens.
    pub listen: SocketAddr,
    /// Where it connects to.
    pub upstream: String,
    /// Whether it listens; otherwise connections are refused.
    pub enabled: bool,
}

/// A client of one server.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    server: SocketAddr,
}

impl Client {
    /// A client of the server whose HTTP interface is there.
    pub const fn new(server: SocketAddr) -> Self {
        Self { server }
    }

    /// Creates a proxy that listens at once; port 0 lets the kernel choose, and stays the same from then on.
    pub async fn create_proxy(
        &self,
        name: &str,
        listen: &str,
        upstream: &str,
    ) -> Result<Proxy, ToxiproxyProblem> {
        checked(name)?;
        let body = json!({"name": name, "listen": listen, "upstream": upstream, "enabled": true});
        let proxy: Proxy = self.ask(Method::POST, "/proxies", &body).await?;
        let found = (proxy.name.as_str(), proxy.upstream.as_str(), proxy.enabled);
        same(&(name, upstream, true), &found)?;
        Ok(proxy)
    }

    /// A proxy.
    pub async fn proxy(&self, name: &str) -> Result<Proxy, ToxiproxyProblem> {
        self.get(&format!("/proxies/{}", checked(name)?)).await
    }

    /// Lets a proxy listen, or closes it and cuts its connections.
    pub async fn set_enabled(&self, proxy: &str, enabled: bool) -> Result<(), ToxiproxyProblem> {
        let path = format!("/proxies/{}", checked(proxy)?);
        let proxy: Proxy = self.ask(Method::PATCH, &path, &json!({"enabled": enabled})).await?;
        same(&enabled, &proxy.enabled)
    }

    /// Adds a toxic and gives it as the server has it. Fails when that differs.
    pub async fn add_toxic(&self, proxy: &str, toxic: &Toxic) -> Result<Toxic, ToxiproxyProblem> {
        checked(&toxic.name)?;
        let path = format!("/proxies/{}/toxics", checked(proxy)?);
        let _: Toxic = self.ask(Method::POST, &path, toxic).await?;
        self.read_back(proxy, toxic).await
    }

    /// Changes what a toxic does, within its kind and stream, and gives it as the server has it. Fails when that differs.
    pub async fn update_toxic(&self, proxy: &str, toxic: &Toxic) -> Result<Toxic, ToxiproxyProblem> {
        let path = format!("/proxies/{}/toxics/{}", checked(proxy)?, checked(&toxic.name)?);
        let _: Toxic = self.ask(Method::PATCH, &path, toxic).await?;
        self.read_back(proxy, toxic).await
    }

    /// Removes a toxic.
    pub async fn remove_toxic(&self, proxy: &str, name: &str) -> Result<(), ToxiproxyProblem> {
        let path = format!("/proxies/{}/toxics/{}", checked(proxy)?, checked(name)?);
        self.call(Method::DELETE, &path, Bytes::new()).await.map(drop)
    }

    /// A proxy's toxics.
    pub async fn toxics(&self, proxy: &str) -> Result<Vec<Toxic>, ToxiproxyProblem> {
        self.get(&format!("/proxies/{}/toxics", checked(proxy)?)).await
    }

    /// Removes all toxics and lets all proxies listen.
    pub async fn reset(&self) -> Result<(), ToxiproxyProblem> {
        self.call(Method::POST, "/reset", Bytes::new()).await.map(drop)
    }

    /// What a proxy has carried, by its connections that have ended. 0 for one that nobody knows.
    pub async fn bytes(&self, proxy: &str) -> Result<ProxyBytes, ToxiproxyProblem> {
        let page = self.call(Method::GET, "/metrics", Bytes::new()).await?;
        Ok(of_proxy(&String::from_utf8_lossy(&page), checked(proxy)?))
    }

    /// Any call, whose answer is JSON of whatever form: for what this client has no method for.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Value, ToxiproxyProblem> {
        self.ask(method, path, body).await
    }

    async fn read_back(&self, proxy: &str, asked: &Toxic) -> Result<Toxic, ToxiproxyProblem> {
        let found: Toxic = self.get(&format!("/proxies/{proxy}/toxics/{}", asked.name)).await?;
        same(asked, &found)?;
        Ok(found)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ToxiproxyProblem> {
        let body = self.call(Method::GET, path, Bytes::new()).await?;
        read(&format!("GET {path}"), &body)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ToxiproxyProblem> {
        let call = format!("{method} {path}");
        let body = serde_json::to_vec(body)
            .map_err(|source| ToxiproxyProblem::Unreachable { call: call.clone(), source: source.into() })?;
        read(&call, &self.call(method, path, body.into()).await?)
    }

    /// Makes one call on a connection of its own. Anything but 2xx is a problem.
    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, ToxiproxyProblem> {
        let call = format!("{method} {path}");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body));
        let exchange = async { self.exchange(request?).await };
        match timeout(BOUND, exchange).await {
            Err(_) => Err(ToxiproxyProblem::Late { call }),
            Ok(Err(source)) => Err(ToxiproxyProblem::Unreachable { call, source }),
            Ok(Ok((status, body))) if status.is_success() => Ok(body),
            Ok(Ok((status, body))) => {
                Err(ToxiproxyProblem::Refused { call, status: status.as_u16(), message: words(&body) })
            }
        }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.server).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with this call.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await?.to_bytes();
        Ok((head.status, body))
    }
}

/// What is wrong, in the server's words; they come as JSON.
fn words(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Said {
        error: String,
    }
    let text = || String::from_utf8_lossy(body).trim().to_owned();
    serde_json::from_slice::<Said>(body).map_or_else(|_| text(), |said| said.error)
}

fn read<T: DeserializeOwned>(call: &str, body: &[u8]) -> Result<T, ToxiproxyProblem> {
    serde_json::from_slice(body).map_err(|source| ToxiproxyProblem::Unreadable {
        call: call.to_owned(),
        body: String::from_utf8_lossy(body).into_owned(),
        source,
    })
}

fn same<T: PartialEq + Debug>(asked: &T, found: &T) -> Result<(), ToxiproxyProblem> {
    if asked == found {
        return Ok(());
    }
    Err(ToxiproxyProblem::Different { asked: format!("{asked:?}"), found: format!("{found:?}") })
}

fn checked(name: &str) -> Result<&str, ToxiproxyProblem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        Ok(name)
    } else {
        Err(ToxiproxyProblem::Name(name.to_owned()))
    }
}
