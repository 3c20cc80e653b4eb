//! Export paths, where a program has several: the rows that terminal, page and Markdown share.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{PathBooks, PathSpread};
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{PathResult, Prediction, RunResult, TrialResult, VariantResult};

use crate::figures::sums::trials;
use crate::text::number::Numbers;

/// An export path of a service of a variant, or the spans that were offered to none, over the variant's trials.
pub(crate) struct PathRow<'a> {
    pub(crate) variant: &'a VariantResult,
    pub(crate) service: &'a str,
    /// Which start of the service, from 0; absent where there was only one.
    pub(crate) start: Option<u32>,
    pub(crate) path: &'a str,
    /// Spans over the whole trials.
    pub(crate) offered: u64,
    pub(crate) unexplained: u64,
    pub(crate) unaccounted: u64,
    fates: BTreeMap<Fate, u64>,
    /// What each trial says of it beside the books; nothing of spans that were offered to no path.
    pub(crate) results: Vec<&'a PathResult>,
}

impl<'a> PathRow<'a> {
    fn of_class(&self, class: FateClass) -> u64 {
        self.fates.iter().filter(|(fate, _)| fate.class() == class).map(|(_, count)| count).sum()
    }

    pub(crate) fn received(&self) -> u64 {
        self.of_class(FateClass::Received)
    }

    pub(crate) fn lost(&self) -> u64 {
        self.of_class(FateClass::Lost)
    }

    /// Spans that were not meant to arrive by it.
    pub(crate) fn deliberate(&self) -> u64 {
        self.of_class(FateClass::Deliberate)
    }

    /// What became of the spans that did not arrive: the losses, most first, then what was not meant to arrive.
    pub(crate) fn elsewhere(&self) -> Vec<(Fate, u64)> {
        let mut out: Vec<(Fate, u64)> = self.fates.iter().map(|(fate, count)| (*fate, *count)).collect();
        out.retain(|(fate, count)| fate.class() != FateClass::Received && *count > 0);
        out.sort_by_key(|(fate, count)| (fate.class() != FateClass::Lost, std::cmp::Reverse(*count)));
        out
    }

    /// Whether these are the spans that were offered to no path.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.results.is_empty()
    }

    /// Loss in the measured part, the mean over the trials; absent where no span was due.
    pub(crate) fn loss(&self) -> Option<f64> {
        let due: u64 = self.results.iter().map(|one| one.loss.due).sum();
        mean(self.results.iter().map(|one| one.loss.rate)).filter(|_| due > 0)
    }

    /// Loss in few words; nothing lost is written with the number of spans it rests on.
    pub(crate) fn loss_words(&self, numbers: Numbers) -> Option<String> {
        let due: u64 = self.results.iter().map(|one| one.loss.due).sum();
        let none = self.results.iter().all(|one| one.loss.lost == 0);
        let nothing = || format!("0 of {}", numbers.count(due));
        self.loss().map(|rate| if none { nothing() } else { numbers.percent(rate) })
    }

    /// What the law says of it, by trial.
    pub(crate) fn laws(&self) -> impl Iterator<Item = &'a Prediction> + '_ {
        self.results.iter().filter_map(|one| one.loss.predicted.as_ref())
    }

    /// The loss that the law predicts, the mean over the trials.
    pub(crate) fn predicted(&self) -> Option<f64> {
        mean(self.laws().map(|law| law.rate))
    }

    /// A count of its trials together.
    pub(crate) fn sum(&self, pick: fn(&PathResult) -> u64) -> u64 {
        self.results.iter().map(|one| pick(one)).sum()
    }

    /// Spans dropped for a full queue by the books and by the processor's own counter, where that was seen in every trial.
    pub(crate) fn dropped(&self) -> (u64, Option<u64>) {
        let counted: Option<u64> = self.results.iter().map(|one| one.dropped_by_sdk).sum();
        (self.sum(|one| one.dropped), counted.filter(|_| !self.is_nowhere()))
    }

    /// What its processor counted as dropped, where that is not what the books say.
    pub(crate) fn miscounted(&self) -> Option<u64> {
        let (dropped, counted) = self.dropped();
        counted.filter(|counted| *counted != dropped)
    }

    /// Whose path it is, as far as there are several: variant, service, start.
    pub(crate) fn whose(&self, several: Several) -> String {
        let mut parts = Vec::new();
        if several.variants {
            parts.push(self.variant.name.clone());
        }
        if several.services {
            parts.push(self.service.to_owned());
        }
        parts.extend(self.start.map(start));
        parts.join(" · ")
    }

    fn add(&mut self, books: &PathBooks) {
        self.offered += books.created;
        self.unexplained += books.unexplained.count;
        self.unaccounted += books.unaccounted.count;
        for (fate, count) in &books.fates {
            *self.fates.entry(*fate).or_insert(0) += count.total;
        }
    }
}

