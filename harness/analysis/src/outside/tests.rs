//! Pages as the Go SDK 1.47.0 with its Prometheus exporter and collectors write them, with what is right to say of each.

use spanfate_model::finding::outside::{OutsideFactor, OutsidePart, Sureness};

use super::*;
use crate::metrics::Scrape;

/// Counters of a Go service at a moment.
#[derive(Clone, Copy, Default)]
struct PageOf {
    handed: u64,
    full: u64,
    queued: u64,
    /// Exports that went well: how many, seconds in all, and how many of them took no longer than 25 ms.
    well: (u64, f64, u64),
    /// Exports that failed: how many, seconds in all.
    failed: (u64, f64),
    cpu_s: f64,
    /// Waits for a processor: all, and those of no more than a millisecond.
    waits: (u64, u64),
}

impl PageOf {
    fn text(&self) -> String {
        let Self { handed, full, queued, well, failed, cpu_s, waits } = *self;
        let bsp = r#"otel_component_name="batching_span_processor/0",otel_component_type="batching_span_processor""#;
        let otlp = r#"otel_component_name="otlp_grpc_span_exporter/0",server_address="collector",server_port="4317""#;
        let bad = r#"error_type="*errors.errorString",rpc_response_status_code="UNAVAILABLE""#;
        let (all, sum) = (well.0 + failed.0, well.1 + failed.1);
        let mut out = format!(
            "otel_sdk_processor_span_queue_capacity{{{bsp}}} 2048\notel_sdk_processor_span_queue_size{{{bsp}}} {queued}\n\
             otel_sdk_processor_span_processed_total{{{bsp}}} {handed}\n\
             otel_sdk_processor_span_processed_total{{error_type=\"queue_full\",{bsp}}} {full}\n\
             otel_sdk_exporter_span_exported_total{{{otlp}}} {}\n\
             otel_sdk_exporter_operation_duration_seconds_bucket{{{otlp},rpc_response_status_code=\"OK\",le=\"0.025\"}} {}\n\
             otel_sdk_exporter_operation_duration_seconds_bucket{{{otlp},rpc_response_status_code=\"OK\",le=\"+Inf\"}} {}\n\
             otel_sdk_exporter_operation_duration_seconds_sum{{{otlp},rpc_response_status_code=\"OK\"}} {}\n\
             otel_sdk_exporter_operation_duration_seconds_count{{{otlp},rpc_response_status_code=\"OK\"}} {}\n",
            well.0 * 512,
            well.2,
            well.0,
            well.1,
            well.0
        );
        if failed.0 > 0 {
            out += &format!(
                "otel_sdk_exporter_span_exported_total{{{otlp},error_type=\"*errors.errorString\"}} {}\n\
                 otel_sdk_exporter_operation_duration_seconds_sum{{{otlp},{bad}}} {}\n\
                 otel_sdk_exporter_operation_duration_seconds_count{{{otlp},{bad}}} {}\n",
                failed.0 * 512,
                failed.1,
                failed.0
            );
        }
        if cpu_s > 0.0 {
            out += &format!(
                "process_cpu_seconds_total {cpu_s}\ngo_sched_gomaxprocs_threads 1\n\
                 go_sched_latencies_seconds_bucket{{le=\"0.001\"}} {}\ngo_sched_latencies_seconds_bucket{{le=\"+Inf\"}} {}\n",
                waits.1, waits.0
            );
        }
        assert!(all == 0 || sum > 0.0);
        out + "target_info{service_name=\"shop\",telemetry_sdk_language=\"go\"} 1\n"
    }
}

/// What is said of two pages that are ten seconds apart.
fn said(first: PageOf, last: PageOf, beside: BesideMetrics<'_>) -> OutsidePart {
    let (first, last) = (first.text(), last.text());
    let place = ScrapedPlace {
        source: "metrics.txt",
        before: Some((&first, 10.0)),
        last: Scrape { text: &last, at_s: None },
    };
    let mut found = outside(&[place], None, beside).unwrap();
    assert_eq!(found.parts.len(), 1, "{found:?}");
    found.parts.remove(0)
}

