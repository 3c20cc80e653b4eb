//! What must hold for any bytes a client may send. The targets of `harness/fuzz` and the ordinary tests call these checks;
//! nothing else does, and without the feature `fuzzing` they are not there.
#![expect(clippy::panic, reason = "a check that does not hold ends the input that broke it")]

use std::collections::VecDeque;
use std::fmt::Write;
use std::io::Write as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response};
use hyper::body::{Body, Frame};
use spanfate_model::format::wire::{self, Disposition, RECORD_BYTES, WireProtocol, WireRecord};
use spanfate_model::quantity::id::{SpanId, SpanKey};

use super::exchange::AnswerBody;
use super::{ReceiverConfig, ReceiverCounts, ReceiverShared, call, route};
use crate::receiver::connection::socket::Connection;
use crate::receiver::decode::message;

/// Limits low enough for a fuzzer to reach.
const MAX_BYTES: usize = 16 << 10;
const MAX_SPANS: u32 = 64;
const LOG_LIMIT: u64 = 256 * RECORD_BYTES as u64;

/// Fewest bytes of a span, which may have no ids: a tag and a length in protobuf, a comma and a brace in JSON.
const LEAST_BYTES: usize = 2;

/// Bytes at the head of an input of [`grpc`] that say how to send the rest.
pub const GRPC_CONTROL: usize = 4;

/// A span as a reader gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FuzzedSpan {
    /// Trace and span id.
    pub key: SpanKey,
    /// Parent span id, zeros for none.
    pub parent: SpanId,
    /// Its name.
    pub name: Vec<u8>,
    /// Name of its service, empty for none.
    pub service: Vec<u8>,
    /// Its kind.
    pub kind: u8,
    /// Start, unix nanoseconds.
    pub start_wall: u64,
    /// End, unix nanoseconds.
    pub end_wall: u64,
}

/// What the receiver did with a request.
#[derive(PartialEq, Eq, Debug)]
struct FuzzedAnswer {
    answer: String,
    counts: ReceiverCounts,
    /// The log, without times and sizes on the wire.
    records: Vec<WireRecord>,
}

/// Reads a protobuf message; `None` if it is refused.
///
/// # Panics
///
/// If the reader contradicts itself, the reader of JSON or the log, or keeps no bound.
pub fn protobuf(message: &[u8]) -> Option<Vec<FuzzedSpan>> {
    let seen = read(WireProtocol::HttpProtobuf, message);
    if let Some(seen) = &seen {
        let again = read(WireProtocol::HttpJson, json_of(seen).as_bytes()).unwrap_or_default();
        let text = |span: &FuzzedSpan| FuzzedSpan {
            name: lossy(&span.name),
            service: lossy(&span.service),
            ..span.clone()
        };
        assert_eq!(again, seen.iter().map(text).collect::<Vec<_>>(), "JSON and protobuf must say the same");
    }
    delivered(WireProtocol::HttpProtobuf, "application/x-protobuf", message, seen.as_deref());
    seen
}

/// Reads a JSON message; `None` if it is refused.
///
/// # Panics
///
/// As [`protobuf`].
pub fn json(message: &[u8]) -> Option<Vec<FuzzedSpan>> {
    let seen = read(WireProtocol::HttpJson, message);
    let spaced = [b" \n", message, b"\t\r\n"].concat();
    assert_eq!(read(WireProtocol::HttpJson, &spaced), seen, "white space around a message must not matter");
    delivered(WireProtocol::HttpJson, "application/json", message, seen.as_deref());
    seen
}

/// Sends the body of a gRPC call, or makes one of the input, whole and cut in two ways.
///
/// # Panics
///
/// If the cuts change anything, or the log contradicts the reader.
pub fn grpc(input: &[u8]) {
    let Some((&[how, first, second, _], rest)) = input.split_first_chunk::<GRPC_CONTROL>() else { return };
    let (framed, zip) = (how & 1 == 1, how & 2 == 2);
    let message = if zip { zipped(rest) } else { rest.to_vec() };
    let body = if framed {
        [&[u8::from(zip)][..], &(message.len() as u32).to_be_bytes(), &message].concat()
    } else {
        message
    };
    let send = |body: Chunks| {
        let mut request = Request::post(call::TRACES_OVER_GRPC)
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc");
        if zip || how & 4 == 4 {
            request = request.header("grpc-encoding", "gzip");
        }
        request.body(body).ok().map(deliver)
    };
    let whole = send(Chunks::whole(&body));
    assert_eq!(send(Chunks::cut(&body, usize::from(first))), whole, "cut into pieces of {first} bytes");
    assert_eq!(send(Chunks::cut(&body, usize::from(second) << 4)), whole, "cut into larger pieces");
    if framed && let Some(outcome) = whole {
        let seen = read(WireProtocol::Grpc, rest);
        agree(&outcome, rest, seen.as_deref());
    }
}