/// Which start of a service, for people.
pub(crate) fn start(incarnation: u32) -> String {
    format!("start {}", u64::from(incarnation) + 1)
}

/// A mean; absent of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_u32), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// What a row must be told apart by.
#[derive(Clone, Copy)]
pub(crate) struct Several {
    pub(crate) variants: bool,
    pub(crate) services: bool,
}

impl Several {
    /// What there are several of among some rows.
    pub(crate) fn of(rows: &[PathRow<'_>]) -> Self {
        let first = rows.first();
        let differ = |other: &dyn Fn(&PathRow<'_>) -> bool| rows.iter().any(other);
        Self {
            variants: first.is_some_and(|one| differ(&|row| !std::ptr::eq(row.variant, one.variant))),
            services: first.is_some_and(|one| differ(&|row| row.service != one.service)),
        }
    }
}

/// All export paths of the programs that have several, in the order of variants, services and paths.
pub(crate) fn rows(result: &RunResult) -> Vec<PathRow<'_>> {
    result.variants.iter().flat_map(of_variant).collect()
}

fn of_variant(variant: &VariantResult) -> Vec<PathRow<'_>> {
    let mut rows: Vec<PathRow<'_>> = Vec::new();
    let paths = || variant.trials.iter().flat_map(|trial| &trial.ledger.paths);
    let restarted = |service: &str| paths().any(|books| books.service == service && books.incarnation > 0);
    for trial in &variant.trials {
        for books in &trial.ledger.paths {
            let (service, path) = (books.service.as_str(), books.path.as_str());
            let start = restarted(service).then_some(books.incarnation);
            let same = |row: &PathRow<'_>| row.service == service && row.start == start && row.path == path;
            let at = rows.iter().position(same).unwrap_or(rows.len());
            if at == rows.len() {
                rows.push(PathRow {
                    variant,
                    service,
                    start,
                    path,
                    offered: 0,
                    unexplained: 0,
                    unaccounted: 0,
                    fates: BTreeMap::new(),
                    results: Vec::new(),
                });
            }
            rows[at].add(books);
            rows[at].results.extend(result_of(trial, books));
        }
    }
    // The spans of a start that were offered to no path stand behind its paths, in whichever trial there were some.
    let service = |row: &PathRow<'_>| paths().position(|books| books.service == row.service);
    rows.sort_by_cached_key(|row| (service(row), row.start, row.is_nowhere()));
    rows
}

fn result_of<'a>(trial: &'a TrialResult, books: &PathBooks) -> Option<&'a PathResult> {
    let service = trial.services.iter().find(|service| service.service == books.service)?;
    service.paths.iter().find(|path| path.path == books.path && path.incarnation == books.incarnation)
}

/// On how many of its paths each span of some variants arrived; absent where no program has several.
pub(crate) fn spread<'a, I: IntoIterator<Item = &'a VariantResult>>(variants: I) -> Option<PathSpread> {
    let all = variants.into_iter().flat_map(|variant| &variant.trials);
    let add = |a: PathSpread, b: PathSpread| PathSpread {
        every: a.every + b.every,
        some: a.some + b.some,
        none: a.none + b.none,
    };
    all.filter_map(|trial| trial.ledger.spread).reduce(add)
}

/// The path that loses most spans; absent where none loses one.
pub(crate) fn worst<'a, 'b>(rows: &'b [PathRow<'a>]) -> Option<&'b PathRow<'a>> {
    let losing = rows.iter().filter(|row| row.lost() > 0);
    losing.reduce(|worst, row| if row.lost() > worst.lost() { row } else { worst })
}

/// Which path loses most, as a sentence; absent where nothing is lost or there is only one.
pub(crate) fn loses_most(result: &RunResult, numbers: Numbers) -> Option<String> {
    if trials(result).all(|(_, trial)| trial.ledger.paths.is_empty()) {
        return None;
    }
    let rows = rows(result);
    let worst = worst(&rows)?;
    let whose = worst.whose(Several::of(&rows));
    let whose = if whose.is_empty() { String::new() } else { format!(" ({whose})") };
    Some(format!(
        "Most on the export path {}{whose}: {} of {}.",
        worst.path,
        numbers.count(worst.lost()),
        numbers.counted(worst.offered - worst.deliberate().min(worst.offered), "span", "spans")
    ))
}
