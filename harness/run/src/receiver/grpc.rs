//! Export requests over gRPC: tonic frames, decompresses and maps the status; the message itself stays raw bytes.

use std::future::{Ready, ready};
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

use super::Refusal;
use super::exchange::Exchange;
use crate::receiver::body::{Inbound, RequestBody};

/// Answers an export call.
pub(super) async fn export(request: Request<impl Inbound>, exchange: &Arc<Exchange>) -> Response<Body> {
    let mut grpc = Grpc::new(Noting(Arc::clone(exchange)))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(exchange.shared().read_limit);
    let response = grpc.unary(Accept, request.map(|body| RequestBody::new(body, exchange))).await;
    if exchange.completed_at() == 0 && over_limit(response.headers()) {
        // tonic gave up before the message was complete, and its code for a long message is not the usual one.
        return status(&exchange.shared().refuse_unread(exchange)).into_http();
    }
    response
}

fn over_limit(headers: &HeaderMap) -> bool {
    let code = headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()));
    matches!(code, Some(Code::OutOfRange | Code::ResourceExhausted))
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

/// A codec that notes the message at the moment it is complete, before tonic awaits anything.
struct Noting(Arc<Exchange>);

impl Codec for Noting {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Encoded;
    type Decoder = Self;

    fn encoder(&mut self) -> Encoded {
        Encoded
    }

    fn decoder(&mut self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Decoder for Noting {
    /// The body of the answer.
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        if self.0.completed_at() > 0 {
            return Err(Status::invalid_argument("an export call has one message"));
        }
        let message = from.copy_to_bytes(from.remaining());
        let reply = self.0.shared().receive(&self.0, &message).map_err(|refusal| status(&refusal))?;
        Ok(Some(reply.bytes(self.0.call.protocol)))
    }
}

/// A response that is bytes already.
struct Encoded;

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, body: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(body);
        Ok(())
    }
}

/// The message was judged while it was decoded; what arrives here is the answer.
struct Accept;

impl UnaryService<Bytes> for Accept {
    type Response = Bytes;
    type Future = Ready<Result<tonic::Response<Bytes>, Status>>;

    fn call(&mut self, body: tonic::Request<Bytes>) -> Self::Future {
        ready(Ok(tonic::Response::new(body.into_inner())))
    }
}
