//! Says who answers a request: gRPC, HTTP, or a clear refusal.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use spanfate_model::wire::WireProtocol;
use tokio::time::sleep;
use tonic::Status;
use tonic::body::Body;

use super::exchange::{AnswerBody, Exchange};
use super::socket::Connection;
use super::{Shared, grpc, http as over_http};
use crate::clock;

/// The gRPC method that takes spans.
const GRPC_EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The HTTP path that takes spans.
const HTTP_EXPORT: &str = "/v1/traces";

/// Answers one request.
pub(super) async fn answer(
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let protocol = match route(&request) {
        Ok(protocol) => protocol,
        Err(refusal) => return (*refusal).map(AnswerBody::plain),
    };
    let exchange = Exchange::new(&shared, &connection, protocol);
    let response = match protocol {
        WireProtocol::Grpc => grpc::export(request, &exchange).await,
        WireProtocol::HttpProtobuf | WireProtocol::HttpJson => over_http::export(request, &exchange).await,
    };
    if let Some(delay) = shared.config.answer_after
        && exchange.completed_at() > 0
    {
        let passed = Duration::from_nanos(clock::now().saturating_sub(exchange.completed_at()));
        sleep(delay.saturating_sub(passed)).await;
    }
    response.map(|body| AnswerBody::to(exchange, body))
}

fn route(request: &Request<Incoming>) -> Result<WireProtocol, Box<Response<Body>>> {
    let path = request.uri().path();
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if kind.starts_with(b"application/grpc") {
        return match path {
            _ if request.version() != Version::HTTP_2 => {
                refuse(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2")
            }
            GRPC_EXPORT => Ok(WireProtocol::Grpc),
            _ => {
                let status =
                    Status::unimplemented(format!("{path} is unknown here; this receiver takes only traces"));
                Err(Box::new(status.into_http()))
            }
        };
    }
    match path {
        HTTP_EXPORT if request.method() != Method::POST => {
            let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "spans are sent with POST");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            Err(Box::new(refusal))
        }
        HTTP_EXPORT if is(kind, b"application/x-protobuf") => Ok(WireProtocol::HttpProtobuf),
        HTTP_EXPORT if is(kind, b"application/json") => Ok(WireProtocol::HttpJson),
        HTTP_EXPORT => refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "this receiver takes application/x-protobuf and application/json; \
             set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, http/json or grpc",
        ),
        GRPC_EXPORT => refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this path takes application/grpc"),
        _ => refuse(StatusCode::NOT_FOUND, "this receiver takes only traces: POST /v1/traces, or gRPC"),
    }
}

fn refuse(status: StatusCode, why: &'static str) -> Result<WireProtocol, Box<Response<Body>>> {
    Err(Box::new(text(status, why)))
}

/// Whether a content type is that one, whatever its parameters.
fn is(kind: &[u8], wanted: &[u8]) -> bool {
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(wanted)
}

/// An answer in plain text.
pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(text.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
