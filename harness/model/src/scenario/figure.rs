//! The figures an expectation can name.

mod parts;

use std::borrow::Cow;
use std::fmt;

use crate::cause::Because;
use crate::fate::{Fate, FateClass};
use crate::term::Word;

pub use parts::{LoopFigure, Quantile, TraceState, WhatMatters};

/// Something that is measured per trial.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Figure {
    /// Lost spans per span that should have arrived.
    LossRate,
    /// Absolute difference of the measured loss rate and the capacity model's prediction.
    LossLawGap,
    /// Spans with one fate.
    Fate(Fate),
    /// Spans with any of the fates that differ only in their reason, by the name before it.
    Fates(&'static str),
    /// Spans that were received although the SDK was told that their export had failed.
    ReportedFailed,
    /// Spans received more than once.
    Duplicates,
    /// Export calls that returned an error.
    ExportsFailed,
    /// Time of the longest export call that had a result.
    ExportsLongest,
    /// Time of the longest shutdown of a tracer provider that returned.
    ShutdownLongest,
    /// Requests that were started and not answered with 2xx.
    RequestsFailed,
    /// Traces in a state, of the measured part.
    Traces(TraceState),
    /// Share of what matters that arrived, of the measured part.
    Kept(WhatMatters),
    /// What the rate of a sampler that follows the load did at a change of the load.
    Control(LoopFigure),
    /// Bytes that came to the receiver with spans.
    ExportsBytes,
    /// The largest difference between two witnesses that count the same thing, explained or not.
    WitnessDifference,
    /// Spans that the probes and the process witness do not both see in the same stage, by id.
    ProbeIds,
    /// Records that the probes lost, by their own count.
    ProbeLost,
    /// Hits of the probes that neither came as a record nor are counted as lost.
    ProbeUncounted,
    /// Hits of a probe on a function's first instruction beyond the calls of that function.
    ProbeOvercount,
    /// Whether the kernel takes a trap that no probe should be: 1 or 0.
    ProbeTrapTaken,
    /// Processes that ended without being asked to, and not by a fault.
    ProcessesDied,
    /// Share of the events of a runtime/trace that probes can see and that have no counterpart.
    TraceUnmatched,
    /// Spans that were created, warm-up included.
    SpansCreated,
    /// Spans that were received, warm-up included.
    SpansReceived,
    /// Calls of the exporters.
    ExportsCalls,
    /// Bytes per span on the wire.
    BytesPerSpan,
    /// Bytes per span before compression.
    RawBytesPerSpan,
    /// Heap objects that the fixtures allocate per span they make.
    AllocsPerSpan,
    /// Heap bytes that the fixtures allocate per span they make.
    AllocBytesPerSpan,
    /// Processor time of the fixtures per started request.
    CpuPerRequest,
    /// Highest resident memory of the fixtures, bytes.
    MemoryPeak,
    /// Quantile of response time from the intended start.
    Response(Quantile),
    /// Quantile of the time from the creation of a span to its first receipt.
    Delay(Quantile),
    /// Log lines of the services that were kept.
    LogLines,
    /// Share of these whose span was received.
    LogsAnchored,
    /// Share of these whose span is known and was not received.
    LogsDangling,
    /// Share of these that lead to no span.
    LogsUnanchored,
    /// Spans with a panic recorded on them.
    PanicsRecorded,
    /// Share of the spans that full queues refused whose cause is this one, or one of this group, by replay.
    Why(Because),
}

