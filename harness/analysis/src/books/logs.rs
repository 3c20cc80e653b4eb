//! Log lines held against the spans of a trial: which lead to a received span, which to a lost one, and why the others lead nowhere.
//!
//! Lines come piece by piece and are forgotten once they are counted. Held are one line of at most [`MOST_LINE`] bytes, a bounded
//! table of counts, and what the spans of the trial need to be looked up.

mod line;
mod lines;
mod record;
mod spans;
mod tally;

use std::borrow::Cow;
use std::fmt;

use spanfate_model::books::logs::{LineExample, LineStanding, LogBooks, Unanchored, UnreadLine};
use spanfate_model::format::layout::WIRE_LOGS;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::plan::{Plan, PlannedTrial};

use crate::evidence::opened::Opened;
use crate::otlp;
use line::{LineSays, LogLine, Say};
use lines::LineSplitter;
use spans::KnownSpans;
use tally::LineTally;

/// Most bytes of a line that is read. A collector writes a batch of log records as one line, and 8,192 of them have some megabytes.
pub const MOST_LINE: usize = 8 << 20;

/// No line of a file can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnreadableLog {
    /// The file.
    pub file: String,
    /// The first line that cannot be read.
    pub line: u64,
    /// Why that is so.
    pub why: UnreadLine,
    /// What is wrong, where there is more to be said.
    pub says: String,
}

impl std::error::Error for UnreadableLog {}

impl fmt::Display for UnreadableLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, why, says } = self;
        write!(
            f,
            "{file}:{line}: {}; no line of the file can be read: {}",
            said(says, *why),
            what_to_do(*why)
        )
    }
}

/// What is wrong with a line, in words.
fn said(says: &str, why: UnreadLine) -> String {
    let of = match why {
        UnreadLine::TooLong => "the line is too long",
        UnreadLine::BrokenJson => "the line is no JSON",
        UnreadLine::NoObject => "the line is JSON, and no object",
        UnreadLine::Logfmt => "the line is logfmt, and not JSON",
        UnreadLine::OtherText => "the line is text, and not JSON",
        UnreadLine::NoText => "the line is no text",
    };
    if says.is_empty() { of.to_owned() } else { format!("{of} ({says})") }
}

/// What to do about lines that cannot be read.
const fn what_to_do(why: UnreadLine) -> &'static str {
    match why {
        UnreadLine::TooLong => "break it into lines of at most 8 MiB, one object each",
        UnreadLine::BrokenJson => {
            "give one whole object a line; of objects over several lines `jq -c .` makes such"
        }
        UnreadLine::NoObject => "give one object a line; of a list `jq -c '.[]'` makes such",
        UnreadLine::Logfmt | UnreadLine::OtherText => {
            "let the logger write JSON (slog.NewJSONHandler, zap.NewProduction), or send OTLP"
        }
        UnreadLine::NoText => "decompress it first; of OTLP only lines of JSON are read",
    }
}

/// Joins the lines that are read with the spans of a trial; what the reading came to, and the books of the lines.
pub fn join_logs<R>(
    plan: &Plan,
    planned: &PlannedTrial,
    logs: &TrialLogs,
    read: impl FnOnce(&mut LogJoin<'_>) -> R,
) -> (R, LogBooks) {
    let opened = Opened::open(plan, planned, logs);
    let mut join = LogJoin::new(&opened);
    let done = read(&mut join);
    (done, join.finish())
}

/// The books of the lines that a trial itself kept; nothing where it was to keep none.
pub(crate) fn of_trial(opened: &Opened<'_>, logs: &TrialLogs) -> Option<LogBooks> {
    let kept = logs.manifest.kept_logs.as_ref();
    if kept.is_none() && logs.records.is_empty() && logs.lines.iter().all(Option::is_none) {
        return None;
    }
    let mut join = LogJoin::new(opened);
    for (process, lines) in logs.manifest.processes.iter().zip(&logs.lines) {
        let (Some(file), Some(lines)) = (&process.logs, lines) else { continue };
        join.begin(file, Some(&process.service));
        join.feed(lines);
        // What cannot be read is in the books.
        drop(join.end());
    }
    for (file, messages) in &logs.records {
        if file == WIRE_LOGS[0] {
            join.framed(file, messages);
        } else {
            join.begin(file, None);
            join.feed(messages);
            drop(join.end());
        }
    }
    Some(LogBooks { missed: kept.map_or(0, |kept| kept.missed), ..join.finish() })
}

/// Lines that are being joined with spans.
pub struct LogJoin<'o> {
    spans: KnownSpans<'o>,
    tally: LineTally,
    splitter: LineSplitter,
    file: String,
    /// Whose lines are in the file, where that is known.
    service: Option<String>,
    /// Whether any line of the file could be read.
    readable: bool,
    unreadable: Option<UnreadableLog>,
}

