//! Export requests over gRPC: tonic frames, decompresses and maps the status; the message itself stays raw bytes.

use std::future::{Ready, ready};
use std::sync::Arc;

use bytes::Buf;
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

use super::Refusal;
use super::exchange::{Exchange, Inbound, RequestBody};

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
    }
}

/// A codec that notes the message at the moment it is complete, before tonic awaits anything.
struct Noting(Arc<Exchange>);

impl Codec for Noting {
    type Encode = ();
    type Decode = ();
    type Encoder = Empty;
    type Decoder = Self;

    fn encoder(&mut self) -> Empty {
        Empty
    }

    fn decoder(&mut self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Decoder for Noting {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        if self.0.completed_at() > 0 {
            return Err(Status::invalid_argument("an export call has one message"));
        }
        let message = from.copy_to_bytes(from.remaining());
        self.0.shared().receive(&self.0, &message).map(Some).map_err(|refusal| status(&refusal))
    }
}

/// The response of every signal is an empty message when it has no partial success.
struct Empty;

impl Encoder for Empty {
    type Item = ();
    type Error = Status;

    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

/// The message was judged while it was decoded; what arrives here is accepted.
struct Accept;

impl UnaryService<()> for Accept {
    type Response = ();
    type Future = Ready<Result<tonic::Response<()>, Status>>;

    fn call(&mut self, _: tonic::Request<()>) -> Self::Future {
        ready(Ok(tonic::Response::new(())))
    }
}
