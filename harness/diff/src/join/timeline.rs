//! Counts over time, in few stretches however long it is.

use spanfate_model::finding::diff::{DiffCounts, DiffWindow};

/// Stretches of time at most.
const MOST: u64 = 128;
/// A stretch is at least so long: about a second.
const LEAST: u32 = 30;

/// Counts by start. A stretch is a power of two of nanoseconds long.
#[derive(Debug)]
pub(super) struct DiffTimeline {
    shift: u32,
    /// Number of the first stretch.
    first: u64,
    counts: Vec<DiffCounts>,
}

impl DiffTimeline {
    pub(super) const fn new() -> Self {
        Self { shift: LEAST, first: 0, counts: Vec::new() }
    }

    /// The counts of what started then.
    #[inline]
    pub(super) fn at(&mut self, start: u64) -> &mut DiffCounts {
        let place = (start >> self.shift).wrapping_sub(self.first);
        if place < self.counts.len() as u64 {
            return &mut self.counts[place as usize];
        }
        self.make_room(start)
    }

    #[cold]
    fn make_room(&mut self, start: u64) -> &mut DiffCounts {
        if self.counts.is_empty() {
            self.first = start >> self.shift;
        }
        loop {
            let number = start >> self.shift;
            let last = self.first + (self.counts.len() as u64).max(1) - 1;
            if number.max(last) - number.min(self.first) < MOST {
                break;
            }
            // Stretches of twice the length.
            let first = self.first;
            self.shift += 1;
            self.first >>= 1;
            let mut wider = vec![DiffCounts::default(); self.counts.len() / 2 + 1];
            for (at, counts) in self.counts.iter().enumerate() {
                let place = (((first + at as u64) >> 1) - self.first) as usize;
                wider[place] = wider[place].plus(*counts);
            }
            self.counts = wider;
        }
        let number = start >> self.shift;
        if number < self.first {
            let more = (self.first - number) as usize;
            self.counts.splice(0..0, vec![DiffCounts::default(); more]);
            self.first = number;
        }
        let place = (number - self.first) as usize;
        if self.counts.len() <= place {
            self.counts.resize(place + 1, DiffCounts::default());
        }
        &mut self.counts[place]
    }

    /// The stretches in which there is something.
    pub(super) fn windows(&self) -> Vec<DiffWindow> {
        let some = self.counts.iter().enumerate().filter(|(_, counts)| **counts != DiffCounts::default());
        some.map(|(at, counts)| {
            let from = (self.first + at as u64) << self.shift;
            DiffWindow { from_ns: from, to_ns: from | ((1 << self.shift) - 1), counts: *counts }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_kept_however_far_apart() {
        let mut line = DiffTimeline::new();
        let starts = [0, 1 << 30, 5 << 30, 1 << 45, 3, u64::MAX, 1 << 62, 7];
        for start in starts {
            line.at(start).both += 1;
        }
        let windows = line.windows();
        assert_eq!(windows.iter().map(|window| window.counts.both).sum::<u64>(), starts.len() as u64);
        assert!(windows.len() <= MOST as usize);
        for start in starts {
            assert!(windows.iter().any(|window| window.from_ns <= start && start <= window.to_ns));
        }
    }
}