fn causes(part: &OutsidePart) -> Vec<(OutsideFactor, Sureness)> {
    part.causes.iter().map(|cause| (cause.cause, cause.sure)).collect()
}

/// 330 exports of 30 ms in ten seconds: the worker has no time left.
const BUSY: PageOf = PageOf {
    handed: 168_960,
    full: 80_000,
    queued: 2048,
    well: (330, 9.9, 0),
    failed: (0, 0.0),
    cpu_s: 0.0,
    waits: (0, 0),
};

#[test]
fn a_worker_without_time_left_has_slow_exports_and_what_makes_them_slow_stays_open() {
    let part = said(PageOf::default(), BUSY, BesideMetrics::default());
    assert_eq!(causes(&part), [(OutsideFactor::SlowExport, Sureness::Follows)], "{part:?}");
    assert!((part.causes[0].share.unwrap() - 1.0).abs() < 1e-9 && part.lost == Some(80_000.0));
    assert!(
        part.causes[0]
            .evidence
            .contains("in exports for 99 % of the time, 30.0 ms each: 17,067 spans/s at most"),
        "{part:?}"
    );
    assert!(part.open[0].contains("want of CPU"), "{part:?}");
    // With room on its processor it is not the CPU.
    let idle = PageOf { cpu_s: 4.0, waits: (10_000, 9_990), ..BUSY };
    let part = said(PageOf { cpu_s: 1.0, ..PageOf::default() }, idle, BesideMetrics::default());
    assert_eq!(causes(&part), [(OutsideFactor::SlowExport, Sureness::Follows)]);
    assert!(!part.open[0].contains("want of CPU"), "{part:?}");
}

#[test]
fn exports_that_are_slow_while_the_process_lacks_cpu_may_be_either() {
    let starved = PageOf { cpu_s: 10.9, waits: (10_000, 4_000), ..BUSY };
    let part = said(PageOf { cpu_s: 1.0, ..PageOf::default() }, starved, BesideMetrics::default());
    let expected =
        [(OutsideFactor::CpuStarved, Sureness::Possible), (OutsideFactor::SlowExport, Sureness::Possible)];
    assert_eq!(causes(&part), expected);
    assert!(part.causes[0].evidence.contains("0.99 of 1 cores, 60 % of its goroutines' waits"), "{part:?}");
}

#[test]
fn drops_beside_a_worker_that_has_time_left_are_bursts_where_no_export_was_slow() {
    // 100 exports of 5 ms; a full batch comes in 180 ms in the mean.
    let burst = PageOf { handed: 51_200, full: 3_000, queued: 0, well: (100, 0.5, 100), ..PageOf::default() };
    let part = said(PageOf::default(), burst, BesideMetrics::default());
    assert_eq!(causes(&part), [(OutsideFactor::Burst, Sureness::Follows)], "{part:?}");
    // Two that took long leave it open.
    let slow = PageOf { well: (100, 2.5, 98), ..burst };
    let part = said(PageOf::default(), slow, BesideMetrics::default());
    let expected =
        [(OutsideFactor::Burst, Sureness::Possible), (OutsideFactor::SlowExport, Sureness::Possible)];
    assert_eq!(causes(&part), expected, "{part:?}");
    assert!(part.causes[1].evidence.starts_with("2 of 100 exports"), "{part:?}");
    // And a worker that is not run has time left, too.
    let starved = PageOf { cpu_s: 10.9, waits: (10_000, 4_000), ..burst };
    let part = said(PageOf { cpu_s: 1.0, ..PageOf::default() }, starved, BesideMetrics::default());
    assert_eq!(causes(&part)[0], (OutsideFactor::CpuStarved, Sureness::Possible));
}

