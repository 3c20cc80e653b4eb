//! The first few of many by key, whatever the order in which they come.

/// Keeps the items with the smallest keys.
#[derive(Debug)]
pub(crate) struct Smallest<T> {
    most: usize,
    kept: Vec<T>,
}

impl<T: Ord> Smallest<T> {
    /// Keeps at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Vec::new() }
    }

    /// Takes an item; of twice as many as are wanted the larger half is forgotten.
    pub(crate) fn push(&mut self, item: T) {
        self.kept.push(item);
        if self.kept.len() > 2 * self.most {
            self.kept.select_nth_unstable(self.most);
            self.kept.truncate(self.most);
        }
    }

    /// The smallest, in order.
    pub(crate) fn finish(mut self) -> Vec<T> {
        self.kept.sort_unstable();
        self.kept.truncate(self.most);
        self.kept
    }
}
