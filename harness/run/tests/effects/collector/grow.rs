//! More bodies of what is there: the same from the same seed.

use spanfate_testkit::message::{bytes, fixed, number, varint};

use super::Body;

/// Pieces of JSON that are put where something else was.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1",
    "12",
    "1.5",
    "1e5",
    "-0",
    "01",
    "{}",
    "[]",
    "\\",
    "\\ud83d",
    "\\u0041",
    "\"\"",
    "\"a\"",
    "\"kind\":",
    "\"SPAN_KIND_CLIENT\"",
    "\"spans\":[{}],",
    "\"scope_spans\":",
    " ",
    "\n",
    "\t",
    "\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"7\"}}],",
    "\"name\":\"n\",",
    "\"resource\":{},",
    "\u{1}",
    "é",
    "\"endTimeUnixNano\":\"5\",",
    "\"traceId\":\"\",",
    "\"links\":[null],",
    "\"events\":",
    "\"status\":{},",
];

/// Numbers as if drawn (`SplitMix64`).
pub(super) struct Draw(pub(super) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// One of so many, from 0.
    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// So many bodies, in JSON and protobuf in turn.
pub(super) fn bodies(seeds: &[Body], seed: u64, count: usize) -> Vec<Body> {
    let mut draw = Draw(seed);
    let small: Vec<&Body> = seeds.iter().filter(|body| body.bytes.len() < 2000).collect();
    let texts: Vec<&Body> = small.iter().copied().filter(|body| body.json).collect();
    (0..count)
        .map(|i| {
            let json = i % 2 == 0;
            let bytes = if json {
                mutated(&mut draw, &texts, |draw| PIECES[draw.below(PIECES.len())].as_bytes().to_vec())
            } else if draw.one_in(3) {
                let seeds: Vec<&Body> = small.iter().copied().filter(|body| !body.json).collect();
                mutated(&mut draw, &seeds, |draw| field(draw, 20))
            } else {
                let (request, resources) = (Vec::new(), 1 + draw.below(2));
                (0..resources)
                    .fold(request, |request, _| [request, message(&mut draw, &RESOURCE_SPANS, 1)].concat())
            };
            Body { name: format!("grown {seed} {i}"), json, bytes }
        })
        .collect()
}

/// A seed with a few changes: something taken out, doubled, replaced, or a byte changed.
fn mutated(draw: &mut Draw, seeds: &[&Body], piece: impl Fn(&mut Draw) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = seeds[draw.below(seeds.len())].bytes.clone();
    for _ in 0..=draw.below(3) {
        let from = draw.below(bytes.len() + 1);
        let to = (from + draw.below(12)).min(bytes.len());
        match draw.below(6) {
            0 => drop(bytes.drain(from..to)),
            1 => drop(bytes.splice(from..from, bytes[from..to].to_vec())),
            2 => drop(bytes.splice(from..from, piece(draw))),
            3 => drop(bytes.splice(from..to, piece(draw))),
            4 if from < bytes.len() => bytes[from] ^= 1 << draw.below(8),
            _ => bytes.truncate(if draw.one_in(4) { from } else { bytes.len() }),
        }
    }
    bytes
}

/// What a field of a message holds.
#[derive(Clone, Copy)]
enum Holds {
    Id(usize),
    Text,
    Varint,
    Fixed64,
    Fixed32,
    Message(&'static [(u64, Holds)]),
}

const ANY_VALUE: &[(u64, Holds)] = &[
    (1, Holds::Text),
    (2, Holds::Varint),
    (3, Holds::Varint),
    (4, Holds::Fixed64),
    (7, Holds::Text),
    (8, Holds::Varint),
];
const LISTED: &[(u64, Holds)] = &[(1, Holds::Message(ANY_VALUE))];
const VALUE: &[(u64, Holds)] = &[
    (1, Holds::Text),
    (3, Holds::Varint),
    (5, Holds::Message(LISTED)),
    (6, Holds::Message(PAIRS)),
    (4, Holds::Fixed64),
];
const PAIR: &[(u64, Holds)] = &[(1, Holds::Text), (2, Holds::Message(ANY_VALUE))];
const PAIRS: &[(u64, Holds)] = &[(1, Holds::Message(PAIR))];
const ATTRIBUTE: &[(u64, Holds)] = &[(1, Holds::Text), (2, Holds::Message(VALUE)), (3, Holds::Varint)];
const EVENT: &[(u64, Holds)] =
    &[(1, Holds::Fixed64), (2, Holds::Text), (3, Holds::Message(ATTRIBUTE)), (4, Holds::Varint)];
const LINK: &[(u64, Holds)] = &[
    (1, Holds::Id(16)),
    (2, Holds::Id(8)),
    (3, Holds::Text),
    (4, Holds::Message(ATTRIBUTE)),
    (5, Holds::Varint),
    (6, Holds::Fixed32),
];
const STATUS: &[(u64, Holds)] = &[(2, Holds::Text), (3, Holds::Varint)];
const SPAN: &[(u64, Holds)] = &[
    (1, Holds::Id(16)),
    (2, Holds::Id(8)),
    (3, Holds::Text),
    (4, Holds::Id(8)),
    (5, Holds::Text),
    (6, Holds::Varint),
    (7, Holds::Fixed64),
    (8, Holds::Fixed64),
    (9, Holds::Message(ATTRIBUTE)),
    (10, Holds::Varint),
    (11, Holds::Message(EVENT)),
    (12, Holds::Varint),
    (13, Holds::Message(LINK)),
    (14, Holds::Varint),
    (15, Holds::Message(STATUS)),
    (16, Holds::Fixed32),
];
const SCOPE: &[(u64, Holds)] =
    &[(1, Holds::Text), (2, Holds::Text), (3, Holds::Message(ATTRIBUTE)), (4, Holds::Varint)];
const SCOPE_SPANS: &[(u64, Holds)] =
    &[(1, Holds::Message(SCOPE)), (2, Holds::Message(SPAN)), (2, Holds::Message(SPAN)), (3, Holds::Text)];
const RESOURCE: &[(u64, Holds)] = &[(1, Holds::Message(ATTRIBUTE)), (2, Holds::Varint)];
const RESOURCE_SPANS: [(u64, Holds); 5] = [
    (1, Holds::Message(RESOURCE)),
    (2, Holds::Message(SCOPE_SPANS)),
    (2, Holds::Message(SCOPE_SPANS)),
    (3, Holds::Text),
    (1000, Holds::Message(SCOPE_SPANS)),
];

/// A field that holds a message of such fields, in any order, now and then with something odd among them.
fn message(draw: &mut Draw, known: &[(u64, Holds)], at: u64) -> Vec<u8> {
    let mut inside = Vec::new();
    for _ in 0..draw.below(7) {
        let (number, holds) = known[draw.below(known.len())];
        inside.extend(if draw.one_in(60) { field(draw, 20) } else { held(draw, number, holds) });
    }
    bytes(at, &inside)
}

fn held(draw: &mut Draw, at: u64, holds: Holds) -> Vec<u8> {
    let word =
        |draw: &mut Draw| ["", "a", "service.name", "k\u{e9}", "shop"][draw.below(5)].as_bytes().to_vec();
    match holds {
        Holds::Id(length) => {
            let length = [length, length, length, length, 0, length][draw.below(6)];
            let byte = draw.below(4) as u8;
            bytes(at, &vec![byte; length + usize::from(draw.one_in(80))])
        }
        Holds::Text => bytes(at, &word(draw)),
        Holds::Varint => number(at, [0, 1, 5, 300, 1 << 32, u64::MAX][draw.below(6)]),
        Holds::Fixed64 => fixed(at, draw.next()),
        Holds::Fixed32 => [varint(at << 3 | 5), vec![1, 2, 3, 4]].concat(),
        Holds::Message(known) => message(draw, known, at),
    }
}

/// Any field at all, its number below `most` or unknown, of any wire type.
fn field(draw: &mut Draw, most: usize) -> Vec<u8> {
    let at = if draw.one_in(3) { 4000 } else { draw.below(most) as u64 };
    let kind = draw.below(8) as u64;
    let value = match kind {
        0 => varint(draw.next() >> draw.below(64)),
        1 => vec![1; 8],
        2 => vec![2, 8, 1],
        5 => vec![1; 4],
        3 if draw.one_in(2) => varint(at << 3 | 4),
        _ => Vec::new(),
    };
    [varint(at << 3 | kind), value].concat()
}
