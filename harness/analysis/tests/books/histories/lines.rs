//! Histories of log lines: what each says of the spans of a world, and where it must stand.

use proptest::prelude::*;
use spanfate_analysis::{LogJoin, MOST_LINE, UnreadableLog, join_logs};
use spanfate_model::books::logs::{LineRow, LogBooks, UnreadLine};
use spanfate_model::format::layout::WIRE_LOGS;
use spanfate_model::format::manifest::KeptLogs;
use spanfate_model::plan::Plan;
use spanfate_model::quantity::id::{SpanId, SpanKey};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::term::Word;

use super::super::common::{Batch, World, conclude};

/// Spans by their places: received, refused by a full queue, never ended, not sampled.
const SPANS: [&str; 4] = [
    "created started ending ended closed exported:0 accepted",
    "created started ending ended dropped ended closed",
    "created started",
    "created unsampled",
];

/// What a line says, where `T0` and `S0` stand for the ids of span 0 and so on, and where it stands.
const LINES: [(&str, &str); 38] = [
    (r#"{"trace_id":"T0","span_id":"S0"}"#, "anchored"),
    (r#"{"time":"now","msg":"x","trace_id":"T0","span_id":"S0","trace_flags":"01"}"#, "anchored"),
    ("  {\"trace_id\":\"T0\",\"span_id\":\"S0\"}\r", "anchored"),
    (r#"{"trace_id":"T1","span_id":"S1"}"#, "dangling.dropped_queue_full"),
    (r#"{"trace_id":"T2","span_id":"S2"}"#, "dangling.never_ended.leak"),
    (r#"{"trace_id":"T3","span_id":"S3"}"#, "dangling.not_sampled.sampler"),
    (r#"{"log":"{\"trace_id\":\"T0\",\"span_id\":\"S0\"}\n","stream":"stdout"}"#, "anchored"),
    (r#"{"trace_id":"T0","span_id":"S1"}"#, "unanchored.ids_of_another_trace"),
    (r#"{"trace_id":"T1","span_id":"S0"}"#, "unanchored.ids_of_another_trace"),
    // A request id in the form of nginx passes for the id of a trace.
    (r#"{"trace_id":"5e1f8c0e2d7a4b9c8f6e3d2c1b0a9f8e","span_id":"S0"}"#, "unanchored.ids_of_another_trace"),
    (r#"{"trace_id":"T0","span_id":"00f067aa0ba902b7"}"#, "unanchored.unknown_span"),
    // The article's own example: the trace's id is as long as a span's.
    (r#"{"trace_id":"a1b2c3d4e5f67890","span_id":"1234567890abcdef"}"#, "unanchored.bad_id.length"),
    (r#"{"trace_id":"f47ac10b-58cc-4372-a567-0e02b2c3d479","span_id":"S0"}"#, "unanchored.bad_id.length"),
    (r#"{"trace_id":"T0","span_id":"S0S0"}"#, "unanchored.bad_id.length"),
    (r#"{"trace_id":"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz","span_id":"S0"}"#, "unanchored.bad_id.hex"),
    (r#"{"trace_id":"ABCDEF00000000000000000000000000","span_id":"S0"}"#, "unanchored.bad_id.upper_case"),
    (r#"{"trace_id":"00000000000000000000000000000000","span_id":"S0"}"#, "unanchored.bad_id.all_zeros"),
    (r#"{"trace_id":"T0","span_id":"0000000000000000"}"#, "unanchored.bad_id.all_zeros"),
    (r#"{"trace_id":7,"span_id":"S0"}"#, "unanchored.bad_id.no_text"),
    (r#"{"trace_id":"T0"}"#, "unanchored.one_id"),
    (r#"{"span_id":"S0"}"#, "unanchored.one_id"),
    (r#"{"trace_id":"","span_id":""}"#, "unanchored.no_context"),
    (r#"{"msg":"started"}"#, "unanchored.no_context"),
    (r#"{"traceId":"T0","spanId":"S0"}"#, "unanchored.wrong_names traceId"),
    (r#"{"dd.trace_id":"1","dd.span_id":"2"}"#, "unanchored.wrong_names dd.trace_id"),
    (r#"{"order":{"trace_id":"T0","span_id":"S0"}}"#, "unanchored.wrong_names order.trace_id"),
    (r#"{"trace":{"id":"T0"}}"#, "unanchored.wrong_names trace.id"),
    (r#"{"traceparent":"00-T0-S0-01"}"#, "unanchored.wrong_names traceparent"),
    (r#"{"trace_id":"T0","span_id":"S0""#, "unread.broken_json"),
    (r#"{"trace_id":"T0",}"#, "unread.broken_json"),
    ("{", "unread.broken_json"),
    (r#"[{"trace_id":"T0","span_id":"S0"}]"#, "unread.no_object"),
    ("17", "unread.no_object"),
    ("time=now level=INFO msg=x trace_id=T0 span_id=S0", "unread.logfmt"),
    ("2026/11/29 12:00:00 listening on :8080", "unread.text"),
    ("a\0b", "unread.no_text"),
    (
        r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"traceId":"T1","spanId":"S1"}]}]}]}"#,
        "dangling.dropped_queue_full",
    ),
    (
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"traceId","value":{"stringValue":"T1"}}]}]}]}]}"#,
        "unanchored.wrong_names attributes.traceId",
    ),
];

fn world() -> World {
    let spans = SPANS.iter().map(|text| super::span(text)).collect();
    World { spans, batches: vec![Batch::Ok], ..World::default() }
}

/// A line with the ids of a world in it.
fn with_ids(line: &str, world: &World, plan: &Plan) -> String {
    (0..SPANS.len()).fold(line.to_owned(), |line, at| {
        let SpanKey { trace, span } = world.key(plan, at);
        line.replace(&format!("T{at}"), &trace.to_string()).replace(&format!("S{at}"), &span.to_string())
    })
}

/// What came of pieces of one file.
fn joined(world: &World, plan: &Plan, pieces: &[&[u8]]) -> (Result<(), UnreadableLog>, LogBooks) {
    join_logs(plan, &plan.trials[0], &world.logs(plan), |join| {
        join.begin("app.log", None);
        for piece in pieces {
            join.feed(piece);
        }
        join.end()
    })
}

/// A row, as the table above writes it.
fn shown(row: &LineRow) -> String {
    let standing = row.standing.known().unwrap().text();
    row.found.as_ref().map_or(standing.to_string(), |found| format!("{standing} {found}"))
}

fn closes(books: &LogBooks) -> bool {
    let LogBooks { lines, anchored, dangling, unanchored, unread, rows, .. } = books;
    *lines == anchored + dangling + unanchored + unread
        && *lines == rows.iter().map(|row| row.lines).sum::<u64>()
}

#[test]
fn every_line_stands_where_it_should() {
    let world = world();
    let plan = world.plan();
    for (line, expected) in LINES {
        let line = with_ids(line, &world, &plan);
        // Behind a line of the same service that has its ids.
        let first = with_ids(LINES[0].0, &world, &plan);
        let text = format!("{first}\n\n{line}\n");
        let (done, books) = joined(&world, &plan, &[text.as_bytes()]);
        assert!(closes(&books) && books.lines == 2 && done.is_ok(), "{line}: {books:?}");
        let mut rows: Vec<String> = books.rows.iter().map(shown).collect();
        if expected == "anchored" {
            assert_eq!((rows, books.rows[0].lines), (vec![expected.to_owned()], 2), "{line}");
            continue;
        }
        rows.retain(|row| row != "anchored");
        assert_eq!(rows, [expected], "{line}");
        let row = books.rows.iter().find(|row| shown(row) == expected).unwrap();
        assert_eq!((row.first.file.as_str(), row.first.line), ("app.log", 3), "{line}");
    }
}

#[test]
fn without_any_ids_nobody_adds_them_and_beside_some_the_context_is_missing() {
    let world = world();
    let plan = world.plan();
    let bare = r#"{"service":"a","msg":"x"}"#;
    let with = r#"{"service":"b","trace_id":"T0","span_id":"S0"}"#;
    let text = with_ids(&format!("{bare}\n{with}\n{}\n", bare.replace(r#""a""#, r#""b""#)), &world, &plan);
    let (_, books) = joined(&world, &plan, &[text.as_bytes()]);
    let rows: Vec<(String, String)> =
        books.rows.iter().map(|row| (row.service.clone(), shown(row))).collect();
    let row = |service: &str, standing: &str| (service.to_owned(), standing.to_owned());
    assert_eq!(
        rows,
        [row("a", "unanchored.no_ids"), row("b", "anchored"), row("b", "unanchored.no_context")],
        "whichever came first"
    );
}

#[test]
fn a_file_of_which_nothing_can_be_read_is_an_error_with_its_place() {
    let world = world();
    let plan = world.plan();
    for (text, line, says) in [
        ("\n\nlevel=info msg=x\n", 3, "app.log:3: the line is logfmt, and not JSON; no line"),
        (
            "{\n  \"trace_id\": 1\n}\n",
            1,
            "app.log:1: the line is no JSON (byte 1: EOF while parsing an object)",
        ),
        ("[1]\n", 1, "`jq -c '.[]'` makes such"),
        ("\u{1f}\u{8b}\u{8}\0\0", 1, "decompress it first"),
    ] {
        let (done, books) = joined(&world, &plan, &[text.as_bytes()]);
        let error = done.unwrap_err();
        assert!(error.line == line && error.to_string().contains(says), "{error}");
        assert!(closes(&books) && books.unread > 0, "{books:?}");
    }
    let (done, books) = joined(&world, &plan, &[b"\n \r\n"]);
    assert_eq!((done, books), (Ok(()), LogBooks::default()));
}

#[test]
fn a_line_of_ten_megabytes_is_counted_by_its_place_and_the_next_is_read() {
    let world = world();
    let plan = world.plan();
    let next = with_ids(LINES[0].0, &world, &plan);
    let long = format!("{{\"msg\":\"{}\"}}\n", "x".repeat(10 << 20));
    for piece in [1 << 16, long.len() + 1] {
        let text = format!("{next}\n{long}{next}");
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(piece).collect();
        let (done, books) = joined(&world, &plan, &pieces);
        assert!(done.is_ok() && closes(&books));
        assert_eq!((books.lines, books.anchored, books.unread), (3, 2, 1));
        let row = books.rows.iter().find(|row| shown(row) == "unread.too_long").unwrap();
        assert_eq!((row.first.line, row.first.says.as_str()), (2, "10485770 bytes"));
    }
    let most = format!("{{\"msg\":\"{}\"}}", "x".repeat(MOST_LINE - 10));
    let (_, books) = joined(&world, &plan, &[most.as_bytes()]);
    assert_eq!((most.len(), books.unread), (MOST_LINE, 0));
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_told() {
    let world = world();
    let plan = world.plan();
    let line = with_ids(r#"{"msg":"?","trace_id":"T0","span_id":"S0"}"#, &world, &plan);
    let mut bytes = [b"\xef\xbb\xbf", line.as_bytes()].concat();
    *bytes.iter_mut().find(|byte| **byte == b'?').unwrap() = 0xff;
    let (_, books) = joined(&world, &plan, &[&bytes]);
    assert_eq!((books.anchored, books.repaired), (1, 1));
}

#[test]
fn names_are_bounded_whatever_lines_say() {
    let world = world();
    let plan = world.plan();
    let line = |at: u32| format!("{{\"service\":\"s{at}\",\"x{at}_traceId\":1}}\n");
    let text: String = (0..5000).map(line).collect();
    let (_, books) = joined(&world, &plan, &[text.as_bytes()]);
    assert!(closes(&books) && books.lines == 5000, "{}", books.lines);
    assert!(
        books.rows.len() <= 65 * 65 && books.rows.iter().any(|row| row.service == "others"),
        "{}",
        books.rows.len()
    );
}

/// Without books a span is known by its arrival alone.
#[test]
fn without_a_witness_what_did_not_arrive_is_unknown() {
    let world = world();
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    (logs.ledgers, logs.manifest.processes[0].ledger) = (vec![None], None);
    // Of one that arrived, of that in another trace, and of one that was lost.
    let text = [("T0", "S0"), ("T1", "S0"), ("T1", "S1")]
        .map(|(trace, span)| format!("{{\"trace_id\":\"{trace}\",\"span_id\":\"{span}\"}}\n"))
        .concat();
    let text = with_ids(&text, &world, &plan);
    let ((), books) = join_logs(&plan, &plan.trials[0], &logs, |join| {
        join.begin("app.log", Some("http"));
        join.feed(text.as_bytes());
        join.end().unwrap();
    });
    let rows: Vec<String> = books.rows.iter().map(shown).collect();
    assert_eq!(rows, ["anchored", "unanchored.ids_of_another_trace", "unanchored.unknown_span"]);
    assert!(books.rows.iter().all(|row| row.service == "http"));
}

/// A field of protobuf with bytes in it; short enough for a length of one byte.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    assert!(inner.len() < 128);
    [&[number << 3 | 2, inner.len() as u8][..], inner].concat()
}

/// What a service's own lines and the records that the receiver kept say stands in the trial's result, and its shares are figures.
#[test]
fn a_trial_that_kept_lines_has_books_of_them() {
    let world = world();
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    assert!(conclude(&plan, &logs).0.logs.is_none());
    let lines = concat!(
        r#"{"trace_id":"T0","span_id":"S0"}"#,
        "\n",
        r#"{"trace_id":"T1","span_id":"S1"}"#,
        "\n",
        r#"{"trace_id":"T2","span_id":"S2"}"#,
        "\n",
        r#"{"msg":"started"}"#
    );
    let lines = with_ids(lines, &world, &plan);
    logs.manifest.processes[0].logs = Some("http.0.log.ndjson".to_owned());
    logs.lines = vec![Some(lines.into_bytes().into())];
    let SpanKey { trace, span } = world.key(&plan, 0);
    let record = |ids: &[u8]| field(1, &field(2, &field(2, ids)));
    let whole = record(&[field(9, &trace.0), field(10, &span.0)].concat());
    let frame = |message: &[u8]| [&(message.len() as u32).to_be_bytes()[..], message].concat();
    let messages = [frame(&whole), frame(&record(&[])), frame(&whole)[..9].to_vec()].concat();
    logs.records = vec![(WIRE_LOGS[0].to_owned(), messages.into())];
    logs.manifest.kept_logs =
        Some(KeptLogs { protobuf: Some(WIRE_LOGS[0].to_owned()), ..KeptLogs::default() });
    let (trial, _) = conclude(&plan, &logs);
    let books = trial.logs.clone().unwrap();
    assert!(closes(&books), "{books:?}");
    let sums = (books.lines, books.anchored, books.dangling, books.unanchored, books.unread);
    assert_eq!(sums, (7, 2, 2, 2, 1), "{books:?}");
    let figure = |name: &str| spanfate_analysis::value_of(Figure::try_from(name.to_owned()).unwrap(), &trial);
    assert_eq!(figure("logs.lines"), Some(7.0));
    assert_eq!(figure("logs.dangling"), Some(2.0 / 7.0));
    let missed = KeptLogs { missed: 1, ..KeptLogs::default() };
    logs.manifest.kept_logs = Some(missed);
    let (trial, _) = conclude(&plan, &logs);
    assert_eq!(
        spanfate_analysis::value_of(Figure::LogsAnchored, &trial),
        None,
        "what is not whole has no shares"
    );
}

/// Lines of all sorts, whole or spoilt, and noise.
fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let known = (0..LINES.len(), any::<prop::sample::Index>(), any::<u8>(), 0..4_u8).prop_map(
        |(at, place, byte, how)| {
            let mut line = LINES[at].0.as_bytes().to_vec();
            let place = place.index(line.len());
            match how {
                0 => line.truncate(place),
                1 => line[place] = byte,
                _ => {}
            }
            line
        },
    );
    let noise = prop::collection::vec(any::<u8>(), 0..60);
    let deep = (0..2000_usize).prop_map(|depth| "{\"a\":".repeat(depth).into_bytes());
    prop::collection::vec(prop_oneof![6 => known, 2 => noise, 1 => deep], 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever lines hold, each that is not empty is counted once, and it does not matter where pieces end.
    #[test]
    fn every_line_is_counted_once_wherever_pieces_end(lines in texts(), size in 1..200_usize) {
        let world = world();
        let plan = world.plan();
        let text = lines.join(&b'\n');
        let blank = |line: &&[u8]| !line.trim_ascii().is_empty();
        let many = text.split(|byte| *byte == b'\n').filter(blank).count() as u64;
        let (done, whole) = joined(&world, &plan, &[&text]);
        prop_assert!(closes(&whole));
        // A line of OTLP is as many as it has records, none included; the lines above have one or none each.
        prop_assert!(whole.lines <= many && whole.lines + 2 * lines.len() as u64 >= many, "{} of {many}", whole.lines);
        let pieces: Vec<&[u8]> = text.chunks(size).collect();
        let (again, split) = joined(&world, &plan, &pieces);
        prop_assert_eq!(split, whole);
        prop_assert_eq!(again, done);
    }

    /// A span that the world does not have anchors nothing.
    #[test]
    fn ids_of_nobody_lead_nowhere(id in 1..u64::MAX) {
        let world = world();
        let plan = world.plan();
        let all: Vec<SpanKey> = (0..SPANS.len()).map(|at| world.key(&plan, at)).collect();
        let span = SpanId(id.to_be_bytes());
        prop_assume!(all.iter().all(|key| key.span != span));
        let line = format!("{{\"trace_id\":\"{}\",\"span_id\":\"{span}\"}}", all[0].trace);
        let (_, books) = joined(&world, &plan, &[line.as_bytes()]);
        prop_assert_eq!(books.rows.iter().map(shown).collect::<Vec<_>>(), ["unanchored.unknown_span"]);
    }
}

/// A log that goes on behind lines that were there before counts lines as the file has them.
#[test]
fn what_was_there_before_counts_as_lines() {
    let world = world();
    let plan = world.plan();
    let line = with_ids(LINES[0].0, &world, &plan);
    let read = |join: &mut LogJoin<'_>| {
        join.begin_behind("app.log", None, 41);
        join.feed(line.as_bytes());
        join.end()
    };
    let (done, books) = join_logs(&plan, &plan.trials[0], &world.logs(&plan), read);
    assert_eq!((done, books.rows[0].first.line), (Ok(()), 42));
    let text = UnreadLine::TooLong.text();
    assert_eq!(text, "too_long");
}
