//! Whole spans beside the wire log, where a scenario wants them: each accepted message as it came, before it is answered. Protobuf goes
//! to a file of messages behind their lengths, as the Collector's file exporter writes it; JSON goes to one of a message a line. Metrics
//! and log records go to files of their own, where they are wanted, too.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use spanfate_model::format::layout::{WIRE_LOGS, WIRE_METRICS, WIRE_SPANS, WIRE_SPANS_JSON};
use spanfate_model::format::manifest::KeptSpans;
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::limits::LimitedPart;
use spanfate_model::quantity::id::SpanKey;

use super::otlp::cut::cut;
use crate::host::limits::LimitsMet;
use crate::receiver::counts::OtlpSignal;

/// Where whole spans are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeepPlan {
    /// The folder of the files.
    pub folder: PathBuf,
    /// Most bytes of both files; what comes then is missed.
    pub most_bytes: u64,
    /// Most bytes of metrics and log records; absent where they are not kept.
    pub signal_bytes: Option<u64>,
}

/// Who keeps them.
#[derive(Debug)]
pub(in crate::receiver) struct SpanKeeper {
    plan: KeepPlan,
    /// By their names; a file is made when something comes for it.
    files: BTreeMap<&'static str, File>,
    /// Bytes of spans that may be written yet, and of metrics and log records.
    left: u64,
    signals_left: u64,
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
        let signals_missed = plan.signal_bytes.map(|_| 0);
        Self {
            files: BTreeMap::new(),
            left: plan.most_bytes,
            signals_left: plan.signal_bytes.unwrap_or_default(),
            plan,
            kept: KeptSpans { signals_missed, ..KeptSpans::default() },
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
        let json = one.protocol == WireProtocol::HttpJson;
        let name = if json { WIRE_SPANS_JSON } else { WIRE_SPANS };
        let told = self.put(one);
        let bytes = self.out.len() as u64;
        if told && bytes <= self.left && self.write(name) {
            self.left -= bytes;
            let file = if json { &mut self.kept.json } else { &mut self.kept.protobuf };
            file.get_or_insert_with(|| name.to_owned());
            self.kept.messages += 1;
            self.kept.spans += accepted;
        } else {
            // Nothing is kept behind a gap: the files end where it begins.
            if told {
                self.left = 0;
            }
            self.kept.missed += accepted;
        }
    }

    /// Keeps a request with metrics or log records, where they are wanted.
    pub(in crate::receiver) fn keep_signal(
        &mut self,
        signal: OtlpSignal,
        protocol: WireProtocol,
        message: &[u8],
    ) {
        if self.plan.signal_bytes.is_none() {
            return;
        }
        let [protobuf, json] = match signal {
            OtlpSignal::Metrics => WIRE_METRICS,
            OtlpSignal::Logs => WIRE_LOGS,
            OtlpSignal::Traces | OtlpSignal::Unknown => return,
        };
        self.out.clear();
        let name = if protocol == WireProtocol::HttpJson {
            self.line(message);
            json
        } else {
            self.frame(message);
            protobuf
        };
        let bytes = self.out.len() as u64;
        if bytes <= self.signals_left && self.write(name) {
            self.signals_left -= bytes;
        } else {
            self.signals_left = 0;
            *self.kept.signals_missed.get_or_insert_default() += 1;
        }
    }

    /// Fills `out` with what goes into the file; whether that could be told.
    fn put(&mut self, one: &KeptMessage<'_>) -> bool {
        self.out.clear();
        let whole = one.rejected == 0 && one.discarded.is_empty();
        match one.protocol {
            WireProtocol::HttpJson if whole => self.line(one.message),
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

    fn line(&mut self, message: &[u8]) {
        let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        self.out.extend(message.iter().map(blank));
        self.out.push(b'\n');
    }

    fn frame(&mut self, message: &[u8]) {
        self.out.extend_from_slice(&(message.len() as u32).to_be_bytes());
        self.out.extend_from_slice(message);
    }

    /// Appends `out` to a file; whether that could be done.
    fn write(&mut self, name: &'static str) -> bool {
        let done = self.append(name);
        if let Err(failure) = &done {
            self.limits.note(LimitedPart::WireLog, failure);
        }
        done.is_ok()
    }

    fn append(&mut self, name: &'static str) -> io::Result<()> {
        if !self.files.contains_key(name) {
            let path = self.plan.folder.join(name);
            self.files.insert(name, OpenOptions::new().create_new(true).append(true).open(path)?);
        }
        if let Some(file) = self.files.get_mut(name) {
            file.write_all(&self.out)?;
        }
        *self.kept.bytes.entry(name.to_owned()).or_default() += self.out.len() as u64;
        Ok(())
    }

    /// What was kept so far.
    pub(in crate::receiver) fn kept(&self) -> KeptSpans {
        self.kept.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(most_bytes: u64) -> (SpanKeeper, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes, signal_bytes: Some(12) };
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
        assert_eq!(keeper.kept(), KeptSpans { signals_missed: Some(0), ..KeptSpans::default() });
        keeper.keep(&KeptMessage { rejected: 1, ..message(WireProtocol::HttpJson, b"{}") });
        assert_eq!((keeper.kept().messages, keeper.kept().missed), (0, 1));
    }

    #[test]
    fn metrics_and_log_records_have_files_and_a_bound_of_their_own() {
        let (mut keeper, folder) = keeper(0);
        keeper.keep_signal(OtlpSignal::Metrics, WireProtocol::Grpc, b"abc");
        keeper.keep_signal(OtlpSignal::Logs, WireProtocol::HttpJson, b"{ \n}");
        keeper.keep_signal(OtlpSignal::Logs, WireProtocol::Grpc, b"abc");
        // Behind a gap nothing is kept, even where there would be room.
        keeper.keep_signal(OtlpSignal::Logs, WireProtocol::HttpJson, b"");
        let read = |name: &str| std::fs::read(folder.path().join(name)).ok();
        assert_eq!(read(WIRE_METRICS[0]).unwrap(), b"\0\0\0\x03abc");
        assert_eq!(read(WIRE_LOGS[1]).unwrap(), b"{  }\n");
        assert_eq!((read(WIRE_LOGS[0]), read(WIRE_METRICS[1])), (None, None));
        let kept = keeper.kept();
        assert_eq!((kept.signals_missed, kept.missed, kept.messages), (Some(2), 0, 0));
        assert_eq!(kept.bytes.values().sum::<u64>(), 12);
    }

    #[test]
    fn metrics_that_nobody_wants_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let plan = KeepPlan { folder: folder.path().to_owned(), most_bytes: 1 << 20, signal_bytes: None };
        let mut keeper = SpanKeeper::new(plan, &Arc::default());
        keeper.keep_signal(OtlpSignal::Metrics, WireProtocol::Grpc, b"abc");
        assert_eq!(keeper.kept(), KeptSpans::default());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
