//! What the OTLP exporters themselves write: of answers over HTTP, and of requests that they did not send.

use spanfate_model::fate::ExportCause;

use super::{AnswerCode, ErrorSays, network};

/// `failed to send to URL: 503 Service Unavailable (body: …)`; the body since 1.35.
const FAILED: &str = "failed to send to ";
const THEN: &str = ": ";
const BODY: &str = " (body: ";
const BODY_END: &str = ")";

/// `retry-able request failure`: of an answer that asks to come again, or of a connection; which of them, since 1.32.
const RETRYABLE: &str = "retry-able request failure: ";
const RETRYABLE_BODY: &str = "body: ";

/// `failed to send spans to zipkin server with status 503`.
const ZIPKIN: &str = "failed to send spans to zipkin server with status ";

/// What Go's server answers where nobody encrypted.
const NOT_ENCRYPTED: &str = "Client sent an HTTP request to an HTTPS server.";

/// What our own relay says where its endpoint cannot be reached; behind it the error, as Go would have written it.
const RELAY: [&str; 2] = ["the relay could not reach ", "the relay got no answer of "];

/// Bytes of a `google.rpc.Status` before its message, at most; and the same in JSON.
const STATUS_HEAD: usize = 8;
const JSON_HEAD: &str = "{\"code\":";
const JSON_MESSAGE: &str = ",\"message\":\"";
const JSON_END: &str = "\"}";

/// Of a request that was not sent, how the text begins.
const UNSENT: [(&str, ExportCause); 5] = [
    ("failed to marshal request body in ", ExportCause::NotEncodable),
    ("request body too large: exceeded ", ExportCause::PayloadLimit),
    ("request message too large: exceeded ", ExportCause::PayloadLimit),
    ("response body too large: exceeded ", ExportCause::PayloadLimit),
    // Older exporters wrap nothing around it. Protobuf varies the space on purpose.
    ("string field contains invalid UTF-8", ExportCause::NotEncodable),
];

/// How protobuf's own errors begin, and how those end that say that a message cannot be written.
const PROTOBUF: [&str; 2] = ["proto: ", "proto:\u{a0}"];
const UNWRITABLE: [&str; 2] = [" contains invalid UTF-8", " not set"];
/// The same of one that changed while it was written.
const CHANGED: &str = "size mismatch (see ";

/// What an exporter's text says.
pub(super) fn of(text: &str) -> Option<ErrorSays<'_>> {
    if let Some(rest) = text.strip_prefix(FAILED) {
        return Some(refused(rest));
    }
    if let Some(code) = text.strip_prefix(ZIPKIN).and_then(status_code) {
        return Some(ErrorSays::Failed(of_status(code), Some(AnswerCode::Http(code))));
    }
    if let Some(rest) = text.strip_prefix(RETRYABLE) {
        let cause = match rest.strip_prefix(RETRYABLE_BODY) {
            Some(body) => of_relay(body),
            // Before 1.35 the body stood here alone.
            None => network::of_request(rest).or_else(|| of_relay(rest)),
        };
        return Some(ErrorSays::failed(cause.unwrap_or(ExportCause::Status)));
    }
    unsent(text).map(ErrorSays::failed)
}

/// Why a message cannot be written or is not sent.
pub(super) fn unsent(text: &str) -> Option<ExportCause> {
    let own = UNSENT.iter().find(|(head, _)| text.starts_with(head)).map(|(_, cause)| *cause);
    let rest = || PROTOBUF.iter().find_map(|head| text.strip_prefix(head));
    let says = |rest: &str| rest.starts_with(CHANGED) || UNWRITABLE.iter().any(|end| rest.ends_with(end));
    let unwritable = || rest().is_some_and(says);
    own.or_else(|| unwritable().then_some(ExportCause::NotEncodable))
}

/// Where the text of an error ends that has a body in it.
pub(super) fn end_of_body(text: &str) -> Option<&'static str> {
    text.strip_prefix(FAILED)?.split_once(BODY).map(|_| BODY_END)
}

/// Whether this is about an answer, so that what comes behind is what a server wrote.
pub(super) fn is_of_answer(text: &str) -> bool {
    let of_answer = |rest: &str| network::of_request(rest).is_none();
    text.starts_with(FAILED) || text.strip_prefix(RETRYABLE).is_some_and(of_answer)
}

/// An answer with an error status.
fn refused(rest: &str) -> ErrorSays<'_> {
    let Some((_, status)) = rest.split_once(THEN) else { return ErrorSays::failed(ExportCause::Other) };
    let Some(code) = status_code(status) else { return ErrorSays::failed(ExportCause::Other) };
    let body = status.split_once(BODY).map_or("", |(_, body)| body);
    let relayed = of_relay(body.strip_suffix(BODY_END).unwrap_or(body));
    if let Some(cause) = relayed.or_else(|| body.starts_with(NOT_ENCRYPTED).then_some(ExportCause::Tls)) {
        return ErrorSays::failed(cause);
    }
    ErrorSays::Failed(of_status(code), Some(AnswerCode::Http(code)))
}

/// The three digits at the beginning.
pub(super) fn status_code(text: &str) -> Option<&str> {
    let word = text.split(' ').next()?;
    (word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit())).then_some(word)
}

/// What an HTTP status means.
pub(super) fn of_status(code: &str) -> ExportCause {
    match code {
        "401" | "403" | "407" => ExportCause::Unauthenticated,
        "413" => ExportCause::TooLarge,
        _ => ExportCause::Status,
    }
}

/// What our relay could not do, if it wrote this answer.
pub(super) fn of_relay(body: &str) -> Option<ExportCause> {
    let in_json = || {
        let (_, message) = body.strip_prefix(JSON_HEAD)?.split_once(JSON_MESSAGE)?;
        message.strip_suffix(JSON_END)
    };
    let message = in_json().unwrap_or(body);
    let begins = |head: &&str| message.find(head).filter(|at| *at <= STATUS_HEAD).map(|at| at + head.len());
    let from = RELAY.iter().find_map(begins)?;
    let mut whys = message[from..].match_indices(THEN).map(|(at, _)| &message[from + at + THEN.len()..]);
    whys.find_map(network::of)
}
