//! OTLP in all the ways that files hold it.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::metrics::{Scrape, ScrapedPlace, exporter_uses, observe};

/// A field of a protobuf message with bytes in it, and one of eight bytes.
fn bytes(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut length = Vec::new();
    let mut rest = inner.len();
    while rest >= 0x80 {
        length.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    length.push(rest as u8);
    [vec![number << 3 | 2], length, inner.to_vec()].concat()
}

fn eight(number: u8, bits: u64) -> Vec<u8> {
    [vec![number << 3 | 1], bits.to_le_bytes().to_vec()].concat()
}

fn attribute_of(number: u8, key: &str, value: &str) -> Vec<u8> {
    let value = bytes(2, &bytes(1, value.as_bytes()));
    bytes(number, &[bytes(1, key.as_bytes()), value].concat())
}

const AT: u64 = 1_700_000_000_000_000_000;

/// One export of a program whose queue refused spans: the counter as it stood, and 30 ms per export.
fn export(at: u64, dropped: u64, exports: u64) -> Vec<u8> {
    let bsp = attribute_of(7, "otel.component.name", "batching_span_processor/0");
    let exporter = attribute_of(7, "otel.component.name", "otlp_grpc_span_exporter/0");
    let number =
        |attributes: Vec<u8>, value: u64| bytes(1, &[attributes, eight(3, at), eight(6, value)].concat());
    let sum = |name: &str, points: Vec<u8>| {
        bytes(
            2,
            &[bytes(1, name.as_bytes()), bytes(7, &[points, vec![2 << 3, 2, 3 << 3, 1]].concat())].concat(),
        )
    };
    let gauge =
        |name: &str, point: Vec<u8>| bytes(2, &[bytes(1, name.as_bytes()), bytes(5, &point)].concat());
    let full = [bsp.clone(), attribute_of(7, "error.type", "queue_full")].concat();
    let time = bytes(
        1,
        &[
            attribute_of(9, "otel.component.name", "otlp_grpc_span_exporter/0"),
            eight(3, at),
            eight(4, exports),
            eight(5, (exports as f64 * 0.03).to_bits()),
            bytes(6, &[0_u64.to_le_bytes(), exports.to_le_bytes()].concat()),
            bytes(7, &0.01_f64.to_bits().to_le_bytes()),
        ]
        .concat(),
    );
    let duration = bytes(
        2,
        &[
            bytes(1, b"otel.sdk.exporter.operation.duration"),
            bytes(3, b"s"),
            bytes(9, &[time, vec![2 << 3, 2]].concat()),
        ]
        .concat(),
    );
    let scope = [
        gauge("otel.sdk.processor.span.queue.capacity", number(bsp.clone(), 2048)),
        gauge("otel.sdk.processor.span.queue.size", number(bsp.clone(), 2048)),
        sum(
            "otel.sdk.processor.span.processed",
            [number(bsp, exports * 512), number(full, dropped)].concat(),
        ),
        sum("otel.sdk.exporter.span.exported", number(exporter, exports * 512)),
        duration,
    ]
    .concat();
    let resource = bytes(1, &attribute_of(1, "service.name", "shop"));
    bytes(1, &[resource, bytes(2, &scope)].concat())
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let one = |message: &Vec<u8>| [(message.len() as u32).to_be_bytes().to_vec(), message.clone()].concat();
    messages.iter().flat_map(one).collect()
}

/// What is said of a page and an earlier one.
fn dropped(pages: &OtlpPages) -> (String, Option<f64>) {
    let before = pages.first.as_ref().map(|(text, apart_s)| (text.as_str(), *apart_s));
    let last = Scrape { text: &pages.last, at_s: Some(pages.at_s) };
    let place = ScrapedPlace { source: "metrics.pb", before, last };
    assert_eq!(observe(&[place], None).len(), 1, "{}", pages.last);
    let uses = exporter_uses(&place);
    (uses[0].service.clone(), (uses[0].calls > 0.0).then(|| uses[0].busy()))
}

#[test]
fn metrics_in_protobuf_and_in_json_say_the_same() {
    let exports = [export(AT, 100, 10), export(AT + 10_000_000_000, 5_100, 340)];
    let file = framed(&exports);
    assert!(is_otlp(&file) && is_otlp(&exports[0]));
    let found = pages(&file).unwrap();
    // 330 exports of 30 ms in ten seconds.
    let (service, busy) = dropped(&found);
    assert_eq!(service, "shop");
    assert!((busy.unwrap() - 0.99).abs() < 1e-9, "{busy:?}");
    assert!((found.first.as_ref().unwrap().1 - 10.0).abs() < 1e-9);
    assert!(found.last.contains("\"error.type\"=\"queue_full\"} 5100 1700000010000"), "{}", found.last);
    assert!(found.last.contains("_bucket\""), "{}", found.last);
    // The same as a collector's file exporter writes it in JSON, an export per line.
    let lines: Vec<String> =
        requests(&file, OtlpMessage::Metrics).unwrap().iter().map(Value::to_string).collect();
    let json = lines.join("\n");
    assert!(is_otlp(json.as_bytes()));
    assert_eq!(pages(json.as_bytes()).unwrap(), found);
    // One export alone has no earlier one.
    assert_eq!(pages(&exports[0]).unwrap().first, None);
}

#[test]
fn counts_from_point_to_point_are_added_up_and_what_came_up_later_was_nothing_before() {
    let point = |at: u64, value: u64| json!({ "timeUnixNano": at.to_string(), "asInt": value.to_string() });
    let of = |temporality: Value, name: &str, points: Vec<Value>| json!({ "name": name, "sum": { "dataPoints": points, "aggregationTemporality": temporality, "isMonotonic": true } });
    let seconds = |s: u64| AT + s * 1_000_000_000;
    let delta = |s, value| of(json!(1), "delta", vec![point(seconds(s), value)]);
    let sum =
        |s, value| of(json!("AGGREGATION_TEMPORALITY_CUMULATIVE"), "late", vec![point(seconds(s), value)]);
    let request =
        |metrics: Vec<Value>| json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": metrics }] }] });
    let all = [
        request(vec![delta(0, 5)]),
        request(vec![delta(10, 7)]),
        request(vec![delta(20, 1), sum(20, 40)]),
        request(vec![delta(30, 2), sum(30, 60)]),
    ];
    let text: Vec<String> = all.iter().map(Value::to_string).collect();
    let found = pages(text.join("\n").as_bytes()).unwrap();
    assert_eq!(found.last, "{\"delta\"} 15 1700000030000\n{\"late\"} 60 1700000030000\n");
    let (first, apart) = found.first.unwrap();
    assert_eq!(first, "{\"delta\"} 5 1700000000000\n{\"late\"} 0 1700000000000\n");
    assert!((apart - 30.0).abs() < 1e-9);
}

#[test]
fn pages_of_prometheus_are_none_and_what_is_broken_says_so() {
    for page in ["", "\n", "# HELP a b\na 1\n", "{\"otel.x\"} 1\n", "{\"resource.x\",a=\"b\"} 1\n"] {
        assert!(!is_otlp(page.as_bytes()), "{page}");
    }
    let whole = export(AT, 1, 2);
    assert!(pages(&whole[..whole.len() - 3]).is_err());
    assert!(pages(&framed(&[whole])[..40]).unwrap_err().contains("cut short"));
    assert_eq!(pages(b"{\"resourceMetrics\":[]}").unwrap_err(), "it holds no point of a metric");
    assert!(pages(b"{\"resourceMetrics\":[").is_err());
}

#[test]
fn traces_in_protobuf_are_those_of_json() {
    let span = |id: u8, end: u64| {
        bytes(
            2,
            &[bytes(1, &[7; 16]), bytes(2, &[id; 8]), bytes(5, b"work"), eight(7, AT), eight(8, end)]
                .concat(),
        )
    };
    let scope = [span(1, AT + 5), span(2, AT + 9)].concat();
    let resource = bytes(1, &attribute_of(1, "service.name", "shop"));
    let message = bytes(1, &[resource, bytes(2, &scope)].concat());
    let found = requests(&message, OtlpMessage::Traces).unwrap();
    let spans: Vec<&Value> = list(&found[0], "resourceSpans")
        .flat_map(|resource| list(resource, "scopeSpans"))
        .flat_map(|scope| list(scope, "spans"))
        .collect();
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0]["traceId"], json!("07".repeat(16)));
    assert_eq!(spans[1]["spanId"], json!("02".repeat(8)));
    assert_eq!(whole(spans[1].get("endTimeUnixNano")), Some(AT + 9));
}

proptest! {
    #[test]
    fn nothing_ends_the_reader(mut noise in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..600) {
        let whole = export(AT, 3, 4);
        drop(pages(&whole[..cut.min(whole.len())]));
        drop(pages(&noise));
        noise.insert(0, 0x0a);
        drop(requests(&noise, OtlpMessage::Traces));
    }
}
