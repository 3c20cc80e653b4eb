//! Three streams of statements about the same spans, made from a number: created, received, marked.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use spanfate_analysis::join::{JoinedRow, StatementStream};
use spanfate_model::quantity::id::{SlotRef, SpanId, SpanKey, TraceId, TraceTag};

/// Bytes of a statement: trace id, span id, value.
pub(crate) const STATEMENT: usize = 32;
/// Key of the span ids.
pub(crate) const SALT: u64 = 1_234_567_890_123;
/// Spans of a request.
const PER_REQUEST: u64 = 5;
/// Spans that arrive about together: their order on the wire is not that of their creation.
const BATCH: usize = 512;

/// The streams as bytes, [`STATEMENT`] of them per statement.
pub(crate) struct Streams<B> {
    /// Every created span in the order of slots; the value is its time.
    pub(crate) created: B,
    /// 70 % of them, 1 % twice, and one in a thousand that nobody created; the value is time and disposition.
    pub(crate) received: B,
    /// Every created span once more, with the time of a mark.
    pub(crate) marked: B,
}

/// The key of a created span.
fn key(span: u64) -> SpanKey {
    let tag = TraceTag { run: 4660, trial: 3, key: 9_876_543_210_987 };
    SpanKey {
        trace: tag.trace_id((span / PER_REQUEST) as u32),
        span: SpanId::of_slot(SlotRef { process: 0, slot: span }, SALT),
    }
}

fn put(out: &mut Vec<u8>, key: SpanKey, value: u64) {
    out.extend(key.trace.0);
    out.extend(key.span.0);
    out.extend(value.to_le_bytes());
}

/// Time and disposition in one value; the disposition is 0 (accepted) nine times of ten.
pub(crate) const fn received_value(at: u64, disposition: u64) -> u64 {
    (at << 2) | disposition
}

/// Makes the streams of `spans` created spans. The same number gives the same bytes.
pub(crate) fn make(spans: u64) -> Streams<Vec<u8>> {
    let mut random = ChaCha8Rng::seed_from_u64(spans);
    let mut created = Vec::with_capacity(spans as usize * STATEMENT);
    let mut marked = Vec::with_capacity(spans as usize * STATEMENT);
    let mut received = Vec::with_capacity(spans as usize * STATEMENT * 3 / 4);
    let mut batch: Vec<(SpanKey, u64)> = Vec::with_capacity(2 * BATCH);
    for span in 0..spans {
        let (key, at) = (key(span), 1_000_000_000 + span * 40_000);
        put(&mut created, key, at);
        put(&mut marked, key, at + 20_000);
        if random.random_bool(0.7) {
            let disposition = u64::from(random.random_bool(0.1));
            batch.push((key, received_value(at + 5_000_000, disposition)));
            if random.random_bool(0.01) {
                batch.push((key, received_value(at + 9_000_000, 0)));
            }
        }
        if random.random_bool(0.001) {
            let foreign = SpanKey { trace: TraceId(random.random()), span: SpanId(random.random()) };
            batch.push((foreign, received_value(at, 0)));
        }
        if batch.len() >= BATCH || span + 1 == spans {
            batch.shuffle(&mut random);
            for (key, value) in batch.drain(..) {
                put(&mut received, key, value);
            }
        }
    }
    Streams { created, received, marked }
}

/// Reads a statement.
pub(crate) fn read(statement: &[u8; STATEMENT]) -> (SpanKey, u64) {
    let (trace, rest) = statement.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    let (span, value) = rest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let value = value.first_chunk::<8>().copied().unwrap_or_default();
    (SpanKey { trace: TraceId(*trace), span: SpanId(*span) }, u64::from_le_bytes(value))
}

/// Statements that lie in memory or in a mapped file.
pub(crate) struct Statements<'a>(pub(crate) &'a [u8]);

impl StatementStream for Statements<'_> {
    fn most(&self) -> u64 {
        (self.0.len() / STATEMENT) as u64
    }

    fn each(&self, take: &mut dyn FnMut(&SpanKey, u64)) {
        for statement in self.0.as_chunks().0 {
            let (key, value) = read(statement);
            take(&key, value);
        }
    }
}

/// What the streams say of one span.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known {
    /// 0: not created.
    pub(crate) created: u64,
    /// Time of the first accepted copy; 0: none.
    pub(crate) first: u64,
    /// 0: no mark.
    pub(crate) marked: u64,
    pub(crate) copies: u32,
    pub(crate) refused: u32,
}

impl JoinedRow for Known {
    fn add(&mut self, stream: usize, value: u64) {
        match stream {
            0 => self.created = value,
            1 if value.is_multiple_of(4) => {
                self.copies += 1;
                self.first = if self.first == 0 { value >> 2 } else { self.first.min(value >> 2) };
            }
            1 => self.refused += 1,
            _ => self.marked = value,
        }
    }
}

/// What is asked of the join: every way of joining must answer the same.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) keys: u64,
    /// Created and received.
    pub(crate) both: u64,
    /// Created and never received.
    pub(crate) missing: u64,
    /// Received and never created.
    pub(crate) unexpected: u64,
    /// Accepted copies beyond the first.
    pub(crate) duplicates: u64,
    pub(crate) refused: u64,
    pub(crate) marked: u64,
    /// Sum over the received spans: time from creation to first receipt.
    pub(crate) delay_ns: u64,
}

impl Answer {
    /// Counts one key.
    pub(crate) fn count(&mut self, known: &Known) {
        let created = known.created != 0;
        let received = known.copies > 0;
        self.keys += 1;
        self.both += u64::from(created && received);
        self.missing += u64::from(created && !received);
        self.unexpected += u64::from(!created && received);
        self.duplicates += u64::from(known.copies.saturating_sub(1));
        self.refused += u64::from(known.refused);
        self.marked += u64::from(created && known.marked != 0);
        if created && received {
            self.delay_ns += known.first - known.created;
        }
    }
}
