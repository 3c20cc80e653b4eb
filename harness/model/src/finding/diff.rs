//! What `spanfate diff` finds: two stores of spans, held against each other span by span.

mod named;

use serde::Serialize;

pub use self::named::{DiffField, DiffFormat, DiffRule};
use crate::quantity::id::{SpanId, TraceId};
use crate::verdict::Verdict;

/// Version of [`DiffResult`].
pub const DIFF_FORMAT: &str = "1.0";

/// One of the two stores.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct DiffSide {
    /// What was given: a file, a run, an address.
    pub name: String,
    /// What it is written in; absent where it holds nothing.
    pub format: Option<DiffFormat>,
    /// How it is compressed, in words; empty if it is not.
    pub coding: String,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Spans read, copies included.
    pub spans: u64,
    /// Spans that are in it and do not count, by reason: they were refused, or never arrived.
    pub left_out: Vec<LeftOut>,
    /// Why it may lack spans that the store has; empty where it is whole.
    pub incomplete: Vec<String>,
}

/// Spans of a side that do not count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeftOut {
    /// How many.
    pub spans: u64,
    /// Why.
    pub why: &'static str,
}

/// Spans by how the sides agree on them. A key is a trace id and a span id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct DiffCounts {
    /// Spans that both have.
    pub both: u64,
    /// Of these, spans of which a field differs.
    pub different: u64,
    /// Spans that only the left side has.
    pub only_left: u64,
    /// Spans that only the right side has.
    pub only_right: u64,
    /// Copies on the left beyond those on the right.
    pub copies_left: u64,
    /// The other way round.
    pub copies_right: u64,
}

impl DiffCounts {
    /// Differences of any sort.
    #[inline]
    pub const fn differences(&self) -> u64 {
        self.different + self.only_left + self.only_right + self.copies_left + self.copies_right
    }

    /// The counts of two together.
    #[inline]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            both: self.both + other.both,
            different: self.different + other.different,
            only_left: self.only_left + other.only_left,
            only_right: self.only_right + other.only_right,
            copies_left: self.copies_left + other.copies_left,
            copies_right: self.copies_right + other.copies_right,
        }
    }

    /// What has come to earlier counts.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            both: self.both - earlier.both,
            different: self.different - earlier.different,
            only_left: self.only_left - earlier.only_left,
            only_right: self.only_right - earlier.only_right,
            copies_left: self.copies_left - earlier.copies_left,
            copies_right: self.copies_right - earlier.copies_right,
        }
    }
}

/// What a side lacks of traces that the other side has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LackingTraces {
    /// Traces of which it has no span.
    pub absent: u64,
    /// Traces whose root it lacks.
    pub headless: u64,
    /// Traces that lack a span which has children.
    pub torn: u64,
    /// Traces that lack only spans without children.
    pub shortened: u64,
    /// Traces of which spans are here under another trace id.
    pub split: u64,
}

impl LackingTraces {
    /// What two lack together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            absent: self.absent + other.absent,
            headless: self.headless + other.headless,
            torn: self.torn + other.torn,
            shortened: self.shortened + other.shortened,
            split: self.split + other.split,
        }
    }

    /// The same without what was counted before.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self {
            absent: self.absent - other.absent,
            headless: self.headless - other.headless,
            torn: self.torn - other.torn,
            shortened: self.shortened - other.shortened,
            split: self.split - other.split,
        }
    }
}

/// Traces by how the sides agree on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct DiffTraces {
    /// Traces of either side.
    pub all: u64,
    /// Of these, those in which nothing differs.
    pub equal: u64,
    /// What the left side lacks.
    pub left: LackingTraces,
    /// What the right side lacks.
    pub right: LackingTraces,
    /// Spans that have another trace id on the other side; each counts as one that only the left has and one that only the right has.
    pub moved_spans: u64,
    /// Whether moved spans were looked for in all spans of one side only; not where there are too many.
    pub moved_known: bool,
}

/// A field, and of how many spans it differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct FieldDifferences {
    /// The field.
    pub field: DiffField,
    /// Spans in which it differs.
    pub spans: u64,
    /// Spans of which it is the first field that differs.
    pub first: u64,
}

/// A field that was not compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotCompared {
    /// The field.
    pub field: DiffField,
    /// The sides whose format does not carry it: `left`, `right` or `both`.
    pub lacks: &'static str,
}

/// A rule that made spans equal which are written differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct RuleUse {
    /// The rule.
    pub rule: DiffRule,
    /// How often it was applied while the left side was read.
    pub left: u64,
    /// The same on the right.
    pub right: u64,
    /// Pairs of spans that it made equal when they were compared.
    pub pairs: u64,
}

/// The spans of a service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DiffService {
    /// Its name; empty where the spans name none.
    pub service: String,
    /// Its spans.
    pub counts: DiffCounts,
}

