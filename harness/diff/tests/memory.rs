//! A gigabyte in one line, read as a stream: memory stays bounded. In a process of its own, as its memory is looked at.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Read;

use spanfate_diff::{DiffError, DiffTask, SideInput, diff};
use spanfate_model::verdict::Verdict;

/// Bytes of the line.
const LINE: u64 = 1 << 30;
/// Bytes of one attribute.
const LONG: usize = 1 << 20;

/// A line that is made while it is read: spans with one long attribute each, or one value without an end.
struct Endless {
    head: Vec<u8>,
    at: usize,
    made: u64,
    spans: u64,
    values: bool,
}

impl Endless {
    fn new(values: bool) -> Self {
        let head = b"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[".to_vec();
        Self { head, at: 0, made: 0, spans: 0, values }
    }

    fn next(&mut self) {
        self.at = 0;
        self.head.clear();
        if self.made >= LINE {
            if self.spans != u64::MAX {
                self.spans = u64::MAX;
                self.head.extend_from_slice(b"]}]}]}\n");
            }
            return;
        }
        let comma = if self.spans > 0 { "," } else { "" };
        if self.spans == 0 || self.values {
            let id = self.spans + 1;
            let head = format!(
                "{comma}{{\"traceId\":\"{id:032x}\",\"spanId\":\"{id:016x}\",\"attributes\":[{{\"key\":\"a\",\"value\":{{\"stringValue\":\""
            );
            self.head.extend_from_slice(head.as_bytes());
        }
        self.head.resize(self.head.len() + LONG, b'x');
        if self.values {
            self.head.extend_from_slice(b"\"}}]}");
        }
        self.spans += 1;
    }
}

impl Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.head.len() {
            self.next();
        }
        let bytes = to.len().min(self.head.len() - self.at);
        to[..bytes].copy_from_slice(&self.head[self.at..self.at + bytes]);
        self.at += bytes;
        self.made += bytes as u64;
        Ok(bytes)
    }
}

/// The most memory that this process has had, MiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Rows of as many spans.
fn rows(spans: u64) -> Vec<u8> {
    let row = |id: u64| {
        format!(
            "{{\"trial\":0,\"service\":\"\",\"trace_id\":\"{id:032x}\",\"span_id\":\"{id:016x}\",\"name\":\"\",\"kind\":\"unspecified\",\"copies\":1}}\n"
        )
    };
    (1..=spans).map(row).collect::<String>().into_bytes()
}

#[test]
fn a_gigabyte_in_one_line_is_read_in_bounded_memory() {
    let task = DiffTask::default();
    let side = |values: bool| SideInput::of("left", Box::new(Endless::new(values)));
    let right = |bytes: Vec<u8>| SideInput::of("right", Box::new(std::io::Cursor::new(bytes)));
    // One value of it: more than is held at once.
    let wrong = diff(side(false), right(rows(1)), &task).unwrap_err();
    assert!(matches!(wrong.error, DiffError::TooLong { .. }), "{}", wrong.error);
    assert!(wrong.error.to_string().starts_with("line 1, byte "), "{}", wrong.error);
    // Many spans in it: read to its end.
    let found = diff(side(true), right(rows(2000)), &task).unwrap();
    assert!(found.left.spans > 1000 && found.left.bytes >= LINE, "{:?}", found.left);
    assert_eq!((found.counts.both, found.counts.different), (found.left.spans, 0));
    assert_eq!(found.verdict, Verdict::Fail);
    // Twice what is held of one value, while it is made longer, and the rest.
    assert!(most_memory() < 320, "{} MiB", most_memory());
}
