//! Whole spans beside the wire log, where a scenario wants them, and log records: each accepted message as it came, before it is answered. Protobuf goes
//! to a file of messages behind their lengths, as the Collector's file exporter writes it; JSON goes to one of a message a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use spanfate_model::format::layout::{WIRE_LOGS, WIRE_LOGS_JSON, WIRE_SPANS, WIRE_SPANS_JSON};
use spanfate_model::format::manifest::{KeptLogs, KeptSpans};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::limits::LimitedPart;
use spanfate_model::quantity::id::SpanKey;

use super::otlp::cut::cut;
use crate::host::limits::LimitsMet;

/// Where whole spans are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeepPlan {
    /// The folder of the files.
    pub folder: PathBuf,
    /// Most bytes of both files; what comes then is missed.
    pub most_bytes: u64,
}

/// Who keeps them.
#[derive(Debug)]
pub(in crate::receiver) struct SpanKeeper {
    plan: KeepPlan,
    /// Names of the files: that of protobuf, and that of JSON.
    names: [&'static str; 2],
    protobuf: Option<File>,
    json: Option<File>,
    written: u64,
    kept: KeptSpans,
    limits: Arc<LimitsMet>,
    out: Vec<u8>,
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
        Self::into_files([WIRE_SPANS, WIRE_SPANS_JSON], plan, limits)
    }

    fn into_files(names: [&'static str; 2], plan: KeepPlan, limits: &Arc<LimitsMet>) -> Self {
        let kept = KeptSpans::default();
        Self {
            plan,
            names,
            protobuf: None,
            json: None,
            written: 0,
            kept,
            limits: Arc::clone(limits),
            out: Vec::new(),
        }
    }

    /// Keeps what was accepted of a message. What cannot be kept is counted as missed, and the message is answered all the same.
    pub(in crate::receiver) fn keep(&mut self, one: &KeptMessage<'_>) {
        let lost = one.discarded.len() as u32;
        let accepted = u64::from(one.spans.saturating_sub(one.rejected + lost));
        if accepted == 0 {
            return;
        }
        let done = if self.put(one) { self.write(one.protocol) } else { Ok(false) };
        let kept = done.unwrap_or_else(|failure| {
            self.limits.note(LimitedPart::WireLog, &failure);
            // A file with half a message at its end must not grow any more.
            self.written = u64::MAX;
            false
        });
        if kept {
            self.kept.messages += 1;
            self.kept.spans += accepted;
        } else {
            self.kept.missed += accepted;
        }
    }

    /// Fills `out` with what goes into the file; whether that could be told.
    fn put(&mut self, one: &KeptMessage<'_>) -> bool {
        self.out.clear();
        let whole = one.rejected == 0 && one.discarded.is_empty();
        match one.protocol {
            WireProtocol::HttpJson if whole => {
                let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
                self.out.extend(one.message.iter().map(blank));
                self.out.push(b'\n');
            }
            // Spans are not taken out of JSON.
            WireProtocol::HttpJson => return false,
            WireProtocol::Grpc | WireProtocol::HttpProtobuf if whole => self.frame(one.message),
            WireProtocol::Grpc | WireProtocol::HttpProtobuf => {
                let stays =
                    |number: u32, key: SpanKey| number >= one.rejected && !one.discarded.contains(&key);
                let left = cut(one.message, &mut { stays }).ok().flatten();
                let Some(left) = left else { return false };
                self.frame(&left);
            }
        }
        true
    }

    fn frame(&mut self, message: &[u8]) {
        self.out.extend_from_slice(&(message.len() as u32).to_be_bytes());
        self.out.extend_from_slice(message);
    }

    fn write(&mut self, protocol: WireProtocol) -> io::Result<bool> {
        if self.written.saturating_add(self.out.len() as u64) > self.plan.most_bytes {
            // Nothing is kept behind a gap: the files end where it begins.
            self.written = u64::MAX;
            return Ok(false);
        }
        let json = protocol == WireProtocol::HttpJson;
        let [protobuf_name, json_name] = self.names;
        let (slot, name, told) = if json {
            (&mut self.json, json_name, &mut self.kept.json)
        } else {
            (&mut self.protobuf, protobuf_name, &mut self.kept.protobuf)
        };
        if slot.is_none() {
            let path = self.plan.folder.join(name);
            *slot = Some(OpenOptions::new().create_new(true).append(true).open(path)?);
            *told = Some(name.to_owned());
            self.kept.bytes.insert(name.to_owned(), 0);
        }
        if let Some(file) = slot {
            file.write_all(&self.out)?;
        }
        if let Some(bytes) = self.kept.bytes.get_mut(name) {
            *bytes += self.out.len() as u64;
        }
        self.written += self.out.len() as u64;
        Ok(true)
    }

    /// What was kept so far.
    pub(in crate::receiver) fn kept(&self) -> KeptSpans {
        self.kept.clone()
    }
}

/// Who keeps messages with log records, whole.
#[derive(Debug)]
pub(in crate::receiver) struct LogKeeper(SpanKeeper);

impl LogKeeper {
    pub(in crate::receiver) fn new(plan: KeepPlan, limits: &Arc<LimitsMet>) -> Self {
        Self(SpanKeeper::into_files([WIRE_LOGS, WIRE_LOGS_JSON], plan, limits))
    }

    /// Keeps an accepted message, or counts it as missed.
    pub(in crate::receiver) fn keep(&mut self, protocol: WireProtocol, message: &[u8]) {
        self.0.keep(&KeptMessage { protocol, message, spans: 1, rejected: 0, discarded: &[] });
    }

    /// What was kept so far.
    pub(in crate::receiver) fn kept(&self) -> KeptLogs {
        let KeptSpans { protobuf, json, messages, missed, .. } = self.0.kept();
        KeptLogs { protobuf, json, messages, missed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(most_bytes: u64) -> (SpanKeeper, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes };
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
    fn log_records_have_files_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes: 10 };
        let mut keeper = LogKeeper::new(plan, &Arc::default());
        keeper.keep(WireProtocol::HttpProtobuf, b"abc");
        keeper.keep(WireProtocol::Grpc, b"abc");
        assert_eq!(std::fs::read(folder.path().join(WIRE_LOGS)).unwrap(), b"\0\0\0\x03abc");
        let kept = keeper.kept();
        assert_eq!((kept.messages, kept.missed, kept.files().count()), (1, 1, 1));
    }

    #[test]
    fn what_was_rejected_is_not_kept() {
        let (mut keeper, _folder) = keeper(1 << 20);
        keeper.keep(&KeptMessage { rejected: 2, ..message(WireProtocol::Grpc, b"") });
        assert_eq!(keeper.kept(), KeptSpans::default());
        keeper.keep(&KeptMessage { rejected: 1, ..message(WireProtocol::HttpJson, b"{}") });
        assert_eq!((keeper.kept().messages, keeper.kept().missed), (0, 1));
    }
}
