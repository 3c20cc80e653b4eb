//! The books of a program beside its own truth.

use std::collections::BTreeMap;
use std::fmt::Debug;

use spanfate_model::books::ledger::{FateCount, Ledger, PathBooks};
use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::WitnessState;
use spanfate_model::result::{PathKind, PathResult};

use super::setups::{Offered, Rest, Setup};
use super::target::{ProcessorTruth, Ran, Truth};

/// The row of spans that were offered to no path.
pub(super) const NONE: &str = "offered to no path";

/// The exporter that sends nothing: nobody but the program knows what became of its spans.
const SWALLOW: &str = "swallow";

/// What is wrong with the books of a set-up.
#[derive(Default)]
pub(in crate::running) struct Complaints(pub(in crate::running) Vec<String>);

impl Complaints {
    pub(in crate::running) fn same<T: PartialEq + Debug + Copy>(&mut self, what: &str, is: T, must: T) {
        if is != must {
            self.0.push(format!("{what}: {is:?}, must be {must:?}"));
        }
    }

    pub(in crate::running) fn holds(&mut self, what: &str, holds: bool) {
        if !holds {
            self.0.push(format!("{what} does not hold"));
        }
    }
}

/// A path of the program's: a processor of the SDK's that exports.
struct Due<'a> {
    truth: &'a ProcessorTruth,
    /// Spans that it was offered, where that is known.
    offered: Option<u64>,
}

impl Due<'_> {
    fn kind(&self) -> PathKind {
        if self.truth.kind == "simple" { PathKind::Simple } else { PathKind::Batch }
    }

    /// As the books call it.
    fn name(&self) -> String {
        let truth = self.truth;
        let mut parts = vec![format!("provider {}", truth.provider)];
        parts.extend(truth.behind.iter().map(|kind| format!("main.{kind}")));
        parts.push(match self.kind() {
            PathKind::Simple => "simple".to_owned(),
            _ => format!("batch (queue {})", truth.queue),
        });
        let exporter = match truth.exporter.as_str() {
            SWALLOW => "main.swallow".to_owned(),
            protocol => format!("otlp {protocol}"),
        };
        format!("{} → {exporter}", parts.join(" · "))
    }

    /// Whether a row is of it, or of one that looks alike and has a number behind its name.
    fn is_of(&self, path: &str) -> bool {
        path.split(" #").next() == Some(&self.name())
    }
}

/// What must hold of every set-up, and what this one says of itself.
pub(super) fn check(setup: &Setup, ran: &Ran, wrong: &mut Complaints) {
    let Some(truth) = &ran.truth else {
        wrong.0.push(format!("the program said nothing: {}", ran.stderr));
        return;
    };
    itself(truth, wrong);
    whole(setup, ran, truth, wrong);
    for place in setup.drops {
        let dropped = truth.processors[*place].dropped;
        wrong.holds(&format!("processor {place} drops, as the set-up wants it: {dropped} > 0"), dropped > 0);
    }
    let ledger = &ran.trial().ledger;
    let due = dues(setup, truth);
    let sending = due.iter().filter(|one| one.offered != Some(0)).count();
    if ledger.paths.is_empty() && sending > 1 {
        wrong.0.push(format!("no books of single paths, of which there are {sending}"));
    } else if ledger.paths.is_empty() {
        for one in &due {
            let offered = one.offered.map_or(ledger.created, |offered| offered);
            fates(setup, one, &ledger.fates, offered, "the only path", wrong);
        }
    } else {
        paths(setup, ran, &due, wrong);
        spread(setup, ledger, truth, wrong);
    }
}

/// The program's truth adds up: a processor of its own is called for each span that ends and is recorded.
fn itself(truth: &Truth, wrong: &mut Complaints) {
    for one in truth.processors.iter().filter(|one| one.exporter.is_empty() && one.behind.is_empty()) {
        let provider = &truth.providers[one.provider as usize - 1];
        wrong.same(&format!("spans that {} saw", one.kind), one.seen, provider.ended - provider.not_sampled);
    }
}

/// The sums over all spans.
fn whole(setup: &Setup, ran: &Ran, truth: &Truth, wrong: &mut Complaints) {
    let trial = ran.trial();
    let ledger = &trial.ledger;
    wrong.same("state of the probes", &trial.probes[0].state, &WitnessState::Complete);
    wrong.same("created", ledger.created, truth.made());
    wrong.holds("the books close", ledger.closes());
    wrong.same("unexplained", ledger.unexplained.count, 0);
    wrong.same("unexpected", ledger.unexpected.count, 0);
    if setup.rest == Rest::Unknown || truth.processors.iter().any(|one| one.exporter == SWALLOW) {
        wrong.holds(&format!("exit code {:?} is not 100", ran.code), matches!(ran.code, Some(0 | 3)));
    } else {
        wrong.same("unaccounted", ledger.unaccounted.count, 0);
        wrong.same("exit code", ran.code, Some(0));
    }
    for (name, spans) in &setup.fates {
        wrong.same(name, named(&ledger.fates, name), *spans);
    }
    // What never ended is known by the name it began with.
    let breakdown = &ran.result.variants[0].summary.breakdown;
    let spans = breakdown.iter().filter(|one| one.by == "span").flat_map(|one| &one.rows);
    let left: u64 = spans.filter(|row| row.value.ends_with(" · left")).map(|row| row.lost).sum();
    wrong.same("lost by the name of what is left open", left, truth.made() - truth.ended());
    for name in setup.never {
        wrong.same(name, named(&ledger.fates, name), 0);
    }
    let left_out: u64 = truth.providers.iter().map(|one| one.not_sampled + one.record_only).sum();
    wrong.same("not sampled", named(&ledger.fates, "not_sampled.sampler"), left_out);
}

