//! Export requests over HTTP with protobuf or JSON bodies.

use std::sync::Arc;

use http::header::{CONNECTION, CONTENT_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::unread::UnreadReason;
use tonic::Code;
use tonic::body::Body;

use super::Refusal;
use super::coding::{ContentCoding, Unopened};
use super::exchange::Exchange;
use super::reply::text;
use crate::receiver::body::{Inbound, RequestBody, STALLED};

/// Answers an export call.
pub(super) async fn export(request: Request<impl Inbound>, exchange: &Arc<Exchange>) -> Response<Body> {
    let named = request.headers().get(CONTENT_ENCODING).cloned();
    let name = named.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
    let coding = ContentCoding::over_http(name);
    let (shared, protocol) = (exchange.shared(), exchange.call.protocol);
    if coding.is_none() && shared.relay.is_none() {
        return unknown_coding(exchange, name);
    }
    let body = match collect(RequestBody::new(request.into_body(), exchange), shared.read_limit).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return refused(&shared.refuse_unread(exchange), protocol),
        Err(Unread::Broken) => return text(StatusCode::BAD_REQUEST, "the body ended early"),
        Err(Unread::Stalled) => {
            let mut response = text(StatusCode::REQUEST_TIMEOUT, STALLED);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
    };
    let Some(coding) = coding else { return unknown_coding(exchange, name) };
    let message = match coding.open(&body, shared.read_limit) {
        Ok(message) => message,
        Err(Unopened::TooLarge) => return refused(&shared.refuse_unread(exchange), protocol),
        Err(Unopened::Broken) => {
            let wrong = format!("the body is not valid {}", String::from_utf8_lossy(name));
            exchange.unread(UnreadReason::Undecodable, || wrong.clone());
            return text(StatusCode::BAD_REQUEST, wrong);
        }
    };
    match shared.receive(exchange, &message) {
        Ok(reply) => reply.over_http(protocol),
        Err(refusal) => refused(&refusal, protocol),
    }
}

fn unknown_coding(exchange: &Exchange, name: &[u8]) -> Response<Body> {
    exchange.unread(UnreadReason::Encoding, || format!("`{}`", String::from_utf8_lossy(name)));
    text(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "this receiver takes gzip, zstd, deflate, zlib, snappy, x-snappy-framed, lz4 or no compression",
    )
}

fn refused(refusal: &Refusal, protocol: WireProtocol) -> Response<Body> {
    let status = match refusal {
        Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
        Refusal::TooManySpans { .. } | Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::OnPurpose(failure) => return failure.over_http(protocol),
    };
    text(status, refusal.to_string())
}

/// Why a body was not read to its end.
pub(super) enum Unread {
    TooLarge,
    Broken,
    Stalled,
}

/// The whole body, of at most so many bytes.
pub(super) async fn collect(mut body: RequestBody<impl Inbound>, limit: usize) -> Result<Vec<u8>, Unread> {
    let announced = body.size_hint().exact().unwrap_or(0);
    if announced > limit as u64 {
        return Err(Unread::TooLarge);
    }
    let mut whole = Vec::with_capacity(announced as usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|status| match status.code() {
            Code::ResourceExhausted => Unread::TooLarge,
            Code::DeadlineExceeded => Unread::Stalled,
            _ => Unread::Broken,
        })?;
        if let Some(data) = frame.data_ref() {
            if whole.len() + data.len() > limit {
                return Err(Unread::TooLarge);
            }
            whole.extend_from_slice(data);
        }
    }
    Ok(whole)
}
