//! One partition, grouped by key: a hash table of indices while keys scatter, a sort when they were made not to.

use super::pool::{Chain, PoolEntry, StatementPool};
use super::{JoinedRow, Words, hash};

/// Honest keys need a handful of steps at this load (at most one half); so many mean that hashes were made equal.
const LONGEST_PROBE: usize = 256;

/// The distinct keys of a partition and what was said of each.
pub(super) struct Groups<R> {
    /// Index of a row plus one; 0 is free. Its length is a power of two.
    table: Vec<u32>,
    rows: Vec<(Words, R)>,
}

impl<R> Default for Groups<R> {
    fn default() -> Self {
        Self { table: Vec::new(), rows: Vec::new() }
    }
}

impl<R: JoinedRow> Groups<R> {
    /// Groups a partition, given its chain of every stream.
    pub(super) fn join(&mut self, pool: &StatementPool, chains: &[Chain]) -> &[(Words, R)] {
        let most: usize = chains.iter().map(|chain| pool.most(*chain)).sum();
        self.rows.clear();
        self.table.clear();
        self.table.resize((2 * most).next_power_of_two(), 0);
        let scattered = chains
            .iter()
            .enumerate()
            .all(|(stream, chain)| pool.entries(*chain).all(|entry| self.add(stream, entry)));
        if !scattered {
            self.sort(pool, chains);
        }
        &self.rows
    }

    /// Adds a statement; `false` when its place is too far from where it should be.
    #[inline]
    fn add(&mut self, stream: usize, entry: &PoolEntry) -> bool {
        let key = [entry[0], entry[1], entry[2]];
        let mask = self.table.len() - 1;
        // Keys of a partition share bits of their hash; the product's upper bits depend on all of them.
        let spread = hash(&key, 0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut at = (spread >> 32) as usize & mask;
        for _ in 0..LONGEST_PROBE {
            let index = self.table[at] as usize;
            if index == 0 {
                let mut row = R::default();
                row.add(stream, entry[3]);
                self.rows.push((key, row));
                self.table[at] = self.rows.len() as u32;
                return true;
            }
            let (known, row) = &mut self.rows[index - 1];
            if *known == key {
                row.add(stream, entry[3]);
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }

    /// The same by sorting: no hash is trusted.
    fn sort(&mut self, pool: &StatementPool, chains: &[Chain]) {
        let mut all: Vec<(Words, usize, u64)> = Vec::new();
        for (stream, chain) in chains.iter().enumerate() {
            all.extend(pool.entries(*chain).map(|entry| ([entry[0], entry[1], entry[2]], stream, entry[3])));
        }
        // Stable: statements of a key stay in their order.
        all.sort_by_key(|(key, ..)| *key);
        self.rows.clear();
        for (key, stream, value) in all {
            if self.rows.last().is_none_or(|(last, _)| *last != key) {
                self.rows.push((key, R::default()));
            }
            if let Some((_, row)) = self.rows.last_mut() {
                row.add(stream, value);
            }
        }
    }
}
