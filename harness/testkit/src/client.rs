//! Clients that send export requests made by hand.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::response::Parts;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Collected, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::message::frame;

/// Path of export calls of traces over gRPC.
pub const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// An answer: HTTP status, gRPC status if there is one, body or gRPC message.
#[derive(Debug)]
pub struct Answer {
    /// Status of the HTTP response.
    pub status: StatusCode,
    /// Status of gRPC, from headers or trailers.
    pub grpc: Option<u32>,
    /// Body, or the message of gRPC.
    pub text: String,
}

fn grpc_of(headers: &HeaderMap) -> Option<(u32, String)> {
    let code = headers.get("grpc-status")?.to_str().unwrap().parse().unwrap();
    let text = headers.get("grpc-message").map_or("", |text| text.to_str().unwrap());
    Some((code, text.replace("%20", " ")))
}

/// A connection and the task that drives it.
pub struct Client {
    sender: Sender,
    _driver: JoinSet<()>,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Connects over HTTP/1.1.
    pub async fn http1(address: SocketAddr) -> Self {
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (sender, connection) = http1::handshake(io).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Self { sender: Sender::One(sender), _driver: driver }
    }

    /// Connects over HTTP/2 with prior knowledge, as gRPC does.
    pub async fn http2(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::http2_over(stream).await
    }

    /// The same over a stream that is there already.
    pub async fn http2_over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Self { sender: Sender::Two(sender), _driver: driver }
    }

    /// Sends a request and waits for its answer.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let (head, body) = self.exchange(request).await.unwrap();
        let grpc = grpc_of(&head.headers).or_else(|| body.trailers().and_then(grpc_of));
        let plain = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        match grpc {
            Some((code, text)) => Answer { status: head.status, grpc: Some(code), text },
            None => Answer { status: head.status, grpc: None, text: plain },
        }
    }

    /// The whole answer, if there is one within ten seconds.
    pub async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> hyper::Result<(Parts, Collected<Bytes>)> {
        let answer = async {
            let response = match &mut self.sender {
                // The connection is ready for the next request some time after the answer to the last one.
                Sender::One(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await?
                }
                Sender::Two(sender) => sender.send_request(request).await?,
            };
            let (head, body) = response.into_parts();
            Ok((head, body.collect().await?))
        };
        tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap()
    }

    /// Sends an export request over gRPC.
    pub async fn grpc(&mut self, message: &[u8], zipped: bool) -> Answer {
        self.send(grpc_request(EXPORT, message, zipped)).await
    }

    /// Sends an export request over HTTP, as protobuf.
    pub async fn post(&mut self, message: &[u8], zipped: bool) -> Answer {
        self.send(http_request("POST", "/v1/traces", "application/x-protobuf", message, zipped)).await
    }
}

/// An export request over gRPC.
pub fn grpc_request(path: &str, message: &[u8], zipped: bool) -> Request<Full<Bytes>> {
    let body = if zipped { frame(&zip(message), true) } else { frame(message, false) };
    let mut request = Request::post(format!("http://receiver{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if zipped {
        request = request.header("grpc-encoding", "gzip");
    }
    request.body(Full::new(body.into())).unwrap()
}

/// A request over HTTP with a body of some content type.
pub fn http_request(
    method: &str,
    path: &str,
    kind: &str,
    message: &[u8],
    zipped: bool,
) -> Request<Full<Bytes>> {
    let body = if zipped { zip(message) } else { message.to_vec() };
    let mut request =
        Request::builder().method(method).uri(path).header("host", "receiver").header("content-type", kind);
    if zipped {
        request = request.header("content-encoding", "gzip");
    }
    request.body(Full::new(body.into())).unwrap()
}

/// The same, gzipped.
pub fn zip(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message).unwrap();
    encoder.finish().unwrap()
}
