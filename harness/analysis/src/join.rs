//! The general join: what several streams of statements say of the same keys, in time linear in the statements and in
//! bounded memory, whatever the keys are. It serves where no id leads to a slot: foreign ids, and trials without a ledger.
//!
//! It is a radix hash join. A 64-bit hash of the key chooses the pass, the partition of the pass, and the place in a hash
//! table that fits into a core's second-level cache; no random access ever leaves the cache. Full keys are compared, so
//! equal hashes cost time, never truth. Streams are walked once per pass and are not copied as a whole: a pass holds only the
//! statements of its share of the keys, 32 bytes each.
//!
//! Ids may be hostile. Keys made to share a hash meet a bound on the length of a probe, beyond which their partition is
//! sorted by full key: n log n, not n². Keys made to share a pass make it too large; it is then split by other hashes of the
//! same keys, several times. Only copies of one and the same key cannot be split: they need 32 bytes each, whatever the bound.

mod group;
mod pool;
mod smallest;

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId, mix};

use group::Groups;
use pool::{Chain, StatementPool};
pub(crate) use smallest::Smallest;

/// A source of statements about keys that can be walked as often as needed, always in the same order.
pub trait StatementStream {
    /// The most statements [`Stream::each`] gives. A wrong number costs time or memory, never truth.
    fn most(&self) -> u64;

    /// Gives every statement: a key, and a value that [`Row::add`] understands.
    fn each(&self, take: &mut dyn FnMut(&SpanKey, u64));
}

/// All that is known of one key.
pub trait JoinedRow: Default {
    /// Adds a statement of a stream. Statements of one key come stream by stream, in the order of each stream.
    fn add(&mut self, stream: usize, value: u64);
}

/// The most statements that a pass holds, 32 bytes each. The default is 28 Mi of them: 0.9 GiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassLimit(pub u32);

impl Default for PassLimit {
    fn default() -> Self {
        Self(28 << 20)
    }
}

/// A key as numbers, in the order of keys.
type Words = [u64; 3];

/// Statements that a partition should hold: rows and table of so many stay in the second-level cache.
const PARTITION: u64 = 16 << 10;
/// Beyond so many partitions the writes of one pass no longer stay in the cache.
const MOST_PARTITIONS: u64 = 1024;
/// How often a pass that is too large is split before it may grow instead.
const MOST_SPLITS: usize = 6;

/// Joins the streams: calls `each` once per distinct key with everything that was said of it. The order of keys is that of
/// their hashes: always the same for the same streams and limit, and not that of the keys.
pub fn outer<R: JoinedRow>(
    streams: &[&dyn StatementStream],
    limit: PassLimit,
    mut each: impl FnMut(&SpanKey, &R),
) {
    let most: u64 = streams.iter().map(|stream| stream.most()).sum();
    let limit = u64::from(limit.0.max(1));
    let passes = most.div_ceil(limit).max(1);
    let share = most.div_ceil(passes);
    let partitions = share.div_ceil(PARTITION).next_power_of_two().min(MOST_PARTITIONS) as usize;
    let mut work = JoinWork {
        streams,
        // Passes are equal only on average.
        pool: StatementPool::new(share + share / 32, streams.len(), partitions),
        chains: vec![Chain::default(); streams.len() * partitions],
        partitions,
        groups: Groups::default(),
    };
    for pass in 0..passes {
        work.pass(&PassKeys { passes, pass, splits: Vec::new() }, &mut each);
    }
}

fn words(key: &SpanKey) -> Words {
    let trace = u128::from_be_bytes(key.trace.0);
    [(trace >> 64) as u64, trace as u64, u64::from_be_bytes(key.span.0)]
}

fn key_of(words: &Words) -> SpanKey {
    let trace = (u128::from(words[0]) << 64) | u128::from(words[1]);
    SpanKey { trace: TraceId(trace.to_be_bytes()), span: SpanId(words[2].to_be_bytes()) }
}

/// A hash of the key; another seed gives another one.
fn hash(key: &Words, seed: u64) -> u64 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let product = u128::from(key[0] ^ seed ^ A) * u128::from(key[1] ^ B);
    let trace = (product as u64 ^ (product >> 64) as u64).wrapping_add(key[0]);
    mix(trace ^ key[2])
}

/// Maps the upper half of a number's bits evenly to `0..parts`.
const fn part_of(hash: u64, parts: u64) -> u64 {
    ((hash >> 32) * parts) >> 32
}

/// The keys of one pass, or of a part of one that was too large.
struct PassKeys {
    passes: u64,
    pass: u64,
    /// One answer per split: the half that is meant.
    splits: Vec<u64>,
}

impl PassKeys {
    fn takes(&self, key: &Words, hash_of_key: u64) -> bool {
        let seed = |depth: usize| mix(depth as u64 + 1);
        part_of(hash_of_key, self.passes) == self.pass
            && self.splits.iter().enumerate().all(|(depth, half)| hash(key, seed(depth)) >> 63 == *half)
    }

    fn half(&self, half: u64) -> Self {
        Self { splits: self.splits.iter().copied().chain([half]).collect(), ..*self }
    }
}

struct JoinWork<'a, R> {
    streams: &'a [&'a dyn StatementStream],
    pool: StatementPool,
    /// Per stream, per partition.
    chains: Vec<Chain>,
    partitions: usize,
    groups: Groups<R>,
}

impl<R: JoinedRow> JoinWork<'_, R> {
    fn pass(&mut self, selection: &PassKeys, each: &mut impl FnMut(&SpanKey, &R)) {
        if !self.scatter(selection) {
            for half in [0, 1] {
                self.pass(&selection.half(half), each);
            }
            return;
        }
        for partition in 0..self.partitions {
            let chains: Vec<Chain> =
                self.chains.iter().skip(partition).step_by(self.partitions).copied().collect();
            for (key, row) in self.groups.join(&self.pool, &chains) {
                each(&key_of(key), row);
            }
        }
    }

    /// Copies the statements of the selected keys into their partitions; `false` when there are too many.
    fn scatter(&mut self, selection: &PassKeys) -> bool {
        self.pool.clear();
        self.chains.fill(Chain::default());
        let may_grow = selection.splits.len() >= MOST_SPLITS;
        let partitions = self.partitions as u64;
        let pool = &mut self.pool;
        let mut fits = true;
        for (stream, chains) in self.streams.iter().zip(self.chains.chunks_exact_mut(self.partitions)) {
            stream.each(&mut |key, value| {
                let words = words(key);
                let hash = hash(&words, 0);
                if !fits || !selection.takes(&words, hash) {
                    return;
                }
                let partition = part_of(hash << 32, partitions) as usize;
                let entry = [words[0], words[1], words[2], value];
                fits = pool.push(&mut chains[partition], partition, entry, may_grow);
            });
            pool.settle(chains);
        }
        fits
    }
}

#[cfg(test)]
mod tests;