/// Reads a message as the receiver does, in JSON or protobuf, counting first; gives its spans, 0 if it is refused. For
/// benchmarks.
pub fn spans(json: bool, bytes: &[u8]) -> u64 {
    let protocol = if json { WireProtocol::HttpJson } else { WireProtocol::HttpProtobuf };
    let counted = message::count(protocol, bytes);
    let mut walked = 0;
    let ended = message::walk(protocol, bytes, |span| {
        std::hint::black_box(span);
        walked += 1;
    });
    if counted.is_ok_and(|counted| u64::from(counted) == walked) && ended.is_ok() { walked } else { 0 }
}

/// Counts and walks; both must agree, within what so many bytes can hold.
fn read(protocol: WireProtocol, bytes: &[u8]) -> Option<Vec<FuzzedSpan>> {
    let counted = message::count(protocol, bytes);
    let mut seen = Vec::new();
    let walked = message::walk(protocol, bytes, |span| {
        seen.push(FuzzedSpan {
            key: span.key,
            parent: span.parent,
            name: span.name.to_vec(),
            service: span.service.to_vec(),
            kind: span.kind,
            start_wall: span.start_wall,
            end_wall: span.end_wall,
        });
    });
    assert!(seen.len() * LEAST_BYTES <= bytes.len(), "{} spans in {} bytes", seen.len(), bytes.len());
    for invalid in [counted.as_ref().err(), walked.as_ref().err()].into_iter().flatten() {
        assert!(
            invalid.at <= bytes.len() && !invalid.what.is_empty() && invalid.what.len() <= 200,
            "{invalid:?}"
        );
    }
    // An empty JSON message is walked in place of one that was too large to read, and never counted.
    let stand_in = bytes.is_empty() && protocol == WireProtocol::HttpJson;
    match (counted, walked) {
        (Ok(counted), Ok(())) => assert_eq!(counted as usize, seen.len(), "every span is walked once"),
        (Ok(_), Err(_)) => return None,
        (Err(_), walked) => {
            assert!(stand_in || walked.is_err(), "what cannot be counted cannot be walked");
            return None;
        }
    }
    Some(seen)
}

fn delivered(protocol: WireProtocol, kind: &str, message: &[u8], seen: Option<&[FuzzedSpan]>) {
    let send = |body: &[u8], encoding: &str, size: usize| {
        let request =
            Request::post("/v1/traces").header("content-type", kind).header("content-encoding", encoding);
        request.body(Chunks::cut(body, size)).ok().map(deliver)
    };
    let whole = send(message, "identity", 0);
    let size = message.first().map_or(1, |first| usize::from(*first) + 1);
    assert_eq!(send(message, "identity", size), whole, "{protocol:?} cut into pieces of {size} bytes");
    let Some(outcome) = whole else { return };
    agree(&outcome, message, seen);
    if let Some(zipped) = send(&zipped(message), "gzip", size) {
        assert_eq!(
            (zipped.counts, &zipped.answer),
            (outcome.counts, &outcome.answer),
            "gzip changes nothing"
        );
    }
}

/// The log must say what the reader read.
fn agree(outcome: &FuzzedAnswer, message: &[u8], seen: Option<&[FuzzedSpan]>) {
    let FuzzedAnswer { counts, records, answer } = outcome;
    let spans: Vec<_> = records
        .iter()
        .filter_map(|record| if let WireRecord::Span(span) = record { Some(span) } else { None })
        .collect();
    let Some(seen) = seen else {
        assert_eq!((counts.invalid, counts.requests, spans.len()), (1, 0, 0), "{answer}");
        return;
    };
    let over = message.len() > MAX_BYTES || seen.len() > MAX_SPANS as usize;
    let (disposition, accepted, refused) =
        if over { (Disposition::Refused, 0, seen.len()) } else { (Disposition::Accepted, seen.len(), 0) };
    assert_eq!((counts.invalid, counts.requests), (0, 1), "{answer}");
    assert_eq!((counts.accepted, counts.refused), (accepted as u64, refused as u64), "{answer}");
    assert_eq!(spans.len() as u64 + counts.gap, seen.len() as u64, "every span is noted or a gap");
    for (span, seen) in spans.iter().zip(seen) {
        assert_eq!((span.key, span.parent, span.disposition), (seen.key, seen.parent, disposition));
        let times = (span.kind, span.start_wall, span.end_wall);
        assert_eq!(times, (seen.kind, seen.start_wall, seen.end_wall));
    }
}

