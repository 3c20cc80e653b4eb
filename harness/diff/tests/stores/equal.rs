//! The same spans in any two formats are the same.

use std::io::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use spanfate_diff::{DiffTask, LEAST_MEMORY};
use spanfate_model::finding::diff::{DiffCounts, DiffRule};
use spanfate_model::verdict::Verdict;

use crate::spans::{TestOrigin, TestSpan, TestValue, TestWorld, crowd, world};
use crate::{FORMATS, compared, write};

fn check(left: &[u8], right: &[u8], spans: usize, what: &str) {
    let found = compared(left, right, &DiffTask::default());
    let both = DiffCounts { both: spans as u64, ..DiffCounts::default() };
    assert_eq!((found.counts, found.verdict), (both, Verdict::Pass), "{what}: {:#?}", found.samples);
    assert!(found.reasons.is_empty(), "{what}: {:?}", found.reasons);
    assert_eq!(found.traces.all, found.traces.equal);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_pair_of_formats_gives_a_false_alarm(world in world()) {
        let written: Vec<_> = FORMATS.iter().map(|(format, writer)| (format, writer(&world))).collect();
        for (left, bytes) in &written {
            for (right, other) in &written {
                check(bytes, other, world.spans.len(), &format!("{left} and {right}"));
            }
        }
    }
}

/// Spans of the long run, and of each world in it.
const LONG_RUN: usize = 1_000_000;
const CROWD: usize = 1000;

#[test]
#[ignore = "some minutes: cargo test --release -p spanfate-diff --test stores in_a_million -- --ignored"]
fn no_format_gives_a_false_alarm_in_a_million_spans() {
    let mut runner = TestRunner::deterministic();
    let crowds = crowd(CROWD);
    let mut spans = 0;
    while spans < LONG_RUN {
        let mut world = crowds.new_tree(&mut runner).unwrap().current();
        let many = (0..10_000).map(|at| (format!("ключ {at}"), TestValue::Int(at)));
        world.spans[0].attributes = many.collect();
        let written: Vec<_> = FORMATS.iter().map(|(format, writer)| (format, writer(&world))).collect();
        // Each format beside the one with all fields, both ways, and beside the next one.
        let (all, bytes) = &written[0];
        for (at, (format, other)) in written.iter().enumerate() {
            check(bytes, other, world.spans.len(), &format!("{all} and {format}, from span {spans}"));
            check(other, bytes, world.spans.len(), &format!("{format} and {all}, from span {spans}"));
            let (next, after) = &written[(at + 1) % written.len()];
            check(other, after, world.spans.len(), &format!("{format} and {next}, from span {spans}"));
        }
        spans += world.spans.len();
    }
}

#[test]
fn ten_thousand_attributes_and_long_names_are_compared() {
    let mut world = TestWorld::plain(1);
    let many = (0..10_000).map(|at| (format!("key {at}"), TestValue::Int(at)));
    world.spans[0].attributes = many.collect();
    world.spans[1].name = "é".repeat(2000);
    let first = write::protobuf::message(&world);
    for (format, writer) in FORMATS {
        check(&first, &writer(&world), 5, format.name());
    }
}

#[test]
fn messages_may_stand_behind_their_lengths_and_be_compressed() {
    let world = TestWorld::plain(40);
    let first = write::otlp_json::document(&world);
    check(&first, &write::protobuf::framed(&world, false), 200, "varint");
    check(&first, &write::protobuf::framed(&world, true), 200, "four bytes");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&first).unwrap();
    check(&first, &gzip.finish().unwrap(), 200, "gzip");
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = ruzstd::encoding::compress_to_vec(&first[..], level);
    check(&first, &zstd, 200, "zstd");
    check(
        &first,
        &[&zstd[..], &ruzstd::encoding::compress_to_vec(&b"\n"[..], level)].concat(),
        200,
        "two frames",
    );
    // The Collector's file exporter compresses each message by itself, behind its length.
    let framed: Vec<u8> = first
        .split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| {
            let frame = ruzstd::encoding::compress_to_vec(line, level);
            [&(frame.len() as u32).to_be_bytes()[..], &frame].concat()
        })
        .collect();
    check(&first, &framed, 200, "frames behind lengths");
}

