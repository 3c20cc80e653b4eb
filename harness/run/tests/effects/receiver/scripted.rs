//! Receivers with a script, and what their logs say.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use spanfate_model::fault::answer::ScriptedAnswer;
use spanfate_model::format::wire::{AnswerFate, AnswerRecord, Disposition, RequestRecord};
use spanfate_run::receiver::{EntryWhen, Script, ScriptEntry};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::bench::{Bench, Log, bench};
use spanfate_testkit::client::{EXPORT, grpc_request, http_request};

pub(crate) const WHY: &str = "as a fault of the scenario wants it";
pub(crate) const JSON: &[u8] = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[
    {"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"a"},
    {"traceId":"01010101010101010101010101010101","spanId":"0303030303030303","name":"b"}]}]}]}"#;

/// A receiver that gives one answer to every request.
pub(crate) fn always(answer: ScriptedAnswer) -> (Bench, Script) {
    scripted(vec![ScriptEntry {
        fault: 6,
        answer,
        when: EntryWhen::Requests { from: 0, to: u32::MAX, every: 1 },
    }])
}

pub(crate) fn scripted(entries: Vec<ScriptEntry>) -> (Bench, Script) {
    let script = Script::new(entries);
    (bench(|config| config.script = script.clone()), script)
}

pub(crate) fn grpc(message: &[u8]) -> Request<Full<Bytes>> {
    grpc_request(EXPORT, message, false)
}

pub(crate) fn post(message: &[u8]) -> Request<Full<Bytes>> {
    http_request("POST", "/v1/traces", "application/x-protobuf", message, true)
}

pub(crate) fn json() -> Request<Full<Bytes>> {
    http_request("POST", "/v1/traces", "application/json", JSON, false)
}

/// Sends a whole request over HTTP/1 and leaves the answer to others.
pub(crate) async fn raw(bench: &Bench, message: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(bench.receiver.address()).await.unwrap();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        message.len()
    );
    stream.write_all(&[head.as_bytes(), message].concat()).await.unwrap();
    stream
}

/// What the log says of every request and its answer.
pub(crate) fn said(log: &Log) -> Vec<(Disposition, u8, AnswerFate, u16)> {
    let answer_of = |request: &RequestRecord| -> AnswerRecord {
        *log.answers.iter().find(|answer| answer.request == request.request).unwrap()
    };
    let of = |request: &RequestRecord| {
        let answer = answer_of(request);
        assert_eq!(request.fault, answer.fault);
        (request.disposition, request.fault, answer.fate, answer.status)
    };
    log.requests.iter().map(of).collect()
}

pub(crate) fn dispositions(log: &Log) -> Vec<Disposition> {
    log.spans.iter().map(|span| span.disposition).collect()
}
