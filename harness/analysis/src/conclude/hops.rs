//! The collectors in the path, concluded: what became of spans at each, and how its own metrics agree with the books.

use std::collections::BTreeMap;

use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::fate::{CollectorLoss, Fate, FateClass};
use spanfate_model::format::manifest::{HopManifest, ProcessEnd};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{
    Agreement, CountedThing, HopCounters, HopEndResult, HopResult, HopTotal, TapCost,
};

use crate::books::at_hops::LostAtHops;
use crate::conclude::dose::RELOAD;
use crate::evidence::hops::{
    CountedLosses, DecidedTraces, HopBooks, HopEnd, HopStart, PathHops, TapAppearances, TapTally,
};
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
    let fed = |books: &HopBooks<'_>| books.tap.last().unwrap_or_default();
    let trouble = |(index, books): (usize, &HopBooks<'_>)| {
        joined(hops, index).as_ref().unwrap_or(&receiver).trouble(fed(books))
    };
    let beside = |index: usize| index > 0 && hops.hops[index - 1].stage == hops.hops[index].stage;
    let alone = |books: &HopBooks<'_>| hops.hops.iter().filter(|one| one.stage == books.stage).count() == 1;
    let sent = |index: usize| joined(hops, index).as_ref().unwrap_or(&receiver).answered();
    let one = |(index, books): (usize, &HopBooks<'_>)| HopResult {
        name: books.name.to_owned(),
        beside: beside(index),
        starts: books.starts.len() as u64,
        ends: books.starts.iter().map(|start| end(start.manifest.end.as_ref())).collect(),
        requests: books.tap.requests(),
        came: books.spans.came,
        accepted: books.spans.accepted,
        refused: books.spans.refused,
        unanswered: books.spans.unanswered,
        passed: books.spans.passed,
        rejected: books.spans.rejected,
        lost: of_class(&lost.at(index), true),
        decided: of_class(&lost.at(index), false),
        own: own(&books.starts),
        exporter: first(books).and_then(|manifest| manifest.exporter.clone()),
        further: books.ends.iter().map(end_result).collect(),
        rewritten: first(books).map(|manifest| manifest.rewritten.clone()).unwrap_or_default(),
        lost_from_ms: lost.from(index).map(ms),
        refused_from_ms: books.tap.first_refused().map(ms),
        trouble_behind_ms: trouble((index, books)).map(ms),
        tap: tap_cost(books),
        sent: alone(books).then(|| sent(index)).flatten(),
    };
    hops.hops.iter().enumerate().map(one).collect()
}

/// What came to the hops of the stage behind one, together; nothing where the receiver stands there.
fn joined(hops: &PathHops<'_>, index: usize) -> Option<TapTally> {
    let behind: Vec<&TapTally> = hops.behind(index).map(|books| &books.tap).collect();
    (!behind.is_empty()).then(|| TapTally::together(&behind))
}

fn first<'a>(books: &HopBooks<'a>) -> Option<&'a HopManifest> {
    books.starts.first().map(|start| start.manifest)
}

/// What its tap took, as the manifest says.
fn tap_cost(books: &HopBooks<'_>) -> Option<TapCost> {
    let ns: u64 = books.starts.iter().map(|start| start.manifest.tap_cpu_ns).sum();
    let TapAppearances { taken, rejected, refused, unanswered } = books.tap.all();
    let spans = taken + rejected + refused + unanswered;
    (ns > 0).then(|| TapCost { cpu_ms: millis(ns), spans })
}

fn end_result(end: &HopEnd<'_>) -> HopEndResult {
    HopEndResult {
        exporter: end.exporter.to_owned(),
        arrived: end.arrived,
        rejected: end.rejected,
        lost: of_class(&end.lost, true),
        decided: of_class(&end.lost, false),
        own: own(&end.starts),
    }
}

/// What was lost, or what was left out on purpose.
fn of_class(fates: &BTreeMap<Fate, u64>, lost: bool) -> BTreeMap<Fate, u64> {
    let is_it = |fate: &Fate| (fate.class() == FateClass::Lost) == lost;
    fates.iter().filter(|(fate, _)| is_it(fate)).map(|(fate, count)| (*fate, *count)).collect()
}

/// How a start ended, in words.
pub(crate) fn end(end: Option<&ProcessEnd>) -> String {
    let Some(end) = end else { return "its end was not seen".to_owned() };
    let by = if end.fault.is_some() { " by a fault" } else { "" };
    match (end.signal, end.code) {
        (None, Some(0)) if end.asked_with == Some(RELOAD) => "read its configuration again".to_owned(),
        (Some(9), _) if end.killed.is_some() => "killed, for it did not stop in time".to_owned(),
        (Some(9), _) => format!("killed{by}"),
        (Some(signal), _) => format!("ended by signal {signal}{by}"),
        (None, Some(0)) if end.asked_to_stop.is_some() => format!("stopped in order{by}"),
        (None, code) => format!("exited with {}{by}", code.unwrap_or_default()),
    }
}

