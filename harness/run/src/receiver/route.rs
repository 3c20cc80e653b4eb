//! Says who answers a request: gRPC, HTTP, or a clear refusal.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use spanfate_model::fault::answer::{After, ScriptedAnswer};
use spanfate_model::format::wire::WireProtocol;
use tokio::time::sleep;
use tonic::Status;
use tonic::body::Body;

use super::counts::OtlpSignal;
use super::exchange::{AnswerBody, Awaited, Call, Exchange};
use super::reply::text;
use super::{ReceiverShared, grpc, http as over_http};
use crate::host::clock;
use crate::receiver::body::Inbound;
use crate::receiver::connection::socket::{Connection, ConnectionCut};

/// The gRPC method that takes spans.
pub(super) const TRACES_OVER_GRPC: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The gRPC methods that take something.
const GRPC_EXPORTS: [(&str, OtlpSignal); 3] = [
    (TRACES_OVER_GRPC, OtlpSignal::Traces),
    ("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", OtlpSignal::Metrics),
    ("/opentelemetry.proto.collector.logs.v1.LogsService/Export", OtlpSignal::Logs),
];

/// The HTTP paths that take something.
const HTTP_EXPORTS: [(&str, OtlpSignal); 3] = [
    ("/v1/traces", OtlpSignal::Traces),
    ("/v1/metrics", OtlpSignal::Metrics),
    ("/v1/logs", OtlpSignal::Logs),
];

/// The header by which a fixture with several export paths says which one a request came by: its number in decimal. A fixture's
/// main path sends none.
const EXPORT_PATH: HeaderName = HeaderName::from_static("spanfate-path");

/// The export path that a request names; what is no number names none.
fn export_path(headers: &HeaderMap) -> Option<u8> {
    headers.get(EXPORT_PATH)?.to_str().ok()?.parse().ok()
}

/// The path of a request.
pub(super) fn path_of(call: Call) -> &'static str {
    let exports = if call.protocol == WireProtocol::Grpc { &GRPC_EXPORTS } else { &HTTP_EXPORTS };
    exports.iter().find(|(_, signal)| *signal == call.signal).map_or("/", |(path, _)| path)
}

/// Answers one request.
pub(super) async fn answer(
    shared: Arc<ReceiverShared>,
    connection: Arc<Connection>,
    request: Request<impl Inbound>,
) -> Response<AnswerBody> {
    let _awaited = Awaited::new(&shared, &connection);
    let call = match route(&request) {
        Ok(call) => call,
        Err(refusal) => {
            connection.serve();
            return (*refusal).map(AnswerBody::plain);
        }
    };
    let exchange = Exchange::new(&shared, &connection, call, export_path(request.headers()));
    let version = request.version();
    let headers = shared.relay.as_ref().map(|_| request.headers().clone());
    let mut response = match call.protocol {
        WireProtocol::Grpc => grpc::export(request, &exchange).await,
        WireProtocol::HttpProtobuf | WireProtocol::HttpJson => over_http::export(request, &exchange).await,
    };
    if let (Some(relay), Some(headers)) = (&shared.relay, headers)
        && exchange.is_passed()
        && !response.headers().contains_key("grpc-status")
    {
        response = relay.hand_on(headers, &exchange).await;
    }
    if !exchange.is_stalled() {
        connection.serve();
    }
    let delay = match exchange.deed() {
        Some(ScriptedAnswer::After(After { time })) => Some(time.0),
        Some(ScriptedAnswer::Never(_)) => return pending().await,
        Some(ScriptedAnswer::Reset(_)) => return cut(&connection, ConnectionCut::Reset).await,
        Some(ScriptedAnswer::Fin(_)) => return cut(&connection, ConnectionCut::Fin).await,
        Some(ScriptedAnswer::Goaway) if version == Version::HTTP_2 => {
            exchange.part();
            shared.config.answer_after
        }
        Some(ScriptedAnswer::Goaway) => {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            shared.config.answer_after
        }
        _ => shared.config.answer_after,
    };
    if let Some(delay) = delay
        && exchange.completed_at() > 0
    {
        let passed = Duration::from_nanos(clock::now().saturating_sub(exchange.completed_at()));
        sleep(delay.saturating_sub(passed)).await;
    }
    AnswerBody::to(exchange, response)
}

/// Ends the connection, and with it the task that waits here.
async fn cut(connection: &Connection, how: ConnectionCut) -> Response<AnswerBody> {
    connection.cut(how);
    pending().await
}

fn route<B>(request: &Request<B>) -> Result<Call, Box<Response<Body>>> {
    let path = request.uri().path();
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let grpc = signal(&GRPC_EXPORTS, path);
    if kind.starts_with(b"application/grpc") {
        return match grpc {
            _ if request.version() != Version::HTTP_2 => {
                refuse(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2")
            }
            Some(signal) => Ok(Call { signal, protocol: WireProtocol::Grpc }),
            None => {
                let status = Status::unimplemented(format!(
                    "{path} is unknown here; this receiver takes traces, metrics and logs of OTLP"
                ));
                Err(Box::new(status.into_http()))
            }
        };
    }
    if grpc.is_some() {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this path takes application/grpc");
    }
    let Some(signal) = signal(&HTTP_EXPORTS, path) else {
        return refuse(
            StatusCode::NOT_FOUND,
            "this receiver takes OTLP: POST /v1/traces, /v1/metrics or /v1/logs, or gRPC",
        );
    };
    if request.method() != Method::POST {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "this path takes POST");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return Err(Box::new(refusal));
    }
    if is(kind, b"application/x-protobuf") {
        Ok(Call { signal, protocol: WireProtocol::HttpProtobuf })
    } else if is(kind, b"application/json") {
        Ok(Call { signal, protocol: WireProtocol::HttpJson })
    } else {
        refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "this receiver takes application/x-protobuf and application/json; \
             set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, http/json or grpc",
        )
    }
}

fn signal(exports: &[(&str, OtlpSignal)], path: &str) -> Option<OtlpSignal> {
    exports.iter().find(|(known, _)| *known == path).map(|(_, signal)| *signal)
}

fn refuse(status: StatusCode, why: &'static str) -> Result<Call, Box<Response<Body>>> {
    Err(Box::new(text(status, why)))
}

/// Whether a content type is that one, whatever its parameters.
fn is(kind: &[u8], wanted: &[u8]) -> bool {
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(wanted)
}
