//! Input that is not what it should be: an error with its place, or a side that is not whole; never "equal".

use spanfate_diff::{DiffError, DiffTask, SideInput, diff};
use spanfate_model::finding::diff::DiffFormat;
use spanfate_model::verdict::Verdict;

use crate::spans::TestWorld;
use crate::{FORMATS, compared, write};

/// The error that reading this gives.
pub(crate) fn wrong(bytes: &[u8]) -> String {
    let world = TestWorld::plain(1);
    let right = write::protobuf::message(&world);
    let side = |name: &str, bytes: &[u8]| SideInput::of(name, Box::new(std::io::Cursor::new(bytes.to_vec())));
    match diff(side("left", bytes), side("right", &right), &DiffTask::default()) {
        Ok(found) => panic!("no error: {:?} {:?}", found.verdict, found.reasons),
        Err(wrong) => {
            assert_eq!(wrong.side.as_deref(), Some("left"));
            wrong.error.to_string()
        }
    }
}

const TRACE: &str = "01010101010101010101010101010101";

fn spans(inside: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{inside}]}}]}}]}}"#)
}

fn span(more: &str) -> String {
    spans(&format!(r#"{{"traceId":"{TRACE}","spanId":"0202020202020202"{more}}}"#))
}

#[test]
fn what_is_wrong_in_json_is_said_with_its_place() {
    let deep =
        format!(r#","attributes":[{{"key":"a","value":{}"#, r#"{"arrayValue":{"values":["#.repeat(5000));
    let skipped = format!(r#","unknown":{}"#, "[".repeat(5000));
    for (text, said) in [
        (spans(r#"{"traceId":"0101","spanId":"0202020202020202"}"#), "has not 32 hexadecimal digits"),
        (spans(&format!(r#"{{"traceId":"{TRACE}","spanId":"02"}}"#)), "has not 16 hexadecimal digits"),
        (spans(&format!(r#"{{"traceId":"{TRACE}","spanId":7}}"#)), "expected an id"),
        (spans(&format!(r#"{{"traceId":"{TRACE}"}}"#)), "no `traceId` or no `spanId`"),
        (spans(r#"{"traceId":"","spanId":"0202020202020202"}"#), "an id is empty"),
        (span(r#","name":5"#), "expected a string"),
        (span(r#","name":"a","name":"b""#), "comes twice"),
        (span(r#","spanId":"0202020202020203""#), "comes twice"),
        (span(r#","startTimeUnixNano":-1"#), "not negative"),
        (span(r#","startTimeUnixNano":"18446744073709551616""#), "64 bits"),
        (span(r#","kind":"SPAN_KIND_WRONG""#), "none of this enum"),
        (span(r#","attributes":{}"#), "expected a list"),
        (span(r#","attributes":[{"key":"a","value":{"intValue":1.5}}]"#), "whole number"),
        (span(r#","attributes":[{"key":"a","value":{"intValue":1,"boolValue":true}}]"#), "two values"),
        (span(r#","attributes":[{"key":"a","value":{"bytesValue":"%"}}]"#), "base64"),
        (span(&deep), "nested too deep"),
        (span(&skipped), "nested too deep"),
        (r#"{"resourceSpans":[{"resource":{}, "resource":{}}]}"#.to_owned(), "comes twice"),
        (r#"{"resourceSpans":[],"resourceSpans":[]}"#.to_owned(), "comes twice"),
        (r#"{"resource_Spans":[]}"#.to_owned(), "no `resourceSpans`"),
        (r#"{"resourceSpans":5}"#.to_owned(), "expected a list"),
        (r#"{"resource\u0053pans":[]}"#.to_owned(), "escapes"),
        (r#"{"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"1","processID":"p1"}],"processes":{}}]}"#.to_owned(), "lacks the process `p1`"),
        (r#"{"data":[{"spans":[{"traceID":"1","spanID":"1"}]}]}"#.to_owned(), "no `processID`"),
        (r#"{"data":[{"spans":[{"traceID":"111111111111111111111111111111111","spanID":"1"}]}]}"#.to_owned(), "32 hexadecimal"),
        (r#"{"data":[{"spans":[{"tags":[{"key":"a","type":"odd","value":1}]}]}]}"#.to_owned(), "none that is known"),
    ] {
        let error = wrong(text.as_bytes());
        assert!(error.contains(said) && error.starts_with("line 1, byte "), "{text}: {error}");
    }
    let lines = format!("{}\n\n{}", span(""), spans(r#"{"traceId":"0101","spanId":"02"}"#));
    assert!(wrong(lines.as_bytes()).starts_with("line 3, byte "));
    assert!(wrong(b"hello").contains("no format that is known"));
}

#[test]
fn what_is_wrong_in_protobuf_is_said_with_its_place() {
    let spans = |span: &[u8]| {
        let around = |field: u8, inside: &[u8]| [&[field << 3 | 2, inside.len() as u8][..], inside].concat();
        around(1, &around(2, &around(2, span)))
    };
    for (span, said) in [
        (&[0x0a, 2, 1, 1][..], "trace_id is not 16 bytes long"),
        (&[], "trace_id is empty"),
        (&[0x08, 1], "wrong wire type"),
        (&[0x0a, 99, 1], "longer than what it is in"),
        (&[0x2d, 1, 2, 3, 4], "wrong wire type"),
        (&[0x00], "out of range"),
        (&[0x0f], "wire type"),
        (&[0x4a, 1, 0xff], "ends inside a number"),
    ] {
        let error = wrong(&spans(span));
        assert!(error.contains(said) && error.starts_with("byte "), "{span:?}: {error}");
    }
    // Lists in lists in lists.
    let mut value = vec![0x10, 1];
    for _ in 0..300 {
        let mut list = vec![0x0a];
        let put = |mut length: usize, out: &mut Vec<u8>| {
            while length >= 0x80 {
                out.push(length as u8 | 0x80);
                length >>= 7;
            }
            out.push(length as u8);
        };
        put(value.len(), &mut list);
        list.extend(&value);
        value = vec![0x2a];
        put(list.len(), &mut value);
        value.extend(&list);
    }
    let world = TestWorld::plain(1);
    let mut message = write::protobuf::message(&world);
    let long = |field: u8, inside: &[u8]| {
        let mut out = vec![field << 3 | 2];
        let mut length = inside.len();
        while length >= 0x80 {
            out.push(length as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend(inside);
        out
    };
    let pair = [&[0x0a, 1, b'a'][..], &long(2, &value)].concat();
    let resource = long(1, &long(1, &pair));
    message.extend(long(1, &resource));
    assert!(wrong(&message).contains("nested too deep"));
}

#[test]
fn input_that_ends_too_early_is_never_equal() {
    let world = TestWorld::plain(3);
    let whole = write::protobuf::message(&world);
    for (format, writer) in FORMATS {
        let bytes = writer(&world);
        for cut in [bytes.len() / 4, bytes.len() / 2, bytes.len() - 3, 40] {
            let side = |name: &str, bytes: &[u8]| {
                SideInput::of(name, Box::new(std::io::Cursor::new(bytes.to_vec())))
            };
            let mut left = side("left", &bytes[..cut]);
            left.sources[0].format = Some(format);
            match diff(left, side("right", &whole), &DiffTask::default()) {
                Ok(found) => {
                    assert_eq!(
                        found.verdict,
                        Verdict::Inconclusive,
                        "{format} at {cut}: {:?}",
                        found.reasons
                    );
                    assert!(!found.left.incomplete.is_empty(), "{format}");
                    assert_eq!(found.counts.different, 0, "{format} at {cut}: {:?}", found.samples);
                }
                Err(wrong) => {
                    assert!(matches!(wrong.error, DiffError::Malformed { .. }), "{format}: {}", wrong.error);
                }
            }
        }
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &write::otlp_json::document(&world)).unwrap();
    let bytes = gzip.finish().unwrap();
    let found = compared(&bytes[..bytes.len() / 2], &whole, &DiffTask::default());
    assert_eq!(found.verdict, Verdict::Inconclusive);
    let mut broken = bytes.clone();
    let middle = broken.len() / 2;
    broken[middle..middle + 20].fill(0xff);
    let side = SideInput::of("left", Box::new(std::io::Cursor::new(broken)));
    let right = SideInput::of("right", Box::new(std::io::Cursor::new(whole.clone())));
    match diff(side, right, &DiffTask::default()) {
        Ok(found) => assert_eq!(found.verdict, Verdict::Inconclusive),
        Err(wrong) => assert!(matches!(wrong.error, DiffError::Malformed { .. }), "{}", wrong.error),
    }
}

#[test]
fn two_sides_without_a_span_are_not_equal() {
    for (left, right) in
        [(&b""[..], &b""[..]), (b"{}", b"{}"), (b"{\"data\":[]}", b""), (b"[]", b"{\"batches\":[]}")]
    {
        let found = compared(left, right, &DiffTask::default());
        assert_eq!(found.verdict, Verdict::Inconclusive, "{:?}", String::from_utf8_lossy(left));
        assert!(found.reasons[0].contains("nothing was compared"));
    }
    let world = write::protobuf::message(&TestWorld::plain(2));
    let found = compared(b"", &world, &DiffTask::default());
    assert_eq!((found.verdict, found.counts.only_right), (Verdict::Fail, 10));
}

#[test]
fn a_store_that_names_errors_is_not_whole() {
    let world = TestWorld::plain(2);
    let answer = String::from_utf8(write::jaeger::document(&world)).unwrap();
    let left = write::protobuf::message(&world);
    let odd = answer.replace("\"errors\":null", "\"errors\":[{\"code\":500,\"msg\":\"half\"}]");
    let found = compared(&left, odd.as_bytes(), &DiffTask::default());
    assert_eq!(found.verdict, Verdict::Inconclusive, "{:?}", found.reasons);
    let none = answer.replace("\"errors\":null", "\"errors\":[]");
    assert_eq!(compared(&left, none.as_bytes(), &DiffTask::default()).verdict, Verdict::Pass);
}

#[test]
fn a_format_can_be_forced() {
    let world = TestWorld::plain(1);
    let mut side = SideInput::of("left", Box::new(std::io::Cursor::new(write::otlp_json::document(&world))));
    side.sources[0].format = Some(DiffFormat::OtlpProtobuf);
    let right = SideInput::of("right", Box::new(std::io::Cursor::new(Vec::new())));
    let wrong = diff(side, right, &DiffTask::default()).unwrap_err();
    assert!(matches!(wrong.error, DiffError::Malformed { .. }), "{}", wrong.error);
}
