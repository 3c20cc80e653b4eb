//! Pages of metrics from files and over HTTP: bounded in size and in time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Bound on one scrape, as Prometheus has it by default.
const BOUND: Duration = Duration::from_secs(10);
/// Most bytes of a page.
pub const MOST_BYTES: usize = 64 << 20;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ScrapeError {
    /// Not an address that can be asked.
    #[error("`{url}` {problem}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// Nobody answers there.
    #[error("{url} could not be scraped; look whether the service runs and serves its metrics there")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It took too long.
    #[error("{0} did not answer within {s} s", s = BOUND.as_secs())]
    Late(String),
    /// It said no.
    #[error("{url} answered with {status}; give the path of the metrics, usually /metrics")]
    Refused {
        /// What was asked.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// A file cannot be read.
    #[error("could not read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no page of metrics.
    #[error("{0} is larger than {m} MiB; filter it to otel and otelcol metrics first", m = MOST_BYTES >> 20)]
    Large(String),
}

/// Whether something given is an address rather than a file.
pub fn is_address(given: &str) -> bool {
    given.contains("://")
}

/// A page from a file, and when it was last written, seconds since 1970.
pub fn file(path: &Path) -> Result<(String, Option<f64>), ScrapeError> {
    let (bytes, at) = bytes(path)?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), at))
}

/// The same of a file that need not be text.
pub fn bytes(path: &Path) -> Result<(Vec<u8>, Option<f64>), ScrapeError> {
    let failed = |source| ScrapeError::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let written = file.metadata().and_then(|about| about.modified()).ok();
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MOST_BYTES {
        return Err(ScrapeError::Large(path.display().to_string()));
    }
    let at = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs_f64());
    Ok((bytes, at))
}

/// A page over HTTP.
pub async fn address(url: &str) -> Result<String, ScrapeError> {
    let wrong = |problem| ScrapeError::Address { url: url.to_owned(), problem };
    let uri: Uri = url.parse().map_err(|_| wrong("is no URL; for example http://localhost:9464/metrics"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => {
            return Err(wrong(
                "is encrypted, which is not supported; save the page with curl and give the file",
            ));
        }
        _ => return Err(wrong("is no http URL; for example http://localhost:9464/metrics")),
    }
    let authority = uri.authority().ok_or_else(|| wrong("names no host"))?.as_str();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned();
    match timeout(BOUND, exchange(&uri, &authority)).await {
        Err(_) => Err(ScrapeError::Late(url.to_owned())),
        Ok(Err(source)) if source.is::<http_body_util::LengthLimitError>() => {
            Err(ScrapeError::Large(url.to_owned()))
        }
        Ok(Err(source)) => Err(ScrapeError::Unreachable { url: url.to_owned(), source }),
        Ok(Ok((status, _))) if !status.is_success() => {
            Err(ScrapeError::Refused { url: url.to_owned(), status })
        }
        Ok(Ok((_, body))) => Ok(String::from_utf8_lossy(&body).into_owned()),
    }
}

async fn exchange(
    uri: &Uri,
    authority: &str,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with this call.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::builder()
        .uri(path)
        .header(HOST, authority)
        .header(ACCEPT, "text/plain;version=0.0.4")
        .body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await?.to_bytes();
    Ok((head.status, body))
}

/// Pages of several addresses at once, in their order, so that one that hangs delays no other.
pub fn addresses(urls: &[String]) -> Vec<Result<String, ScrapeError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(source) => {
            let url = urls.first().cloned().unwrap_or_default();
            return vec![Err(ScrapeError::Unreachable { url, source: source.into() })];
        }
    };
    runtime.block_on(async {
        let mut under_way = JoinSet::new();
        for (at, url) in urls.iter().cloned().enumerate() {
            under_way.spawn(async move { (at, address(&url).await) });
        }
        let mut all: Vec<_> = under_way.join_all().await;
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, page)| page).collect()
    })
}