const PLAIN: [(&str, Figure); 50] = [
    ("loss.rate", Figure::LossRate),
    ("loss.law_gap", Figure::LossLawGap),
    ("duplicates", Figure::Duplicates),
    ("reported_failed", Figure::ReportedFailed),
    ("exports.failed", Figure::ExportsFailed),
    ("exports.longest", Figure::ExportsLongest),
    ("shutdown.longest", Figure::ShutdownLongest),
    ("requests.failed", Figure::RequestsFailed),
    ("panics.recorded", Figure::PanicsRecorded),
    ("spans.created", Figure::SpansCreated),
    ("spans.received", Figure::SpansReceived),
    ("exports.calls", Figure::ExportsCalls),
    ("exports.bytes", Figure::ExportsBytes),
    ("bytes.per_span", Figure::BytesPerSpan),
    ("bytes.per_span_raw", Figure::RawBytesPerSpan),
    ("allocs.per_span", Figure::AllocsPerSpan),
    ("allocs.bytes_per_span", Figure::AllocBytesPerSpan),
    ("cpu.per_request", Figure::CpuPerRequest),
    ("memory.peak", Figure::MemoryPeak),
    ("witnesses.difference", Figure::WitnessDifference),
    ("probe.ids_differ", Figure::ProbeIds),
    ("probe.lost", Figure::ProbeLost),
    ("probe.uncounted", Figure::ProbeUncounted),
    ("probe.overcount", Figure::ProbeOvercount),
    ("probe.trap_taken", Figure::ProbeTrapTaken),
    ("processes.died", Figure::ProcessesDied),
    ("trace.unmatched", Figure::TraceUnmatched),
    ("traces.complete", Figure::Traces(TraceState::Complete)),
    ("traces.headless", Figure::Traces(TraceState::Headless)),
    ("traces.torn", Figure::Traces(TraceState::Torn)),
    ("traces.split", Figure::Traces(TraceState::Split)),
    ("traces.absent", Figure::Traces(TraceState::Absent)),
    ("kept.key_spans", Figure::Kept(WhatMatters::KeySpans)),
    ("kept.errors", Figure::Kept(WhatMatters::Errors)),
    ("kept.errors_whole", Figure::Kept(WhatMatters::ErrorsWhole)),
    ("kept.slow", Figure::Kept(WhatMatters::Slow)),
    ("kept.whole", Figure::Kept(WhatMatters::Whole)),
    ("control.settling", Figure::Control(LoopFigure::Settling)),
    ("control.overshoot", Figure::Control(LoopFigure::Overshoot)),
    ("control.reversals", Figure::Control(LoopFigure::Reversals)),
    ("response.p50", Figure::Response(Quantile::P50)),
    ("response.p99", Figure::Response(Quantile::P99)),
    ("response.p99.9", Figure::Response(Quantile::P999)),
    ("delay.p50", Figure::Delay(Quantile::P50)),
    ("delay.p99", Figure::Delay(Quantile::P99)),
    ("delay.p99.9", Figure::Delay(Quantile::P999)),
    ("logs.lines", Figure::LogLines),
    ("logs.anchored", Figure::LogsAnchored),
    ("logs.dangling", Figure::LogsDangling),
    ("logs.unanchored", Figure::LogsUnanchored),
];

impl Figure {
    /// Whether its value is a time.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Self::Response(_)
                | Self::Delay(_)
                | Self::ExportsLongest
                | Self::ShutdownLongest
                | Self::CpuPerRequest
                | Self::Control(LoopFigure::Settling)
        )
    }

    /// Whether its value is a ratio.
    pub const fn is_ratio(self) -> bool {
        matches!(
            self,
            Self::LossRate
                | Self::LossLawGap
                | Self::TraceUnmatched
                | Self::LogsAnchored
                | Self::LogsDangling
                | Self::LogsUnanchored
                | Self::Why(_)
                | Self::Kept(_)
                | Self::Control(LoopFigure::Overshoot)
        )
    }

    /// Whether a smaller value is the better one; `None` where neither is: it says what was done, not how well.
    pub fn less_is_better(self) -> Option<bool> {
        match self {
            Self::SpansCreated
            | Self::PanicsRecorded
            | Self::ExportsCalls
            | Self::LogLines
            | Self::Why(_) => None,
            Self::SpansReceived | Self::LogsAnchored | Self::Traces(TraceState::Complete) | Self::Kept(_) => {
                Some(false)
            }
            Self::Fate(fate) => of_fate(fate),
            Self::Fates(group) => {
                let mut fates = Fate::all().into_iter().filter(|fate| fate.is_in(group)).map(of_fate);
                let first = fates.next().flatten();
                // Of what was meant and what was lost, together, neither more nor less is better.
                first.filter(|side| fates.all(|other| other == Some(*side)))
            }
            _ => Some(true),
        }
    }

    /// Every figure.
    pub(crate) fn all() -> Vec<Self> {
        let fates = Fate::all().into_iter().map(Self::Fate);
        let groups = Fate::groups().into_iter().map(Self::Fates);
        let causes = Because::ALL.map(Self::Why);
        PLAIN.iter().map(|(_, figure)| *figure).chain(fates).chain(groups).chain(causes).collect()
    }

    /// All names, for messages.
    pub fn names() -> Vec<String> {
        Self::all().iter().map(ToString::to_string).collect()
    }
}

/// Whether fewer spans with a fate are better. The reasons of one fate agree about it.
fn of_fate(fate: Fate) -> Option<bool> {
    match fate.class() {
        FateClass::Received => Some(false),
        FateClass::Deliberate => None,
        FateClass::Lost => Some(true),
    }
}

