//! Why an export failed, read from the text of its error: the SDK gives no other form.
//!
//! A text is read as what made it wrote it. Wrappers stand on the left, each with its fixed words (`wrapped`). Behind the last of
//! them stands one error of the exporters (`answer`), of grpc-go (`grpc`), or of net/http, net, TLS and the kernel (`network`),
//! whose cause is at its own fixed place. What others wrote (descriptions, bodies, names, addresses, numbers) decides nothing.
//! A text that is none of these has the cause *other*, and people are shown the text.

use spanfate_model::fate::ExportCause;

mod answer;
mod grpc;
mod network;
mod parts;
#[cfg(test)]
mod tests;
mod wrapped;

/// Causes from the worst to the mildest: of errors that were joined the worst decides. First what no retry mends, for it lies
/// in the request or in settings; then what stands in the way to the receiver; then its answer; then only that time was up.
const WORST_FIRST: [ExportCause; 11] = [
    ExportCause::NotEncodable,
    ExportCause::PayloadLimit,
    ExportCause::TooLarge,
    ExportCause::Unauthenticated,
    ExportCause::Tls,
    ExportCause::NameNotFound,
    ExportCause::Refused,
    ExportCause::Reset,
    ExportCause::Status,
    ExportCause::Timeout,
    ExportCause::Other,
];

/// What one error says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ErrorSays<'a> {
    /// The receiver took some of the spans.
    Partial,
    /// It failed; the code of the answer, where there was one.
    Failed(ExportCause, Option<AnswerCode<'a>>),
}

/// The code of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AnswerCode<'a> {
    /// By name, as Go writes it.
    Grpc(&'a str),
    /// Three digits.
    Http(&'a str),
}

impl ErrorSays<'_> {
    const fn failed(cause: ExportCause) -> Self {
        Self::Failed(cause, None)
    }

    /// Its place among causes; a partial success is milder than any.
    fn rank(self) -> usize {
        match self {
            Self::Partial => WORST_FIRST.len(),
            Self::Failed(cause, _) => WORST_FIRST.iter().position(|other| *other == cause).unwrap_or(0),
        }
    }
}

/// The worst of what is joined in a text.
fn worst(text: &str) -> ErrorSays<'_> {
    let unknown = ErrorSays::failed(ExportCause::Other);
    let said = parts::of(text).into_iter().map(|part| wrapped::said(part).unwrap_or(unknown));
    said.min_by_key(|said| said.rank()).unwrap_or(unknown)
}

/// The cause an error text speaks of.
pub(crate) fn of_text(text: &str) -> ExportCause {
    match worst(text) {
        ErrorSays::Partial => ExportCause::Other,
        ErrorSays::Failed(cause, _) => cause,
    }
}

/// Whether an error text speaks of a partial success, and of nothing worse.
pub(crate) fn is_partial(text: &str) -> bool {
    worst(text) == ErrorSays::Partial
}

/// What an error text says, in one or two words: the connection's end, a gRPC code, an HTTP status.
pub(crate) fn label(text: &str) -> String {
    let (cause, code) = match worst(text) {
        ErrorSays::Partial => return "partial success".to_owned(),
        ErrorSays::Failed(cause, code) => (cause, code),
    };
    match (cause, code) {
        (ExportCause::Status | ExportCause::Unauthenticated, Some(AnswerCode::Grpc(code))) => {
            format!("gRPC {code}")
        }
        (ExportCause::Status | ExportCause::Unauthenticated, Some(AnswerCode::Http(code))) => {
            format!("HTTP {code}")
        }
        _ => cause.name().to_owned(),
    }
}
