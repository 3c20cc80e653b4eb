//! Why spans are lost, as far as metrics, traces and logs say that a process and its collectors give of themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cause::NamedCause;

/// What `why` says of data from outside.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct OutsideWhy {
    /// Batch processors and exporters, in the order of the pages.
    pub parts: Vec<OutsidePart>,
    /// What traces say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
    /// What logs say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// A batch processor or an exporter, and why it loses spans.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OutsidePart {
    /// Whose.
    pub service: String,
    /// Which of its components.
    pub component: String,
    /// Spans that it lost in the time that was looked at, or since its start; absent where no counter says it.
    pub lost: Option<f64>,
    /// Whether that is since its start, for want of two pages.
    pub since_start: bool,
    /// Causes, the surest first; of the same sureness the largest share first.
    pub causes: Vec<OutsideCause>,
    /// What cannot be told from these data, each with what would tell it.
    pub open: Vec<String>,
}

/// A cause, and how sure it is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OutsideCause {
    /// Which.
    pub cause: OutsideFactor,
    /// How sure.
    pub sure: Sureness,
    /// The share of the lost spans that a counter puts down to it; absent where none does.
    pub share: Option<f64>,
    /// What was measured, without a full stop.
    pub evidence: String,
}

/// What can be seen from outside to lose spans.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutsideFactor {
    /// Exports take too long for what comes: its worker has no time left.
    SlowExport,
    /// Exports fail.
    ExportFailing,
    /// The process lacks CPU.
    CpuStarved,
    /// Spans come in bursts that the queue is too short for.
    Burst,
    /// The queue of a collector's exporter stays full: its endpoint takes less than comes.
    CollectorBehind,
    /// A collector's receiver refuses spans.
    CollectorRefuses,
}

impl OutsideFactor {
    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SlowExport => "exports take too long for what comes",
            Self::ExportFailing => "exports fail",
            Self::CpuStarved => "the process lacks CPU",
            Self::Burst => "spans come in bursts that the queue is too short for",
            Self::CollectorBehind => "the collector's endpoint takes less than comes",
            Self::CollectorRefuses => "the collector's receiver refuses spans",
        }
    }
}

/// How sure a cause is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// Counters count it: there is nothing to conclude.
    Counted,
    /// Arithmetic of means leaves no other way, as far as the pages go.
    Follows,
    /// It goes with what was seen, and so may others.
    Possible,
}

impl Sureness {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Follows => "follows",
            Self::Possible => "possible",
        }
    }
}

/// Who is to blame for lost spans, and for what, by a table of series and by traces alone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OutsideSuspect {
    /// The service.
    pub service: String,
    /// What is to blame.
    pub cause: NamedCause,
    /// Spans that it cost, about.
    pub spans: f64,
    /// The share of all lost spans, 0 to 1.
    pub share: f64,
    /// What was seen, without a full stop.
    pub evidence: String,
}
