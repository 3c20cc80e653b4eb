//! The queue of a batch processor: what arrives is taken up while there is room, and dropped, or made to wait, where there is none.
//! Between two moments at which the worker takes something only arrivals happen, so a stretch of them is one step.

use std::ops::Range;

use spanfate_model::quantity::unit::MonoNs;

/// A queue with what comes to it.
#[derive(Clone, Debug)]
pub(crate) struct ReplayedQueue<'a> {
    arrivals: &'a [MonoNs],
    /// The next arrival.
    next: usize,
    /// Spans in it; in blocking mode those that wait for room, too.
    waiting: u64,
    /// Spans that it holds; `None` where `End()` waits for room.
    room: Option<u64>,
    /// Arrivals that found it full, by their places.
    dropped: Vec<Range<usize>>,
    deepest: u64,
}

impl<'a> ReplayedQueue<'a> {
    /// An empty one. The arrivals are in the order of time.
    pub(crate) const fn new(arrivals: &'a [MonoNs], room: Option<u64>) -> Self {
        Self { arrivals, next: 0, waiting: 0, room, dropped: Vec::new(), deepest: 0 }
    }

    /// Takes up what arrives until then; nobody takes anything out meanwhile.
    pub(crate) fn fill_until(&mut self, at: MonoNs) {
        let to = self.next + self.arrived(self.next, at);
        let came = (to - self.next) as u64;
        let fits = self.room.map_or(came, |room| room.saturating_sub(self.waiting).min(came));
        let full_from = self.next + fits as usize;
        if full_from < to {
            match self.dropped.last_mut() {
                Some(last) if last.end == full_from => last.end = to,
                _ => self.dropped.push(full_from..to),
            }
        }
        self.waiting += fits;
        self.deepest = self.deepest.max(self.waiting);
        self.next = to;
    }

    /// How many arrive from a place on until then. Most stretches are short beside the whole, so it looks near the place first.
    fn arrived(&self, from: usize, at: MonoNs) -> usize {
        let rest = &self.arrivals[from..];
        let mut near = 64;
        while near < rest.len() && rest[near] <= at {
            near *= 4;
        }
        rest[..near.min(rest.len())].partition_point(|arrival| *arrival <= at)
    }

    /// Takes out of it, but so many at most; gives how many.
    pub(crate) fn take(&mut self, most: u64) -> u64 {
        let taken = self.waiting.min(most);
        self.waiting -= taken;
        taken
    }

    /// Of an idle worker: hands it so many further arrivals as they come, or those until then. Gives how many, and when the last
    /// one came if they are all.
    pub(crate) fn hand_over(&mut self, wanted: u64, until: MonoNs) -> (u64, Option<MonoNs>) {
        let last = wanted.checked_sub(1).and_then(|more| self.arrivals.get(self.next + more as usize));
        if let Some(last) = last.copied().filter(|last| *last <= until) {
            self.next += wanted as usize;
            return (wanted, Some(last));
        }
        let came = self.arrived(self.next, until).min(wanted as usize);
        self.next += came;
        (came as u64, None)
    }

    /// Whether nothing is in it and nothing comes any more.
    pub(crate) const fn is_done(&self) -> bool {
        self.waiting == 0 && self.next == self.arrivals.len()
    }

    /// Ends it: what was dropped, its greatest length, and what is left in it or comes after all.
    pub(crate) fn end(self) -> (Vec<Range<usize>>, u64, u64) {
        let left = self.waiting + (self.arrivals.len() - self.next) as u64;
        (self.dropped, self.deepest, left)
    }
}
