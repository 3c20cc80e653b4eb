//! Whole messages beside the wire log, where a scenario wants them: each accepted message as it came, before it is answered. Protobuf goes
//! to a file of messages behind their lengths, as the Collector's file exporter writes it; JSON goes to one of a message a line. Spans,
//! metrics and log records have files and bounds of their own.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use spanfate_model::format::layout::{WIRE_LOGS, WIRE_METRICS, WIRE_SPANS, WIRE_SPANS_JSON};
use spanfate_model::format::manifest::{KeptLogs, KeptSpans};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::limits::LimitedPart;
use spanfate_model::quantity::id::SpanKey;

use super::otlp::cut::cut;
use crate::host::limits::LimitsMet;

/// Where whole messages are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeepPlan {
    /// The folder of the files.
    pub folder: PathBuf,
    /// Most bytes of both files; what comes then is missed.
    pub most_bytes: u64,
    /// Most bytes of metrics; absent where they are not kept.
    pub metric_bytes: Option<u64>,
}

/// Two files of messages, protobuf and JSON, that grow until something has no room.
#[derive(Debug)]
struct KeptFiles {
    folder: PathBuf,
    names: [&'static str; 2],
    /// A file is made when something comes for it.
    files: [Option<File>; 2],
    /// Bytes that may be written yet.
    left: u64,
    bytes: BTreeMap<String, u64>,
    limits: Arc<LimitsMet>,
    out: Vec<u8>,
}

impl KeptFiles {
    fn new(folder: PathBuf, names: [&'static str; 2], most: u64, limits: &Arc<LimitsMet>) -> Self {
        let (limits, out, bytes) = (Arc::clone(limits), Vec::new(), BTreeMap::new());
        Self { folder, names, files: [None, None], left: most, bytes, limits, out }
    }

    /// Appends a message; whether there was room. Nothing is kept behind a gap: the files end where it begins.
    fn keep(&mut self, protocol: WireProtocol, message: &[u8]) -> bool {
        self.out.clear();
        let json = protocol == WireProtocol::HttpJson;
        if json {
            let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
            self.out.extend(message.iter().map(blank));
            self.out.push(b'\n');
        } else {
            self.out.extend_from_slice(&(message.len() as u32).to_be_bytes());
            self.out.extend_from_slice(message);
        }
        let bytes = self.out.len() as u64;
        let done = if bytes <= self.left { self.append(usize::from(json)) } else { Ok(false) };
        let kept = done.unwrap_or_else(|failure| {
            self.limits.note(LimitedPart::WireLog, &failure);
            false
        });
        // A file with half a message at its end must not grow any more, either.
        self.left = if kept { self.left - bytes } else { 0 };
        kept
    }

    fn append(&mut self, which: usize) -> io::Result<bool> {
        let name = self.names[which];
        let slot = &mut self.files[which];
        if slot.is_none() {
            *slot = Some(OpenOptions::new().create_new(true).append(true).open(self.folder.join(name))?);
        }
        let Some(file) = slot else { return Ok(false) };
        file.write_all(&self.out)?;
        *self.bytes.entry(name.to_owned()).or_default() += self.out.len() as u64;
        Ok(true)
    }

    /// The names of those that are there: that of protobuf, and that of JSON.
    fn made(&self) -> [Option<String>; 2] {
        let there = |name: &'static str| self.bytes.contains_key(name).then(|| name.to_owned());
        self.names.map(there)
    }
}

/// Who keeps spans, and metrics where they are wanted.
#[derive(Debug)]
pub(in crate::receiver) struct SpanKeeper {
    spans: KeptFiles,
    metrics: Option<KeptFiles>,
    kept: KeptSpans,
}

/// An accepted message, and which of its spans are not.
#[derive(Clone, Copy, Debug)]
pub(in crate::receiver) struct KeptMessage<'a> {
    pub(in crate::receiver) protocol: WireProtocol,
    pub(in crate::receiver) message: &'a [u8],
    pub(in crate::receiver) spans: u32,
    /// So many of them, from the first, were rejected.
    pub(in crate::receiver) rejected: u32,
    /// These were lost on purpose.
    pub(in crate::receiver) discarded: &'a [SpanKey],
}

impl SpanKeeper {
    pub(in crate::receiver) fn new(plan: KeepPlan, limits: &Arc<LimitsMet>) -> Self {
        let metrics =
            plan.metric_bytes.map(|most| KeptFiles::new(plan.folder.clone(), WIRE_METRICS, most, limits));
        let kept = KeptSpans { metrics_missed: metrics.as_ref().map(|_| 0), ..KeptSpans::default() };
        let spans = KeptFiles::new(plan.folder, [WIRE_SPANS, WIRE_SPANS_JSON], plan.most_bytes, limits);
        Self { spans, metrics, kept }
    }

