//! Why an export failed, read from the error text the SDK gives: it has no other form.

use spanfate_model::fate::ExportCause;

/// Signs in the order in which they decide: a deadline that passed while the connection was refused is a timeout of the
/// retry loop, but its text names the refusal as the last error, which tells an operator more.
const SIGNS: [(&str, ExportCause); 15] = [
    ("connection refused", ExportCause::Refused),
    ("exceeds", ExportCause::TooLarge),
    ("too large", ExportCause::TooLarge),
    ("larger than max", ExportCause::TooLarge),
    ("413", ExportCause::TooLarge),
    ("connection reset", ExportCause::Reset),
    ("broken pipe", ExportCause::Reset),
    ("error reading from server", ExportCause::Reset),
    ("transport is closing", ExportCause::Reset),
    ("EOF", ExportCause::Reset),
    ("deadline exceeded", ExportCause::Timeout),
    ("DeadlineExceeded", ExportCause::Timeout),
    ("timeout", ExportCause::Timeout),
    ("rpc error: code =", ExportCause::Status),
    ("failed to send to", ExportCause::Status),
];

/// The cause an error text speaks of.
pub(crate) fn of_text(text: &str) -> ExportCause {
    SIGNS.iter().find(|(sign, _)| text.contains(sign)).map_or(ExportCause::Other, |(_, cause)| *cause)
}

/// Whether an error text speaks of a partial success.
pub(crate) fn is_partial(text: &str) -> bool {
    text.contains("partial success")
}

/// What an error text says, in one or two words: the connection's end, a gRPC code, an HTTP status.
pub(crate) fn label(text: &str) -> String {
    if is_partial(text) {
        return "partial success".to_owned();
    }
    let cause = of_text(text);
    let word = match cause {
        ExportCause::Refused => "refused",
        ExportCause::Reset => "reset",
        ExportCause::Timeout => "timeout",
        ExportCause::TooLarge => "too_large",
        ExportCause::Status => return status(text).unwrap_or_else(|| "status".to_owned()),
        ExportCause::Other => "other",
    };
    word.to_owned()
}

/// `gRPC Unavailable` or `HTTP 503`. Of several codes in a text the last is the receiver's own: a retry loop wraps it.
fn status(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.rsplit_once("rpc error: code = ") {
        return rest.split_whitespace().next().map(|code| format!("gRPC {code}"));
    }
    let (_, rest) = text.rsplit_once("failed to send to ")?;
    let code =
        rest.split_whitespace().find(|word| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("HTTP {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_go_exporters_are_understood() {
        let cases = [
            (
                "traces export: Post \"http://127.0.0.1:1/v1/traces\": dial tcp 127.0.0.1:1: connect: connection refused",
                ExportCause::Refused,
            ),
            (
                "traces export: context deadline exceeded: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused\"",
                ExportCause::Refused,
            ),
            (
                "traces export: exporter export timeout: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                ExportCause::Timeout,
            ),
            (
                "traces export: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)",
                ExportCause::TooLarge,
            ),
            (
                "traces export: rpc error: code = Unavailable desc = error reading from server: EOF",
                ExportCause::Reset,
            ),
            ("traces export: rpc error: code = PermissionDenied desc = no", ExportCause::Status),
            ("failed to send to http://127.0.0.1:1/v1/traces: 400 Bad Request", ExportCause::Status),
            ("read tcp 127.0.0.1:1: read: connection reset by peer", ExportCause::Reset),
            ("something new", ExportCause::Other),
        ];
        for (text, cause) in cases {
            assert_eq!(of_text(text), cause, "{text}");
        }
    }

    #[test]
    fn codes_are_named() {
        let cases = [
            ("traces export: rpc error: code = PermissionDenied desc = no", "gRPC PermissionDenied"),
            ("failed to send to http://127.0.0.1:1/v1/traces: 503 Service Unavailable (body: x)", "HTTP 503"),
            ("OTLP partial success: no (3 spans rejected)", "partial success"),
            ("read tcp 127.0.0.1:1: read: connection reset by peer", "reset"),
        ];
        for (text, word) in cases {
            assert_eq!(label(text), word, "{text}");
        }
    }
}
