//! What is answered, in bytes.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;
use spanfate_model::fault::answer::{AnswerStatus as StatusAnswer, GrpcCode, MessageLimit};
use spanfate_model::format::wire::WireProtocol;
use tonic::body::Body;
use tonic::{Code, Status};

/// What the rejected spans of a partial success and the errors are explained with.
const WHY: &str = "as a fault of the scenario wants it";

/// An answer in plain text.
pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(text.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// The body of a success.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reply {
    /// All is accepted.
    Usual,
    /// So many spans were rejected.
    Partial(u32),
    /// Something that cannot be decoded.
    Garbage,
}

impl Reply {
    /// The response of every signal is an empty message when it has no partial success.
    pub(super) fn bytes(self, protocol: WireProtocol) -> Bytes {
        let json = protocol == WireProtocol::HttpJson;
        match self {
            Self::Usual if json => Bytes::from_static(b"{}"),
            Self::Usual => Bytes::new(),
            // Numbers of 64 bits are text in JSON.
            Self::Partial(rejected) if json => {
                json!({"partialSuccess": {"rejectedSpans": rejected.to_string(), "errorMessage": WHY}})
                    .to_string()
                    .into()
            }
            Self::Partial(rejected) => {
                let partial = [number(1, u64::from(rejected)), bytes(2, WHY.as_bytes())].concat();
                bytes(1, &partial).into()
            }
            Self::Garbage if json => Bytes::from_static(b"{\"partialSuccess\":"),
            // Announces more than there is.
            Self::Garbage => Bytes::from_static(&[0x0a, 0x7f]),
        }
    }

    /// The answer over HTTP.
    pub(super) fn over_http(self, protocol: WireProtocol) -> Response<Body> {
        response(StatusCode::OK, protocol, self.bytes(protocol))
    }
}

/// An error that is answered on purpose.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    grpc: GrpcCode,
    http: u16,
    retry_after: Option<Duration>,
    pub(super) why: String,
}

impl Failure {
    pub(super) fn of_status(status: &StatusAnswer) -> Self {
        let retry_after = status.retry_after.map(|after| after.0);
        Self { grpc: status.grpc(), http: status.http(), retry_after, why: WHY.to_owned() }
    }

    /// As a gRPC server says it of its limit of 4 MiB.
    pub(super) fn of_limit(limit: MessageLimit, length: usize) -> Self {
        let why = format!("received message larger than max ({length} vs. {}), {WHY}", limit.bytes.0);
        Self { grpc: GrpcCode::ResourceExhausted, http: 413, retry_after: None, why }
    }

    /// Where the endpoint behind a relay gave no answer.
    pub(super) const fn of_relay(http: u16, grpc: GrpcCode, why: String) -> Self {
        Self { grpc, http, retry_after: None, why }
    }

    /// The answer over gRPC.
    pub(super) fn over_grpc(&self) -> Status {
        let code = Code::from_i32(i32::from(self.grpc.number()));
        let details = if self.retry_after.is_some() { self.status() } else { Vec::new() };
        Status::with_details(code, &self.why, details.into())
    }

    /// The answer over HTTP: OTLP wants a `google.rpc.Status` in the body.
    pub(super) fn over_http(&self, protocol: WireProtocol) -> Response<Body> {
        let body = match protocol {
            WireProtocol::HttpJson => {
                json!({"code": self.grpc.number(), "message": self.why}).to_string().into()
            }
            WireProtocol::HttpProtobuf | WireProtocol::Grpc => self.status().into(),
        };
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = response(status, protocol, body);
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// A `google.rpc.Status`, with a `google.rpc.RetryInfo` where a retry is spoken of.
    fn status(&self) -> Vec<u8> {
        let mut out = [number(1, u64::from(self.grpc.number())), bytes(2, self.why.as_bytes())].concat();
        if let Some(after) = self.retry_after {
            let delay = [number(1, after.as_secs()), number(2, u64::from(after.subsec_nanos()))].concat();
            let any = [bytes(1, b"type.googleapis.com/google.rpc.RetryInfo"), bytes(2, &bytes(1, &delay))];
            out.extend(bytes(3, &any.concat()));
        }
        out
    }
}

fn response(status: StatusCode, protocol: WireProtocol, body: Bytes) -> Response<Body> {
    let kind = if protocol == WireProtocol::HttpJson { "application/json" } else { "application/x-protobuf" };
    let mut response = Response::new(Body::new(Full::new(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A varint field of protobuf; nothing for 0, which is the default.
fn number(field: u8, value: u64) -> Vec<u8> {
    if value == 0 { Vec::new() } else { [vec![field << 3], varint(value)].concat() }
}

/// A length-delimited field of protobuf.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    [&[field << 3 | 2][..], &varint(value.len() as u64), value].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}