    /// Keeps what was accepted of a message. What cannot be kept is counted as missed, and the message is answered all the same.
    pub(in crate::receiver) fn keep(&mut self, one: &KeptMessage<'_>) {
        let lost = one.discarded.len() as u32;
        let accepted = u64::from(one.spans.saturating_sub(one.rejected + lost));
        if accepted == 0 {
            return;
        }
        let whole = one.rejected == 0 && one.discarded.is_empty();
        let kept = if whole {
            self.spans.keep(one.protocol, one.message)
        } else if one.protocol == WireProtocol::HttpJson {
            // Spans are not taken out of JSON.
            false
        } else {
            let stays = |number: u32, key: SpanKey| number >= one.rejected && !one.discarded.contains(&key);
            let left = cut(one.message, &mut { stays }).ok().flatten();
            left.is_some_and(|left| self.spans.keep(one.protocol, &left))
        };
        if kept {
            self.kept.messages += 1;
            self.kept.spans += accepted;
        } else {
            self.kept.missed += accepted;
        }
    }

    /// Keeps a request with metrics, where they are wanted.
    pub(in crate::receiver) fn keep_metrics(&mut self, protocol: WireProtocol, message: &[u8]) {
        let Some(metrics) = &mut self.metrics else { return };
        if !metrics.keep(protocol, message) {
            *self.kept.metrics_missed.get_or_insert_default() += 1;
        }
    }

    /// What was kept so far.
    pub(in crate::receiver) fn kept(&self) -> KeptSpans {
        let [protobuf, json] = self.spans.made();
        let metrics = self.metrics.iter().flat_map(|files| &files.bytes);
        let bytes = self.spans.bytes.iter().chain(metrics);
        let bytes = bytes.map(|(name, bytes)| (name.clone(), *bytes)).collect();
        KeptSpans { protobuf, json, bytes, ..self.kept.clone() }
    }
}

/// Who keeps messages with log records.
#[derive(Debug)]
pub(in crate::receiver) struct LogKeeper {
    files: KeptFiles,
    kept: KeptLogs,
}

impl LogKeeper {
    pub(in crate::receiver) fn new(plan: KeepPlan, limits: &Arc<LimitsMet>) -> Self {
        let files = KeptFiles::new(plan.folder, WIRE_LOGS, plan.most_bytes, limits);
        Self { files, kept: KeptLogs::default() }
    }

    /// Keeps an accepted message, or counts it as missed.
    pub(in crate::receiver) fn keep(&mut self, protocol: WireProtocol, message: &[u8]) {
        let count =
            if self.files.keep(protocol, message) { &mut self.kept.messages } else { &mut self.kept.missed };
        *count += 1;
    }

    /// What was kept so far.
    pub(in crate::receiver) fn kept(&self) -> KeptLogs {
        let [protobuf, json] = self.files.made();
        KeptLogs { protobuf, json, bytes: self.files.bytes.clone(), ..self.kept.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(most_bytes: u64) -> (SpanKeeper, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes, metric_bytes: Some(12) };
        (SpanKeeper::new(plan, &Arc::default()), folder)
    }

    fn message(protocol: WireProtocol, message: &[u8]) -> KeptMessage<'_> {
        KeptMessage { protocol, message, spans: 2, rejected: 0, discarded: &[] }
    }

