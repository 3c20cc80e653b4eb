//! Holds `bpf/record.h` against the types on this side: a kind, a field or a size that one side changes alone is a mistake that
//! nothing else would show before a log is misread.

mod c;

use std::collections::BTreeMap;

use spanfate_model::format::probe::{RECORD_BYTES, Record};

use super::*;

const HEADER: &str = include_str!("../../bpf/record.h");

/// `GcBegin` as C writes it: `GC_BEGIN`.
fn shouted(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}

/// Names and values of a struct's fields, as `Debug` shows them.
fn shown(value: &impl std::fmt::Debug) -> Vec<(String, u64)> {
    let text = format!("{value:?}");
    let inside = text.split_once('{').unwrap().1.trim_end_matches('}');
    let one = |part: &str| {
        let (name, value) = part.split_once(':').unwrap();
        (name.trim().to_owned(), value.trim().parse().unwrap())
    };
    inside.split(',').map(one).collect()
}

/// What the kinds of the two sides do not have in common.
fn kinds(header: &str) -> Vec<String> {
    let mut theirs: BTreeMap<String, u32> = c::enumerators(header, "kind").into_iter().collect();
    let mut out = Vec::new();
    for kind in ProbeKind::ALL {
        let name = shouted(&format!("{kind:?}"));
        match theirs.remove(&name) {
            Some(number) if number == kind as u32 => {}
            other => out.push(format!("{name} is {} here and {other:?} there", kind as u32)),
        }
    }
    // One more than any kind that is counted, and the kinds that are counted by nobody.
    let most = ProbeKind::ALL.iter().map(|kind| *kind as u32).max();
    if theirs.remove("KINDS").is_none_or(|kinds| Some(kinds) <= most) {
        out.push("KINDS leaves a kind without a counter".to_owned());
    }
    let mut uncounted = |name: &str, is_so: fn(Record) -> bool| {
        let number = theirs.remove(name).unwrap_or_default();
        let mut record = [0; RECORD_BYTES];
        record[8] = number as u8;
        if !is_so(Record::read(&record)) {
            out.push(format!("{name} is {number}, which is something else here"));
        }
    };
    uncounted("NAME", |record| matches!(record, Record::Name(_)));
    uncounted("SETTINGS", |record| matches!(record, Record::Settings(_)));
    uncounted("ENDPOINT", |record| matches!(record, Record::Endpoint(_)));
    uncounted("TYPED", |record| matches!(record, Record::Typed { .. }));
    out.extend(theirs.keys().map(|name| format!("{name} is not known here")));
    out
}

/// What differs in `struct config`.
fn config_differs(header: &str) -> Vec<String> {
    let (theirs, size) = c::fields(header, "config");
    let ours = shown(&ProgramConfig::default());
    let mut out = Vec::new();
    if size != size_of::<ProgramConfig>() {
        out.push(format!("struct config has {size} bytes there and {} here", size_of::<ProgramConfig>()));
    }
    for (index, field) in theirs.iter().enumerate() {
        let here = ours.get(index).map(|(name, _)| name);
        if here != Some(&field.name) || (field.at, field.size) != (4 * index, 4) {
            out.push(format!("field {index} is {field:?} there and {here:?} here"));
        }
    }
    out
}

/// What differs in `struct counter`.
fn counter_differs(header: &str) -> Vec<String> {
    let (theirs, size) = c::fields(header, "counter");
    let ours = shown(&counter(&RawCounter([0, 1, 2, 3, 4, 5, 6, 7])));
    let mut out = Vec::new();
    if size != size_of::<RawCounter>() || theirs.len() != ours.len() {
        out.push(format!("struct counter has {size} bytes and {} fields there", theirs.len()));
    }
    for field in &theirs {
        let here = ours.iter().find(|(name, _)| *name == field.name).map(|(_, index)| 8 * *index as usize);
        if here != Some(field.at) || field.size != 8 {
            out.push(format!("{field:?} there is at {here:?} here"));
        }
    }
    out
}

