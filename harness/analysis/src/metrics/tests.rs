//! Pages as the Go SDK's Prometheus exporter, Prometheus itself and collectors write them.

mod pages;

use spanfate_model::advice::observed::{FleetRow, Known, Risk};

use super::*;

fn page(processed: u64, full: u64, queued: u64, exported: u64, exports: (u64, f64)) -> String {
    let (count, sum) = exports;
    format!(
        r#"# HELP otel_sdk_processor_span_queue_capacity The maximum number of spans the queue of a given instance of an SDK span processor can hold.
# TYPE otel_sdk_processor_span_queue_capacity gauge
otel_sdk_processor_span_queue_capacity{{otel_component_name="batching_span_processor/0",otel_component_type="batching_span_processor",otel_scope_name="go.opentelemetry.io/otel/sdk/trace/internal/observ",otel_scope_version="1.47.0"}} 2048
otel_sdk_processor_span_queue_size{{otel_component_name="batching_span_processor/0",otel_component_type="batching_span_processor"}} {queued}
# TYPE otel_sdk_processor_span_processed_total counter
otel_sdk_processor_span_processed_total{{otel_component_name="batching_span_processor/0",otel_component_type="batching_span_processor"}} {processed}
otel_sdk_processor_span_processed_total{{error_type="queue_full",otel_component_name="batching_span_processor/0",otel_component_type="batching_span_processor"}} {full}
otel_sdk_exporter_span_exported_total{{otel_component_name="otlp_grpc_span_exporter/0",server_address="localhost",server_port="4317"}} {exported}
otel_sdk_exporter_operation_duration_seconds_bucket{{otel_component_name="otlp_grpc_span_exporter/0",le="0.005"}} 0
otel_sdk_exporter_operation_duration_seconds_sum{{otel_component_name="otlp_grpc_span_exporter/0",rpc_response_status_code="OK"}} {sum}
otel_sdk_exporter_operation_duration_seconds_count{{otel_component_name="otlp_grpc_span_exporter/0",rpc_response_status_code="OK"}} {count}
otel_sdk_exporter_operation_duration_seconds_count{{otel_component_name="otlp_grpc_metric_exporter/1"}} 77
target_info{{service_name="shop",telemetry_sdk_language="go"}} 1
process_start_time_seconds 1.7e+09
go_goroutines 12"#
    )
}

fn look(before: Option<(&str, f64)>, last: &str, at_s: Option<f64>, batch: Option<u32>) -> Vec<FleetRow> {
    observe(&[ScrapedPlace { source: "metrics.txt", before, last: Scrape { text: last, at_s } }], batch)
}

fn is(known: &Known, expected: f64) -> bool {
    known.value().is_some_and(|value| (value - expected).abs() < 1e-6 * expected.abs().max(1.0))
}

#[test]
fn two_pages_give_rates_ceiling_and_what_to_set() {
    // 15 s apart: 512 spans per export of 30 ms, 500 exports; 119,000 more were dropped.
    let first = page(100_000, 50, 48, 99_488, (200, 6.0));
    let last = page(356_000, 119_050, 2_048, 355_488, (700, 21.0));
    let rows = look(Some((&first, 15.0)), &last, None, Some(512));
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.service.as_str(), row.component.as_str()), ("shop", "batching_span_processor/0"));
    assert!(is(&row.spans_per_s, (256_000.0 + 119_000.0 + 2_000.0) / 15.0), "{row:?}");
    assert!(is(&row.export_s, 0.03) && is(&row.ceiling_per_s, 512.0 / 0.03), "{row:?}");
    assert!(is(&row.dropped, 119_050.0) && row.dropped_lately == Some(119_000.0));
    assert_eq!(row.risk, Risk::Losing);
    let set = row.set.unwrap();
    assert_eq!((set.batch, set.queue), (960, 2048));
    assert!(matches!(row.notes.as_slice(), [one] if one.contains("if an export takes no longer")), "{row:?}");
}

#[test]
fn a_loss_with_headroom_has_a_reason_and_a_queue_and_no_default_batch() {
    // 490 spans per export of 20 ms: 24,500/s, of which 21,000 are asked; and 1,000 were dropped.
    let first = page(100_000, 0, 48, 99_952, (200, 4.0));
    let last = page(414_000, 1_000, 48, 414_152, (841, 16.82));
    let rows = look(Some((&first, 15.0)), &last, None, None);
    let row = &rows[0];
    let headroom = row.ceiling_per_s.value().unwrap() - row.spans_per_s.value().unwrap();
    assert!((3_000.0..4_000.0).contains(&headroom) && row.risk == Risk::Losing, "{row:?}");
    let reason = row.notes.iter().find(|note| note.contains("left on average"));
    assert!(reason.is_some_and(|note| note.contains("a queue of 2048 is too short")), "{row:?}");
    assert!(row.set.unwrap().queue > 20_000, "{row:?}");
}