fn named(fates: &BTreeMap<Fate, FateCount>, name: &str) -> u64 {
    fates.iter().filter(|(fate, _)| fate.to_string() == name).map(|(_, count)| count.total).sum()
}

/// The program's paths, with what each was offered.
fn dues<'a>(setup: &Setup, truth: &'a Truth) -> Vec<Due<'a>> {
    let exports = |one: &&ProcessorTruth| !["", "nil"].contains(&one.exporter.as_str());
    let all: Vec<&ProcessorTruth> = truth.processors.iter().filter(exports).collect();
    let due = |truth_of: &'a ProcessorTruth| {
        let provider = &truth.providers[truth_of.provider as usize - 1];
        let sampled = provider.ended - provider.not_sampled - provider.record_only;
        let halves = truth.providers.len() == 1;
        let offered = match (setup.offered, truth_of.behind.split_last()) {
            (Offered::Open, _) => None,
            (Offered::Halves, _) if halves => Some(sampled / 2),
            (_, None) => Some(sampled),
            (_, Some((kind, before))) => {
                let outer = truth.processors.iter().find(|one| {
                    (one.provider, &one.kind, one.behind.as_slice()) == (truth_of.provider, kind, before)
                });
                Some(outer.map_or(0, |outer| outer.handed))
            }
        };
        Due { truth: truth_of, offered }
    };
    all.into_iter().map(due).collect()
}

/// The fates on one path.
fn fates(
    setup: &Setup,
    due: &Due<'_>,
    fates: &BTreeMap<Fate, FateCount>,
    offered: u64,
    path: &str,
    wrong: &mut Complaints,
) {
    let dropped = due.truth.dropped;
    wrong.same(
        &format!("{path}: dropped by the books and by the SDK"),
        named(fates, "dropped_queue_full"),
        dropped,
    );
    let rest = offered - dropped.min(offered);
    let at_exit =
        ["lost_in_queue_at_exit.exit", "lost_in_flight_at_exit", "in_end_at_exit", "ended_after_shutdown"];
    match setup.rest {
        _ if due.truth.exporter == SWALLOW => {}
        Rest::All(fate) => wrong.same(&format!("{path}: {fate}"), named(fates, fate), rest),
        Rest::Unknown => wrong.same(&format!("{path}: received"), named(fates, "received"), rest),
        Rest::AtExit => {
            let sum: u64 = at_exit.iter().map(|name| named(fates, name)).sum();
            wrong.same(&format!("{path}: received or lost at the end"), named(fates, "received") + sum, rest);
        }
    }
}

