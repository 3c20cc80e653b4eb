//! Export requests over gRPC: its frames, their compression, and its status. The message itself stays raw bytes.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use spanfate_model::unread::UnreadReason;
use tonic::body::Body;
use tonic::{Code, Status};

use super::Refusal;
use super::coding::{ContentCoding, Unopened};
use super::exchange::Exchange;
use crate::receiver::body::{Inbound, RequestBody};

/// Bytes in front of a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// The codings of messages that are taken, as a client is told them.
const TAKEN: &str = "gzip,zstd,snappy,identity";

/// Answers an export call.
pub(super) async fn export(request: Request<impl Inbound>, exchange: &Arc<Exchange>) -> Response<Body> {
    let named = request.headers().get("grpc-encoding").cloned();
    let name = named.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
    let coding = ContentCoding::over_grpc(name);
    let goes_on = exchange.shared().relay.is_some();
    if coding.is_none() && !goes_on {
        return halted(Halt::UnknownCoding, exchange, name);
    }
    let mut body = RequestBody::new(request.into_body(), exchange);
    let done = receive(&mut body, coding, exchange).await;
    if goes_on && !matches!(done, Ok(_) | Err(Halt::Broken(_))) {
        rest(&mut body, exchange.shared().read_limit).await;
    }
    match done {
        Ok(reply) => success(&reply),
        Err(halt) => halted(halt, exchange, name),
    }
}

/// Why a call was not read to its end, or its message not taken.
enum Halt {
    UnknownCoding,
    TooLarge,
    /// It is no call with one message.
    Undecodable(String),
    /// Its body broke off or did not come in time.
    Broken(Status),
    Refused(Refusal),
}

/// Notes the message at the moment it is complete, before anything is awaited, and goes on to the end of the call. The bytes of
/// the reply.
async fn receive(
    body: &mut RequestBody<impl Inbound>,
    coding: Option<ContentCoding>,
    exchange: &Exchange,
) -> Result<Bytes, Halt> {
    let (shared, limit) = (exchange.shared(), exchange.shared().read_limit);
    let mut held = BytesMut::new();
    let mut reply = None;
    loop {
        while let Some((zipped, framed)) = next_message(&mut held, limit)? {
            if reply.is_some() {
                return Err(Halt::Undecodable("an export call has one message".to_owned()));
            }
            let coding = match (zipped, coding) {
                (false, _) => ContentCoding::Identity,
                (true, Some(ContentCoding::Identity)) => {
                    return Err(Halt::Undecodable(
                        "a message is compressed, and no grpc-encoding says how".to_owned(),
                    ));
                }
                (true, Some(coding)) => coding,
                (true, None) => return Err(Halt::UnknownCoding),
            };
            let message = coding.open(&framed, limit).map_err(|unopened| match unopened {
                Unopened::TooLarge => Halt::TooLarge,
                Unopened::Broken => Halt::Undecodable("the message cannot be decompressed".to_owned()),
            })?;
            let noted = shared.receive(exchange, &message).map_err(Halt::Refused)?;
            reply = Some(noted.bytes(exchange.call.protocol));
        }
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    held.extend_from_slice(&data);
                }
            }
            Some(Err(full)) if full.code() == Code::ResourceExhausted => return Err(Halt::TooLarge),
            Some(Err(broken)) => return Err(Halt::Broken(broken)),
            None => break,
        }
    }
    match reply {
        Some(reply) if held.is_empty() => Ok(reply),
        Some(_) => Err(Halt::Undecodable("the call ends inside a message".to_owned())),
        None if held.is_empty() => Err(Halt::Undecodable("there is no message in the call".to_owned())),
        None => Err(Halt::Undecodable("the call ends inside its message".to_owned())),
    }
}

/// Takes the next whole message: whether it is compressed, and its bytes.
fn next_message(held: &mut BytesMut, limit: usize) -> Result<Option<(bool, BytesMut)>, Halt> {
    let Some(&[flag, a, b, c, d]) = held.first_chunk::<PREFIX>() else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if flag > 1 {
        return Err(Halt::Undecodable(format!(
            "a message is compressed in the way {flag}, which is unknown"
        )));
    }
    if length > limit {
        return Err(Halt::TooLarge);
    }
    if held.len() < PREFIX + length {
        held.reserve(PREFIX + length - held.len());
        return Ok(None);
    }
    held.advance(PREFIX);
    Ok(Some((flag == 1, held.split_to(length))))
}

/// Reads what is left of a call, so that it can be handed on; what is too long to be held stays where it is.
async fn rest(body: &mut RequestBody<impl Inbound>, limit: usize) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > limit {
            return;
        }
    }
}

/// What the client of a halted call is told.
fn halted(halt: Halt, exchange: &Exchange, coding: &[u8]) -> Response<Body> {
    let told = match halt {
        Halt::Refused(refusal) => status(&refusal),
        // It may be that nothing was noted, because the message was not complete.
        Halt::TooLarge if exchange.completed_at() == 0 => status(&exchange.shared().refuse_unread(exchange)),
        Halt::TooLarge => Status::resource_exhausted("what follows the message is too long"),
        Halt::Broken(status) => status,
        Halt::Undecodable(wrong) if exchange.completed_at() == 0 => {
            exchange.unread(UnreadReason::Undecodable, || wrong.clone());
            Status::internal(wrong)
        }
        Halt::Undecodable(wrong) => Status::invalid_argument(wrong),
        Halt::UnknownCoding => {
            let name = String::from_utf8_lossy(coding);
            exchange.unread(UnreadReason::Encoding, || format!("`{name}`"));
            let wrong = format!("messages compressed with `{name}` are not taken here");
            let mut response = Status::unimplemented(wrong).into_http();
            response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static(TAKEN));
            return response;
        }
    };
    told.into_http()
}

fn status(refusal: &Refusal) -> Status {
    match refusal {
        Refusal::Malformed(_) => Status::invalid_argument(refusal.to_string()),
        Refusal::TooManySpans { .. } | Refusal::TooLarge { .. } => {
            Status::resource_exhausted(refusal.to_string())
        }
        Refusal::OnPurpose(failure) => failure.over_grpc(),
    }
}

/// The answer to a message that was taken: its status follows the reply.
fn success(reply: &Bytes) -> Response<Body> {
    let mut framed = BytesMut::with_capacity(PREFIX + reply.len());
    framed.put_u8(0);
    framed.put_u32(reply.len() as u32);
    framed.extend_from_slice(reply);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(framed.freeze()).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}
