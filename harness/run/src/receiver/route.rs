//! Says who answers a request: gRPC, HTTP, a clear refusal, or the endpoint behind a relay.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Version};
use spanfate_model::fault::answer::{After, ScriptedAnswer};
use spanfate_model::format::wire::WireProtocol;
use tokio::time::sleep;
use tonic::body::Body;

use super::call::{UnknownCall, call_of};
use super::exchange::{AnswerBody, Awaited, Exchange};
use super::{ReceiverShared, grpc, http as over_http};
use crate::host::clock;
use crate::receiver::body::{Inbound, RequestBody};
use crate::receiver::connection::socket::{Connection, ConnectionCut};
use crate::receiver::relay::{Relay, RequestHead};

/// The header by which a fixture with several export paths says which one a request came by: its number in decimal. A fixture's
/// main path sends none.
const EXPORT_PATH: HeaderName = HeaderName::from_static("spanfate-path");

/// The export path that a request names; what is no number names none.
fn export_path(headers: &HeaderMap) -> Option<u8> {
    headers.get(EXPORT_PATH)?.to_str().ok()?.parse().ok()
}

/// Answers one request.
pub(super) async fn answer(
    shared: Arc<ReceiverShared>,
    connection: Arc<Connection>,
    request: Request<impl Inbound>,
) -> Response<AnswerBody> {
    let _awaited = Awaited::new(&shared, &connection);
    let call = match call_of(&request) {
        Ok(call) => call,
        Err(unknown) => return to_unknown(&shared, &connection, request, *unknown).await,
    };
    let exchange = Exchange::new(&shared, &connection, call, export_path(request.headers()));
    let version = request.version();
    let head = shared.relay.as_ref().map(|_| RequestHead::of(&request));
    let mut response = match call.protocol {
        WireProtocol::Grpc => grpc::export(request, &exchange).await,
        WireProtocol::HttpProtobuf | WireProtocol::HttpJson => over_http::export(request, &exchange).await,
    };
    if let (Some(relay), Some(head)) = (&shared.relay, head) {
        response = last_word(relay, head, &exchange, response).await;
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

/// Answers a request that is none of ours. What it holds is of use to nobody here, so its body is read only to be handed on.
async fn to_unknown(
    shared: &Arc<ReceiverShared>,
    connection: &Arc<Connection>,
    request: Request<impl Inbound>,
    unknown: UnknownCall,
) -> Response<AnswerBody> {
    let UnknownCall { reason, call, example, answer } = unknown;
    let exchange = Arc::new(Exchange::unreadable(shared, connection, call));
    let Some(relay) = &shared.relay else {
        exchange.unread_of(reason, || example);
        connection.serve();
        return answer.map(AnswerBody::plain);
    };
    let head = RequestHead::of(&request);
    // What is too large to be held is not handed on, and one that stalls or breaks is no request.
    let read = over_http::collect(RequestBody::new(request.into_body(), &exchange), shared.read_limit).await;
    if !matches!(read, Err(over_http::Unread::Stalled | over_http::Unread::Broken)) {
        exchange.unread_of(reason, || example);
    }
    let answer = last_word(relay, head, &exchange, answer).await;
    if !exchange.is_stalled() {
        connection.serve();
    }
    AnswerBody::to(exchange, answer)
}

/// The endpoint behind the relay answers what goes on to it, whatever would be said here.
async fn last_word(
    relay: &Relay,
    head: RequestHead,
    exchange: &Exchange,
    ours: Response<Body>,
) -> Response<Body> {
    if !exchange.goes_on() {
        return ours;
    }
    if !exchange.is_passed() {
        exchange.pass(0);
    }
    relay.hand_on(head, exchange).await
}
