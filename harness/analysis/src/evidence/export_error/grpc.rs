//! Errors of grpc-go: a status, whose code says what it is about, and a description, which a server wrote or the client itself.

use spanfate_model::fate::ExportCause;

use super::{AnswerCode, ErrorSays, answer, network};

const STATUS: &str = "rpc error: code = ";
const DESCRIPTION: &str = " desc = ";

/// What is said of a connection, quoted.
const CONNECTION: &str = "connection error: desc = ";

/// What the client writes before the error of a connection, or of a name that it looked up.
const OF_CHANNEL: [&str; 6] = [
    "latest balancer error: ",
    "all SubConns are in TransientFailure, latest connection error: ",
    "last connection error: ",
    "last resolver error: ",
    "name resolver error: ",
    "closing transport due to: ",
];
const AND_THEN: [&str; 2] = ["; last resolver error: ", ", received prior goaway: "];

/// What a lookup gave: no address at all, or an error with its kind of record before it.
const NO_ADDRESS: &str = "produced zero addresses";
const LOOKUP: &str = "dns: ";

/// What the transport was at when its connection ended; behind it the error of the network.
const DOING: [&str; 8] = [
    "transport: Error while dialing: ",
    "transport: error while dialing: ",
    // Until 1.51.
    "transport: Error while dialing ",
    "transport: error while dialing ",
    "error reading server preface: ",
    "error reading from server: ",
    "transport: failed to write client preface: ",
    "transport: failed to write initial settings frame: ",
];
const HANDSHAKE: &str = "transport: authentication handshake failed: ";
const CALLED_OFF: &str = "context canceled";
/// What a proxy answers that is asked for a connection, quoted; then its status.
const PROXY: &str = "failed to do connect handshake, response: ";
const PROXY_ANSWER: [&str; 2] = ["HTTP/1.1 ", "HTTP/1.0 "];

/// What the transport says of its own end, whole.
const ENDED: [(&str, ExportCause); 8] = [
    ("transport is closing", ExportCause::Reset),
    ("the connection is draining", ExportCause::Reset),
    ("the stream is done", ExportCause::Reset),
    ("connection closed", ExportCause::Reset),
    ("connection closed before server preface received", ExportCause::Reset),
    ("keepalive ping failed to receive ACK within timeout", ExportCause::Timeout),
    ("keepalive ping not acked within timeout", ExportCause::Timeout),
    ("grpc: the client connection is closing", ExportCause::Other),
];

/// What the client itself writes of a call, by its beginning. Codes that only a server gives have none of it.
const OF_CLIENT: [(&str, ExportCause); 9] = [
    ("grpc: error while marshaling: ", ExportCause::NotEncodable),
    ("trying to send message larger than max (", ExportCause::PayloadLimit),
    ("grpc: message too large (", ExportCause::PayloadLimit),
    ("stream terminated by RST_STREAM with error code: ", ExportCause::Reset),
    ("server closed the stream without sending trailers", ExportCause::Reset),
    ("unexpected EOF", ExportCause::Reset),
    ("context canceled", ExportCause::Other),
    ("received context error while waiting for new LB policy update: context canceled", ExportCause::Other),
    ("grpc: the client connection is closing", ExportCause::Other),
];

/// How servers say that a message was too large for them: grpc-go, grpc-c and grpc-js, grpc-java, tonic, grpc-dotnet.
const TOO_LARGE: [&str; 10] = [
    "grpc: received message larger than max",
    "grpc: received message after decompression larger than max",
    "grpc: message after decompression larger than max",
    "received message larger than max (",
    "Received message larger than max (",
    "gRPC message exceeds maximum size ",
    "Decompressed gRPC message exceeds maximum size ",
    "Error, message length too large: found ",
    "Error, decoded message length too large: found ",
    "Received message exceeds the maximum configured message size.",
];

/// What the client makes of an answer that is none of gRPC.
const NO_GRPC: &str = "unexpected HTTP status code received from server: ";