#[test]
fn what_does_not_fit_into_memory_is_compared_all_the_same() {
    let world = TestWorld::plain(8000);
    let (left, right) = (write::otlp_json::document(&world), write::protobuf::message(&world));
    let task = DiffTask { memory: LEAST_MEMORY, ..DiffTask::default() };
    let found = compared(&left, &right, &task);
    assert!(found.spilled_bytes > 10 << 20, "{}", found.spilled_bytes);
    assert_eq!((found.counts.both, found.counts.differences()), (40_000, 0));
    let mut other = world;
    "another".clone_into(&mut other.spans[20_001].name);
    other.spans.remove(5);
    let found = compared(&left, &write::protobuf::message(&other), &task);
    assert_eq!((found.counts.both, found.counts.different, found.counts.only_left), (39_999, 1, 1));
}

#[test]
fn a_resource_may_stand_behind_its_spans() {
    let span = r#"{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"a"}"#;
    let resource = r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]}"#;
    let scopes = format!(r#""scopeSpans":[{{"spans":[{span}],"scope":{{"name":"x"}}}}]"#);
    let before = format!(r#"{{"resourceSpans":[{{{resource},{scopes}}}]}}"#);
    let behind = format!(r#"{{"resourceSpans":[{{{scopes},{resource}}}]}}"#);
    check(before.as_bytes(), behind.as_bytes(), 1, "order of keys");
}

#[test]
fn numbers_that_are_none_and_repaired_text_are_equal_by_a_rule() {
    let message = |name: &[u8], value: &[u8]| {
        let text = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"01010101010101010101010101010101",
            "spanId":"0202020202020202","name":"NAME","attributes":[{{"key":"x","value":{{"doubleValue":{}}}}}]}}]}}]}}]}}"#,
            String::from_utf8_lossy(value)
        );
        let (before, behind) = text.split_once("NAME").unwrap();
        [before.as_bytes(), name, behind.as_bytes()].concat()
    };
    let (left, right) = (message(b"a\xffb", b"\"NaN\""), message("a\u{fffd}b".as_bytes(), b"\"NaN\""));
    check(&left, &right, 1, "repaired");
    let strict = DiffTask { strict: vec![DiffRule::Utf8], ..DiffTask::default() };
    assert_eq!(compared(&left, &right, &strict).verdict, Verdict::Fail);
    // Two texts that nobody repaired are two.
    let found = compared(&message(b"ab", b"1"), &message(b"ac", b"1"), &DiffTask::default());
    assert_eq!(found.verdict, Verdict::Fail);
}

#[test]
fn what_was_normalised_is_said_and_strictness_takes_it_back() {
    let world = TestWorld {
        spans: TestWorld::plain(1).spans,
        scopes: vec![TestOrigin { name: "lib".to_owned(), ..TestOrigin::default() }],
        ..TestWorld::plain(1)
    };
    let mut odd: TestSpan = world.spans[0].clone();
    odd.attributes.push(("list".to_owned(), TestValue::List(vec![TestValue::Int(1)])));
    "a=b".clone_into(&mut odd.state);
    odd.status = 2;
    let world = TestWorld { spans: [vec![odd], world.spans[1..].to_vec()].concat(), ..world };
    let (left, right) = (write::protobuf::message(&world), write::jaeger::document(&world));
    let found = compared(&left, &right, &DiffTask::default());
    let expected = [
        DiffRule::Times,
        DiffRule::Kind,
        DiffRule::Status,
        DiffRule::References,
        DiffRule::Process,
        DiffRule::Events,
        DiffRule::Scope,
        DiffRule::TraceState,
        DiffRule::AddedTags,
        DiffRule::Types,
        DiffRule::Order,
    ];
    let said: Vec<DiffRule> = found.normalised.iter().map(|used| used.rule).collect();
    assert_eq!(said, expected);
    for rule in expected {
        let strict = DiffTask { strict: vec![rule], ..DiffTask::default() };
        let found = compared(&left, &right, &strict);
        assert_eq!(found.verdict, Verdict::Fail, "{rule}");
        assert_eq!(found.strict, [rule]);
    }
}

#[test]
fn a_trace_that_several_answers_show_counts_once() {
    let world = TestWorld::plain(3);
    let left = write::protobuf::message(&world);
    let answer = write::jaeger::document(&world);
    let pages = [&answer[..], &answer].concat();
    let found = compared(&left, &pages, &DiffTask::default());
    assert_eq!((found.counts.both, found.counts.differences()), (15, 0));
    assert!(found.normalised.iter().any(|used| used.rule == DiffRule::Pages && used.pairs == 15));
    // Twice in one answer it is twice there.
    let text = String::from_utf8(answer).unwrap();
    let (head, traces) = text.split_once('[').unwrap();
    let (traces, tail) = traces.rsplit_once(']').unwrap();
    let found = compared(&left, format!("{head}[{traces},{traces}]{tail}").as_bytes(), &DiffTask::default());
    assert_eq!(found.counts.copies_right, 15);
}