#[test]
fn a_single_page_gives_means_since_the_start_where_both_times_are_known() {
    let text = page(256_000, 0, 0, 255_488, (499, 14.97));
    let rows = look(None, &text, Some(1_700_000_100.0), None);
    let row = &rows[0];
    assert!(is(&row.over_s, 100.0) && is(&row.spans_per_s, 2_560.0) && is(&row.batch, 512.0), "{row:?}");
    assert_eq!((row.risk, row.set, row.dropped_lately), (Risk::Low, None, None));
    // Without a time there is no rate, and it is said why.
    for (at, why) in [(None, "give --at"), (Some(1_699_999_999.0), "older than the start")] {
        let row = &look(None, &text, at, None)[0];
        assert!(row.spans_per_s.why().unwrap().contains(why), "{row:?}");
        assert_eq!((row.risk, row.set), (Risk::Unknown, None));
    }
    let unborn = text.replace("process_start_time_seconds", "other");
    assert!(look(None, &unborn, Some(1.8e9), None)[0].spans_per_s.why().unwrap().contains("--apart"));
}

#[test]
fn a_new_start_between_the_pages_gives_no_rate() {
    let (first, last) = (page(100_000, 0, 0, 99_488, (200, 6.0)), page(90_000, 0, 0, 89_488, (190, 5.0)));
    let row = &look(Some((&first, 15.0)), &last, None, None)[0];
    assert!(row.spans_per_s.why().unwrap().contains("started anew"), "{row:?}");
    let other = first.replace("1.7e+09", "1.70001e+09");
    assert!(look(Some((&first, 15.0)), &other, None, None)[0].spans_per_s.why().is_some());
    // It has counted nothing since; or it runs for less long than before, and has counted more.
    let gauges: Vec<&str> = last.lines().filter(|line| line.contains("span_queue_")).collect();
    let silent = gauges.join("\n") + "\ntarget_info{service_name=\"shop\"} 1\n";
    let row = &look(Some((&first, 15.0)), &silent, None, None)[0];
    assert!(row.over_s.why().unwrap().contains("started anew"), "{row:?}");
    let later = COLLECTOR.replace("} 90000", "} 99000").replace("} 50\n", "} 8\n");
    let row = &look(Some((COLLECTOR, 10.0)), &later, None, None)[0];
    assert!(row.spans_per_s.why().unwrap().contains("started anew"), "{row:?}");
    // Nothing moved: a rate of 0, and no time of an export.
    let row = &look(Some((&first, 15.0)), &first, None, None)[0];
    assert!(is(&row.spans_per_s, 0.0) && row.export_s.why().unwrap().contains("no export ended"), "{row:?}");
}

#[test]
fn many_services_of_one_page_get_a_row_each() {
    // As Prometheus federates: UTF-8 names, job and instance, a time in milliseconds.
    let one = |job: &str, n: u32| {
        let labels = format!(
            r#""job"="{job}",instance="10.0.0.{n}:9464","otel.component.name"="batching_span_processor/0""#
        );
        let exporter = labels.replace("batching_span_processor/0", "otlp_http_span_exporter/0");
        format!(
            "{{\"otel.sdk.processor.span.queue.capacity\",{labels}}} 2048 1700000010000\n\
             {{\"otel.sdk.processor.span.queue.size\",{labels}}} {n}\n\
             {{\"otel.sdk.processor.span.processed\",{labels}}} 10000\n\
             {{\"otel.sdk.exporter.span.exported\",{exporter}}} 10000\n\
             {{\"otel.sdk.exporter.span.exported\",{exporter},error_type=\"*url.Error\"}} 240\n\
             {{\"otel.sdk.exporter.operation.duration_sum\",{exporter}}} 1\n\
             {{\"otel.sdk.exporter.operation.duration_count\",{exporter}}} 20\n\
             process_start_time_seconds{{job=\"{job}\",instance=\"10.0.0.{n}:9464\"}} 1700000000\n"
        )
    };
    let text = one("b/cart", 2) + &one("b/cart", 1) + &one("a/shop", 3);
    let rows = look(None, &text, None, None);
    let names: Vec<&str> = rows.iter().map(|row| row.service.as_str()).collect();
    assert_eq!(names, ["a/shop 10.0.0.3:9464", "b/cart 10.0.0.1:9464", "b/cart 10.0.0.2:9464"]);
    assert!(is(&rows[0].spans_per_s, 1_000.3) && is(&rows[0].batch, 512.0), "{:?}", rows[0]);
    assert!(rows[0].notes[0].contains("240 spans were in exports that failed"));
}

#[test]
fn which_exporter_belongs_to_which_processor_is_not_guessed() {
    let text = page(256_000, 3, 0, 255_488, (499, 14.97));
    let second = text
        .lines()
        .filter(|line| line.contains("exporter/0"))
        .map(|line| line.replace("exporter/0", "exporter/1"));
    let two: String = text.lines().map(str::to_owned).chain(second).map(|line| line + "\n").collect();
    let row = &look(None, &two, Some(1_700_000_100.0), None)[0];
    assert!(row.export_s.why().unwrap().contains("which of 2 exporters"), "{row:?}");
    assert_eq!((row.risk, row.set), (Risk::High, None));
    assert!(row.notes[0].contains("--rtt"), "{row:?}");
}

