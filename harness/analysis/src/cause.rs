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
}
