//! The collectors in the path, concluded: what became of spans at each, and how its own metrics agree with the books.

use std::collections::BTreeMap;

use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::fate::{CollectorLoss, Fate};
use spanfate_model::format::manifest::ProcessEnd;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{Agreement, CountedThing, HopCounters, HopResult, HopTotal};

use crate::books::at_hops::LostAtHops;
use crate::evidence::hops::{CountedLosses, HopBooks, HopStart, PathHops, TapAppearances, TapTally};
use crate::statistics::quantile::millis;

/// The hops of a trial; `wire` is the receiver's own log, `began` the start of the load.
pub(crate) fn results(
    hops: &PathHops<'_>,
    lost: &LostAtHops,
    wire: Option<&[u8]>,
    began: MonoNs,
) -> Vec<HopResult> {
    if hops.hops.is_empty() {
        return Vec::new();
    }
    let receiver = TapTally::of(wire, &[]);
    let ms = |at: MonoNs| millis(at.saturating_sub(began));
    let next = |index: usize| hops.hops.get(index + 1).map_or(&receiver, |next| &next.tap);
    let one = |(index, books): (usize, &HopBooks<'_>)| HopResult {
        name: books.name.to_owned(),
        starts: books.starts.len() as u64,
        ends: books.starts.iter().map(|start| end(start.manifest.end.as_ref())).collect(),
        requests: books.tap.requests(),
        came: books.spans.came,
        accepted: books.spans.accepted,
        refused: books.spans.refused,
        unanswered: books.spans.unanswered,
        passed: books.spans.passed,
        rejected: books.spans.rejected,
        lost: lost.at(index),
        own: own(books),
        lost_from_ms: lost.from(index).map(ms),
        refused_from_ms: books.tap.first_refused().map(ms),
        trouble_behind_ms: next(index).trouble(books.tap.last().unwrap_or_default()).map(ms),
    };
    hops.hops.iter().enumerate().map(one).collect()
}

/// How a start ended, in words.
fn end(end: Option<&ProcessEnd>) -> String {
    let Some(end) = end else { return "its end was not seen".to_owned() };
    let by = if end.fault.is_some() { " by a fault" } else { "" };
    match (end.signal, end.code) {
        (Some(9), _) if end.killed.is_some() => "killed, for it did not stop in time".to_owned(),
        (Some(9), _) => format!("killed{by}"),
        (Some(signal), _) => format!("ended by signal {signal}{by}"),
        (None, Some(0)) if end.asked_to_stop.is_some() => format!("stopped in order{by}"),
        (None, code) => format!("exited with {}{by}", code.unwrap_or_default()),
    }
}

/// What its own metrics counted, over all starts; nothing where no page was read.
fn own(books: &HopBooks<'_>) -> Option<HopCounters> {
    let pages = books.starts.iter().filter_map(|start| start.page.as_ref());
    pages.map(|(_, page)| page.counters).reduce(HopCounters::and)
}

/// How the collectors ended as witnesses of themselves.
pub(crate) fn witness(hops: &PathHops<'_>) -> WitnessState {
    if hops.hops.is_empty() {
        return WitnessState::Absent("no collector in this scenario".to_owned());
    }
    let silent = |books: &&HopBooks<'_>| books.starts.iter().any(|start| start.page.is_none());
    match hops.hops.iter().find(silent) {
        Some(books) => WitnessState::Absent(format!("no page of the metrics of `{}` was read", books.name)),
        None => WitnessState::Complete,
    }
}

/// A number of a collector beside that of the books, and by how much it may be lower or higher for a reason that is known.
#[derive(Clone, Copy)]
struct HopCount {
    what: HopTotal,
    own: u64,
    books: u64,
    less: u64,
    more: u64,
    why: &'static str,
}

/// The rows of the matrix; `end` is the receiver's own log, request by request.
pub(crate) fn rows(hops: &PathHops<'_>, lost: &LostAtHops, end: &TapTally) -> Vec<Agreement> {
    let mut out = Vec::new();
    for (index, books) in hops.hops.iter().enumerate() {
        let Some(own) = own(books) else { continue };
        let next = hops.hops.get(index + 1).map_or(end, |next| &next.tap);
        let lost = lost.at(index);
        out.extend(counts(books, own, next, &lost).into_iter().map(|count| row(count, books.name)));
    }
    out
}

/// What came to a place before the next start and was answered after the last page of each start was read.
fn after_pages(starts: &[HopStart<'_>], tap: &TapTally) -> TapAppearances {
    let mut out = TapAppearances::default();
    for (index, start) in starts.iter().enumerate() {
        let from = start.page.as_ref().map_or(start.manifest.began, |(at, _)| *at);
        let to = starts.get(index + 1).map_or(MonoNs::MAX, |next| next.manifest.began);
        let more = tap.open_since(from, to);
        out.taken += more.taken;
        out.rejected += more.rejected;
        out.refused += more.refused;
        out.unanswered += more.unanswered;
    }
    out
}

fn counts(
    books: &HopBooks<'_>,
    own: HopCounters,
    next: &TapTally,
    lost: &BTreeMap<Fate, u64>,
) -> [HopCount; 4] {
    let (here, there) = (books.tap.all(), next.all());
    let (late, late_next) = (after_pages(&books.starts, &books.tap), after_pages(&books.starts, next));
    // What a collector could not count any more because it was gone.
    let uncounted = [CollectorLoss::Crash, CollectorLoss::Shutdown];
    let countable = |fate: &Fate| !uncounted.iter().any(|loss| *fate == Fate::LostInCollector(*loss));
    let lost: u64 = lost.iter().filter(|(fate, _)| countable(fate)).map(|(_, count)| count).sum();
    let pages = books.starts.iter().filter_map(|start| start.page.as_ref());
    let counted = pages.map(|(_, page)| CountedLosses::of(page).all()).sum();
    let twice = here.taken.saturating_sub(books.spans.accepted);
    [
        HopCount {
            what: HopTotal::Accepted,
            own: own.accepted,
            books: here.taken + here.rejected,
            less: late.taken + late.rejected,
            more: here.unanswered,
            why: "its page was read before the last of them came, or it took requests whose answers nobody waited for",
        },
        HopCount {
            what: HopTotal::Refused,
            own: own.refused,
            books: here.refused,
            less: late.refused,
            more: here.unanswered,
            why: "its page was read before the last of them came, or nobody waited for its answer",
        },
        HopCount {
            what: HopTotal::Sent,
            own: own.sent,
            books: there.taken + there.rejected,
            // What was sent a second time because its answer was lost counts once.
            less: late_next.taken + late_next.rejected + there.unanswered,
            more: 0,
            why: "its page was read before the last of them were sent, or they were sent twice because an answer was lost",
        },
        HopCount {
            what: HopTotal::Lost,
            own: counted,
            books: lost,
            less: 0,
            more: twice + here.unanswered,
            why: "copies of spans that came twice were lost, and the spans arrived",
        },
    ]
}

fn row(count: HopCount, hop: &str) -> Agreement {
    let HopCount { what, own, books, less, more, why } = count;
    let explained = own != books && own.saturating_add(less) >= books && own <= books.saturating_add(more);
    Agreement {
        what: CountedThing::AtHop(what, hop.to_owned()).into(),
        counts: vec![(Witness::Wire, books), (Witness::Collector, own)],
        difference: own.abs_diff(books),
        explained: explained.then(|| why.to_owned()),
    }
}
