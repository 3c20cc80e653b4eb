//! Where several witnesses count the same thing.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fate::witness::Witness;
use crate::term::{Term, Word, words};

/// The same thing, counted by several witnesses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Agreement {
    /// What is counted.
    pub what: Term<CountedThing>,
    /// What each witness says; those that say nothing are left out.
    pub counts: Vec<(Witness, u64)>,
    /// Largest difference between two of them.
    pub difference: u64,
    /// Whether the difference is explained (and by what); an unexplained one makes the trial inconclusive.
    pub explained: Option<String>,
}

/// What several witnesses count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CountedThing {
    /// Numbers, over all export paths.
    Total(Total),
    /// Numbers of one export path, by its name; without one where there is only that path.
    OnPath(PathTotal, Option<String>),
    /// Numbers at one collector of the path, by its name.
    AtHop(HopTotal, String),
    /// Spans by their ids, not only how many.
    ById(ById),
}

words! {
    /// What is counted over all export paths.
    pub enum Total {
        /// Spans that were created.
        Created = "spans created",
        /// Spans that were started and record.
        Started = "spans started, recording",
        /// Spans that a full queue had no room for.
        Dropped = "dropped for a full queue",
        /// Spans that were handed to the exporter.
        Handed = "handed to the exporter",
        /// Spans whose export returned no error.
        Exported = "exported without an error",
    }
}

words! {
    /// What is counted of one export path.
    pub enum PathTotal {
        /// Spans that its full queue had no room for.
        Dropped = "dropped for a full queue, by the processor's own counter",
    }
}

words! {
    /// What is counted at a collector.
    pub enum HopTotal {
        /// Spans that it took, each as often as it came.
        Accepted = "accepted by the collector",
        /// Spans that it refused, each as often as it came.
        Refused = "refused by the collector",
        /// Spans that it sent to the next one, which took them.
        Sent = "sent by the collector",
        /// Traces that its sampler did not keep.
        NotKept = "traces that the collector's sampler did not keep",
        /// Spans that it took and lost, as far as it could count them.
        Lost = "lost in the collector, by its own counters",
    }
}

words! {
    /// At which stage spans are compared one by one.
    pub enum ById {
        /// Their start.
        Started = "started, by id",
        /// Their end.
        Ended = "ended, by id",
        /// The queue took them.
        Queued = "taken by the queue, by id",
        /// The queue had no room for them.
        Dropped = "dropped, by id",
        /// Handed to the exporter.
        Handed = "handed over, by id",
        /// They arrived.
        Arrived = "arrived, and handed over before, by id",
    }
}

impl CountedThing {
    /// Whether spans are compared one by one, not only their number.
    pub const fn by_id(&self) -> bool {
        match self {
            Self::ById(_) => true,
            Self::Total(_) | Self::OnPath(..) | Self::AtHop(..) => false,
        }
    }
}

impl Word for CountedThing {
    fn text(&self) -> Cow<'static, str> {
        match self {
            Self::Total(total) => total.text(),
            Self::OnPath(what, None) => what.text(),
            Self::OnPath(what, Some(path)) => Cow::Owned(format!("{what}: {path}")),
            Self::AtHop(what, hop) => Cow::Owned(format!("{what}: {hop}")),
            Self::ById(stage) => stage.text(),
        }
    }

    fn of(text: &str) -> Option<Self> {
        let on_path = |what: &PathTotal| match text.strip_prefix(&*what.text())? {
            "" => Some(Self::OnPath(*what, None)),
            path => Some(Self::OnPath(*what, Some(path.strip_prefix(": ")?.to_owned()))),
        };
        let at_hop = |what: &HopTotal| {
            let hop = text.strip_prefix(&*what.text())?.strip_prefix(": ")?;
            Some(Self::AtHop(*what, hop.to_owned()))
        };
        let total = Total::of(text).map(Self::Total);
        total
            .or_else(|| ById::of(text).map(Self::ById))
            .or_else(|| PathTotal::ALL.iter().find_map(on_path))
            .or_else(|| HopTotal::ALL.iter().find_map(at_hop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_is_written() {
        let names = [None, Some("provider 1 · batch: dropped, by id".to_owned())];
        let on_path = PathTotal::ALL
            .iter()
            .flat_map(|what| names.clone().map(|path| CountedThing::OnPath(*what, path)));
        let totals = Total::ALL.iter().copied().map(CountedThing::Total);
        let by_id = ById::ALL.iter().copied().map(CountedThing::ById);
        let hops = HopTotal::ALL.iter().map(|what| CountedThing::AtHop(*what, "agent-1".to_owned()));
        for counted in totals.chain(by_id).chain(on_path).chain(hops) {
            assert_eq!(CountedThing::of(&counted.text()), Some(counted.clone()));
            assert_eq!(counted.by_id(), matches!(counted, CountedThing::ById(_)));
        }
    }

    #[test]
    fn only_a_known_row_is_compared_by_id() {
        let foreign: Term<CountedThing> = Term::read("something new, by id");
        assert!(!foreign.known().is_some_and(CountedThing::by_id));
    }
}
