//! The join against a naive one, with honest and with hostile keys.

use std::collections::BTreeMap;

use proptest::prelude::*;
use spanfate_model::quantity::id::unmix;

use super::*;

/// Everything that was said, in order: the strictest row there is.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Said(Vec<(usize, u64)>);

impl JoinedRow for Said {
    fn add(&mut self, stream: usize, value: u64) {
        self.0.push((stream, value));
    }
}

#[derive(Debug)]
struct Listed(Vec<(SpanKey, u64)>);

impl StatementStream for Listed {
    fn most(&self) -> u64 {
        self.0.len() as u64
    }

    fn each(&self, take: &mut dyn FnMut(&SpanKey, u64)) {
        for (key, value) in &self.0 {
            take(key, *value);
        }
    }
}

fn naive(streams: &[Listed]) -> BTreeMap<SpanKey, Said> {
    let mut out: BTreeMap<SpanKey, Said> = BTreeMap::new();
    for (stream, listed) in streams.iter().enumerate() {
        for (key, value) in &listed.0 {
            out.entry(*key).or_default().add(stream, *value);
        }
    }
    out
}

/// The join's answer; a key that comes twice is a failure of its own.
fn joined(streams: &[Listed], limit: u32) -> BTreeMap<SpanKey, Said> {
    let streams: Vec<&dyn StatementStream> =
        streams.iter().map(|listed| listed as &dyn StatementStream).collect();
    let mut out = BTreeMap::new();
    outer(&streams, PassLimit(limit), |key, row: &Said| {
        assert!(out.insert(*key, row.clone()).is_none(), "{key:?} came twice");
    });
    out
}

/// A key of this trace whose first hash is this one.
fn key_with_hash(trace: u128, wanted: u64) -> SpanKey {
    let bare = words(&SpanKey { trace: TraceId(trace.to_be_bytes()), span: SpanId([0; 8]) });
    let span = unmix(hash(&bare, 0)) ^ unmix(wanted);
    SpanKey { trace: TraceId(trace.to_be_bytes()), span: SpanId(span.to_be_bytes()) }
}

/// Keys of a small world: equal spans in other traces, equal traces of other spans, equal hashes, repeats.
fn key() -> impl Strategy<Value = SpanKey> {
    let plain = |(trace, span): (u128, u64)| SpanKey {
        trace: TraceId(trace.to_be_bytes()),
        span: SpanId(span.to_be_bytes()),
    };
    prop_oneof![
        (0_u128..6, 0_u64..6).prop_map(plain),
        (any::<u128>(), any::<u64>()).prop_map(plain),
        (0_u128..40, 0_u64..2).prop_map(|(trace, wanted)| key_with_hash(trace, wanted << 63)),
    ]
}

fn stream() -> impl Strategy<Value = Listed> {
    proptest::collection::vec((key(), any::<u64>()), 0..300).prop_map(Listed)
}

proptest! {
    #[test]
    fn it_says_what_a_naive_join_says(
        streams in proptest::collection::vec(stream(), 0..4), limit in prop_oneof![0_u32..40, Just(8 << 20)],
    ) {
        prop_assert_eq!(joined(&streams, limit), naive(&streams));
    }

    #[test]
    fn words_are_the_key_and_keep_its_order(a: (u128, u64), b: (u128, u64)) {
        let key = |(trace, span): (u128, u64)| SpanKey {
            trace: TraceId(trace.to_be_bytes()), span: SpanId(span.to_be_bytes()),
        };
        prop_assert_eq!(key_of(&words(&key(a))), key(a));
        prop_assert_eq!(words(&key(a)).cmp(&words(&key(b))), key(a).cmp(&key(b)));
    }

    #[test]
    fn the_smallest_are_the_first_of_all_in_order(all in proptest::collection::vec(0_u32..50, 0..200), most in 0_usize..20) {
        let mut smallest = Smallest::new(most);
        for item in &all { smallest.push(*item); }
        let mut sorted = all;
        sorted.sort_unstable();
        sorted.truncate(most);
        prop_assert_eq!(smallest.finish(), sorted);
    }
}

/// A stream that counts how often it is walked.
struct Counted {
    keys: Vec<SpanKey>,
    walks: std::cell::Cell<u32>,
}

impl StatementStream for Counted {
    fn most(&self) -> u64 {
        self.keys.len() as u64
    }

    fn each(&self, take: &mut dyn FnMut(&SpanKey, u64)) {
        self.walks.set(self.walks.get() + 1);
        for (at, key) in self.keys.iter().enumerate() {
            take(key, at as u64);
        }
    }
}

/// Keys whose hashes are all equal would be quadratic in a table; so many would take minutes. They also all fall into one
/// pass, which is split instead of growing to hold them all.
#[test]
fn equal_hashes_are_neither_quadratic_nor_kept_in_one_pass() {
    let keys: Vec<SpanKey> = (0..300_000).map(|trace| key_with_hash(trace, 7)).collect();
    assert!(keys.iter().all(|key| hash(&words(key), 0) == 7));
    let counted = Counted { keys, walks: 0.into() };
    let mut rows = 0_u32;
    outer(&[&counted], PassLimit(50_000), |_, row: &Said| {
        assert_eq!(row.0.len(), 1);
        rows += 1;
    });
    assert_eq!(rows, 300_000);
    // Six passes, one of which was split three times to fit.
    assert_eq!(counted.walks.get(), 5 + 15);
}

/// Copies of one key cannot be split; they are held together.
#[test]
fn copies_of_one_key_are_one_row() {
    let counted = Counted { keys: vec![key_with_hash(1, 1); 40_000], walks: 0.into() };
    let mut rows = Vec::new();
    outer(&[&counted], PassLimit(1000), |_, row: &Said| rows.push(row.0.len()));
    assert_eq!(rows, [40_000]);
}