impl<'o> LogJoin<'o> {
    fn new(opened: &'o Opened<'o>) -> Self {
        Self {
            spans: KnownSpans::of(opened),
            tally: LineTally::default(),
            splitter: LineSplitter::default(),
            file: String::new(),
            service: None,
            readable: false,
            unreadable: None,
        }
    }

    /// Begins a file. Without a service its lines are those of the service that they name, else of the file.
    pub fn begin(&mut self, file: &str, service: Option<&str>) {
        self.begin_behind(file, service, 0);
    }

    /// The same of what stands behind so many lines of it.
    pub fn begin_behind(&mut self, file: &str, service: Option<&str>, lines: u64) {
        self.splitter = LineSplitter::behind(lines);
        file.clone_into(&mut self.file);
        self.service = service.map(str::to_owned);
        (self.readable, self.unreadable) = (false, None);
    }

    /// A piece of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.feed(piece, &mut |number, line| self.line(number, line));
        self.splitter = splitter;
    }

    /// The end of the file; an error where it has lines and none of them can be read.
    pub fn end(&mut self) -> Result<(), UnreadableLog> {
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.end(&mut |number, line| self.line(number, line));
        self.unreadable.take().filter(|_| !self.readable).map_or(Ok(()), Err)
    }

    /// A whole file of log records as protobuf, each message behind its length as four bytes.
    fn framed(&mut self, file: &str, messages: &[u8]) {
        self.begin(file, None);
        let mut number = 0;
        for message in otlp::log_messages(messages) {
            match message {
                Ok(message) => self.records(&message, &mut number),
                Err(wrong) => {
                    number += 1;
                    self.one(number, None, Say::Unread(UnreadLine::NoText, wrong));
                }
            }
        }
    }

    fn line(&mut self, number: u64, line: Result<&[u8], u64>) {
        let line = match line {
            Ok(line) => line,
            Err(bytes) => {
                let says = format!("{bytes} bytes");
                return self.one(number, None, Say::Unread(UnreadLine::TooLong, says));
            }
        };
        let text = String::from_utf8_lossy(line);
        if matches!(text, Cow::Owned(_)) {
            self.tally.repaired += 1;
        }
        match line::read(&text) {
            LogLine::One(LineSays { service, say }) => self.one(number, service, say),
            // The number of such a line is worth more than that of a record in it.
            LogLine::Records(message) => {
                record::each(&message, &mut |service, say| self.one(number, service, say));
            }
        }
    }

    fn records(&mut self, message: &serde_json::Value, number: &mut u64) {
        record::each(message, &mut |service, say| {
            *number += 1;
            self.one(*number, service, say);
        });
    }

    /// A line, or a record, says this of its span.
    fn one(&mut self, number: u64, named: Option<String>, say: Say) {
        let service = self.service.clone().or(named).unwrap_or_else(|| self.file.clone());
        let first = LineExample { file: self.file.clone(), line: number, says: String::new() };
        match say {
            Say::Unread(why, says) => {
                self.unreadable.get_or_insert_with(|| UnreadableLog {
                    file: self.file.clone(),
                    line: number,
                    why,
                    says: says.clone(),
                });
                return self.tally.add(
                    service,
                    LineStanding::Unread(why),
                    None,
                    LineExample { says, ..first },
                );
            }
            Say::Nothing => {
                self.tally.add(service, LineStanding::Unanchored(Unanchored::NoIds), None, first);
            }
            Say::NoContext => {
                self.tally.add(service, LineStanding::Unanchored(Unanchored::NoContext), None, first);
            }
            Say::Elsewhere(found) => {
                let why = LineStanding::Unanchored(Unanchored::WrongNames);
                self.tally.add(service, why, Some(found), first);
            }
            Say::Wrong(why, says) => {
                self.tally.has_ids(&service);
                let first = LineExample { says, ..first };
                self.tally.add(service, LineStanding::Unanchored(why), None, first);
            }
            Say::Ids(key) => {
                self.tally.has_ids(&service);
                let says = format!("trace {}, span {}", key.trace, key.span);
                self.tally.add(service, self.spans.standing(&key), None, LineExample { says, ..first });
            }
        }
        self.readable = true;
    }

    fn finish(self) -> LogBooks {
        self.tally.finish()
    }
}
