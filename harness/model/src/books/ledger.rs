//! The ledger of a trial: every span's fate in totals, with exemplars.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::{Fate, FateClass};
use crate::format::manifest::Status;
use crate::quantity::id::{SpanId, SpanKey, TraceId};

/// How many spans are listed by id where a few are enough to look further.
pub const EXEMPLARS: usize = 20;
/// How many unexplained and unexpected spans are listed by id.
pub const LISTED: usize = 10_000;

/// `ledger.json`: one export path of one trial.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    /// Version of the format.
    pub format: String,
    /// Number of the trial.
    pub trial: u16,
    /// Export path.
    pub path: String,
    /// How complete the logs are.
    pub status: Status,
    /// Spans created, non-recording ones included, over the whole trial.
    pub created: u64,
    /// Of these, spans of requests in the measured part.
    pub created_measured: u64,
    /// Spans by fate.
    pub fates: BTreeMap<Fate, FateCount>,
    /// Created spans for which complete witnesses prove no fate. Must be 0.
    pub unexplained: ListedSpans,
    /// Spans that cannot be placed because a witness that would tell has a gap.
    pub unaccounted: ListedSpans,
    /// Why they cannot be placed, as far as that is known span by span.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gaps: BTreeMap<Gap, u64>,
    /// Received spans that nobody created. Must be 0, or at most `overflow`.
    pub unexpected: ListedSpans,
    /// Spans created after the span ledger was full: a gap of the process witness.
    pub overflow: u64,
    /// The span ledger is cut off somewhere: a gap of the process witness whose size nobody knows.
    #[serde(default)]
    pub torn: bool,
    /// Spans received in traces that the load did not begin, as a program of the user's own makes them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside: u64,
    /// Spans received that the watched processes did not make: those of another process, or of another copy of the SDK, that sends to our
    /// receiver, too. They are in no other number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub strangers: u64,
    /// Spans that got ids which an earlier span of the same trace has, too. They are told apart by turns, and are in the other numbers;
    /// most back ends keep only one of them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sharing_ids: u64,
    /// Spans of processes that the load called and none of whose spans carries the number of its request, as Go's default propagator
    /// leaves it: these count as measured by the moment at which they were made. They are in the other numbers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unnumbered: u64,
    /// Without a process witness: spans that requests may have made beyond those that are known, for a request without an
    /// answer or a cache leaves open how many there were. They are in no other number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncounted: u64,
    /// More spans per request than the scenario says a program of the user's own makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus: Option<Surplus>,
    /// What the load's plan says about the spans that must exist.
    pub expected: Expected,
    /// Spans by number of accepted copies (1, 2, …); of a span that came by several paths, those by the path that brought most.
    pub copies: BTreeMap<u32, u64>,
    /// Received, although the SDK was told that the export had failed.
    pub reported_failed: u64,
    /// Spans with a panic recorded on them (the event `exception`), where every process kept a span ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panics_recorded: Option<u64>,
    /// Lost spans over the whole trial for which nothing told an operator.
    pub silent: u64,
    /// The books of each export path, where there are several: a span has one fate on each path that it was offered to. The
    /// fates above are then those of the path on which it fared worst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathBooks>,
    /// On how many of its paths each span arrived, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<PathSpread>,
}

/// One export path of one start of a service, or the spans that were offered to none: `created` is the sum over its fates, its
/// unexplained and its unaccounted spans.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PathBooks {
    /// The service.
    pub service: String,
    /// Which start of it.
    pub incarnation: u32,
    /// The path, as `provider 1 · batch (queue 64) → otlp grpc`; `offered to no path` for the spans that were not.
    pub path: String,
    /// Spans that were offered to it.
    pub created: u64,
    /// Of these, spans of requests in the measured part.
    pub created_measured: u64,
    /// Spans by fate.
    pub fates: BTreeMap<Fate, FateCount>,
    /// Spans for which complete witnesses prove no fate on this path. Must be 0.
    pub unexplained: ListedSpans,
    /// Spans that cannot be placed on this path because a witness that would tell has a gap.
    pub unaccounted: ListedSpans,
    /// Spans by number of accepted copies that came by this path; empty in results older than this.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<u32, u64>,
}

/// What nobody saw of a span that cannot be placed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// It left the process, and the receiver's log is not whole.
    Wire,
    /// Records about it are missing: a witness in the process, or the probes on it, lost some.
    Records,
    /// It left the process, and our receiver could not read every request that came.
    Unread,
    /// Its exporter said that it was taken, and nothing of its path came to our receiver: it goes elsewhere, or is kept.
    Elsewhere,
    /// Its exporter said that it was taken, and no request with any span of its batch came to our receiver, where others came: what is
    /// between the two may have answered.
    NotArrived,
    /// An exporter of the program's own took it and was not seen to send it: it may wait in a queue of that exporter's, or have been
    /// dropped there.
    KeptByExporter,
    /// A span processor of the program's own was given it and was not seen to hand it on: it may keep it, or wait.
    NotHandedOn,
    /// Whom its provider handed it to was not seen.
    NotSeen,
}

