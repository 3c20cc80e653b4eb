//! What became of spans by the time at which they were sent.

use std::collections::BTreeMap;

use spanfate_model::finding::canary::{CanaryCounts, CanaryDelays, CanaryOutcome, CanaryWindow};

use super::delays::DelayBooks;

/// Length of a window.
const SECONDS: u64 = 10;
/// Windows kept, an hour; what is older is one.
const KEPT: usize = 360;

/// Counts and delays of some spans.
#[derive(Clone, Debug, Default)]
struct WindowBooks {
    counts: CanaryCounts,
    delays: DelayBooks,
}

impl WindowBooks {
    fn add(&mut self, other: &Self) {
        self.counts = self.counts.plus(&other.counts);
        self.delays.add_all(&other.delays);
    }
}

/// All windows.
#[derive(Debug, Default)]
pub(super) struct CanaryWindows {
    total: WindowBooks,
    earlier: Option<WindowBooks>,
    by_number: BTreeMap<u64, WindowBooks>,
    /// The first that is not among the earlier ones.
    first: u64,
}

impl CanaryWindows {
    /// Counts a span that was sent at a time since the begin and took so long, nanoseconds.
    pub(super) fn count(&mut self, sent: u64, outcome: CanaryOutcome, delay: Option<u64>) {
        let number = (sent / (SECONDS * 1_000_000_000)).max(self.first);
        let window = self.by_number.entry(number).or_default();
        for books in [&mut self.total, window] {
            books.counts.count(outcome);
            if let Some(delay) = delay {
                books.delays.add(delay);
            }
        }
        while self.by_number.len() > KEPT
            && let Some((number, window)) = self.by_number.pop_first()
        {
            self.earlier.get_or_insert_default().add(&window);
            self.first = number + 1;
        }
    }

    pub(super) fn counts(&self) -> CanaryCounts {
        self.total.counts
    }

    pub(super) fn delays(&self) -> Option<CanaryDelays> {
        self.total.delays.shown()
    }

    pub(super) fn shown(&self) -> Vec<CanaryWindow> {
        let of = |from: u64, to: u64, books: &WindowBooks| CanaryWindow {
            from_s: from * SECONDS,
            to_s: to * SECONDS,
            counts: books.counts,
            delays: books.delays.shown(),
        };
        let earlier = self.earlier.iter().map(|books| of(0, self.first, books));
        earlier.chain(self.by_number.iter().map(|(number, books)| of(*number, number + 1, books))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_windows_become_one_and_nothing_is_lost() {
        let mut windows = CanaryWindows::default();
        for number in 0..1000_u64 {
            windows.count(number * 10_000_000_000, CanaryOutcome::Received, Some(5_000_000));
        }
        let shown = windows.shown();
        assert_eq!(shown.len(), KEPT + 1);
        assert_eq!((shown[0].from_s, shown[0].to_s, shown[0].counts.received), (0, 6400, 640));
        assert_eq!((shown[1].from_s, shown[1].to_s), (6400, 6410));
        assert_eq!(shown.iter().map(|window| window.counts.sent).sum::<u64>(), 1000);
        assert_eq!(windows.delays().map(|delays| delays.count), Some(1000));
        // One that is judged late belongs to the oldest window that is left.
        windows.count(0, CanaryOutcome::Lost, None);
        assert_eq!(windows.shown()[1].counts.lost, 1);
    }
}