#[test]
fn what_is_missing_is_said() {
    // A view that drops `processed`, and an exporter alone.
    let text = page(1, 0, 0, 5_000, (10, 1.0));
    let without =
        |part: &str| text.lines().filter(|line| !line.contains(part)).collect::<Vec<_>>().join("\n");
    let row = &look(None, &without("processed_total"), Some(1_700_000_100.0), None)[0];
    assert!(row.spans_per_s.why().unwrap().contains("processed") && row.dropped.why().is_some(), "{row:?}");
    let rows = look(None, &without("batching_span_processor/0"), Some(1_700_000_100.0), None);
    assert_eq!(rows[0].component, "otlp_grpc_span_exporter/0");
    assert!(is(&rows[0].spans_per_s, 50.0) && rows[0].queue.why().unwrap().contains("1.38"), "{rows:?}");
    assert_eq!(rows[0].risk, Risk::Unknown);
    // A processor without a queue drops nothing.
    let simple =
        "otel_sdk_processor_span_processed_total{otel_component_name=\"simple_span_processor/0\"} 5\n";
    assert_eq!(look(None, simple, None, None), []);
}

#[test]
fn a_page_of_anything_is_read() {
    let text = page(256_000, 0, 0, 255_488, (499, 14.97));
    let twice = format!("{text}\n{text}\n<html>\notel_sdk_processor_span_queue_size NaN\n");
    let row = &look(None, &twice, Some(1_700_000_100.0), None)[0];
    assert!(is(&row.spans_per_s, 2_560.0), "nothing is added up twice: {row:?}");
    assert_eq!(row.notes.len(), 2, "{row:?}");
    for nothing in ["", "\n\n", "<html><body>404</body></html>", "a 1"] {
        assert_eq!(look(None, nothing, None, None), []);
    }
}

const COLLECTOR: &str = r#"otelcol_exporter_queue_capacity{data_type="traces",exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 1000
otelcol_exporter_queue_size{data_type="traces",exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 600
otelcol_exporter_queue_size{data_type="logs",exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 999
otelcol_exporter_queue_batch_send_size_sum{exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 100000
otelcol_exporter_queue_batch_send_size_count{exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 200
otelcol_exporter_sent_spans{exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 90000
otelcol_exporter_send_failed_spans{exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 9000
otelcol_exporter_enqueue_failed_spans{exporter="otlp",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 1000
otelcol_receiver_refused_spans{receiver="otlp",transport="grpc",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 1000
otelcol_processor_batch_batch_send_size_sum{processor="batch",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 100000
otelcol_processor_batch_batch_send_size_count{processor="batch",service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 200
otelcol_process_uptime{service_instance_id="c1",service_name="otelcol",service_version="0.122.0"} 50
"#;

#[test]
fn a_collectors_exporter_has_a_row() {
    let rows = look(None, COLLECTOR, None, None);
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(
        (row.service.as_str(), row.component.as_str(), row.risk),
        ("otelcol c1", "otlp", Risk::Losing)
    );
    assert!(is(&row.spans_per_s, 2_000.0) && is(&row.batch, 500.0) && is(&row.queued, 600.0), "{row:?}");
    // 400 requests of 500 spans are left, at 2,000 spans/s.
    assert!(row.notes[1].contains("outlasts 100.0 s"), "{row:?}");
    assert!(row.export_s.why().is_some() && row.notes[0].contains("9,000 of 99,000 spans were given up"));
    let later = COLLECTOR.replace("90000", "120000").replace("} 1000\notelcol_rec", "} 1500\notelcol_rec");
    let row = &look(Some((COLLECTOR, 10.0)), &later, None, None)[0];
    assert!(is(&row.spans_per_s, 3_050.0) && row.dropped_lately == Some(500.0), "{row:?}");
    assert_eq!(row.risk, Risk::Losing);
}

/// As a Go program with SDK 1.47.0 and the Prometheus exporter 0.69.0 gave it: 25,000 spans/s, a receiver that answers after 30 ms.
#[test]
fn a_page_of_the_real_sdk_is_read() {
    let text = include_str!("../../tests/metrics/go-sdk-1.47.0.prom");
    let row = &look(None, text, Some(1_795_685_464.77), Some(512))[0];
    assert_eq!((row.service.as_str(), row.component.as_str()), ("shop", "batching_span_processor/0"));
    // 168,960 handed over, 104,622 dropped and 1,699 queued in 11.69 s; 329 exports in 10.713 s.
    assert!(is(&row.spans_per_s, 275_281.0 / (1_795_685_464.77 - 1_795_685_453.08)), "{row:?}");
    assert!(is(&row.export_s, 10.713_138_316_999_991 / 329.0) && is(&row.dropped, 104_622.0), "{row:?}");
    assert_eq!((row.risk, row.set.map(|set| set.batch)), (Risk::Losing, Some(960)));
}
