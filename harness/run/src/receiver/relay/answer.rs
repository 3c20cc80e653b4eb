//! What the endpoint answered: whole, so that its end is known before the client has any of it.

use std::borrow::Cow;
use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use spanfate_model::format::wire::{Relayed, WireProtocol};
use tonic::Code;
use tonic::body::Body;

use super::{Trouble, strip};
use crate::receiver::call::Call;
use crate::receiver::counts::OtlpSignal;
use crate::receiver::decode::otlp;

/// Largest answer. What exporters are told is a few bytes as a rule.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answered {
    head: Parts,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

impl Answered {
    /// Reads an answer to its end.
    pub(super) async fn read(response: Response<Incoming>) -> Result<Self, Trouble> {
        Self::read_most(response, MOST_BYTES).await
    }

    /// The same of an answer that may have so many bytes.
    pub(super) async fn read_most(response: Response<Incoming>, most: usize) -> Result<Self, Trouble> {
        let (mut head, body) = response.into_parts();
        let whole = Limited::new(body, most).collect().await;
        let trouble = |error: Box<dyn std::error::Error + Send + Sync>| {
            if error.is::<LengthLimitError>() { Trouble::Large } else { Trouble::Broken(error.to_string()) }
        };
        let whole = whole.map_err(trouble)?;
        strip(&mut head.headers);
        let trailers = whole.trailers().cloned();
        Ok(Self { head, body: whole.to_bytes(), trailers })
    }

    /// What it says, in a word or a number that the field knows. Its own words may repeat what was sent, secrets among it.
    pub(super) fn status(&self, protocol: WireProtocol) -> String {
        match protocol {
            WireProtocol::Grpc if self.head.status == StatusCode::OK => format!("gRPC {:?}", self.code()),
            WireProtocol::Grpc | WireProtocol::HttpProtobuf | WireProtocol::HttpJson => {
                format!("HTTP {}", self.head.status.as_u16())
            }
        }
    }

    /// Status and body, for who asked over HTTP.
    pub(super) fn into_page(self) -> (StatusCode, Bytes) {
        (self.head.status, self.body)
    }

    /// What became of a request with so many spans.
    pub(super) fn relayed(&self, call: Call, spans: u32) -> Relayed {
        let taken = match call.protocol {
            WireProtocol::Grpc => self.code() == Code::Ok,
            WireProtocol::HttpProtobuf | WireProtocol::HttpJson => self.head.status.is_success(),
        };
        match (taken, call.signal) {
            (false, _) => Relayed::Refused,
            (true, OtlpSignal::Traces) => {
                // An answer that cannot be read is a success to the client, too.
                let rejected = self.rejected(call.protocol).unwrap_or(0);
                Relayed::Taken { rejected: u32::try_from(rejected).unwrap_or(u32::MAX).min(spans) }
            }
            (true, OtlpSignal::Metrics | OtlpSignal::Logs | OtlpSignal::Unknown) => {
                Relayed::Taken { rejected: 0 }
            }
        }
    }

    /// The status of gRPC, wherever it stands. An answer without one did not come from a gRPC server.
    fn code(&self) -> Code {
        let stated =
            |headers: &HeaderMap| headers.get("grpc-status").map(HeaderValue::as_bytes).map(Code::from_bytes);
        if self.head.status != StatusCode::OK {
            return Code::Unknown;
        }
        stated(&self.head.headers)
            .or_else(|| self.trailers.as_ref().and_then(stated))
            .unwrap_or(Code::Unknown)
    }

    /// How many spans it says were rejected.
    fn rejected(&self, protocol: WireProtocol) -> Option<u64> {
        if protocol == WireProtocol::Grpc {
            let (&[zipped, _, _, _, _], message) = self.body.split_first_chunk()?;
            return otlp::rejected(&plain(message, zipped == 1)?).ok();
        }
        let zipped = self.head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
        let message = plain(&self.body, zipped)?;
        if protocol == WireProtocol::HttpProtobuf {
            return otlp::rejected(&message).ok();
        }
        let message: Value = serde_json::from_slice(&message).ok()?;
        let rejected = message.get("partialSuccess")?.get("rejectedSpans")?;
        // Numbers of 64 bits are text in JSON, and some write them as numbers.
        rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok())
    }

    /// The same answer for the client.
    pub(super) fn into_response(self, protocol: WireProtocol) -> Response<Body> {
        let code = self.code();
        let Self { mut head, body, trailers } = self;
        if protocol == WireProtocol::Grpc {
            head.extensions.insert(code);
        }
        let body = match trailers {
            Some(trailers) => Body::new(Full::new(body).with_trailers(async { Some(Ok(trailers)) })),
            None => Body::new(Full::new(body)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = head.headers;
        *response.extensions_mut() = head.extensions;
        response
    }
}

fn plain(message: &[u8], zipped: bool) -> Option<Cow<'_, [u8]>> {
    if !zipped {
        return Some(Cow::Borrowed(message));
    }
    let mut out = Vec::new();
    MultiGzDecoder::new(message).take(MOST_BYTES as u64).read_to_end(&mut out).ok()?;
    Some(Cow::Owned(out))
}
