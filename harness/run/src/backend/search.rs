//! The windows of time of a search. One that holds more than a page is cut in two until each part fits.

/// From and to, unix microseconds, both included.
pub(super) type AskedTimes = (u64, u64);

/// The windows that are left, the next one last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TimesToAsk(Vec<AskedTimes>);

impl TimesToAsk {
    pub(super) fn of(times: impl DoubleEndedIterator<Item = AskedTimes>) -> Self {
        Self(times.rev().map(|(from, to)| (from, to.max(from))).collect())
    }

    pub(super) fn next(&mut self) -> Option<AskedTimes> {
        self.0.pop()
    }

    /// Puts both halves of a window in its place.
    pub(super) fn halve(&mut self, (from, to): AskedTimes) {
        let middle = from + (to - from) / 2;
        if middle < to {
            self.0.push((middle + 1, to));
        }
        self.0.push((from, middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_cover_a_window_without_a_gap_and_without_an_overlap() {
        let mut windows = TimesToAsk::of([(3, 12)].into_iter());
        let mut covered = Vec::new();
        while let Some(window) = windows.next() {
            if window.1 - window.0 >= 3 {
                windows.halve(window);
            } else {
                covered.extend(window.0..=window.1);
            }
        }
        assert_eq!(covered, (3..=12).collect::<Vec<u64>>());
        assert_eq!(TimesToAsk::of([(7, 2), (9, 9)].into_iter()).next(), Some((7, 7)));
    }
}
