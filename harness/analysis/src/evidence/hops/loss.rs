//! How a start of a collector lost what it had taken: by its counters, where their numbers leave no choice, and by its end.
//!
//! Counters say how many, never which. A span that the next place saw, and did not take, was given up by the exporter or was still
//! being tried; one that nobody saw after the tap lay in a queue or had no room in one. Only where the numbers of both kinds agree
//! with the counters does a span get that reason; else it is unknown, and the row of the counters says by how much they differ.

use spanfate_model::fate::{CollectorDecision, CollectorLoss, Fate, Filter};
use spanfate_model::quantity::unit::MonoNs;

use super::HopStart;
use crate::metrics::hop::HopPage;

/// A span that came so much later and was delivered has overtaken, whatever waits for a batch to be full.
const OVERTAKEN_NS: u64 = 2_000_000_000;

/// Spans that a start took and lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct StartLosses {
    /// The next place saw it, and did not take it.
    seen: u64,
    /// Nobody saw it again.
    unseen: u64,
    /// When the last span came that was delivered before this start was asked to stop.
    moved_on: MonoNs,
}

/// What counters say of spans that were lost after their client had been told that they were taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct CountedLosses {
    pub(crate) queue_full: u64,
    pub(crate) send_failed: u64,
    pub(crate) memory_limit: u64,
}

impl CountedLosses {
    /// What is left of a page's counters when what a client was told of is taken away: refused by the memory limiter, then by a full
    /// queue, then an export whose result the client waited for.
    pub(crate) fn of(page: &HopPage) -> Self {
        let HopPage { counters, refused_inside, .. } = page;
        let told = counters.refused.saturating_sub(*refused_inside);
        Self {
            memory_limit: refused_inside.saturating_sub(counters.refused),
            queue_full: counters.enqueue_failed.saturating_sub(told),
            send_failed: counters.send_failed.saturating_sub(told.saturating_sub(counters.enqueue_failed)),
        }
    }

    pub(crate) const fn all(self) -> u64 {
        self.queue_full.saturating_add(self.send_failed).saturating_add(self.memory_limit)
    }
}

impl StartLosses {
    /// Counts a span that was lost.
    pub(super) fn add(&mut self, seen: bool) {
        if seen {
            self.seen += 1;
        } else {
            self.unseen += 1;
        }
    }

    /// Why a span was lost that the next place saw or did not see, by counters; `rest` for what they do not count.
    fn by_counters(&self, counted: CountedLosses, seen: bool, rest: CollectorLoss) -> CollectorLoss {
        let Self { seen: tried, unseen, .. } = *self;
        // What never reached the exporter: by one of the two, or by both, and then nobody knows which.
        let (inside, reason) = match (counted.queue_full, counted.memory_limit) {
            (full, 0) => (full, CollectorLoss::QueueFull),
            (0, limit) => (limit, CollectorLoss::MemoryLimit),
            (full, limit) => (full + limit, CollectorLoss::Unknown),
        };
        let failed = counted.send_failed;
        match (inside, failed) {
            (0, 0) => rest,
            // One reason alone, and it counts all of them.
            (inside, 0) if inside >= tried + unseen => reason,
            (0, failed) if failed >= tried + unseen => CollectorLoss::SendFailed,
            _ if failed == tried && inside == unseen => {
                if seen {
                    CollectorLoss::SendFailed
                } else {
                    reason
                }
            }
            (inside, 0) if inside == unseen => {
                if seen {
                    rest
                } else {
                    reason
                }
            }
            (0, failed) if failed == tried => {
                if seen {
                    CollectorLoss::SendFailed
                } else {
                    rest
                }
            }
            _ => CollectorLoss::Unknown,
        }
    }
}

