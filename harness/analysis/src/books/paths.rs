//! The books of each export path, of processes that have several.

use spanfate_model::books::ledger::{Ledger, PathBooks, PathSpread};
use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Decider, Fate, FateClass};

use crate::books::standings::{Standings, note, place};
use crate::books::walk::{Judged, JudgedPath};
use crate::evidence::process::Process;
use crate::evidence::sources::Sources;

/// Name of the books of the spans that were offered to no path.
const NOWHERE: &str = "offered to no path";

/// The books being filled.
pub(crate) struct PathLedgers<'a> {
    sources: &'a Sources<'a>,
    /// Per process: of each path, and last of none; empty where there is one path only.
    books: Vec<Vec<PathBooks>>,
    standings: Vec<Vec<Standings>>,
    spread: PathSpread,
}

impl<'a> PathLedgers<'a> {
    pub(crate) fn new(sources: &'a Sources<'a>) -> Self {
        let books = |process: &Process<'_>| {
            let header = &process.header;
            let of = |path: &str| PathBooks {
                service: header.service.clone(),
                incarnation: header.incarnation,
                path: path.to_owned(),
                ..PathBooks::default()
            };
            let names = process.paths.iter().map(|path| &*path.name).chain([NOWHERE]);
            if process.has_several_paths() { names.map(of).collect() } else { Vec::new() }
        };
        let books: Vec<Vec<PathBooks>> = sources.processes.iter().map(books).collect();
        let standings = books.iter().map(|paths| vec![Standings::new(); paths.len()]).collect();
        Self { sources, books, standings, spread: PathSpread::default() }
    }

    /// Counts a span on each of its paths, or to those that were offered to none.
    pub(crate) fn count(&mut self, judged: &Judged<'_>, paths: &[JudgedPath<'_>], measured: bool) {
        let nowhere = judged.process.paths.len();
        if paths.is_empty() {
            self.put(judged, nowhere, judged.standing, measured);
        }
        let mut received = (0, 0);
        for path in paths {
            self.put(judged, path.path, path.standing, measured);
            if path.receipt.copies > 0 {
                let copies = &mut self.books[judged.index][path.path].copies;
                *copies.entry(u32::from(path.receipt.copies)).or_insert(0) += 1;
            }
            let deliberate =
                matches!(path.standing, Standing::Fate(fate) if fate.class() == FateClass::Deliberate);
            received.0 += u32::from(path.standing == Standing::Fate(Fate::Received));
            received.1 += u32::from(!deliberate);
        }
        match received {
            (_, 0) => {}
            (0, _) => self.spread.none += 1,
            (arrived, wanted) if arrived == wanted => self.spread.every += 1,
            _ => self.spread.some += 1,
        }
    }

    fn put(&mut self, judged: &Judged<'_>, path: usize, standing: Standing, measured: bool) {
        note(&mut self.standings[judged.index][path], standing, measured);
        let books = &mut self.books[judged.index][path];
        books.created += 1;
        books.created_measured += u64::from(measured);
        match standing {
            Standing::Unexplained => books.unexplained.push(judged.span.key),
            Standing::Unaccounted => books.unaccounted.push(judged.span.key),
            Standing::Fate(fate) => {
                let request = judged.of.map(|(request, _)| request);
                let exemplar = || self.sources.exemplar(judged.process, &judged.span, request);
                place(&mut books.fates, fate, measured, exemplar);
            }
        }
    }

    /// Spans of a process that are known by number only: no path was offered them.
    pub(crate) fn count_unrecorded(&mut self, process: usize, spans: u64, measured: u64) {
        if let Some(books) = self.books[process].last_mut() {
            books.created += spans;
            books.created_measured += measured;
            let count = books.fates.entry(Fate::NotSampled(Decider::Sampler)).or_default();
            count.total += spans;
            count.measured += measured;
            count.counted += spans;
        }
    }

    /// Puts the books into the ledger; gives the standings per process and path.
    pub(crate) fn finish(self, ledger: &mut Ledger) -> Vec<Vec<Standings>> {
        let some = self.books.iter().any(|paths| !paths.is_empty());
        ledger.spread = some.then_some(self.spread);
        let told = |books: &PathBooks| books.path != NOWHERE || books.created > 0;
        ledger.paths = self.books.into_iter().flatten().filter(told).collect();
        self.standings
    }
}