#[test]
fn failing_exports_are_counted_and_fill_the_queue_by_their_time() {
    let failing = PageOf {
        handed: 40_960,
        full: 20_000,
        queued: 2048,
        well: (78, 0.4, 78),
        failed: (2, 9.5),
        ..PageOf::default()
    };
    let lines =
        "2026/11/29 12:00:00 traces export: rpc error: code = Unavailable desc = no healthy upstream\n";
    let part = said(PageOf::default(), failing, BesideMetrics { logs: Some(lines), traces: None });
    let expected = [
        (OutsideFactor::ExportFailing, Sureness::Counted),
        (OutsideFactor::ExportFailing, Sureness::Follows),
    ];
    assert_eq!(causes(&part), expected, "{part:?}");
    assert_eq!(part.causes[0].share, Some(1_024.0 / 21_024.0));
    assert!(
        part.causes[0]
            .evidence
            .contains("2 exports ended with UNAVAILABLE; 1 log lines say gRPC Unavailable"),
        "{part:?}"
    );
    assert!(part.causes[1].evidence.contains("took 95 % of the time"));
}

#[test]
fn nothing_lost_has_no_cause() {
    let well = PageOf { handed: 51_200, well: (100, 0.5, 100), ..PageOf::default() };
    let part = said(PageOf::default(), well, BesideMetrics::default());
    assert!(part.causes.is_empty() && part.lost == Some(0.0) && !part.since_start, "{part:?}");
}

/// Spans of a service that end at these milliseconds.
fn traces(service: &str, ends: impl Iterator<Item = u64>) -> String {
    let span = |(number, ms): (usize, u64)| {
        format!(
            r#"{{"traceId":"{number:032x}","spanId":"{number:016x}","parentSpanId":"","name":"a","endTimeUnixNano":"{}"}}"#,
            1_700_000_000_000_000_000 + ms * 1_000_000
        )
    };
    let spans: Vec<String> = ends.enumerate().map(span).collect();
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    )
}

#[test]
fn traces_show_a_stall_and_what_caught_up_behind_it() {
    let burst = PageOf { handed: 51_200, full: 3_000, queued: 0, well: (100, 0.5, 100), ..PageOf::default() };
    // 100/s for three seconds, nothing for two, and then 200 at once.
    let ends = (0..300)
        .map(|n| n * 10)
        .chain((0..200).map(|n| 5_000 + n / 4))
        .chain((0..100).map(|n| 5_100 + n * 10));
    let text = traces("shop", ends);
    let part = said(PageOf::default(), burst, BesideMetrics { traces: Some(text.as_bytes()), logs: None });
    assert!(
        part.causes[0].evidence.contains("after 2.0 s without a span: it caught up after a stall"),
        "{part:?}"
    );
    let lines = format!("{text}\n{text}\n");
    let last = burst.text();
    let place = ScrapedPlace { source: "m", before: None, last: Scrape { text: &last, at_s: None } };
    let found =
        outside(&[place], None, BesideMetrics { traces: Some(lines.as_bytes()), logs: None }).unwrap();
    assert!(found.traces[0].starts_with("shop: 1200 spans arrived"), "{found:?}");
}

#[test]
fn traces_that_are_none_are_refused() {
    let none = |text: &str| {
        outside(&[], None, BesideMetrics { traces: Some(text.as_bytes()), logs: None }).unwrap_err()
    };
    assert!(none("{").contains("no OTLP in JSON or protobuf: object 1"));
    assert!(none("{}").contains("hold no span") && none("").contains("hold no span"));
}

const COLLECTOR: &str = include_str!("../../tests/metrics/collector-0.130-given-up.prom");

#[test]
fn a_collectors_exporter_that_gave_up_says_it() {
    let place = ScrapedPlace { source: "c", before: None, last: Scrape { text: COLLECTOR, at_s: None } };
    let found = outside(&[place], None, BesideMetrics::default()).unwrap();
    let part = found.parts.iter().find(|part| part.lost.is_some_and(|lost| lost > 0.0)).unwrap();
    assert_eq!(causes(part)[0], (OutsideFactor::ExportFailing, Sureness::Counted), "{part:?}");
    assert!(part.since_start);
}
