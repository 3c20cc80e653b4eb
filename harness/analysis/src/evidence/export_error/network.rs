//! Errors of net/http, net, TLS and the kernel, as Go writes them.

use spanfate_model::fate::ExportCause;

/// Between an operation and what went wrong in it.
const THEN: &str = ": ";

/// Operations of a `net.OpError`; behind them stands the network, and the addresses.
const OPERATIONS: [&str; 9] =
    ["dial", "read", "write", "close", "readfrom", "writeto", "accept", "set", "proxyconnect"];
const NETWORKS: [&str; 9] = ["tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket"];

/// Calls that an `os.SyscallError` names.
const CALLS: [&str; 9] =
    ["connect", "read", "write", "getsockopt", "setsockopt", "socket", "sendto", "recvfrom", "getpeername"];

const LOOKUP: &str = "lookup ";
/// What a lookup says that has not to do with the name.
const NOT_OF_THE_NAME: [&str; 3] = ["operation was canceled", "context canceled", "unknown port"];

/// Whole texts, whoever wraps them: of the kernel's error numbers, of `io`, `net`, `net/http` and `context`.
const WHOLE: [(&str, ExportCause); 41] = [
    ("connection refused", ExportCause::Refused),
    ("connection reset by peer", ExportCause::Reset),
    ("broken pipe", ExportCause::Reset),
    ("software caused connection abort", ExportCause::Reset),
    ("network dropped connection on reset", ExportCause::Reset),
    ("transport endpoint is not connected", ExportCause::Reset),
    ("cannot send after transport endpoint shutdown", ExportCause::Reset),
    ("use of closed network connection", ExportCause::Reset),
    ("EOF", ExportCause::Reset),
    ("unexpected EOF", ExportCause::Reset),
    ("io: read/write on closed pipe", ExportCause::Reset),
    ("http: server closed idle connection", ExportCause::Reset),
    ("http2: client connection lost", ExportCause::Reset),
    ("http2: client connection force closed via ClientConn.Close", ExportCause::Reset),
    ("http2: Transport received Server's graceful shutdown GOAWAY", ExportCause::Reset),
    ("tls: protocol is shutdown", ExportCause::Reset),
    ("tls: use of closed connection", ExportCause::Reset),
    ("connection timed out", ExportCause::Timeout),
    ("i/o timeout", ExportCause::Timeout),
    ("context deadline exceeded", ExportCause::Timeout),
    ("net/http: timeout awaiting response headers", ExportCause::Timeout),
    ("http2: timeout awaiting response headers", ExportCause::Timeout),
    ("net/http: TLS handshake timeout", ExportCause::Timeout),
    ("http: server gave HTTP response to HTTPS client", ExportCause::Tls),
    // What a proxy answers that is asked for a connection.
    ("Proxy Authentication Required", ExportCause::Unauthenticated),
    ("context canceled", ExportCause::Other),
    ("operation was canceled", ExportCause::Other),
    ("net/http: request canceled", ExportCause::Other),
    ("net/http: request canceled while waiting for connection", ExportCause::Other),
    ("no route to host", ExportCause::Other),
    ("host is down", ExportCause::Other),
    ("network is unreachable", ExportCause::Other),
    ("network is down", ExportCause::Other),
    ("cannot assign requested address", ExportCause::Other),
    ("address already in use", ExportCause::Other),
    ("too many open files", ExportCause::Other),
    ("no buffer space available", ExportCause::Other),
    ("no such file or directory", ExportCause::Other),
    ("permission denied", ExportCause::Other),
    ("operation not permitted", ExportCause::Other),
    ("protocol not supported", ExportCause::Other),
];

/// How texts begin whose end is about this one case.
const BEGINS: [(&str, ExportCause); 9] = [
    ("tls: ", ExportCause::Tls),
    ("x509: ", ExportCause::Tls),
    ("crypto/x509: ", ExportCause::Tls),
    ("remote error: tls: ", ExportCause::Tls),
    ("local error: tls: ", ExportCause::Tls),
    // A record of TLS where HTTP was expected.
    ("malformed HTTP response \"\\x15\\x03", ExportCause::Tls),
    ("malformed HTTP response ", ExportCause::Other),
    ("http2: server sent GOAWAY and closed the connection", ExportCause::Reset),
    ("stream error: stream ID ", ExportCause::Reset),
];

