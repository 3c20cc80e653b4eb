//! Input that is odd: what stores and tools may well write is read as what it means; what means nothing is an error with its place, or
//! leaves the side open.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use spanfate_diff::{DiffError, DiffTask, SideInput, diff};
use spanfate_model::finding::diff::DiffRule;
use spanfate_model::verdict::Verdict;

use crate::hostile::wrong;
use crate::spans::{TestValue, TestWorld};
use crate::{FORMATS, compared, write};

const TRACE: [u8; 16] = [0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xcd];
const SPAN: [u8; 8] = [0xef, 1, 2, 3, 4, 5, 6, 7];

/// One span of OTLP in JSON, with something more in it.
fn otlp(more: &str) -> String {
    let (trace, span) = (write::hex(&TRACE), write::hex(&SPAN));
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{trace}","spanId":"{span}"{more}}}]}}]}}]}}"#
    )
}

/// One attribute with that value.
fn valued(value: &str) -> String {
    otlp(&format!(r#","attributes":[{{"key":"a","value":{{{value}}}}}]"#))
}

/// One span of Jaeger, with something more in it.
fn jaeger(more: &str) -> String {
    let (trace, span) = (write::hex(&TRACE), write::hex(&SPAN));
    format!(
        r#"{{"data":[{{"traceID":"{trace}","spans":[{{"traceID":"{trace}","spanID":"{span}","processID":"p"{more}}}],"processes":{{"p":{{"serviceName":"s"}}}}}}]}}"#
    )
}

/// What a span of every sort looks like.
fn plain() -> String {
    otlp(concat!(
        r#","name":"a","kind":2,"flags":257,"traceState":"x=1","startTimeUnixNano":"5","endTimeUnixNano":"3","#,
        r#""droppedAttributesCount":1,"status":{"code":2,"message":"m"},"attributes":[{"key":"i","value":{"intValue":"9007199254740993"}},"#,
        r#"{"key":"d","value":{"doubleValue":1.5}},{"key":"n","value":{"doubleValue":"NaN"}},{"key":"b","value":{"bytesValue":"+/8="}},"#,
        r#"{"key":"k","value":{"kvlistValue":{"values":[{"key":"l","value":{"arrayValue":{"values":[{"doubleValue":"-Infinity"}]}}}]}}}]"#
    ))
}

/// Each text is an error that says so, with its place.
fn are_wrong(texts: &[(String, &str)]) {
    for (text, said) in texts {
        let error = wrong(text.as_bytes());
        assert!(error.contains(said) && error.starts_with("line "), "{text}: {error}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Another way to write it, or another span.
type Variant = (&'static str, Vec<u8>);

/// The same span in other ways.
fn ways(plain: &str) -> Vec<Variant> {
    let text = |from: &str, to: &str| plain.replace(from, to).into_bytes();
    let (head, tail) = plain.as_bytes().split_at(100);
    vec![
        ("a byte order mark", [b"\xef\xbb\xbf", plain.as_bytes()].concat()),
        ("lines that end as in DOS", text(",", ",\r\n\t ")),
        ("empty lines around", format!("\r\n\n{plain}\r\n\r\n").into_bytes()),
        ("a number as text", text("257", "\"257\"")),
        ("text as a number", text("\"9007199254740993\"", "9007199254740993")),
        ("a double as text", text("1.5", "\"1.5\"")),
        ("another notation of a double", text("1.5", "15e-1")),
        ("the other alphabet of base64", text("+/8=", "-_8=")),
        ("no padding", text("+/8=", "+/8")),
        ("an id in capitals", text(&write::hex(&TRACE), &write::hex(&TRACE).to_uppercase())),
        ("an id in base64", text(&write::hex(&SPAN), &write::base64(&SPAN))),
        ("a kind by its name", text("\"kind\":2", "\"kind\":\"SPAN_KIND_SERVER\"")),
        ("keys with underscores", text("traceId", "trace_id")),
        (
            "nothing in place of what is not there",
            text("\"name\"", "\"events\":null,\"links\":null,\"parentSpanId\":null,\"name\""),
        ),
        ("escapes", text("\"name\":\"a\"", "\"name\":\"\\u0061\"")),
        ("keys that nobody knows", text("\"name\"", "\"x\":{\"y\":[1,{}]},\"name\"")),
        (
            "a message without spans before it",
            format!("{{\"resourceSpans\":null}}\n{{}}\n{plain}").into_bytes(),
        ),
        ("gzip", gzip(plain.as_bytes())),
        ("gzip in two members, and one of nothing", [gzip(head), gzip(b""), gzip(tail)].concat()),
        ("zstd in two frames, and one of nothing", [zstd(head), zstd(b""), zstd(tail)].concat()),
        (
            "zstd with a frame to be passed over",
            [zstd(head), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(tail)].concat(),
        ),
    ]
}

#[test]
fn what_is_written_in_another_way_is_the_same() {
    let plain = plain();
    let text = |from: &str, to: &str| plain.replace(from, to).into_bytes();
    for (what, other) in ways(&plain) {
        assert_ne!(other, plain.as_bytes(), "{what}");
        let found = compared(plain.as_bytes(), &other, &DiffTask::default());
        assert_eq!((found.counts.both, found.counts.differences()), (1, 0), "{what}: {:?}", found.samples);
        assert_eq!(found.verdict, Verdict::Pass, "{what}: {:?}", found.reasons);
    }
    for (what, other) in [
        ("what a double cannot tell apart", text("9007199254740993", "9007199254740992")),
        ("an end", text("\"3\"", "\"4\"")),
        ("dropped", text("\"droppedAttributesCount\":1", "\"droppedAttributesCount\":2")),
        ("a state", text("x=1", "x=2")),
        ("a flag", text("257", "256")),
        ("a byte", text("+/8=", "+/4=")),
        ("deep inside", text("-Infinity", "Infinity")),
    ] {
        let found = compared(plain.as_bytes(), &other, &DiffTask::default());
        assert_eq!((found.counts.different, found.verdict), (1, Verdict::Fail), "{what}");
    }
}

#[test]
fn what_means_nothing_in_otlp_is_an_error_with_its_place() {
    are_wrong(&[
        (valued(r#""boolValue":"true""#), "true or false"),
        (valued(r#""boolValue":1"#), "true or false"),
        (valued(r#""stringValue":5"#), "expected a string"),
        (valued(r#""intValue":1e3"#), "whole number"),
        (valued(r#""intValue":"""#), "whole number"),
        (valued(r#""intValue":9223372036854775808"#), "whole number"),
        (valued(r#""doubleValue":NaN"#), "expected a number"),
        (valued(r#""doubleValue":"1.5x""#), "expected a number"),
        (valued(r#""doubleValue":"nan""#), "expected a number"),
        (valued(r#""arrayValue":[]"#), "expected an object"),
        (valued(r#""arrayValue":{"values":[],"values":[]}"#), "twice"),
        (valued(r#""bytesValue":"abcde""#), "base64"),
        (otlp(r#","parentSpanId":"AQIDBA==""#), "16 hexadecimal digits"),
        (otlp(r#","parentSpanId":"01020304050607080""#), "16 hexadecimal digits"),
        (otlp(r#","parentSpanId":"010203040506070g""#), "16 hexadecimal digits"),
        (otlp(r#","parentSpanId":["0102030405060708"]"#), "expected an id"),
        (otlp(r#","droppedAttributesCount":-1"#), "not negative"),
        (otlp(r#","droppedLinksCount":4294967296"#), "32 bits"),
        (otlp(r#","flags":4294967296"#), "32 bits"),
        (otlp(r#","startTimeUnixNano":1.7e18"#), "not negative"),
        (otlp(r#","startTimeUnixNano":"""#), "not negative"),
        (otlp(r#","endTimeUnixNano":true"#), "expected a number"),
        (otlp(r#","kind":256"#), "none of this enum"),
        (otlp(r#","kind":-1"#), "none of this enum"),
        (otlp(r#","status":{"code":"ODD"}"#), "none of this enum"),
        (otlp(r#","status":[]"#), "expected an object"),
        (otlp(r#","events":{}"#), "expected a list"),
        (otlp(r#","events":[{"timeUnixNano":-1}]"#), "not negative"),
        (otlp(r#","trace_id":"""#), "comes twice"),
        (otlp(r#","status":{"code":1,"code":2}"#), "comes twice"),
        (otlp(r#","events":[{"name":"a","name":"b"}]"#), "comes twice"),
        (otlp(r#","links":[{"spanId":"","spanId":""}]"#), "comes twice"),
        (otlp("").replace("\"scopeSpans\"", "\"scope_spans\":[],\"scopeSpans\""), "comes twice"),
        (
            otlp("").replace(
                "\"scopeSpans\"",
                "\"resource\":{\"droppedAttributesCount\":1,\"droppedAttributesCount\":2},\"scopeSpans\"",
            ),
            "comes twice",
        ),
        (otlp("").replace("\"spans\"", "\"scope\":{\"name\":\"a\",\"name\":\"b\"},\"spans\""), "comes twice"),
        (format!("{}x", otlp("")), "expected an object"),
        (format!("{}]", otlp("")), "expected an object"),
        (format!("{}\u{feff}{}", otlp(""), otlp("")), "expected an object"),
        (otlp(",\"name\":\"a\nb\""), "control character"),
        (otlp(r#","name":"\x""#), "unknown escape"),
        (otlp(r#","x":01"#), "expected a number"),
        (otlp(r#","x":[1,]"#), "expected a value"),
    ]);
}

#[test]
fn what_means_nothing_in_jaeger_and_in_rows_is_an_error_with_its_place() {
    are_wrong(&[
        (jaeger(r#","startTime":2305843009213693952"#), "64 bits"),
        (jaeger(r#","duration":-9223372036854775808"#), "64 bits"),
        (jaeger(r#","startTime":1.5"#), "not negative"),
        (jaeger(r#","tags":[{"key":"a","type":"int64","value":"x"}]"#), "whole number"),
        (jaeger(r#","tags":[{"key":"a","type":"bool","value":1}]"#), "true or false"),
        (jaeger(r#","tags":[{"key":"a","type":"string","value":1}]"#), "expected a string"),
        (jaeger(r#","tags":[{"key":"a","type":"string","type":"string","value":""}]"#), "comes twice"),
        (jaeger(r#","tags":[{"type":"string","value":""}]"#), "no key"),
        (jaeger(r#","tags":{}"#), "expected a list"),
        (jaeger(r#","logs":[{"timestamp":"x"}]"#), "not negative"),
        (jaeger(r#","references":[{"refType":"NEXT"}]"#), "neither CHILD_OF nor"),
        (jaeger(r#","references":[{"refType":"CHILD_OF","spanID":"10102030405060708"}]"#), "16 hexadecimal"),
        (jaeger(r#","spanID":"1""#), "comes twice"),
        (jaeger("").replace("\"processes\"", "\"processes\":{},\"processes\""), "comes twice"),
        (jaeger("").replace("\"p\":{", "\"p\":{\"serviceName\":\"\"},\"p\":{"), "comes twice"),
        (jaeger("").replace("\"serviceName\":\"s\"", "\"serviceName\":5"), "expected a string"),
        ("trace_id,span_id,service,name,kind,copies,name\n".to_owned(), "comes twice"),
        ("trace_id,span_id,service,name,kind\n".to_owned(), "lack `copies`"),
        ("trace_id,span_id,service,name,kind,copies\na,b\n".to_owned(), "2 cells"),
        ("trace_id,span_id,service,name,kind,copies\na,b,c,d,server,1\n".to_owned(), "32 hexadecimal"),
        (r#"{"trace_id":"1","copies":1001}"#.to_owned(), "more than 1,000"),
        (r#"{"trace_id":"1","trace_id":"2","copies":1}"#.to_owned(), "comes twice"),
    ]);
}

#[test]
fn a_compressed_side_that_is_not_whole_is_never_equal() {
    let world = TestWorld::plain(200);
    let whole = write::otlp_json::document(&world);
    let (gz, zst) = (gzip(&whole), zstd(&whole));
    let mut wrong_sum = gz.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    let mut variants = vec![
        ("garbage behind gzip", [&gz[..], b"garbage"].concat()),
        ("half a head behind gzip", [&gz[..], &gz[..5]].concat()),
        ("a wrong checksum", wrong_sum),
        ("garbage behind zstd", [&zst[..], b"garbage"].concat()),
    ];
    for eighth in 1..8 {
        variants.push(("a part of gzip", gz[..gz.len() * eighth / 8].to_vec()));
        variants.push(("a part of zstd", zst[..zst.len() * eighth / 8].to_vec()));
    }
    variants.push(("gzip without its last byte", gz[..gz.len() - 1].to_vec()));
    variants.push(("zstd without its last byte", zst[..zst.len() - 1].to_vec()));
    for (what, left) in variants {
        let side =
            |name: &str, bytes: &[u8]| SideInput::of(name, Box::new(std::io::Cursor::new(bytes.to_vec())));
        match diff(side("left", &left), side("right", &whole), &DiffTask::default()) {
            Ok(found) => {
                assert_eq!(found.verdict, Verdict::Inconclusive, "{what}: {:?}", found.reasons);
                assert!(!found.left.incomplete.is_empty(), "{what}");
            }
            Err(wrong) => {
                assert!(matches!(wrong.error, DiffError::Malformed { .. }), "{what}: {}", wrong.error);
            }
        }
    }
    // Nothing, compressed, is nothing.
    for nothing in [gzip(b""), zstd(b""), [gzip(b""), gzip(b"")].concat(), b"\xef\xbb\xbf".to_vec()] {
        let found = compared(&nothing, &whole, &DiffTask::default());
        assert_eq!((found.verdict, found.counts.only_right), (Verdict::Fail, 1000));
    }
}

#[test]
fn values_may_be_as_deep_as_is_said() {
    let mut world = TestWorld::plain(1);
    let mut value = TestValue::Bytes(vec![0xff, 0]);
    for at in 0..49 {
        value = TestValue::Map(vec![(format!("{at}"), TestValue::List(vec![value, TestValue::Empty]))]);
    }
    world.spans[0].attributes.push(("deep".to_owned(), value));
    let first = write::protobuf::message(&world);
    for (format, writer) in FORMATS {
        let found = compared(&first, &writer(&world), &DiffTask::default());
        assert_eq!((found.counts.both, found.verdict), (5, Verdict::Pass), "{format}: {:?}", found.samples);
    }
}

#[test]
fn tags_that_are_not_compared_are_passed_over_and_counted_all_the_same() {
    let world = TestWorld::plain(3);
    let (log, jaeger) = (write::rows::wire_log(&world), write::jaeger::document(&world));
    let found = compared(&log, &jaeger, &DiffTask::default());
    assert_eq!((found.counts.both, found.verdict), (15, Verdict::Pass), "{:?}", found.samples);
    let used = |rule: DiffRule| {
        found.normalised.iter().find(|used| used.rule == rule).map(|used| (used.right, used.pairs))
    };
    assert_eq!(
        (used(DiffRule::Kind), used(DiffRule::AddedTags)),
        (Some((15, 0)), Some((15, 0))),
        "{:?}",
        found.normalised
    );
    assert_eq!(used(DiffRule::Times), Some((0, 15)));
    // A kind whose key is written with escapes is found as well.
    let text = String::from_utf8(jaeger).unwrap();
    let odd = text.replace("\"key\":\"span.kind\"", "\"key\":\"\\u0073pan.kind\"");
    assert_ne!(odd, text);
    assert_eq!(compared(&log, odd.as_bytes(), &DiffTask::default()).counts, found.counts);
    let other = text.replace("\"value\":\"client\"", "\"value\":\"server\"");
    assert_eq!(compared(&log, other.as_bytes(), &DiffTask::default()).counts.different, 3);
}