/// Spans that were offered to several paths or to one of several, by where they arrived. Deliberate fates are left out path by
/// path: a span that one path samples out and the other delivers arrived on every path that wanted it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PathSpread {
    /// Received on every path that wanted it.
    pub every: u64,
    /// Received on some.
    pub some: u64,
    /// Received on none of them.
    pub none: u64,
}

/// Spans beyond what a scenario says of a program of the user's own: its number is wrong, not the accounting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Surplus {
    /// How many.
    pub spans: u64,
    /// Most spans that one request made.
    pub most: u32,
}

/// Spans with one fate.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FateCount {
    /// Over the whole trial.
    pub total: u64,
    /// Of requests in the measured part.
    pub measured: u64,
    /// Of the total, spans that are known by number only, without an id.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub counted: u64,
    /// The first few, by time of creation.
    pub exemplars: Vec<Exemplar>,
    /// Of a lost fate: the span that was lost first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<FirstLostSpan>,
}

/// The span of a fate that was lost first in the whole trial.
///
/// The time of a loss is when the queue refused the span; when its export came back with an error; when the process ended, for a
/// span that this took with it; else the last thing that is known of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FirstLostSpan {
    /// Trace id.
    pub trace_id: TraceId,
    /// Span id.
    pub span_id: SpanId,
    /// Name, if it is known.
    pub name: String,
    /// Its service.
    pub service: String,
    /// Request number, if it belongs to one.
    pub request: Option<u32>,
    /// Which span of its process it is, from 0: its slot in the span ledger.
    pub sequence: u64,
    /// Milliseconds from the start of the load to its creation.
    pub created_ms: f64,
    /// Milliseconds from the start of the load to its loss.
    pub lost_ms: f64,
}

/// A span that stands for others.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Exemplar {
    /// Trace id.
    pub trace_id: TraceId,
    /// Span id.
    pub span_id: SpanId,
    /// Name, if it is known.
    pub name: String,
    /// Request number, if it belongs to one.
    pub request: Option<u32>,
    /// Milliseconds from the start of the load to its creation.
    pub created_ms: f64,
}

/// A number of spans, the first of them by id.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListedSpans {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub ids: Vec<SpanKey>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ListedSpans {
    /// Counts a span, and lists it while there is room.
    pub fn push(&mut self, key: SpanKey) {
        self.count += 1;
        if self.ids.len() < LISTED {
            self.ids.push(key);
        }
    }
}

impl PathBooks {
    /// Whether the sum over the fates closes.
    pub fn closes(&self) -> bool {
        let placed: u64 = self.fates.values().map(|count| count.total).sum();
        self.created == placed + self.unexplained.count + self.unaccounted.count
    }

    /// Spans of a class over the whole trial, and in the measured part.
    pub fn class(&self, class: FateClass) -> (u64, u64) {
        class_of(&self.fates, class)
    }
}

/// What the load's plan says: `expected = created + not_created`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// Spans that all intended requests would have.
    pub spans: u64,
    /// Spans of numbered requests that were created.
    pub created: u64,
    /// Spans of requests that were not started, not answered, or cut short.
    pub not_created: u64,
    /// Of these, spans of requests that were answered: a contradiction between load and process witness. Must be 0.
    pub missing_in_answered: u64,
    /// Spans of numbered requests beyond what the plan says. Must be 0.
    pub extra: u64,
    /// Spans of calls that a client made again by itself, as net/http and gRPC do when a connection ends before the answer
    /// begins. They are in no other number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
}

impl Ledger {
    /// Spans of a class over the whole trial, and in the measured part.
    pub fn class(&self, class: FateClass) -> (u64, u64) {
        class_of(&self.fates, class)
    }

    /// Spans of one fate over the whole trial.
    pub fn total(&self, fate: Fate) -> u64 {
        self.fates.get(&fate).map_or(0, |count| count.total)
    }

    /// Whether the sum over the fates closes, and that of each path.
    pub fn closes(&self) -> bool {
        let placed: u64 = self.fates.values().map(|count| count.total).sum();
        self.created == placed + self.unexplained.count + self.unaccounted.count
            && self.paths.iter().all(PathBooks::closes)
            && self.expected.spans == self.expected.created + self.expected.not_created
    }

    /// What complete witnesses would not allow, and what a gap of the process witness does not excuse: how many spans, and
    /// what is wrong with them.
    pub fn contradictions(&self) -> Vec<(u64, &'static str)> {
        let gap = if self.torn { u64::MAX } else { self.overflow };
        let missing = if gap == 0 { self.expected.missing_in_answered } else { 0 };
        let all = [
            (self.unexplained.count, "are unexplained"),
            (self.unexpected.count.saturating_sub(gap), "were received that nobody created"),
            (missing, "of answered requests were never created"),
            (self.expected.extra, "beyond the plan were created"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }

    /// Whether accounting is broken.
    pub fn is_broken(&self) -> bool {
        !self.contradictions().is_empty()
    }
}

fn class_of(fates: &BTreeMap<Fate, FateCount>, class: FateClass) -> (u64, u64) {
    fates
        .iter()
        .filter(|(fate, _)| fate.class() == class)
        .fold((0, 0), |(total, measured), (_, count)| (total + count.total, measured + count.measured))
}
