//! Lines, counted by service and standing in a table that is bounded whatever the lines say.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::books::logs::{LineExample, LineRow, LineStanding, LogBooks, Unanchored};

/// Most services, and most other names of ids, that have rows of their own.
const MOST_NAMES: usize = 64;
/// What all beyond them are called.
const OTHERS: &str = "others";

/// What makes a row.
type RowKey = (String, LineStanding, Option<String>);

/// Lines, counted.
#[derive(Debug, Default)]
pub(super) struct LineTally {
    rows: BTreeMap<RowKey, CountedLines>,
    services: BTreeSet<String>,
    found: BTreeSet<String>,
    /// Services of which some line has ids under the settled names.
    with_ids: BTreeSet<String>,
    lines: u64,
    pub(super) repaired: u64,
}

#[derive(Debug)]
struct CountedLines {
    lines: u64,
    /// Which line of all the first of them was.
    at: u64,
    first: LineExample,
}

impl LineTally {
    /// Some line of a service has ids under the settled names: what writes it adds them.
    pub(super) fn has_ids(&mut self, service: &str) {
        if !self.with_ids.contains(service) {
            let service = bounded(service.to_owned(), &mut self.services);
            self.with_ids.insert(service);
        }
    }

    /// Counts a line.
    pub(super) fn add(
        &mut self,
        service: String,
        standing: LineStanding,
        found: Option<String>,
        first: LineExample,
    ) {
        self.lines += 1;
        let service = bounded(service, &mut self.services);
        let found = found.map(|found| bounded(found, &mut self.found));
        let new = || CountedLines { lines: 0, at: self.lines, first };
        self.rows.entry((service, standing, found)).or_insert_with(new).lines += 1;
    }

    /// The books. Only now is it known which services have ids in other lines.
    pub(super) fn finish(mut self) -> LogBooks {
        for service in &self.with_ids {
            let row = |why| (service.clone(), LineStanding::Unanchored(why), None);
            let Some(bare) = self.rows.remove(&row(Unanchored::NoIds)) else { continue };
            match self.rows.get_mut(&row(Unanchored::NoContext)) {
                Some(known) => {
                    known.lines += bare.lines;
                    if bare.at < known.at {
                        (known.at, known.first) = (bare.at, bare.first);
                    }
                }
                None => {
                    self.rows.insert(row(Unanchored::NoContext), bare);
                }
            }
        }
        let sum = |is: fn(&LineStanding) -> bool| -> u64 {
            self.rows
                .iter()
                .filter(|((_, standing, _), _)| is(standing))
                .map(|(_, counted)| counted.lines)
                .sum()
        };
        LogBooks {
            lines: self.lines,
            anchored: sum(|standing| matches!(standing, LineStanding::Anchored)),
            dangling: sum(|standing| matches!(standing, LineStanding::Dangling(_))),
            unanchored: sum(|standing| matches!(standing, LineStanding::Unanchored(_))),
            unread: sum(|standing| matches!(standing, LineStanding::Unread(_))),
            missed: 0,
            repaired: self.repaired,
            rows: self.rows.into_iter().map(row).collect(),
        }
    }
}

fn row(((service, standing, found), counted): (RowKey, CountedLines)) -> LineRow {
    LineRow { service, standing: standing.into(), found, lines: counted.lines, first: counted.first }
}

/// A name, or what stands for it where there are too many.
fn bounded(name: String, known: &mut BTreeSet<String>) -> String {
    if known.contains(&name) {
        return name;
    }
    if known.len() >= MOST_NAMES {
        return OTHERS.to_owned();
    }
    known.insert(name.clone());
    name
}
