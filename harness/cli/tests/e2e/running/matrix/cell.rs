//! One program of the matrix: how it is run, and what must hold of its books.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;
use spanfate_model::books::ledger::{FateCount, Ledger};
use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::WitnessState;

use super::setups::{MatrixEnd, MatrixSetup};
use crate::lab::Lab;
use crate::running::paths::books::Complaints;
use crate::running::paths::target::{Build, Ran, Truth};

/// Goroutines of the target that make spans.
const PRODUCERS: u64 = 4;

/// A program.
pub(super) struct MatrixCell {
    /// `build / set-up / end`.
    pub(super) name: String,
    pub(super) build: &'static str,
    pub(super) of: Build,
    pub(super) setup: MatrixSetup,
    pub(super) end: MatrixEnd,
}

/// What the program's own code counted in a file that outlives it.
struct WireCount {
    /// Spans with which calls of gRPC were begun.
    sent: u64,
    /// Of these, spans that the receiver said it has.
    taken: u64,
    /// Spans that its exporter took out.
    removed: u64,
}

impl WireCount {
    fn read(file: &Path) -> Self {
        let bytes = fs::read(file).unwrap_or_default();
        let mut words = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
        let mut next = || words.next().unwrap_or_default();
        Self { sent: next(), taken: next(), removed: next() }
    }
}

impl MatrixCell {
    pub(super) fn new(build: &'static str, of: Build, setup: MatrixSetup, end: MatrixEnd) -> Self {
        Self { name: format!("{build} / {} / {}", setup.name, end.name()), build, of, setup, end }
    }

    pub(super) fn check(&self, lab: &Lab, program: &Path, number: usize, wrong: &mut Complaints) {
        let file = lab.path(&format!("wire-{number}"));
        let mut argument = self.setup.program(self.end);
        argument.insert("wire".to_owned(), json!(file));
        match Ran::of(lab, program, &format!("matrix-{number}"), &argument.into()) {
            Ok(ran) => self.books(&ran, &WireCount::read(&file), wrong),
            Err(why) => wrong.0.push(why),
        }
    }

    fn books(&self, ran: &Ran, wire: &WireCount, wrong: &mut Complaints) {
        let Some(truth) = &ran.truth else {
            wrong.0.push(format!("the program said nothing: {}", ran.stderr));
            return;
        };
        let ledger = &ran.trial().ledger;
        wrong.same("state of the probes", &ran.trial().probes[0].state, &WitnessState::Complete);
        wrong.same("created", ledger.created, truth.made());
        wrong.holds("the books close", ledger.closes());
        wrong.same("unexplained", ledger.unexplained.count, 0);
        wrong.same("unexpected", ledger.unexpected.count, 0);
        // What is not known is never a pass, and nothing else spoils one.
        let in_queue = sum(ledger, &self.whole("lost_in_queue_at_exit"));
        let exported = ledger.created > in_queue + sum(ledger, "lost_in_flight_at_exit");
        let open = ledger.unaccounted.count > 0 || (self.setup.inconclusive && exported);
        wrong.same("exit code", ran.code, Some(if open { 3 } else { 0 }));
        self.named(ledger, wrong);
        self.counted(ledger, truth, wire, wrong);
    }

    /// Only fates and gaps that this set-up may have.
    fn named(&self, ledger: &Ledger, wrong: &mut Complaints) {
        let may = self.setup.at(self.end);
        let names: Vec<String> = may.fates.iter().map(|name| self.whole(name)).collect();
        let rows = ledger.paths.iter().flat_map(|path| &path.fates);
        for (fate, count) in ledger.fates.iter().chain(rows).filter(|(_, count)| count.total > 0) {
            let name = fate.to_string();
            wrong.holds(&format!("{} {name}: one of {names:?}", count.total), names.contains(&name));
        }
        for (gap, spans) in ledger.gaps.iter().filter(|(_, spans)| **spans > 0) {
            wrong.holds(&format!("{spans} {gap:?}: one of {:?}", may.gaps), may.gaps.contains(gap));
        }
    }

    /// The name of a fate at this end.
    fn whole(&self, name: &str) -> String {
        let way = if name == "lost_in_queue_at_exit" { self.end.way() } else { "" };
        format!("{name}{way}")
    }

    /// What the program counted, in numbers. At the end of a process that is not orderly a last call may be on its way.
    fn counted(&self, ledger: &Ledger, truth: &Truth, wire: &WireCount, wrong: &mut Complaints) {
        let orderly = self.end == MatrixEnd::Shutdown;
        let received = each_path(ledger, "received");
        let counted = |spans: &u64| (wire.taken..=wire.sent).contains(spans);
        let within =
            if self.setup.also_http { received.iter().any(counted) } else { counted(&received.iter().sum()) };
        wrong.holds(&format!("received {received:?}: {} to {}", wire.taken, wire.sent), within);
        let dropped = truth.processors.iter().map(|one| one.dropped).sum();
        wrong.same("dropped by the books and by the SDK", sum(ledger, "dropped_queue_full"), dropped);
        let kept_back = |kind: &str| -> u64 {
            let own = truth.processors.iter().filter(|one| one.kind == kind);
            own.map(|one| one.seen - one.handed).sum()
        };
        let hidden = sum(ledger, "filtered.processor");
        let last = if orderly { 0 } else { PRODUCERS };
        let filtered = kept_back("filter");
        let holds = hidden <= filtered && hidden + last >= filtered;
        wrong.holds(&format!("hidden by a processor {hidden}, by its own count {filtered}"), holds);
        let removed = sum(ledger, "filtered.exporter_wrapper");
        let exact = if orderly { removed == wire.removed } else { removed <= wire.removed };
        wrong.holds(&format!("removed by an exporter {removed}, by its own count {}", wire.removed), exact);
        if orderly {
            wrong.same("sent and taken", wire.sent, wire.taken);
            let open = self.setup.at(self.end).gaps.is_empty();
            wrong.same("nothing is open", open, ledger.unaccounted.count == 0);
            if kept_back("async") > 0 {
                wrong.same("not handed on", ledger.unaccounted.count, kept_back("async"));
            }
        }
    }
}

/// Spans with a fate on each path, or on the only one.
fn each_path(ledger: &Ledger, fate: &str) -> Vec<u64> {
    let of = |fates: &BTreeMap<Fate, FateCount>| -> u64 {
        fates.iter().filter(|(one, _)| one.to_string() == fate).map(|(_, count)| count.total).sum()
    };
    match ledger.paths.as_slice() {
        [] => vec![of(&ledger.fates)],
        paths => paths.iter().map(|row| of(&row.fates)).collect(),
    }
}

fn sum(ledger: &Ledger, fate: &str) -> u64 {
    each_path(ledger, fate).into_iter().sum()
}