impl TryFrom<String> for Figure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((_, figure)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(*figure);
        }
        if let Some(name) = text.strip_prefix("fate.") {
            let group = Fate::groups().into_iter().find(|group| *group == name).map(Self::Fates);
            return group
                .or_else(|| Fate::by_name(name).map(Self::Fate))
                .ok_or_else(|| format!("unknown fate `{name}`; known: {}", list(&Fate::all())));
        }
        if let Some(written) = text.strip_prefix("why.") {
            return of_cause(written);
        }
        let names = Self::names();
        let near = nearest(&text, names.iter().map(String::as_str));
        let hint = near
            .map_or_else(|| format!("known: {}", names.join(", ")), |name| format!("did you mean `{name}`?"));
        Err(format!("unknown figure `{text}`; {hint}"))
    }
}

/// The share of a cause, from what is written behind `why.`.
fn of_cause(written: &str) -> Result<Figure, String> {
    let share = written.strip_suffix(".share");
    let cause = share.unwrap_or(written);
    let known = || Because::ALL.iter().map(|cause| cause.as_str());
    let Some(found) = Because::ALL.into_iter().find(|known| known.as_str() == cause) else {
        let near = nearest(cause, known());
        let hint = near.map_or_else(
            || format!("known: {}", known().collect::<Vec<_>>().join(", ")),
            |name| format!("did you mean `why.{name}.share`?"),
        );
        return Err(format!("unknown cause `{cause}`; {hint}"));
    };
    let figure = Figure::Why(found);
    if share.is_some() {
        Ok(figure)
    } else {
        Err(format!("unknown figure `why.{written}`; did you mean `{figure}`?"))
    }
}

fn list(fates: &[Fate]) -> String {
    fates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The known name that is close enough to be what was meant.
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::damerau_levenshtein(text, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}

impl Word for Figure {
    fn text(&self) -> Cow<'static, str> {
        Cow::Owned(self.to_string())
    }

    fn of(text: &str) -> Option<Self> {
        Self::try_from(text.to_owned()).ok()
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fate(fate) => write!(f, "fate.{fate}"),
            Self::Fates(group) => write!(f, "fate.{group}"),
            Self::Why(cause) => write!(f, "why.{}.share", cause.as_str()),
            plain => {
                f.write_str(PLAIN.iter().find(|(_, figure)| figure == plain).map_or("?", |(name, _)| name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_is_read_as_it_is_shown() {
        for figure in Figure::all() {
            let name = figure.to_string();
            assert_eq!(Figure::try_from(name.clone()), Ok(figure), "{name}");
        }
    }

    #[test]
    fn a_cause_that_is_not_known_is_answered_with_the_nearest() {
        let read = |text: &str| Figure::try_from(text.to_owned());
        assert_eq!(read("why.cpu_starved.share"), Ok(Figure::Why(Because::CpuStarved)));
        assert_eq!(read("why.export_round_trip.share"), Ok(Figure::Why(Because::ExportRoundTrip)));
        for (text, told) in [
            ("why.cpu_straved.share", "unknown cause `cpu_straved`; did you mean `why.cpu_starved.share`?"),
            ("why.cpu_starved", "unknown figure `why.cpu_starved`; did you mean `why.cpu_starved.share`?"),
            ("why.bursts.share", "unknown cause `bursts`; did you mean `why.burst.share`?"),
        ] {
            assert_eq!(read(text), Err(told.to_owned()));
        }
        assert!(read("why.moon.share").unwrap_err().contains("known: export_round_trip, slow_answer"));
    }

    #[test]
    fn the_better_side_of_a_figure_is_known() {
        let cases = [
            ("loss.rate", Some(true)),
            ("allocs.per_span", Some(true)),
            ("cpu.per_request", Some(true)),
            ("memory.peak", Some(true)),
            ("traces.complete", Some(false)),
            ("traces.absent", Some(true)),
            ("spans.received", Some(false)),
            ("spans.created", None),
            ("logs.lines", None),
            ("logs.anchored", Some(false)),
            ("logs.dangling", Some(true)),
            ("logs.unanchored", Some(true)),
            ("exports.calls", None),
            ("exports.bytes", Some(true)),
            ("kept.errors", Some(false)),
            ("control.reversals", Some(true)),
            ("fate.received", Some(false)),
            ("fate.dropped_queue_full", Some(true)),
            ("fate.export_failed", Some(true)),
            ("fate.not_sampled", None),
            ("fate.sampled_by_collector", None),
            ("fate.sampled_by_collector.late", Some(true)),
            ("why.cpu.share", None),
        ];
        for (name, side) in cases {
            assert_eq!(Figure::try_from(name.to_owned()).map(Figure::less_is_better), Ok(side), "{name}");
        }
        for group in Fate::groups() {
            let of_group = Fate::all().into_iter().filter(|fate| fate.is_in(group));
            let sides: BTreeSet<_> = of_group.map(of_fate).collect();
            let same = if sides.len() == 1 { sides.into_iter().next().flatten() } else { None };
            assert_eq!(Figure::Fates(group).less_is_better(), same, "{group}");
        }
    }
}
