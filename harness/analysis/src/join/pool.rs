//! Room for the statements of one pass: chains of small chunks, so that no partition has to know its size beforehand.

/// A statement: the key's words and the value.
pub(super) type PoolEntry = [u64; 4];

/// Statements of a chunk: 8 KiB.
const CHUNK: usize = 256;
/// Statements that wait beside each other before they are written to their chunk together: what is written to all the time
/// is then a few pages, not one page per chain. A divisor of the chunk.
const WAITING: usize = 8;

/// The statements of one stream in one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    /// First chunk, plus one; 0 without any.
    first: u32,
    /// Where the next statement goes; a multiple of the chunk when the last one is full.
    at: usize,
}

/// All chunks.
pub(super) struct StatementPool {
    entries: Vec<PoolEntry>,
    /// Per chunk: the one that follows it in its chain.
    next: Vec<u32>,
    used: usize,
    /// Per partition of the stream that is being read.
    waiting: Vec<[PoolEntry; WAITING]>,
}

impl StatementPool {
    /// Room for so many statements of so many streams in so many partitions. Memory is taken as it is written to.
    pub(super) fn new(statements: u64, streams: usize, partitions: usize) -> Self {
        let chunks = statements as usize / CHUNK + streams * partitions + 1;
        Self {
            entries: vec![[0; 4]; chunks * CHUNK],
            next: vec![0; chunks],
            used: 0,
            waiting: vec![[[0; 4]; WAITING]; partitions],
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    /// Appends to the chain of a partition; `false` when the pool is full and may not grow.
    #[inline]
    pub(super) fn push(
        &mut self,
        chain: &mut Chain,
        partition: usize,
        entry: PoolEntry,
        may_grow: bool,
    ) -> bool {
        if chain.at.is_multiple_of(CHUNK) && !self.extend(chain, may_grow) {
            return false;
        }
        let waiting = &mut self.waiting[partition];
        waiting[chain.at % WAITING] = entry;
        chain.at += 1;
        if chain.at.is_multiple_of(WAITING) {
            self.entries[chain.at - WAITING..chain.at].copy_from_slice(waiting);
        }
        true
    }

    /// Writes what still waits, when a stream has been read: its chains by partition.
    pub(super) fn settle(&mut self, chains: &[Chain]) {
        for (chain, waiting) in chains.iter().zip(&self.waiting) {
            let begin = chain.at / WAITING * WAITING;
            self.entries[begin..chain.at].copy_from_slice(&waiting[..chain.at - begin]);
        }
    }

    fn extend(&mut self, chain: &mut Chain, may_grow: bool) -> bool {
        if self.used == self.next.len() {
            if !may_grow {
                return false;
            }
            let chunks = self.used + self.used / 4 + 1;
            self.next.resize(chunks, 0);
            self.entries.resize(chunks * CHUNK, [0; 4]);
        }
        let chunk = self.used;
        self.used += 1;
        if chain.first == 0 {
            chain.first = chunk as u32 + 1;
        } else {
            self.next[chain.at / CHUNK - 1] = chunk as u32;
        }
        chain.at = chunk * CHUNK;
        true
    }

    /// The statements of a chain, in order.
    pub(super) fn entries(&self, chain: Chain) -> impl Iterator<Item = &PoolEntry> {
        let last = chain.at.wrapping_sub(1) / CHUNK;
        self.chunks(chain).flat_map(move |chunk| {
            let end = if chunk == last { chain.at } else { (chunk + 1) * CHUNK };
            &self.entries[chunk * CHUNK..end]
        })
    }

    /// How many statements a chain holds at most.
    pub(super) fn most(&self, chain: Chain) -> usize {
        self.chunks(chain).count() * CHUNK
    }

    fn chunks(&self, chain: Chain) -> impl Iterator<Item = usize> {
        let last = chain.at.wrapping_sub(1) / CHUNK;
        let first = (chain.first as usize).checked_sub(1);
        std::iter::successors(first, move |chunk| (*chunk != last).then(|| self.next[*chunk] as usize))
    }
}
