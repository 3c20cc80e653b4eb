//! Requests of which no span could be read, by reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use spanfate_model::format::wire::Relayed;
use spanfate_model::unread::{UnreadReason, UnreadRequests};

/// Most characters that are kept of what one request was.
const MOST_SHOWN: usize = 200;

/// The counts while they grow.
#[derive(Debug, Default)]
pub(in crate::receiver) struct UnreadTally(Mutex<BTreeMap<UnreadReason, UnreadCount>>);

#[derive(Clone, Debug, Default)]
struct UnreadCount {
    requests: u64,
    handed_on: u64,
    taken: u64,
    example: String,
}

impl UnreadTally {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<UnreadReason, UnreadCount>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request came; what it was is asked of the first.
    pub(in crate::receiver) fn add(&self, reason: UnreadReason, example: impl FnOnce() -> String) {
        let mut counts = self.counts();
        let count = counts.entry(reason).or_insert_with(|| {
            // Foreign bytes go to a terminal.
            let harmless = |c: char| if c.is_control() { '?' } else { c };
            let example = example().chars().take(MOST_SHOWN).map(harmless).collect();
            UnreadCount { example, ..UnreadCount::default() }
        });
        count.requests += 1;
    }

    /// It was handed on, and that came of it.
    pub(in crate::receiver) fn settle(&self, reason: UnreadReason, relayed: Relayed) {
        if let Some(count) = self.counts().get_mut(&reason) {
            count.handed_on += 1;
            count.taken += u64::from(matches!(relayed, Relayed::Taken { .. }));
        }
    }

    /// How many came for all reasons.
    pub(in crate::receiver) fn total(&self) -> u64 {
        self.counts().values().map(|count| count.requests).sum()
    }

    /// How many came for that reason.
    pub(in crate::receiver) fn of(&self, reason: UnreadReason) -> u64 {
        self.counts().get(&reason).map_or(0, |count| count.requests)
    }

    /// All of them.
    pub(in crate::receiver) fn all(&self) -> Vec<UnreadRequests> {
        let one = |(reason, count): (&UnreadReason, &UnreadCount)| UnreadRequests {
            reason: (*reason).into(),
            requests: count.requests,
            handed_on: count.handed_on,
            taken: count.taken,
            example: count.example.clone(),
        };
        self.counts().iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_shown_and_harmless() {
        let tally = UnreadTally::default();
        tally.add(UnreadReason::Path, || format!("GET /{}\u{1b}[2J", "x".repeat(300)));
        tally.add(UnreadReason::Path, || panic!("one is enough"));
        tally.add(UnreadReason::Encoding, || "POST /v1/traces, \u{1b}br".to_owned());
        tally.settle(UnreadReason::Path, Relayed::Taken { rejected: 0 });
        tally.settle(UnreadReason::Path, Relayed::Unanswered);
        let all = tally.all();
        assert_eq!((tally.total(), tally.of(UnreadReason::Path), all.len()), (3, 2, 2));
        assert_eq!((all[0].requests, all[0].handed_on, all[0].taken), (2, 2, 1));
        assert_eq!(all[0].example.chars().count(), MOST_SHOWN);
        assert_eq!(all[1].example, "POST /v1/traces, ?br");
    }
}