/// What its own metrics counted, over all starts; nothing where no page was read.
fn own(starts: &[HopStart<'_>]) -> Option<HopCounters> {
    let pages = starts.iter().filter_map(|start| start.page.as_ref());
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
    let mut sent: Option<(HopCount, String)> = None;
    for (index, books) in hops.hops.iter().enumerate() {
        let behind = joined(hops, index);
        let lost = lost.at(index);
        let next = behind.as_ref().unwrap_or(end);
        let main = HopPathBooks { starts: &books.starts, next, lost: &lost, again: sent_again(hops, index) };
        let counted: Vec<HopCount> = main.counts(books).into_iter().flatten().collect();
        // What those beside each other sent arrives at one place: there it is theirs together.
        let shares = hops.hops.iter().filter(|other| other.stage == books.stage).count() > 1;
        let (joint, own): (Vec<HopCount>, Vec<HopCount>) =
            counted.into_iter().partition(|count| shares && matches!(count.what, HopTotal::Sent));
        for count in joint {
            sent = Some(match sent.take() {
                Some((sum, names)) => (sum.and(count), format!("{names} and {}", books.name)),
                None => (count, books.name.to_owned()),
            });
        }
        out.extend(own.into_iter().map(|count| row(count, books.name)));
        if hops.hops.get(index + 1).is_none_or(|next| next.stage != books.stage) {
            out.extend(sent.take().map(|(count, names)| row(count, &names)));
        }
        out.extend(not_kept(&books.decided, books.name));
        for end in &books.ends {
            let path = HopPathBooks { starts: &end.starts, next: &end.tap, lost: &end.lost, again: 0 };
            let name = format!("{}, {}", books.name, end.exporter);
            // What it took and refused is the same for all of its exporters.
            let of_exporter = |count: &HopCount| matches!(count.what, HopTotal::Sent | HopTotal::Lost);
            let counted = path.counts(books).into_iter().flatten().filter(of_exporter);
            out.extend(counted.map(|count| row(count, &name)));
        }
    }
    out
}

impl HopCount {
    /// The same of two that send to one place.
    const fn and(self, other: Self) -> Self {
        let (own, less) = (self.own.saturating_add(other.own), self.less.saturating_add(other.less));
        Self { own, less, ..self }
    }
}

/// Spans that came a second time to the hops behind one that balances: a batch is divided between them, and sent again as a whole where
/// one of them does not take its part.
fn sent_again(hops: &PathHops<'_>, index: usize) -> u64 {
    let all: Vec<_> = hops.behind(index).collect();
    let (came, once): (u64, u64) =
        all.iter().fold((0, 0), |sum, one| (sum.0 + one.tap.all().taken, sum.1 + one.spans.accepted));
    if all.len() > 1 { came.saturating_sub(once) } else { 0 }
}

/// Traces that a sampler did not keep, by its counters, beside those of which nothing came out.
fn not_kept(decided: &DecidedTraces, hop: &str) -> Option<Agreement> {
    let (gone, counted) = decided.not_kept()?;
    let what = HopTotal::NotKept;
    let count = HopCount { what, own: counted, books: gone, less: 0, more: 0, why: "" };
    Some(row(count, hop))
}

/// A collector counts what it has sent when it has read the answer. One that is killed may have had so little time since its page was
/// read, however long the answer had lain there.
const UNREAD_ANSWERS_NS: u64 = 500_000_000;

/// What came to a place before the next start and was answered after the last page of each start was read; `slack` before that, where
/// the start was killed.
fn after_pages(starts: &[HopStart<'_>], tap: &TapTally, slack: u64) -> TapAppearances {
    let mut out = TapAppearances::default();
    for (index, start) in starts.iter().enumerate() {
        let from = start.page.as_ref().map_or(start.manifest.began, |(at, _)| *at);
        let from = if start.is_abrupt() { from.saturating_sub(slack) } else { from };
        let to = starts.get(index + 1).map_or(MonoNs::MAX, |next| next.manifest.began);
        let more = tap.open_since(from, to);
        out.taken += more.taken;
        out.rejected += more.rejected;
        out.refused += more.refused;
        out.unanswered += more.unanswered;
    }
    out
}

/// What leads from a collector to one of its ends.
struct HopPathBooks<'a> {
    /// Its starts, with what their pages say of the exporter.
    starts: &'a [HopStart<'a>],
    next: &'a TapTally,
    lost: &'a BTreeMap<Fate, u64>,
    /// Spans that it sent again because a part of their batch was not taken.
    again: u64,
}

impl HopPathBooks<'_> {
    /// Its numbers beside those of the books; nothing where no page was read.
    fn counts(&self, books: &HopBooks<'_>) -> Option<[HopCount; 4]> {
        Some(counts(books, self, own(self.starts)?))
    }
}

fn counts(books: &HopBooks<'_>, path: &HopPathBooks<'_>, own: HopCounters) -> [HopCount; 4] {
    let HopPathBooks { starts, next, lost, again } = path;
    let (here, there) = (books.tap.all(), next.all());
    let (late, late_next) =
        (after_pages(starts, &books.tap, 0), after_pages(starts, next, UNREAD_ANSWERS_NS));
    // What a collector could not count any more because it was gone.
    let uncounted = [CollectorLoss::Crash, CollectorLoss::Shutdown];
    // What a sampler or a filter left out is no loss that exporters could count.
    let countable = |fate: &Fate| match fate {
        Fate::LostInCollector(loss) => !uncounted.contains(loss),
        _ => false,
    };
    let lost: u64 = lost.iter().filter(|(fate, _)| countable(fate)).map(|(_, count)| count).sum();
    let pages = starts.iter().filter_map(|start| start.page.as_ref());
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
            less: late_next.taken + late_next.rejected + there.unanswered + again,
            more: 0,
            why: "its page was read before the last of them were sent, or they were sent twice because an answer was lost or a part of \
                  their batch was not taken",
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
