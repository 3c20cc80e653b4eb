//! The same question, answered in three ways.

use std::hash::{BuildHasherDefault, DefaultHasher};

use spanfate_analysis::join::{JoinedRow, PassLimit, StatementStream, outer};
use spanfate_model::quantity::id::SpanKey;

use crate::data::{Answer, Known, SALT, STATEMENT, Statements, Streams, read};

#[expect(clippy::disallowed_types, reason = "the peer to compare with; its order is never seen")]
type Peer = std::collections::HashMap<SpanKey, Known, BuildHasherDefault<DefaultHasher>>;

fn streams<B: AsRef<[u8]>>(data: &Streams<B>) -> [Statements<'_>; 3] {
    [Statements(data.created.as_ref()), Statements(data.received.as_ref()), Statements(data.marked.as_ref())]
}

/// The general join. `look` is called now and then while its memory is in use.
pub(crate) fn general<B: AsRef<[u8]>>(data: &Streams<B>, limit: PassLimit, mut look: impl FnMut()) -> Answer {
    let streams = streams(data);
    let streams: Vec<&dyn StatementStream> =
        streams.iter().map(|stream| stream as &dyn StatementStream).collect();
    let mut answer = Answer::default();
    outer(&streams, limit, |_, known: &Known| {
        answer.count(known);
        if answer.keys % (1 << 20) == 0 {
            look();
        }
    });
    answer
}

/// One hash table over all keys, from the standard library.
pub(crate) fn hash_map<B: AsRef<[u8]>>(data: &Streams<B>, mut look: impl FnMut()) -> Answer {
    let streams = streams(data);
    let mut table = Peer::with_capacity_and_hasher(streams[0].most() as usize, BuildHasherDefault::default());
    for (number, stream) in streams.iter().enumerate() {
        stream.each(&mut |key, value| table.entry(*key).or_default().add(number, value));
    }
    look();
    let mut answer = Answer::default();
    for known in table.values() {
        answer.count(known);
    }
    answer
}

/// An array per stream, where the id is the index; what is not ours goes through the general join.
pub(crate) fn slots<B: AsRef<[u8]>>(data: &Streams<B>, mut look: impl FnMut()) -> Answer {
    let [created, received, marked] = streams(data);
    let slots = created.0.as_chunks::<STATEMENT>().0;
    let slot_of = |key: &SpanKey| {
        let at = key.span.slot(SALT).filter(|at| at.process == 0)?.slot as usize;
        slots.get(at).is_some_and(|slot| read(slot).0 == *key).then_some(at)
    };
    let mut known = vec![Known::default(); slots.len()];
    let mut strays = Vec::new();
    for (number, stream) in [(1, &received), (2, &marked)] {
        stream.each(&mut |key, value| {
            if let Some(at) = slot_of(key) {
                known[at].add(number, value);
            } else {
                strays.extend(key.trace.0);
                strays.extend(key.span.0);
                strays.extend(value.to_le_bytes());
            }
        });
    }
    look();
    let mut answer = Answer::default();
    for (slot, known) in slots.iter().zip(&known) {
        answer.count(&Known { created: read(slot).1, ..*known });
    }
    let (none, strays) = (Statements(&[]), Statements(&strays));
    outer(&[&none, &strays], PassLimit::default(), |_, known: &Known| answer.count(known));
    answer
}