/// Whether this is the text of a status.
pub(super) fn is_status(text: &str) -> bool {
    text.starts_with(STATUS)
}

/// What a status says.
pub(super) fn status(text: &str) -> Option<ErrorSays<'_>> {
    let rest = text.strip_prefix(STATUS)?;
    let (code, description) = rest.split_once(DESCRIPTION).unwrap_or((rest, ""));
    let code = code.split(' ').next().unwrap_or_default();
    Some(ErrorSays::Failed(cause(code, description), Some(AnswerCode::Grpc(code))))
}

fn cause(code: &str, description: &str) -> ExportCause {
    let begins = |(head, _): &&(&str, ExportCause)| description.starts_with(head);
    let of_client = || OF_CLIENT.iter().find(begins).map(|(_, cause)| *cause);
    let too_large = TOO_LARGE.iter().any(|head| description.starts_with(head));
    match code {
        "Unauthenticated" | "PermissionDenied" => ExportCause::Unauthenticated,
        "ResourceExhausted" | "OutOfRange" if too_large => ExportCause::TooLarge,
        "DeadlineExceeded" => channel(description).unwrap_or(ExportCause::Timeout),
        "Unavailable" => channel(description)
            .or_else(|| answer::of_relay(description))
            .or_else(of_client)
            .or_else(|| no_grpc(description))
            .unwrap_or(ExportCause::Status),
        "Canceled" | "Unknown" | "Internal" | "ResourceExhausted" => {
            of_client().or_else(|| no_grpc(description)).unwrap_or(ExportCause::Status)
        }
        _ => ExportCause::Status,
    }
}

fn no_grpc(description: &str) -> Option<ExportCause> {
    description.strip_prefix(NO_GRPC).and_then(answer::status_code).map(answer::of_status)
}

/// What the client says of its connection, or of the name that it looked up; `None` where the description is no such thing.
fn channel(text: &str) -> Option<ExportCause> {
    if let Some(rest) = OF_CHANNEL.iter().find_map(|head| text.strip_prefix(head)) {
        let end = AND_THEN.iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
        return Some(channel(&rest[..end]).unwrap_or(ExportCause::Other));
    }
    if let Some(rest) = text.strip_prefix(CONNECTION) {
        let inner = network::unquoted(rest).map_or_else(|| rest.to_owned(), |(inner, _)| inner);
        let cause = transport(&inner).or_else(|| network::of(&inner));
        return Some(cause.unwrap_or(ExportCause::Other));
    }
    if text == NO_ADDRESS || text.starts_with(LOOKUP) {
        return Some(ExportCause::NameNotFound);
    }
    // A few words alone may be a server's; an operation with its address is not.
    transport(text).or_else(|| network::of_place(text))
}

fn transport(text: &str) -> Option<ExportCause> {
    if let Some(rest) = text.strip_prefix(HANDSHAKE) {
        // Who does not speak TLS closes or resets; only silence says nothing of it.
        return Some(match network::of(rest) {
            Some(ExportCause::Timeout) => ExportCause::Timeout,
            _ if rest == CALLED_OFF => ExportCause::Other,
            _ => ExportCause::Tls,
        });
    }
    if let Some(rest) = DOING.iter().find_map(|head| text.strip_prefix(head)) {
        return Some(network::of(rest).or_else(|| of_proxy(rest)).unwrap_or(ExportCause::Other));
    }
    ENDED.iter().find(|(whole, _)| *whole == text).map(|(_, cause)| *cause)
}

/// Of a proxy that did not connect, its status.
fn of_proxy(text: &str) -> Option<ExportCause> {
    let (answer, _) = network::unquoted(text.strip_prefix(PROXY)?)?;
    let status = PROXY_ANSWER.iter().find_map(|head| answer.strip_prefix(head))?;
    answer::status_code(status).map(answer::of_status)
}