    #[test]
    fn messages_stand_behind_their_lengths_and_lines_are_lines() {
        let (mut keeper, folder) = keeper(1 << 20);
        keeper.keep(&message(WireProtocol::Grpc, b"abc"));
        keeper.keep(&message(WireProtocol::HttpProtobuf, b""));
        keeper.keep(&message(WireProtocol::HttpJson, b"{\n \"a\":\r\n1}"));
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        assert_eq!(read(WIRE_SPANS), b"\0\0\0\x03abc\0\0\0\0");
        assert_eq!(read(WIRE_SPANS_JSON), b"{  \"a\":  1}\n");
        let kept = keeper.kept();
        assert_eq!((kept.messages, kept.spans, kept.missed), (3, 6, 0));
        assert_eq!(kept.json.as_deref(), Some(WIRE_SPANS_JSON));
        for (name, bytes) in &kept.bytes {
            assert_eq!(*bytes, read(name).len() as u64, "{name}");
        }
        assert_eq!(kept.bytes.len(), 2);
    }

    #[test]
    fn what_has_no_room_is_missed_and_so_is_all_behind_it() {
        let (mut keeper, folder) = keeper(8);
        keeper.keep(&message(WireProtocol::Grpc, b"abc"));
        keeper.keep(&message(WireProtocol::Grpc, b"abc"));
        keeper.keep(&message(WireProtocol::HttpJson, b""));
        let kept = keeper.kept();
        assert_eq!((kept.messages, kept.spans, kept.missed), (1, 2, 4));
        assert_eq!(std::fs::read(folder.path().join(WIRE_SPANS)).unwrap(), b"\0\0\0\x03abc");
        assert!(kept.json.is_none());
    }

    #[test]
    fn what_was_rejected_is_not_kept() {
        let (mut keeper, _folder) = keeper(1 << 20);
        keeper.keep(&KeptMessage { rejected: 2, ..message(WireProtocol::Grpc, b"") });
        assert_eq!(keeper.kept(), KeptSpans { metrics_missed: Some(0), ..KeptSpans::default() });
        keeper.keep(&KeptMessage { rejected: 1, ..message(WireProtocol::HttpJson, b"{}") });
        assert_eq!((keeper.kept().messages, keeper.kept().missed), (0, 1));
    }

    #[test]
    fn metrics_and_log_records_have_files_and_bounds_of_their_own() {
        let (mut keeper, folder) = keeper(0);
        keeper.keep_metrics(WireProtocol::Grpc, b"abc");
        keeper.keep_metrics(WireProtocol::HttpJson, b"{ \n}{ }");
        // Behind a gap nothing is kept, even where there would be room.
        keeper.keep_metrics(WireProtocol::HttpJson, b"");
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes: 10, metric_bytes: None };
        let mut logs = LogKeeper::new(plan, &Arc::default());
        logs.keep(WireProtocol::HttpJson, b"{\n}");
        logs.keep(WireProtocol::Grpc, b"abc");
        let read = |name: &str| std::fs::read(folder.path().join(name)).ok();
        assert_eq!(read(WIRE_METRICS[0]).unwrap(), b"\0\0\0\x03abc");
        assert_eq!(read(WIRE_LOGS[1]).unwrap(), b"{ }\n");
        assert_eq!((read(WIRE_LOGS[0]), read(WIRE_METRICS[1])), (None, None));
        let kept = keeper.kept();
        assert_eq!((kept.metrics_missed, kept.missed, kept.messages), (Some(2), 0, 0));
        assert_eq!(kept.bytes.values().sum::<u64>(), 7);
        let kept = logs.kept();
        assert_eq!((kept.messages, kept.missed, kept.files().count()), (1, 1, 1));
    }

    #[test]
    fn metrics_that_nobody_wants_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes: 1 << 20, metric_bytes: None };
        let mut keeper = SpanKeeper::new(plan, &Arc::default());
        keeper.keep_metrics(WireProtocol::Grpc, b"abc");
        assert_eq!(keeper.kept(), KeptSpans::default());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