/// What net/http wraps around an error.
const WRAPPERS: [&str; 4] = [
    "net/http: HTTP/1.x transport connection broken: ",
    "readLoopPeekFailLocked: ",
    "write error: ",
    "http2: Transport: cannot retry err [",
];
/// How the last of them goes on.
const NOT_AGAIN: &str = "] after Request.Body was written";

/// How the client of net/http ends a text when its own time was up.
const TIME_UP: [&str; 2] = [
    " (Client.Timeout exceeded while awaiting headers)",
    " (Client.Timeout or context cancellation while reading body)",
];

/// How we tell an error whose type gives no text that can be read.
const OF_TYPE: &str = "an error of type ";
/// Types whose errors have one cause, whatever they say.
const TYPES: [(&str, ExportCause); 10] = [
    ("context.deadlineExceededError", ExportCause::Timeout),
    ("*poll.DeadlineExceededError", ExportCause::Timeout),
    ("*http.timeoutError", ExportCause::Timeout),
    ("http.tlsHandshakeTimeoutError", ExportCause::Timeout),
    ("*net.DNSError", ExportCause::NameNotFound),
    ("*tls.CertificateVerificationError", ExportCause::Tls),
    ("tls.RecordHeaderError", ExportCause::Tls),
    ("x509.UnknownAuthorityError", ExportCause::Tls),
    ("x509.HostnameError", ExportCause::Tls),
    ("x509.CertificateInvalidError", ExportCause::Tls),
];

/// What the type of an error says.
pub(super) fn of_type(text: &str) -> Option<ExportCause> {
    let rest = text.strip_prefix(OF_TYPE)?;
    let name = rest.split_once(THEN).map_or(rest, |(name, _)| name);
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, cause)| *cause)
}

/// What an error of these says; `None` of a text that none of them wrote.
pub(super) fn of(text: &str) -> Option<ExportCause> {
    if TIME_UP.iter().any(|end| text.ends_with(end)) {
        return Some(ExportCause::Timeout);
    }
    if let Some(rest) = WRAPPERS.iter().find_map(|head| text.strip_prefix(head)) {
        let inner = rest.split_once(NOT_AGAIN).map_or(rest, |(inner, _)| inner);
        return Some(of(inner).unwrap_or(ExportCause::Other));
    }
    let whole = WHOLE.iter().find(|(whole, _)| *whole == text);
    let known = whole.or_else(|| BEGINS.iter().find(|(head, _)| text.starts_with(head)));
    known.map(|(_, cause)| *cause).or_else(|| of_place(text))
}

/// What an error says that names what it was at: a request, a lookup, an operation on the network.
pub(super) fn of_place(text: &str) -> Option<ExportCause> {
    of_request(text).or_else(|| of_lookup(text)).or_else(|| of_operation(text))
}

/// A `url.Error`: `Post "http://…": what went wrong`.
pub(super) fn of_request(text: &str) -> Option<ExportCause> {
    let (method, rest) = text.split_once(' ')?;
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (_, rest) = unquoted(rest)?;
    let inner = rest.strip_prefix(THEN)?;
    Some(of(inner).unwrap_or(ExportCause::Other))
}

/// A `net.DNSError`: `lookup name on server: what went wrong`.
fn of_lookup(text: &str) -> Option<ExportCause> {
    let (_, why) = text.strip_prefix(LOOKUP)?.split_once(THEN)?;
    Some(if NOT_OF_THE_NAME.contains(&why) { ExportCause::Other } else { ExportCause::NameNotFound })
}

/// A `net.OpError` or an `os.SyscallError`.
fn of_operation(text: &str) -> Option<ExportCause> {
    let (place, inner) = text.split_once(THEN)?;
    let mut words = place.split(' ');
    let first = words.next()?;
    let is_operation = match words.next() {
        Some(network) => OPERATIONS.contains(&first) && NETWORKS.contains(&network),
        None => CALLS.contains(&first),
    };
    is_operation.then(|| of(inner).unwrap_or(ExportCause::Other))
}

/// A text in quotes, as `%q` writes it, and what stands behind. A text that was cut has no end.
pub(super) fn unquoted(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let (mut inner, mut letters) = (String::new(), rest.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((inner, &rest[at + 1..])),
            '\\' => match letters.next() {
                Some((_, plain @ ('"' | '\\'))) => inner.push(plain),
                Some((_, other)) => inner.extend(['\\', other]),
                None => {}
            },
            other => inner.push(other),
        }
    }
    Some((inner, ""))
}