/// The spans that started within one stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct DiffWindow {
    /// Its begin, unix nanoseconds.
    pub from_ns: u64,
    /// Its last nanosecond.
    pub to_ns: u64,
    /// Its spans.
    pub counts: DiffCounts,
}

/// How one span differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// A field differs.
    Field,
    /// Only the left side has it.
    OnlyLeft,
    /// Only the right side has it.
    OnlyRight,
    /// The left side has more copies.
    CopiesLeft,
    /// The right side has more copies.
    CopiesRight,
}

/// A span that differs, as an example.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DiffSample {
    /// How.
    pub kind: DiffKind,
    /// Its trace.
    pub trace_id: TraceId,
    /// Itself.
    pub span_id: SpanId,
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// When it started, unix nanoseconds; 0 where the format does not say.
    pub start_ns: u64,
    /// The first field that differs, and where in it: `attributes["http.route"]`; empty where no field is to blame.
    pub path: String,
    /// What the left side has there.
    pub left: String,
    /// What the right side has there.
    pub right: String,
    /// All fields that differ.
    pub fields: Vec<DiffField>,
    /// Where it stands on the left: `line 3, byte 2041`; empty where it is not there, and where nothing is kept that it stands in.
    pub left_at: String,
    /// The same on the right.
    pub right_at: String,
    /// The trace that has a span of this id on the other side.
    pub moved_to: Option<TraceId>,
}

/// A span in a picture of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PicturedSpan {
    /// Itself.
    pub span_id: SpanId,
    /// What it hangs under.
    pub parent: SpanId,
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Start, unix nanoseconds.
    pub start_ns: u64,
    /// End, unix nanoseconds.
    pub end_ns: u64,
    /// How it differs, if it does.
    pub mark: Option<DiffKind>,
    /// The first field that differs, with both values; empty where none does.
    pub says: String,
}

/// A trace as both sides have it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PicturedTrace {
    /// The trace.
    pub trace_id: TraceId,
    /// Its spans on the left, by start.
    pub left: Vec<PicturedSpan>,
    /// Its spans on the right, by start.
    pub right: Vec<PicturedSpan>,
    /// Spans that are not drawn, as there are too many.
    pub not_drawn: u64,
}

/// What a live comparison found of its verdicts: when they came, and what came after them. The delay of a verdict counts from when the
/// last span of its trace was first seen; before that nobody knows that it was the last.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct LiveDelays {
    /// How long a span waits for its other copy, milliseconds.
    pub window_ms: f64,
    /// Verdicts; several of a trace whose spans come further apart than the window.
    pub verdicts: u64,
    /// Of these, verdicts of traces that had one before.
    pub again: u64,
    /// Half of the verdicts came so late, milliseconds.
    pub p50_ms: f64,
    /// 99 % of them.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Spans that came after they had been judged missing. They stay counted as missing.
    pub late: u64,
    /// Copies of spans that were judged already; they count nowhere else.
    pub copies_after: u64,
}

/// What was found of a trace, or of those of its spans that came since its last verdict.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LiveVerdict {
    /// The trace.
    pub trace_id: TraceId,
    /// Its spans.
    pub counts: DiffCounts,
    /// Time since the last of them was first seen, milliseconds.
    pub after_ms: f64,
    /// It had a verdict before.
    pub again: bool,
    /// A span that differs, where there are not enough examples of its sort yet.
    pub example: Option<DiffSample>,
}

/// All that a comparison found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DiffResult {
    /// Version of this format.
    pub format: &'static str,
    /// The left side.
    pub left: DiffSide,
    /// The right side.
    pub right: DiffSide,
    /// Pass: the sides tell the same. Fail: they differ. Inconclusive: a side is not whole, or there is nothing to compare.
    pub verdict: Verdict,
    /// Why it is no pass.
    pub reasons: Vec<String>,
    /// The spans.
    pub counts: DiffCounts,
    /// The traces.
    pub traces: DiffTraces,
    /// The fields that were compared, in the order in which the first that differs is looked for.
    pub compared: Vec<DiffField>,
    /// The fields that were not.
    pub not_compared: Vec<NotCompared>,
    /// Fields that differ.
    pub fields: Vec<FieldDifferences>,
    /// What was normalised.
    pub normalised: Vec<RuleUse>,
    /// Rules that were switched off.
    pub strict: Vec<DiffRule>,
    /// The spans by service, those with differences first.
    pub services: Vec<DiffService>,
    /// The spans by their start.
    pub windows: Vec<DiffWindow>,
    /// Start of the earliest span that differs, unix nanoseconds.
    pub since_ns: Option<u64>,
    /// Examples of differences.
    pub samples: Vec<DiffSample>,
    /// The traces of the first of them.
    pub pictures: Vec<PicturedTrace>,
    /// Bytes that were written to temporary files, as they did not fit into memory.
    pub spilled_bytes: u64,
    /// Of a live comparison: when its verdicts came.
    pub live: Option<LiveDelays>,
}
