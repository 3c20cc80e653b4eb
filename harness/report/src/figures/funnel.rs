//! The way of the spans: which stages they reach, and where some of them leave it.

use std::collections::BTreeMap;

use spanfate_model::fate::{Fate, FateClass, FateStage};
use spanfate_model::result::VariantResult;

use crate::figures::sums::{self, Books};

/// What the spans do that reach a point of the way, or leave it there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Course {
    /// Still on the way.
    Onward,
    Received,
    Deliberate,
    Lost,
    /// It cannot be said where they are.
    Unplaced,
}

/// Spans that leave the way: one fate, or one kind of spans without a fate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FunnelExit {
    pub(crate) name: String,
    pub(crate) course: Course,
    pub(crate) spans: u64,
}

/// A stretch of the way: who leaves it, and what the others reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stretch {
    pub(crate) exits: Vec<FunnelExit>,
    /// The stage at its end.
    pub(crate) reached: &'static str,
    pub(crate) onward: u64,
}

/// The whole way. What is created is what arrives, and all that leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Funnel {
    pub(crate) created: u64,
    /// Spans that leave it at a place that nobody knows.
    pub(crate) unseen: Vec<FunnelExit>,
    /// In the order of the way. A stretch that nobody leaves is left out; the last one always ends at the receiver.
    pub(crate) stretches: Vec<Stretch>,
}

/// A stage as the way names it.
const fn reached(stage: FateStage) -> &'static str {
    match stage {
        FateStage::Ended => "ended",
        FateStage::Queued => "queued",
        FateStage::AtExporter => "at the exporter",
        FateStage::Received => "received",
    }
}

const fn course(fate: Fate) -> Course {
    match fate.class() {
        FateClass::Received => Course::Received,
        FateClass::Deliberate => Course::Deliberate,
        FateClass::Lost => Course::Lost,
    }
}

impl Funnel {
    /// The way of all spans of some variants, over their whole trials.
    pub(crate) fn of(variants: &[VariantResult]) -> Self {
        let trials = variants.iter().flat_map(|variant| &variant.trials);
        let books = Books::of(&trials.map(|trial| &trial.ledger).collect::<Vec<_>>());
        let counts = sums::fates(variants).into_iter().map(|(fate, (total, _))| (fate, total));
        Self::new(counts, &books)
    }

    fn new(counts: impl Iterator<Item = (Fate, u64)>, books: &Books) -> Self {
        let mut exits: BTreeMap<FateStage, Vec<FunnelExit>> =
            FateStage::ALL.iter().map(|stage| (*stage, Vec::new())).collect();
        let (mut unseen, mut onward) = (Vec::new(), 0);
        for (fate, spans) in counts.filter(|(_, spans)| *spans > 0) {
            let exit = FunnelExit { name: fate.to_string(), course: course(fate), spans };
            match fate.facts().stage.and_then(|stage| exits.get_mut(&stage)) {
                Some(_) if fate == Fate::Received => onward += spans,
                Some(exits) => exits.push(exit),
                None => unseen.push(exit),
            }
        }
        let placed: u64 =
            onward + exits.values().flatten().chain(&unseen).map(|exit| exit.spans).sum::<u64>();
        let open = books.unexplained + books.unaccounted;
        // Books that do not close show how much is in none of their lines.
        let beside = books.created.saturating_sub(placed + open);
        let known = [
            ("unexplained", books.unexplained),
            ("unaccounted", books.unaccounted),
            ("in none of the books", beside),
        ];
        for (name, spans) in known.into_iter().filter(|(_, spans)| *spans > 0) {
            unseen.push(FunnelExit { name: name.to_owned(), course: Course::Unplaced, spans });
        }
        let mut stretches = Vec::new();
        for (stage, exits) in exits.into_iter().rev() {
            let left: u64 = exits.iter().map(|exit| exit.spans).sum();
            if left > 0 || stretches.is_empty() {
                stretches.push(Stretch { exits, reached: reached(stage), onward });
            }
            onward += left;
        }
        stretches.reverse();
        let created = onward + unseen.iter().map(|exit| exit.spans).sum::<u64>();
        Self { created, unseen, stretches }
    }

