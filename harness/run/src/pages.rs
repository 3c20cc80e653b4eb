//! Pages for people at this machine: a small server on the loopback device that only gives, and asks nobody who they are.

pub mod scrape;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::RunError;

/// Connections at once; a browser opens six.
const CONNECTIONS: usize = 64;
/// A client must have sent its request by then.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a page may do: what it says itself, and send its form back here.
const POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; \
                      style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'";

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PageAnswer {
    /// A page.
    Page(String),
    /// There is nothing there; why, as a page.
    Missing(String),
}

/// A server at work; it ends with this.
#[derive(Debug)]
pub struct Pages {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Gives the answer for a path and a query.
type Give = dyn Fn(&str, &str) -> PageAnswer + Send + Sync;

impl Pages {
    /// Serves from now on, on 127.0.0.1; port 0 lets the kernel choose.
    pub fn open(
        port: u16,
        give: impl Fn(&str, &str) -> PageAnswer + Send + Sync + 'static,
    ) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RunError::system("start a runtime"))?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = runtime.block_on(TcpListener::bind(wanted)).map_err(|error| RunError::Absent {
            what: format!("the address {wanted}"),
            remedy: format!("{error}; give another port, or none"),
        })?;
        let address = listener.local_addr().map_err(RunError::system("read an address"))?;
        let (stop, stopped) = oneshot::channel();
        let give: Arc<Give> = Arc::new(give);
        let work = move || runtime.block_on(serve(listener, address, give, stopped));
        let thread = std::thread::Builder::new()
            .name("pages".to_owned())
            .spawn(work)
            .map_err(RunError::system("start a thread"))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it serves.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        drop(self.stop.take());
        // What it does when it ends is nobody's loss.
        drop(self.thread.take().map(std::thread::JoinHandle::join));
    }
}

async fn serve(
    listener: TcpListener,
    address: SocketAddr,
    give: Arc<Give>,
    mut stopped: oneshot::Receiver<()>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
        };
        while open.try_join_next().is_some() {}
        // A connection that broke before it was taken is no reason to stop.
        let Ok((stream, _)) = stream else { continue };
        let give = Arc::clone(&give);
        open.spawn(async move {
            talk(stream, address, give).await;
            drop(place);
        });
    }
}

async fn talk(stream: TcpStream, address: SocketAddr, give: Arc<Give>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let give = Arc::clone(&give);
        async move { Ok::<_, std::convert::Infallible>(answer(&request, address, &give)) }
    });
    let server = http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(PATIENCE).to_owned();
    // How a browser hangs up is its own affair.
    drop(server.serve_connection(TokioIo::new(stream), service).await);
}

fn answer<B>(request: &Request<B>, address: SocketAddr, give: &Arc<Give>) -> Response<Full<Bytes>> {
    if !is_ours(request, address) {
        // A page of somebody else's whose name leads here must not read what is here.
        return response(StatusCode::FORBIDDEN, "This host is not served here.".to_owned(), false);
    }
    let bare = match *request.method() {
        Method::GET => false,
        Method::HEAD => true,
        _ => {
            let mut refused =
                response(StatusCode::METHOD_NOT_ALLOWED, "Pages are only read.".to_owned(), false);
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
    };
    match give(request.uri().path(), request.uri().query().unwrap_or_default()) {
        PageAnswer::Page(page) => response(StatusCode::OK, page, bare),
        PageAnswer::Missing(page) => response(StatusCode::NOT_FOUND, page, bare),
    }
}

/// Whether the client means this server by the name it uses.
fn is_ours<B>(request: &Request<B>, address: SocketAddr) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    [address.to_string(), format!("localhost:{}", address.port())].iter().any(|name| name == host)
}

fn response(status: StatusCode, page: String, bare: bool) -> Response<Full<Bytes>> {
    let html = page.starts_with("<!DOCTYPE html>");
    let mut out = Response::new(Full::new(if bare { Bytes::new() } else { Bytes::from(page) }));
    *out.status_mut() = status;
    let kind = if html { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" };
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Results change while one looks at them.
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        out.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    out
}
