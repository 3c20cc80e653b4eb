//! Export requests over HTTP with protobuf or JSON bodies.

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use http::header::{CONNECTION, CONTENT_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use spanfate_model::format::wire::WireProtocol;
use tonic::Code;
use tonic::body::Body;

use super::Refusal;
use super::exchange::Exchange;
use super::reply::text;
use crate::receiver::body::{Inbound, RequestBody, STALLED};

/// Answers an export call.
pub(super) async fn export(request: Request<impl Inbound>, exchange: &Arc<Exchange>) -> Response<Body> {
    let zipped = match request.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"gzip") => true,
        Some(_) => {
            return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this receiver takes gzip or no compression");
        }
    };
    let (limit, protocol) = (exchange.shared().read_limit, exchange.call.protocol);
    let body = match collect(RequestBody::new(request.into_body(), exchange), limit).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return refused(&exchange.shared().refuse_unread(exchange), protocol),
        Err(Unread::Broken) => return text(StatusCode::BAD_REQUEST, "the body ended early"),
        Err(Unread::Stalled) => {
            let mut response = text(StatusCode::REQUEST_TIMEOUT, STALLED);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
    };
    let message = if zipped {
        match unzip(&body, limit) {
            Ok(message) => message,
            Err(Unread::TooLarge) => return refused(&exchange.shared().refuse_unread(exchange), protocol),
            Err(Unread::Broken | Unread::Stalled) => {
                return text(StatusCode::BAD_REQUEST, "the body is not valid gzip");
            }
        }
    } else {
        body
    };
    match exchange.shared().receive(exchange, &message) {
        Ok(reply) => reply.over_http(protocol),
        Err(refusal) => refused(&refusal, protocol),
    }
}

fn refused(refusal: &Refusal, protocol: WireProtocol) -> Response<Body> {
    let status = match refusal {
        Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
        Refusal::TooManySpans { .. } | Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::OnPurpose(failure) => return failure.over_http(protocol),
    };
    text(status, refusal.to_string())
}

enum Unread {
    TooLarge,
    Broken,
    Stalled,
}

async fn collect(mut body: RequestBody<impl Inbound>, limit: usize) -> Result<Vec<u8>, Unread> {
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

fn unzip(body: &[u8], limit: usize) -> Result<Vec<u8>, Unread> {
    let mut message = Vec::new();
    let mut bounded = MultiGzDecoder::new(body).take(limit as u64 + 1);
    bounded.read_to_end(&mut message).map_err(|_| Unread::Broken)?;
    if message.len() > limit { Err(Unread::TooLarge) } else { Ok(message) }
}