/// Sends a request to a receiver of its own and ends it.
fn deliver(request: Request<Chunks>) -> FuzzedAnswer {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = if cfg!(target_os = "linux") { "/dev/shm".into() } else { std::env::temp_dir() };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let log = folder.join(format!("spanfate-fuzz-{}-{number}.log", std::process::id()));
    let config = ReceiverConfig {
        max_bytes: MAX_BYTES,
        max_spans: MAX_SPANS,
        ..ReceiverConfig::new(log.clone(), LOG_LIMIT)
    };
    let Ok(shared) = ReceiverShared::create(config, None) else { panic!("cannot create {}", log.display()) };
    let answer = ready(route::answer(Arc::clone(&shared), Connection::new(0), request));
    let answer = text(answer);
    assert_eq!(shared.in_flight.load(Ordering::Relaxed), 0, "no byte stays counted");
    assert!(shared.log().finish().is_ok(), "the log is written");
    let bytes = std::fs::read(&log).unwrap_or_default();
    drop(std::fs::remove_file(&log));
    assert!(
        bytes.len() as u64 <= LOG_LIMIT && bytes.len().is_multiple_of(RECORD_BYTES),
        "{} bytes",
        bytes.len()
    );
    let mut records: Vec<_> = wire::read(&bytes).into_iter().flatten().collect();
    assert!(matches!(records.last(), Some(WireRecord::End { .. })), "the log ends in order");
    for record in &mut records {
        match record {
            // How much of a message that is not read to its end had come depends on the pieces.
            WireRecord::Request(request) => (request.at, request.wire_bytes) = (0, 0),
            WireRecord::Answer(answer) => answer.at = 0,
            _ => {}
        }
    }
    FuzzedAnswer { answer, counts: shared.totals.counts(), records }
}

/// Takes an answer as a transport does, so that its fate is noted.
fn text(answer: Response<AnswerBody>) -> String {
    let (head, mut body) = answer.into_parts();
    let mut text = format!("{} {:?}", head.status, head.headers);
    while let Some(frame) = ready(std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))) {
        text += &format!(" {frame:?}");
    }
    text
}

/// Nothing here waits: the whole request is there.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the receiver waits although the request is complete"),
    }
}

/// A body in pieces.
#[derive(Debug)]
struct Chunks(VecDeque<Bytes>);

impl Chunks {
    fn whole(body: &[u8]) -> Self {
        Self::cut(body, 0)
    }

    /// Pieces of that size; 0 for one.
    fn cut(body: &[u8], size: usize) -> Self {
        let size = if size == 0 { body.len().max(1) } else { size };
        Self(body.chunks(size).map(Bytes::copy_from_slice).collect())
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = String;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

fn lossy(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).into_owned().into_bytes()
}

/// The same spans in OTLP/JSON.
fn json_of(seen: &[FuzzedSpan]) -> String {
    let quoted = |bytes: &[u8]| serde_json::Value::from(String::from_utf8_lossy(bytes)).to_string();
    let mut out = r#"{"resourceSpans":["#.to_owned();
    for (i, span) in seen.iter().enumerate() {
        let SpanKey { trace, span: id } = span.key;
        let comma = if i == 0 { "" } else { "," };
        let parent = if span.parent.is_zero() { String::new() } else { span.parent.to_string() };
        let written = write!(
            out,
            r#"{comma}{{"scopeSpans":[{{"spans":[{{"name":{},"traceId":"{trace}","spanId":"{id}","parentSpanId":"{parent}",
            "kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":{}}}]}}],
            "resource":{{"attributes":[{{"value":{{"stringValue":{}}},"key":"service.name"}}]}}}}"#,
            quoted(&span.name),
            span.kind,
            span.start_wall,
            span.end_wall,
            quoted(&span.service),
        );
        assert!(written.is_ok());
    }
    out + "]}"
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Every input that was ever worth keeping, in the order of its name.
    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 8, "{target} has {} files", files.len());
        files.iter().map(|file| fs::read(file).unwrap()).collect()
    }

    #[test]
    fn the_corpus_of_protobuf_holds() {
        let read = corpus("protobuf")
            .iter()
            .filter_map(|input| protobuf(input))
            .map(|seen| seen.len())
            .sum::<usize>();
        assert!(read > 100, "real bodies are read: {read} spans");
    }

    #[test]
    fn the_corpus_of_json_holds() {
        let read =
            corpus("json").iter().filter_map(|input| json(input)).map(|seen| seen.len()).sum::<usize>();
        assert!(read > 10, "real bodies are read: {read} spans");
    }

    #[test]
    fn the_corpus_of_grpc_holds() {
        for input in corpus("grpc") {
            grpc(&input);
        }
    }
}