    /// All who leave it.
    #[cfg(test)]
    pub(crate) fn exits(&self) -> impl Iterator<Item = &FunnelExit> {
        self.stretches.iter().flat_map(|stretch| &stretch.exits).chain(&self.unseen)
    }

    /// How many counts make up a way with every kind of exit.
    #[cfg(test)]
    pub(crate) fn kinds() -> usize {
        Fate::all().len() + 2
    }

    /// The place of a fate among the counts of a way that is made up.
    #[cfg(test)]
    pub(crate) fn place(fate: Fate) -> usize {
        Fate::all().iter().position(|one| *one == fate).unwrap_or(usize::MAX)
    }

    /// A way of made-up spans: a count for each fate, then unexplained and unaccounted ones.
    #[cfg(test)]
    pub(crate) fn made_up(counts: &[u64]) -> Self {
        let fates = Fate::all();
        let count = |at: usize| counts.get(at).copied().unwrap_or_default();
        let books = Books {
            created: counts.iter().sum(),
            unexplained: count(fates.len()),
            unaccounted: count(fates.len() + 1),
            ..Books::default()
        };
        Self::new(fates.into_iter().zip(counts.iter().copied()), &books)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_fate_has_one_place_on_the_way() {
        let fates = Fate::all();
        let way = Funnel::made_up(&vec![7; fates.len()]);
        let names: Vec<&str> = way.exits().map(|exit| exit.name.as_str()).collect();
        for fate in fates {
            let times = names.iter().filter(|name| **name == fate.to_string()).count();
            assert_eq!(times, usize::from(fate != Fate::Received), "{fate}");
        }
        let stages: Vec<&str> = way.stretches.iter().map(|stretch| stretch.reached).collect();
        assert_eq!(stages, FateStage::ALL.iter().map(|stage| reached(*stage)).collect::<Vec<_>>());
        assert_eq!(way.unseen.len(), 1);
    }

    #[test]
    fn a_stretch_that_nobody_leaves_is_left_out() {
        let mut counts = vec![0; Fate::all().len()];
        counts[Funnel::place(Fate::Received)] = 90;
        let way = Funnel::made_up(&counts);
        assert_eq!((way.created, way.stretches.len(), way.stretches[0].onward), (90, 1, 90));
        counts[Funnel::place(Fate::DroppedQueueFull)] = 10;
        let way = Funnel::made_up(&counts);
        assert_eq!(way.stretches.iter().map(|one| one.reached).collect::<Vec<_>>(), ["queued", "received"]);
        assert_eq!((way.created, way.stretches[0].onward), (100, 90));
    }

    #[test]
    fn books_that_do_not_close_show_what_is_in_none() {
        let books = Books { created: 12, unexplained: 1, ..Books::default() };
        let way = Funnel::new([(Fate::Received, 8)].into_iter(), &books);
        let unseen: Vec<(&str, u64)> = way.unseen.iter().map(|exit| (&*exit.name, exit.spans)).collect();
        assert_eq!(unseen, [("unexplained", 1), ("in none of the books", 3)]);
        assert_eq!(way.created, 12);
    }

    proptest! {
        #[test]
        fn what_is_created_arrives_or_leaves(counts in prop::collection::vec(0_u64..1_000_000_000_000, Funnel::kinds())) {
            let way = Funnel::made_up(&counts);
            prop_assert_eq!(way.created, counts.iter().sum::<u64>());
            let mut left = way.created - way.unseen.iter().map(|exit| exit.spans).sum::<u64>();
            for stretch in &way.stretches {
                left -= stretch.exits.iter().map(|exit| exit.spans).sum::<u64>();
                prop_assert_eq!(left, stretch.onward);
            }
            prop_assert_eq!(left, counts[0]);
        }
    }
}