/// The number that is read under a field's name from a record, which is taken for one of the kind that has
/// such a field. Of ids the first word stands for all.
fn read(name: &str, mut bytes: [u8; RECORD_BYTES]) -> Option<u64> {
    let mut of = |kind: ProbeKind| {
        bytes[8] = kind as u8;
        Record::read(&bytes)
    };
    let words = |id: &[u8]| id.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    if let ("name", Record::Span(mark)) = (name, of(ProbeKind::Started)) {
        return Some(mark.name.into());
    }
    Some(match (name, of(ProbeKind::Queued), of(ProbeKind::Handover), of(ProbeKind::Listed)) {
        ("at", Record::Span(mark), ..) => mark.at,
        ("flags", Record::Span(mark), ..) => {
            if mark.sampled && mark.parent_sampled {
                0xff
            } else {
                0
            }
        }
        ("extra", Record::Span(mark), ..) => mark.extra.into(),
        ("goroutine", Record::Span(mark), ..) => mark.goroutine,
        ("trace", Record::Span(mark), ..) => words(&mark.key.trace.0[..8]) & words(&mark.key.trace.0[8..]),
        ("span", Record::Span(mark), ..) => words(&mark.key.span.0),
        ("a", Record::Span(mark), ..) => mark.a,
        ("b", Record::Span(mark), ..) => mark.b,
        ("batch", _, Record::Processor(processor), _) => processor.batch.into(),
        ("spans", _, Record::Processor(processor), _) => processor.spans.into(),
        ("dropped", _, Record::Processor(processor), _) => processor.dropped.into(),
        ("queue", _, Record::Processor(processor), _) => processor.queue.into(),
        ("type", _, Record::Processor(processor), _) => processor.error,
        ("index", .., Record::Listed(listed)) => listed.index.into(),
        ("count", .., Record::Listed(listed)) => listed.count.into(),
        ("receiver", .., Record::Listed(listed)) => listed.processor,
        ("table", .., Record::Listed(listed)) => listed.table,
        _ => return None,
    })
}

/// Whether a field's bytes, all of them and no others, are what is read under its name.
fn is_read(field: &c::StructField) -> bool {
    let place = (field.at, field.size);
    match field.name.as_str() {
        "kind" => place == (8, 1),
        // A piece is forty bytes: this field, and `a` and `b` behind it.
        "text" => place == (24, 24),
        name => {
            let own = field.at..field.at + field.size;
            let record = |inside: u8, outside: u8| {
                std::array::from_fn(|at| if own.contains(&at) { inside } else { outside })
            };
            let whole = u64::MAX >> (64 - 8 * field.size.min(8));
            read(name, record(0xff, 0)) == Some(whole) && read(name, record(0, 0xff)) == Some(0)
        }
    }
}

/// What differs in `struct record`.
fn record_differs(header: &str) -> Vec<String> {
    let (theirs, size) = c::fields(header, "record");
    let wrong = theirs.iter().filter(|field| !is_read(field));
    let mut out: Vec<String> = wrong.map(|field| format!("{field:?} is not read so here")).collect();
    if size != RECORD_BYTES {
        out.push(format!("struct record has {size} bytes there and {RECORD_BYTES} here"));
    }
    out
}

/// Structs without the right `_Static_assert`: what the test reckons must be what the compiler does.
fn unasserted(header: &str) -> Vec<String> {
    let right = |name: &&str| c::asserted(header, name) == Some(c::fields(header, name).1);
    ["config", "record", "counter"].into_iter().filter(|name| !right(name)).map(str::to_owned).collect()
}

fn all(header: &str) -> Vec<String> {
    let checks = [kinds, config_differs, counter_differs, record_differs, unasserted];
    checks.into_iter().flat_map(|check| check(header)).collect()
}

#[test]
fn the_programs_and_their_reader_mean_the_same_by_every_byte() {
    assert_eq!(all(HEADER), Vec::<String>::new());
}

#[test]
fn a_change_on_one_side_alone_is_seen() {
    let kinds = c::enumerators(HEADER, "kind").len();
    assert!(kinds > ProbeKind::ALL.len(), "only {kinds} enumerators are read");
    for (old, new) in [
        // A kind that has another place, another name, another number, or none.
        ("\tQUEUED,\n\tDROPPED,", "\tDROPPED,\n\tQUEUED,"),
        ("\tSHUT,", "\tSHUT_DOWN,"),
        ("\tTEXT,", "\tTEXT = 13,"),
        ("\tGONE,", "\tGONE,\n\tGONE_TOO,"),
        ("KINDS = 33", "KINDS = 20"),
        ("NAME = 64", "NAME = 65"),
        ("SETTINGS = 68", "SETTINGS = 69"),
        // A field that moved, grew, has another name, or is new.
        ("__u32 trace_id, span_id, flags;", "__u32 span_id, trace_id, flags;"),
        ("__u32 sample;", "__u64 sample;"),
        ("__u32 wake_bytes;", "__u32 wake_up_bytes;"),
        ("__u32 perf;", "__u32 perf, more;"),
        ("__u8 flags;\n\t__u16 extra;", "__u8 extra;\n\t__u16 flags;"),
        ("__u64 goroutine;", "__u32 goroutine;"),
        ("__u32 batch, spans, dropped, queue;", "__u32 batch, spans, queue, dropped;"),
        ("__u64 a, b;", "__u64 b, a;"),
        ("__u8 text[24];", "__u8 text[32];"),
        ("__u64 hit, lost, fault, skipped;", "__u64 lost, hit, fault, skipped;"),
        ("__u64 ids, ids_lost;", "__u64 ids;"),
        // An assertion that was not moved along.
        ("sizeof(struct record) == 64", "sizeof(struct record) == 72"),
    ] {
        let changed = HEADER.replacen(old, new, 1);
        assert_ne!(changed, HEADER, "{old} is not there");
        assert_ne!(all(&changed), Vec::<String>::new(), "{new}");
    }
}
