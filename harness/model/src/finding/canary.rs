//! What `spanfate canary` sends, what readers see of it, and what came of it.

pub mod sent;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::quantity::id::{SpanId, TraceId};
use crate::verdict::Verdict;

/// What became of a span that the canary sent. Every one gets exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CanaryOutcome {
    /// It came in time, once, and as it was sent.
    Received,
    /// It came after the deadline.
    Late,
    /// It came more than once.
    Duplicate,
    /// It came with a field that is not as it was sent.
    Damaged,
    /// The endpoint took it, and it never came.
    Lost,
    /// The endpoint did not take it, and it never came.
    Refused,
    /// The reader could not be asked when it counted.
    Undecided,
    /// The canary was stopped before the span's time was over.
    Open,
}

impl CanaryOutcome {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Late,
        Self::Duplicate,
        Self::Damaged,
        Self::Lost,
        Self::Refused,
        Self::Undecided,
        Self::Open,
    ];

    /// Its name in files and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Open => "open",
        }
    }
}

/// A part of a span that can be damaged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanField {
    /// The name.
    Name,
    /// The kind.
    Kind,
    /// Code or message of the status.
    Status,
    /// Start or end.
    Times,
    /// The parent's id.
    Parent,
    /// An attribute is gone or has another value. Attributes that were added are no damage.
    Attribute,
    /// The same of the resource.
    Resource,
}

impl SpanField {
    /// Its name in files and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::Times => "times",
            Self::Parent => "parent",
            Self::Attribute => "attribute",
            Self::Resource => "resource",
        }
    }
}

/// Spans by what became of them. They add up to those that were sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct CanaryCounts {
    /// Spans sent whose outcome is known.
    pub sent: u64,
    /// See [`CanaryOutcome::Received`]; so the others.
    pub received: u64,
    /// After the deadline.
    pub late: u64,
    /// More than once.
    pub duplicate: u64,
    /// Not as they were sent.
    pub damaged: u64,
    /// Taken, and never seen.
    pub lost: u64,
    /// Not taken.
    pub refused: u64,
    /// Nobody could be asked.
    pub undecided: u64,
    /// Their time was not over.
    pub open: u64,
}

impl CanaryCounts {
    /// How many have this outcome.
    pub const fn of(&self, outcome: CanaryOutcome) -> u64 {
        match outcome {
            CanaryOutcome::Received => self.received,
            CanaryOutcome::Late => self.late,
            CanaryOutcome::Duplicate => self.duplicate,
            CanaryOutcome::Damaged => self.damaged,
            CanaryOutcome::Lost => self.lost,
            CanaryOutcome::Refused => self.refused,
            CanaryOutcome::Undecided => self.undecided,
            CanaryOutcome::Open => self.open,
        }
    }

    /// One span more.
    pub fn count(&mut self, outcome: CanaryOutcome) {
        self.sent += 1;
        *match outcome {
            CanaryOutcome::Received => &mut self.received,
            CanaryOutcome::Late => &mut self.late,
            CanaryOutcome::Duplicate => &mut self.duplicate,
            CanaryOutcome::Damaged => &mut self.damaged,
            CanaryOutcome::Lost => &mut self.lost,
            CanaryOutcome::Refused => &mut self.refused,
            CanaryOutcome::Undecided => &mut self.undecided,
            CanaryOutcome::Open => &mut self.open,
        } += 1;
    }

    /// The counts of two together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.sent += other.sent;
        self.received += other.received;
        self.late += other.late;
        self.duplicate += other.duplicate;
        self.damaged += other.damaged;
        self.lost += other.lost;
        self.refused += other.refused;
        self.undecided += other.undecided;
        self.open += other.open;
        self
    }

    /// Whether every span has exactly one outcome.
    pub fn closes(&self) -> bool {
        self.sent == CanaryOutcome::ALL.iter().map(|outcome| self.of(*outcome)).sum::<u64>()
    }
}

/// How long spans took from the begin of their request until they were first seen.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct CanaryDelays {
    /// Spans seen.
    pub count: u64,
    /// All delays together, seconds.
    pub sum_s: f64,
    /// The median, milliseconds.
    pub p50_ms: f64,
    /// 90 % took at most so long.
    pub p90_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// The spans that were sent within one stretch of time.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct CanaryWindow {
    /// Its begin, seconds since the canary's.
    pub from_s: u64,
    /// Its end.
    pub to_s: u64,
    /// What became of its spans.
    pub counts: CanaryCounts,
    /// How long they took; absent where none was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delays: Option<CanaryDelays>,
}

/// A span that did not come as it should, as an example.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CanarySample {
    /// What became of it.
    pub outcome: CanaryOutcome,
    /// Its trace.
    pub trace_id: TraceId,
    /// Itself.
    pub span_id: SpanId,
    /// When its trace was sent, seconds since the canary's begin.
    pub at_s: f64,
    /// What else there is to say: the fields that are damaged, the status of the refusal.
    pub detail: String,
}

/// What a canary was told to do, without anything secret.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CanaryTask {
    /// Scheme, host, port and path of the endpoint.
    pub to: String,
    /// How it is spoken to.
    pub protocol: String,
    /// Who is asked for the spans.
    pub from: String,
    /// Traces per second.
    pub rate_per_s: f64,
    /// Services of each trace.
    pub services: u16,
    /// Spans of each trace.
    pub spans_per_trace: u32,
    /// Seconds within which a span must have come.
    pub deadline_s: f64,
    /// Seconds after which a span is given up.
    pub patience_s: f64,
    /// What the contents are made of.
    #[serde(with = "crate::quantity::id::decimal")]
    pub seed: u64,
    /// What tells this canary from all others: every span has it as `spanfate.canary.instance`.
    pub instance: String,
    /// Share of the spans that may fail, 0 to 1.
    pub max_loss: f64,
    /// Late spans and duplicates count as failed, too.
    pub strict: bool,
}

/// All that a canary found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CanaryResult {
    /// Version of this format.
    pub format: &'static str,
    /// What it was told to do.
    pub task: CanaryTask,
    /// Pass, fail, or inconclusive.
    pub verdict: Verdict,
    /// Why it is no pass.
    pub reasons: Vec<String>,
    /// Traces sent.
    pub traces: u64,
    /// Their spans.
    pub counts: CanaryCounts,
    /// Spans that failed, of those with an outcome that says something; 0 to 1.
    pub failed_share: f64,
    /// How long spans took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delays: Option<CanaryDelays>,
    /// Spans by the field that is damaged; a span may have several.
    pub damaged_fields: BTreeMap<SpanField, u64>,
    /// Spans refused by what the endpoint said.
    pub refusals: BTreeMap<String, u64>,
    /// Spans that came although the endpoint had not taken them.
    pub received_though_refused: u64,
    /// Copies that came when their span had been judged already.
    pub after_the_end: u64,
    /// Spans in traces of this canary that it did not send: ids were damaged.
    pub unknown_spans: u64,
    /// Questions to the reader that had no answer.
    pub reader_errors: u64,
    /// Why the last of them had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader_error: Option<String>,
    /// What was sent in each stretch of time; older ones are one.
    pub windows: Vec<CanaryWindow>,
    /// Examples of spans that failed, the newest of each outcome.
    pub samples: Vec<CanarySample>,
}

/// Version of [`CanaryResult`].
pub const CANARY_FORMAT: &str = "1.0";
