//! What became of log lines: which lead to a received span, which to one that was lost, and why the others lead nowhere.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::row::Standing;
use crate::fate::Fate;
use crate::term::{Term, Word, words};

words! {
    /// Why a line that can be read leads to no span.
    pub enum Unanchored {
        /// There is no id in it, and none in any other line of its service.
        NoIds = "no_ids",
        /// Ids stand under names that OpenTelemetry did not settle, or inside of a group.
        WrongNames = "wrong_names",
        /// There is no id in it, and there are some in other lines of its service: it was logged without a context.
        NoContext = "no_context",
        /// One of the two ids is there, and the other is not.
        OneId = "one_id",
        /// An id has another length.
        BadLength = "bad_id.length",
        /// An id has other letters than hexadecimal digits.
        BadHex = "bad_id.hex",
        /// An id has capital letters.
        BadCase = "bad_id.upper_case",
        /// An id is all zeros: that of no span.
        BadZeros = "bad_id.all_zeros",
        /// An id is no text.
        BadType = "bad_id.no_text",
        /// The span is that of another trace.
        AnotherTrace = "ids_of_another_trace",
        /// No witness has seen the span.
        UnknownSpan = "unknown_span",
    }
}

words! {
    /// Why a line cannot be read.
    pub enum UnreadLine {
        /// It is longer than what is held of a line.
        TooLong = "too_long",
        /// It begins as an object of JSON, and is none.
        BrokenJson = "broken_json",
        /// It is JSON, and no object.
        NoObject = "no_object",
        /// It is logfmt.
        Logfmt = "logfmt",
        /// It is other text.
        OtherText = "text",
        /// It is no text.
        NoText = "no_text",
    }
}

/// Where a log line stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LineStanding {
    /// Its span was received.
    Anchored,
    /// Its span is known and was not received: where that stands in the books.
    Dangling(Standing),
    /// It leads to no span.
    Unanchored(Unanchored),
    /// It cannot be read.
    Unread(UnreadLine),
}

impl LineStanding {
    /// That of a line whose span has this standing.
    pub fn of(span: Standing) -> Self {
        if span == Standing::Fate(Fate::Received) { Self::Anchored } else { Self::Dangling(span) }
    }
}

impl Word for LineStanding {
    fn text(&self) -> Cow<'static, str> {
        match self {
            Self::Anchored => Cow::Borrowed("anchored"),
            Self::Dangling(span) => Cow::Owned(format!("dangling.{span}")),
            Self::Unanchored(why) => Cow::Owned(format!("unanchored.{why}")),
            Self::Unread(why) => Cow::Owned(format!("unread.{why}")),
        }
    }

    fn of(text: &str) -> Option<Self> {
        let (class, why) = text.split_once('.').unwrap_or((text, ""));
        match class {
            "anchored" => Some(Self::Anchored),
            "dangling" => Standing::of(why).map(Self::Dangling),
            "unanchored" => Unanchored::of(why).map(Self::Unanchored),
            "unread" => UnreadLine::of(why).map(Self::Unread),
            _ => None,
        }
    }
}

/// The lines of a service that stand in one way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineRow {
    /// The service, or the file where its lines name none.
    pub service: String,
    /// How they stand: `anchored`, `dangling.<fate>`, `unanchored.<reason>` or `unread.<reason>`.
    pub standing: Term<LineStanding>,
    /// The name under which the ids were found, where that is not the settled one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// How many.
    pub lines: u64,
    /// The first of them.
    pub first: LineExample,
}

/// A line, by its place. Of what it says only its ids are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LineExample {
    /// Its file.
    pub file: String,
    /// Its number in the file, from 1; of log records in OTLP that of the record.
    pub line: u64,
    /// Its ids, or what is wrong with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

/// The log lines of a trial, held against its spans.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LogBooks {
    /// Lines that are not empty; the sum of the four below.
    pub lines: u64,
    /// Lines whose span was received.
    pub anchored: u64,
    /// Lines whose span is known and was not received.
    pub dangling: u64,
    /// Lines that lead to no span.
    pub unanchored: u64,
    /// Lines that cannot be read.
    pub unread: u64,
    /// Messages with log records that came and could not be kept: what was in them is not in these books.
    #[serde(default, skip_serializing_if = "is_none_missed")]
    pub missed: u64,
    /// Lines with bytes that are no UTF-8, which were replaced.
    #[serde(default, skip_serializing_if = "is_none_missed")]
    pub repaired: u64,
    /// The lines by service and standing.
    pub rows: Vec<LineRow>,
}

impl LogBooks {
    /// The share of anchored lines; none of no line, and none where messages were missed.
    pub fn anchored_share(&self) -> Option<f64> {
        self.share(self.anchored)
    }

    /// The share of so many of the lines.
    pub fn share(&self, lines: u64) -> Option<f64> {
        (self.lines > 0 && self.missed == 0).then(|| lines as f64 / self.lines as f64)
    }

    /// Lines whose span nobody can place, because a witness that would tell has a gap.
    pub fn unaccounted(&self) -> u64 {
        let open = LineStanding::Dangling(Standing::Unaccounted);
        self.rows.iter().filter(|row| row.standing.is(&open)).map(|row| row.lines).sum()
    }
}

/// The log lines of a trial, with what trial it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TrialLines {
    /// Its number.
    pub trial: u16,
    /// Its variant.
    pub variant: String,
    /// Its lines.
    pub logs: LogBooks,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_none_missed(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_is_read_as_it_is_written() {
        let spans = [Standing::Unexplained, Standing::Unaccounted];
        let spans = Fate::all().into_iter().map(Standing::Fate).chain(spans).map(LineStanding::of);
        let unanchored = Unanchored::ALL.iter().copied().map(LineStanding::Unanchored);
        let unread = UnreadLine::ALL.iter().copied().map(LineStanding::Unread);
        let all: Vec<LineStanding> = spans.chain(unanchored).chain(unread).collect();
        assert!(all.contains(&LineStanding::Anchored));
        for standing in all {
            let written = serde_json::to_string(&Term::Known(standing)).unwrap();
            assert_eq!(
                serde_json::from_str::<Term<LineStanding>>(&written).unwrap(),
                Term::Known(standing),
                "{written}"
            );
        }
        assert!(Term::<LineStanding>::read("dangling.on_the_moon").known().is_none());
    }

    #[test]
    fn shares_are_of_all_lines_and_only_where_all_came() {
        let books = LogBooks { lines: 8, anchored: 6, unread: 2, ..LogBooks::default() };
        assert_eq!((books.anchored_share(), books.share(books.unread)), (Some(0.75), Some(0.25)));
        assert_eq!(LogBooks { missed: 1, ..books }.anchored_share(), None);
        assert_eq!(LogBooks::default().anchored_share(), None);
    }
}
