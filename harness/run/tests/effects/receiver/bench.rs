//! A receiver under test and its log.

use std::path::Path;

use spanfate_model::format::wire::{self, AnswerRecord, Disposition, RequestRecord, SpanRecord, WireRecord};
use spanfate_model::quantity::id::SpanKey;
use spanfate_run::receiver::{self, ReceiverConfig, ReceiverSummary, RunningReceiver, Upstream};
use tempfile::TempDir;

use spanfate_testkit::client::Client;

/// A receiver in a directory of its own.
pub(crate) struct Bench {
    pub(crate) receiver: RunningReceiver,
    pub(crate) dir: TempDir,
}

/// Starts a receiver; `change` sets what the test is about.
pub(crate) fn bench(change: impl FnOnce(&mut ReceiverConfig)) -> Bench {
    relaying(None, change)
}

/// The same with a relay.
pub(crate) fn relaying(upstream: Option<&Upstream>, change: impl FnOnce(&mut ReceiverConfig)) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    change(&mut config);
    Bench { receiver: receiver::start_with(config, upstream).unwrap(), dir }
}

/// What the tests begin with.
pub(crate) fn config(dir: &Path) -> ReceiverConfig {
    let mut config = ReceiverConfig::new(dir.join("wire.log"), 1 << 30);
    (config.max_bytes, config.max_spans) = (4 << 20, 10_000);
    (config.hop, config.path) = (1, 2);
    config
}

/// What a wire log says.
#[derive(Default, Debug)]
pub(crate) struct Log {
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) spans: Vec<SpanRecord>,
    pub(crate) answers: Vec<AnswerRecord>,
    pub(crate) names: Vec<(u32, String)>,
    pub(crate) gap: u64,
    pub(crate) end: Option<u64>,
    pub(crate) bytes: u64,
    /// What became of each span in the end.
    pub(crate) settled: Vec<(SpanKey, Disposition)>,
}

impl Log {
    pub(crate) fn name(&self, id: u32) -> &str {
        &self.names.iter().find(|(known, _)| *known == id).unwrap().1
    }
}

impl Bench {
    /// A client that speaks HTTP/1.1.
    pub(crate) async fn one(&self) -> Client {
        Client::http1(self.receiver.address()).await
    }

    /// A client that speaks HTTP/2.
    pub(crate) async fn two(&self) -> Client {
        Client::http2(self.receiver.address()).await
    }

    /// Stops the receiver and reads its log. Meanwhile the clients of the test go on, as a client outside would.
    pub(crate) async fn finish(self) -> (Log, ReceiverSummary) {
        let receiver = self.receiver;
        let summary = tokio::task::spawn_blocking(|| receiver.stop().unwrap()).await.unwrap();
        let bytes = std::fs::read(self.dir.path().join("wire.log")).unwrap();
        let mut log = Log { bytes: bytes.len() as u64, ..Log::default() };
        for record in wire::read(&bytes).unwrap() {
            match record {
                WireRecord::Request(request) => log.requests.push(request),
                WireRecord::Span(span) => log.spans.push(span),
                WireRecord::Answer(answer) => log.answers.push(answer),
                WireRecord::Name { id, piece } => log.names.push((id, String::from_utf8(piece).unwrap())),
                WireRecord::Gap { spans } => log.gap += spans,
                WireRecord::End { requests } => log.end = Some(requests),
                WireRecord::Unknown(kind) => panic!("record of kind {kind}"),
            }
        }
        for record in wire::settled(&bytes).unwrap() {
            if let WireRecord::Span(span) = record {
                log.settled.push((span.key, span.disposition));
            }
        }
        (log, summary)
    }
}