impl HopStart<'_> {
    /// Notes that a span came out, which came at `came`.
    pub(super) fn delivered(&mut self, came: MonoNs, out: MonoNs) {
        let asked = self.manifest.end.as_ref().map_or(MonoNs::MAX, |end| end.asked_to_stop.unwrap_or(end.at));
        if out != 0 && out < asked {
            self.losses.moved_on = self.losses.moved_on.max(came);
        }
    }

    /// Whether it ended without having been asked, or was killed.
    pub(crate) fn is_abrupt(&self) -> bool {
        let end = self.manifest.end.as_ref();
        end.is_some_and(|end| end.asked_to_stop.is_none() || end.signal == Some(9) || end.killed.is_some())
    }

    /// What became of a span that the next place never saw, where filters or samplers by probability removed some: on purpose, where
    /// their counters say exactly as many; else nobody can tell which of them it was, if any.
    pub(super) fn left_out(&self, seen: bool) -> Option<Fate> {
        let (_, page) = self.page.as_ref().filter(|_| !seen)?;
        let counted = CountedLosses::of(page);
        let removed = page.filtered.saturating_add(page.thinned);
        if removed == 0 || counted.queue_full + counted.memory_limit > 0 {
            return None;
        }
        Some(match (removed == self.losses.unseen, page.filtered) {
            (false, _) => Fate::LostInCollector(CollectorLoss::Unknown),
            (true, 0) => Fate::SampledByCollector(CollectorDecision::Probability),
            (true, _) => Fate::Filtered(Filter::Collector),
        })
    }

    /// Why a span was lost that it took then; `seen`: the next place saw it.
    pub(super) fn reason(&self, came: MonoNs, seen: bool) -> CollectorLoss {
        let end = self.end_of_held(came, seen);
        match &self.page {
            Some((_, page)) => self.losses.by_counters(CountedLosses::of(page), seen, end),
            // Nobody asked it: that it died with the span in it is all that is known.
            None if self.is_abrupt() => end,
            None => CollectorLoss::Unknown,
        }
    }

    /// What became of a span that no counter counts: it ended with the process, if that can have held it still.
    fn end_of_held(&self, came: MonoNs, seen: bool) -> CollectorLoss {
        let overtaken = !seen && came.saturating_add(OVERTAKEN_NS) < self.losses.moved_on;
        match &self.manifest.end {
            _ if overtaken => CollectorLoss::Unknown,
            Some(_) if self.is_abrupt() => CollectorLoss::Crash,
            Some(end) => {
                let asked = end.asked_to_stop.unwrap_or(end.at);
                let held = self.page.as_ref().is_some_and(|(_, page)| page.counters.queue > 0);
                // It came so late that the page may not know of it yet.
                let late = came.saturating_add(OVERTAKEN_NS) > asked;
                if held || late || seen { CollectorLoss::Shutdown } else { CollectorLoss::Unknown }
            }
            None => CollectorLoss::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(tried: u64, unseen: u64, counted: [u64; 3], seen: bool) -> CollectorLoss {
        let losses = StartLosses { seen: tried, unseen, moved_on: 0 };
        let [queue_full, send_failed, memory_limit] = counted;
        losses.by_counters(
            CountedLosses { queue_full, send_failed, memory_limit },
            seen,
            CollectorLoss::Crash,
        )
    }

    #[test]
    fn a_reason_is_given_only_where_the_numbers_leave_no_choice() {
        use CollectorLoss::{Crash, MemoryLimit, QueueFull, SendFailed, Unknown};
        for (tried, unseen, counted, of_seen, of_unseen) in [
            (0, 0, [0, 0, 0], Crash, Crash),
            (3, 7, [0, 0, 0], Crash, Crash),
            // One reason counts all.
            (0, 7, [7, 0, 0], QueueFull, QueueFull),
            (3, 7, [10, 0, 0], QueueFull, QueueFull),
            (3, 7, [0, 10, 0], SendFailed, SendFailed),
            (0, 7, [0, 0, 7], MemoryLimit, MemoryLimit),
            // Two reasons, one for each kind.
            (3, 7, [7, 3, 0], SendFailed, QueueFull),
            // Some died with it.
            (3, 7, [7, 0, 0], Crash, QueueFull),
            (3, 7, [0, 3, 0], SendFailed, Crash),
            // The numbers fit nothing: a counter is too low, or spans were given up unseen.
            (3, 7, [6, 3, 0], Unknown, Unknown),
            (3, 7, [1, 0, 0], Unknown, Unknown),
            (3, 7, [0, 5, 0], Unknown, Unknown),
            (0, 7, [3, 0, 4], Unknown, Unknown),
        ] {
            let found = (reason(tried, unseen, counted, true), reason(tried, unseen, counted, false));
            assert_eq!(found, (of_seen, of_unseen), "{tried} seen, {unseen} unseen, {counted:?}");
        }
    }

    #[test]
    fn what_a_client_was_told_of_was_not_lost_in_the_collector() {
        use spanfate_model::result::HopCounters;
        let of = |refused, refused_inside, enqueue_failed, send_failed| {
            let counters = HopCounters { refused, enqueue_failed, send_failed, ..HopCounters::default() };
            let CountedLosses { queue_full, send_failed, memory_limit } = CountedLosses::of(&HopPage {
                counters,
                refused_inside,
                sampler: None,
                filtered: 0,
                thinned: 0,
            });
            [queue_full, send_failed, memory_limit]
        };
        // Behind a batch processor nobody is told.
        assert_eq!(of(0, 0, 50, 4), [50, 4, 0]);
        // Without it the caller is told of a full queue, and not of an export that fails later.
        assert_eq!(of(50, 0, 50, 4), [0, 4, 0]);
        // Who waits for the result is told of everything.
        assert_eq!(of(54, 0, 50, 4), [0, 0, 0]);
        // A memory limiter that stands first tells its clients, one behind the batch processor nobody.
        assert_eq!(of(30, 30, 50, 4), [50, 4, 0]);
        assert_eq!(of(0, 30, 0, 0), [0, 0, 30]);
    }
}
