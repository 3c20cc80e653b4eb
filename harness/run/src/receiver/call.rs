//! What a request asks for: by its path, its method, and what its body is said to be.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::unread::UnreadReason;
use tonic::Status;
use tonic::body::Body;

use super::counts::OtlpSignal;
use super::reply::text;

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

/// What is asked, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) signal: OtlpSignal,
    pub(super) protocol: WireProtocol,
}

impl Call {
    /// Its path; `/` where nobody here knows what it is.
    pub(super) fn path(self) -> &'static str {
        let exports = if self.protocol == WireProtocol::Grpc { &GRPC_EXPORTS } else { &HTTP_EXPORTS };
        exports.iter().find(|(_, signal)| *signal == self.signal).map_or("/", |(path, _)| path)
    }
}

/// A request that is none that can be read here.
#[derive(Debug)]
pub(super) struct UnknownCall {
    pub(super) reason: UnreadReason,
    /// As far as it can be told.
    pub(super) call: Call,
    /// What it was, for people.
    pub(super) example: String,
    /// What its client is told where nobody else answers.
    pub(super) answer: Response<Body>,
}

/// What a request asks for.
pub(super) fn call_of<B>(request: &Request<B>) -> Result<Call, Box<UnknownCall>> {
    let path = request.uri().path();
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let unknown = |reason, call, answer| {
        let mut example = format!("{} {path}", request.method());
        if reason == UnreadReason::MediaType {
            example = format!("{example}, `{}`", String::from_utf8_lossy(kind));
        }
        Err(Box::new(UnknownCall { reason, call, example, answer }))
    };
    let (over_grpc, over_http) = (signal(&GRPC_EXPORTS, path), signal(&HTTP_EXPORTS, path));
    let signal = over_grpc.or(over_http).unwrap_or(OtlpSignal::Unknown);
    let is_json = is(kind, b"application/json");
    let protocol = if is_json { WireProtocol::HttpJson } else { WireProtocol::HttpProtobuf };
    let call = Call { signal, protocol };
    if kind.starts_with(b"application/grpc") {
        if request.version() != Version::HTTP_2 {
            let answer = text(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2");
            return unknown(UnreadReason::MediaType, call, answer);
        }
        let call = Call { protocol: WireProtocol::Grpc, ..call };
        if over_grpc.is_some() {
            return Ok(call);
        }
        let answer = Status::unimplemented(format!(
            "{path} is unknown here; this receiver takes traces, metrics and logs of OTLP"
        ));
        return unknown(UnreadReason::GrpcMethod, call, answer.into_http());
    }
    if over_grpc.is_some() {
        let answer = text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this path takes application/grpc");
        return unknown(UnreadReason::MediaType, call, answer);
    }
    if over_http.is_none() {
        let answer = text(
            StatusCode::NOT_FOUND,
            "this receiver takes OTLP: POST /v1/traces, /v1/metrics or /v1/logs, or gRPC",
        );
        return unknown(UnreadReason::Path, call, answer);
    }
    if request.method() != Method::POST {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "this path takes POST");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return unknown(UnreadReason::Method, call, answer);
    }
    if is_json || is(kind, b"application/x-protobuf") {
        return Ok(call);
    }
    let answer = text(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "this receiver takes application/x-protobuf and application/json; \
         set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, http/json or grpc",
    );
    unknown(UnreadReason::MediaType, call, answer)
}

fn signal(exports: &[(&str, OtlpSignal)], path: &str) -> Option<OtlpSignal> {
    exports.iter().find(|(known, _)| *known == path).map(|(_, signal)| *signal)
}

/// Whether a content type is that one, whatever its parameters.
fn is(kind: &[u8], wanted: &[u8]) -> bool {
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(wanted)
}