/// The books of each path.
fn paths(setup: &Setup, ran: &Ran, due: &[Due<'_>], wrong: &mut Complaints) {
    let ledger = &ran.trial().ledger;
    let shown = &ran.trial().services[0].paths;
    let (none, rows): (Vec<&PathBooks>, Vec<&PathBooks>) =
        ledger.paths.iter().partition(|row| row.path == NONE);
    let names: Vec<&str> = rows.iter().map(|row| row.path.as_str()).collect();
    let of_service: Vec<&str> = shown.iter().map(|one| one.path.as_str()).collect();
    wrong.same("paths of the service", of_service.as_slice(), names.as_slice());
    for row in &ledger.paths {
        wrong.holds(&format!("{} closes", row.path), row.closes());
        wrong.same(&format!("{}: unexplained", row.path), row.unexplained.count, 0);
        if setup.rest != Rest::Unknown && !row.path.ends_with(SWALLOW) {
            wrong.same(&format!("{}: unaccounted", row.path), row.unaccounted.count, 0);
        }
    }
    let mut left: Vec<(&PathBooks, Option<&PathResult>)> =
        rows.iter().zip(0..).map(|(row, at)| (*row, shown.get(at))).collect();
    for one in due.iter().filter(|one| one.offered != Some(0)) {
        // Of several with one name that with as many dropped, if there is one.
        let mut like = left.iter().enumerate().filter(|(_, (row, _))| one.is_of(&row.path));
        let first = like.clone().next();
        let found =
            like.find(|(_, (row, _))| named(&row.fates, "dropped_queue_full") == one.truth.dropped).or(first);
        let Some((at, _)) = found else {
            wrong.0.push(format!("no path `{}`: {names:?}", one.name()));
            continue;
        };
        let (row, shown) = left.remove(at);
        path(setup, one, row, shown, wrong);
    }
    for (row, _) in left.iter().filter(|(row, _)| !is_silent(row)) {
        wrong
            .0
            .push(format!("a path that the program does not have: {} with {} spans", row.path, row.created));
    }
    if let (Some(truth), true) = (&ran.truth, setup.offered != Offered::Open) {
        let offered = offered_somewhere(setup, truth, ledger, true);
        wrong.same(NONE, none.iter().map(|row| row.created).sum::<u64>(), truth.made() - offered);
    }
}

/// Whether a row is of a processor without an exporter.
fn is_silent(row: &PathBooks) -> bool {
    row.created > 0 && named(&row.fates, "no_exporter") == row.created
}

/// One path's books, and what is shown of it.
fn path(setup: &Setup, due: &Due<'_>, row: &PathBooks, shown: Option<&PathResult>, wrong: &mut Complaints) {
    let name = &row.path;
    // What a processor in front of it hid is a deliberate fate on this path.
    let hidden = if due.truth.behind.is_empty() { 0 } else { named(&row.fates, "filtered.processor") };
    let came = row.created - hidden;
    if let Some(offered) = due.offered {
        wrong.same(&format!("{name}: created, but for those that were hidden"), came, offered);
    }
    fates(setup, due, &row.fates, came, name, wrong);
    let Some(shown) = shown else { return };
    wrong.same(&format!("{name}: provider"), shown.provider, due.truth.provider);
    wrong.same(&format!("{name}: kind"), shown.kind, due.kind());
    wrong.same(&format!("{name}: dropped"), shown.dropped, due.truth.dropped);
    let behind = &due.truth.behind;
    let in_front = behind.iter().zip(&shown.behind).filter(|(kind, found)| found.contains(kind.as_str()));
    wrong.same(&format!("{name}: those in front, {:?}, found", shown.behind), in_front.count(), behind.len());
    if due.kind() == PathKind::Batch {
        // The probes look at the counter now and then, and at its end where there is a shutdown.
        let seen = shown.dropped_by_sdk.unwrap_or(u64::MAX);
        let whole = setup.program["end"] == "shutdown";
        let agree = if whole { seen == due.truth.dropped } else { seen <= due.truth.dropped };
        wrong.holds(
            &format!("{name}: dropped by the SDK {seen}, by the program {}", due.truth.dropped),
            agree,
        );
        let queue = shown.effective.as_ref().map(|settings| settings.queue);
        wrong.same(&format!("{name}: queue"), queue, Some(due.truth.queue));
    } else {
        wrong.same(&format!("{name}: settings"), shown.effective.is_some(), false);
    }
}

/// Spans that at least one path was offered; with those that were hidden from all of them, or not.
fn offered_somewhere(setup: &Setup, truth: &Truth, ledger: &Ledger, with_hidden: bool) -> u64 {
    let due = dues(setup, truth);
    let of_provider = |number: u32| {
        let own = due.iter().filter(|one| one.truth.provider == number).filter_map(|one| one.offered);
        let offered =
            if setup.offered == Offered::Halves { own.sum() } else { own.max().unwrap_or_default() };
        let rows = ledger.paths.iter().filter(|row| row.path.starts_with(&format!("provider {number} ")));
        let more = rows.map(|row| match is_silent(row) {
            true => row.created,
            false if with_hidden => named(&row.fates, "filtered.processor"),
            false => 0,
        });
        let most: u64 = more.max().unwrap_or_default();
        (offered + most).min(truth.providers[number as usize - 1].ended.max(offered))
    };
    (1..).zip(&truth.providers).map(|(number, _)| of_provider(number)).sum()
}

/// On how many paths spans arrived.
fn spread(setup: &Setup, ledger: &Ledger, truth: &Truth, wrong: &mut Complaints) {
    let Some(spread) = ledger.spread else {
        wrong.0.push("several paths, and no word on how many of them spans arrived".to_owned());
        return;
    };
    let due = match setup.offered {
        Offered::Open => {
            let none = ledger.paths.iter().filter(|row| row.path == NONE).map(|row| row.created);
            truth.made() - none.sum::<u64>()
        }
        _ => offered_somewhere(setup, truth, ledger, false),
    };
    wrong.same("received on every, some, none", spread.every + spread.some + spread.none, due);
    let received: u64 = ledger.paths.iter().map(|row| named(&row.fates, "received")).sum();
    match setup.fan {
        Some(1) => wrong.same("received on every and some", (spread.every, spread.some), (received, 0)),
        Some(2) => wrong.same("received over two paths each", 2 * spread.every + spread.some, received),
        _ => {}
    }
}
