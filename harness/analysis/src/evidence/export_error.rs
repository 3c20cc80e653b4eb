//! Why an export failed, read from the error text the SDK gives: it has no other form.

use spanfate_model::fate::Cause;

/// Signs in the order in which they decide: a deadline that passed while the connection was refused is a timeout of the
/// retry loop, but its text names the refusal as the last error, which tells an operator more.
const SIGNS: [(&str, Cause); 15] = [
    ("connection refused", Cause::Refused),
    ("exceeds", Cause::TooLarge),
    ("too large", Cause::TooLarge),
    ("larger than max", Cause::TooLarge),
    ("413", Cause::TooLarge),
    ("connection reset", Cause::Reset),
    ("broken pipe", Cause::Reset),
    ("error reading from server", Cause::Reset),
    ("transport is closing", Cause::Reset),
    ("EOF", Cause::Reset),
    ("deadline exceeded", Cause::Timeout),
    ("DeadlineExceeded", Cause::Timeout),
    ("timeout", Cause::Timeout),
    ("rpc error: code =", Cause::Status),
    ("failed to send to", Cause::Status),
];

/// The cause an error text speaks of.
pub(crate) fn of_text(text: &str) -> Cause {
    SIGNS.iter().find(|(sign, _)| text.contains(sign)).map_or(Cause::Other, |(_, cause)| *cause)
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
        Cause::Refused => "refused",
        Cause::Reset => "reset",
        Cause::Timeout => "timeout",
        Cause::TooLarge => "too_large",
        Cause::Status => return status(text).unwrap_or_else(|| "status".to_owned()),
        Cause::Other => "other",
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
                Cause::Refused,
            ),
            (
                "traces export: context deadline exceeded: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused\"",
                Cause::Refused,
            ),
            (
                "traces export: exporter export timeout: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                Cause::Timeout,
            ),
            (
                "traces export: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)",
                Cause::TooLarge,
            ),
            (
                "traces export: rpc error: code = Unavailable desc = error reading from server: EOF",
                Cause::Reset,
            ),
            ("traces export: rpc error: code = PermissionDenied desc = no", Cause::Status),
            ("failed to send to http://127.0.0.1:1/v1/traces: 400 Bad Request", Cause::Status),
            ("read tcp 127.0.0.1:1: read: connection reset by peer", Cause::Reset),
            ("something new", Cause::Other),
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
