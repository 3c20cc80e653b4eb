//! Requests in protobuf say the same as those in JSON; broken ones are no panic.

use proptest::prelude::*;

use super::world::HOW;
use crate::contract::{ContractEvidence, ExportedSignal};

/// A field of bytes.
fn field(number: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = inside.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(inside);
    out
}

fn pair(key: &str, value: &str) -> Vec<u8> {
    [field(1, key.as_bytes()), field(2, &field(1, value.as_bytes()))].concat()
}

/// A request of items, each in a scope of the service `shop`.
fn request(items: &[Vec<u8>]) -> Vec<u8> {
    let scope: Vec<u8> = items.iter().flat_map(|item| field(2, item)).collect();
    let resource = field(1, &pair("service.name", "shop"));
    // A resource may stand behind what it is of.
    field(1, &[field(2, &scope), field(1, &resource)].concat())
}

fn evidence(signal: ExportedSignal, json: bool, bytes: &[u8]) -> ContractEvidence {
    let mut out = ContractEvidence::new(None, HOW);
    out.has_signals();
    out.request(signal, json, bytes).unwrap();
    out
}

#[test]
fn metrics_say_the_same_in_both_encodings() {
    let kinds: [(u8, Vec<u8>, &str); 5] = [
        (5, Vec::new(), r#""gauge":{}"#),
        (7, vec![3 << 3, 1], r#""sum":{"isMonotonic":true}"#),
        (7, vec![3 << 3, 0], r#""sum":{"isMonotonic":false}"#),
        (10, Vec::new(), r#""exponentialHistogram":{}"#),
        (11, Vec::new(), r#""summary":{}"#),
    ];
    let metric = |(number, data, _): &(u8, Vec<u8>, &str)| {
        [field(1, b"m"), field(3, b"By"), field(*number, data)].concat()
    };
    let protobuf = request(&kinds.iter().map(metric).collect::<Vec<_>>());
    let metrics: Vec<String> =
        kinds.iter().map(|(_, _, data)| format!(r#"{{"name":"m","unit":"By",{data}}}"#)).collect();
    let json = format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeMetrics":[{{"metrics":[{}]}}]}}]}}"#,
        metrics.join(",")
    );
    let of = evidence(ExportedSignal::Metrics, false, &protobuf);
    assert_eq!(of, evidence(ExportedSignal::Metrics, true, json.as_bytes()));
    let seen = &of.metrics.unwrap()[&("shop".to_owned(), "m".to_owned())];
    let all: Vec<_> = seen.instruments.iter().copied().collect();
    assert_eq!(all, ["counter", "gauge", "histogram", "summary", "updowncounter"]);
}

#[test]
fn log_records_say_the_same_in_both_encodings() {
    let map = field(6, &[field(1, &pair("in_body", "x"))].concat());
    let record = [
        field(3, b"INFO"),
        field(5, &map),
        field(6, &pair("user_id", "7")),
        field(9, &[1; 16]),
        field(10, &[0; 8]),
    ]
    .concat();
    let json = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[{"logRecords":[{"severityText":"INFO","body":{"kvlistValue":{"values":[{"key":"in_body","value":{"stringValue":"x"}}]}},"attributes":[{"key":"user_id","value":{"stringValue":"7"}}],"traceId":"01010101010101010101010101010101","spanId":""}]}]}]}"#;
    let of = evidence(ExportedSignal::Logs, false, &request(&[record]));
    assert_eq!(of, evidence(ExportedSignal::Logs, true, json.as_bytes()));
    let logs = &of.logs.unwrap()["shop"];
    assert_eq!(
        logs.fields.keys().collect::<Vec<_>>(),
        ["body", "in_body", "severity", "trace_id", "user_id"]
    );
}

#[test]
fn what_is_broken_is_said_and_the_bound_on_names_holds() {
    let mut one = ContractEvidence::new(None, HOW);
    assert!(one.request(ExportedSignal::Logs, true, b"{").is_err());
    assert!(one.request(ExportedSignal::Logs, false, &[0x0a, 200]).is_err());
    assert!(one.request(ExportedSignal::Metrics, true, &vec![b' '; 5 << 20]).is_err());
    // A million records without anything in them are counted in place.
    let empty = request(&vec![Vec::new(); 1_000_000]);
    one.request(ExportedSignal::Logs, false, &empty).unwrap();
    assert_eq!(one.logs.as_ref().unwrap()["shop"].records, 1_000_000);
    for number in 0..400_u32 {
        let items: Vec<_> = (0..1000).map(|i| field(1, format!("{number}.{i}").as_bytes())).collect();
        one.request(ExportedSignal::Metrics, false, &request(&items)).unwrap();
    }
    assert!(one.metrics.as_ref().unwrap().len() < 400_000);
    assert!(one.signals_lack.iter().any(|lack| lack.contains("MiB")));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        let sound = request(&[[field(1, b"m"), field(5, &bytes)].concat()]);
        for bytes in [&bytes[..], &sound[..cut.min(sound.len())]] {
            for signal in [ExportedSignal::Metrics, ExportedSignal::Logs] {
                for json in [false, true] {
                    drop(ContractEvidence::new(None, HOW).request(signal, json, bytes));
                }
            }
        }
    }
}
