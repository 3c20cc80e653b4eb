//! Pages as released collectors and SDKs write them, and the row that each must give.

use spanfate_model::advice::observed::{FleetRow, QueueUnit, Risk};

use super::{is, look};

macro_rules! page {
    ($name:literal) => {
        include_str!(concat!("../../../tests/metrics/", $name, ".prom"))
    };
}

/// What a page must give: its one row, and parts of its notes.
struct Expected {
    page: &'static str,
    service: &'static str,
    component: &'static str,
    spans_per_s: f64,
    /// Dropped for a full queue, and given up after failed exports.
    lost: (f64, f64),
    unit: QueueUnit,
    risk: Risk,
    says: &'static [&'static str],
    /// Parts that no note may have.
    never: &'static [&'static str],
}

const EXPECTED: [Expected; 9] = [
    Expected {
        page: page!("collector-0.88"),
        service: "otelcol-contrib c88",
        component: "otlp",
        spans_per_s: 2000.0,
        lost: (0.0, 0.0),
        unit: QueueUnit::Requests,
        risk: Risk::Low,
        // 800 requests of 500 spans at 2,000 spans/s.
        says: &["outlasts 200.0 s"],
        never: &["set:", "sizer"],
    },
    Expected {
        page: page!("collector-0.100"),
        service: "otelcol c100",
        component: "otlp/backend",
        spans_per_s: 1000.0,
        lost: (30_000.0, 0.0),
        unit: QueueUnit::Requests,
        risk: Risk::Losing,
        says: &[
            "30,000 spans found no room",
            "set: sending_queue.queue_size",
            "refused 30,000 spans in all, as often as",
        ],
        never: &["outlasts", "wait in a queue"],
    },
    Expected {
        page: page!("collector-0.115-filter"),
        service: "otelcol-k8s c115",
        component: "otlphttp",
        spans_per_s: 400.0,
        lost: (0.0, 0.0),
        unit: QueueUnit::Requests,
        risk: Risk::Low,
        says: &[],
        // What a filter took out does not wait.
        never: &["wait in a queue", "outlasts"],
    },
    Expected {
        page: page!("collector-0.130-given-up"),
        service: "otelcol c1",
        component: "otlp",
        spans_per_s: 2000.0,
        lost: (0.0, 120_000.0),
        unit: QueueUnit::Unknown,
        risk: Risk::Losing,
        says: &[
            "120,000 of 120,000 spans were given up",
            "most of them: Unauthenticated",
            "a longer queue helps nothing",
        ],
        never: &["outlasts 0", "set:"],
    },
    Expected {
        page: page!("collector-0.130-bytes"),
        service: "otelcol c1",
        component: "otlphttp",
        spans_per_s: 5000.0,
        lost: (0.0, 0.0),
        unit: QueueUnit::Unknown,
        risk: Risk::Low,
        says: &["what its queue counts in is not in the metrics"],
        never: &["outlasts 2", "requests without"],
    },
    Expected {
        page: page!("collector-0.130-units"),
        service: "otelcol c130",
        component: "otlp",
        spans_per_s: 2000.0,
        lost: (0.0, 500.0),
        unit: QueueUnit::Unknown,
        // 500 of 200,000 at any time since the start.
        risk: Risk::High,
        says: &["500 of 200,000 spans were given up"],
        never: &["set:", "wait in a queue"],
    },
    Expected {
        page: page!("collector-0.165-openmetrics"),
        service: "otelcol c165",
        component: "otlp",
        spans_per_s: 2000.0,
        lost: (0.0, 0.0),
        unit: QueueUnit::Bytes,
        risk: Risk::Low,
        // 10,000,000 bytes, 500 bytes a span, 2,000 spans/s.
        says: &["outlasts 10.0 s"],
        never: &["sizer", "no metrics and were passed over"],
    },
    Expected {
        page: page!("collector-memory-limit"),
        service: "acme-collector m1",
        component: "otlp",
        spans_per_s: 1000.0,
        lost: (0.0, 0.0),
        unit: QueueUnit::Unknown,
        risk: Risk::Losing,
        says: &["refused 240,000 spans in all", "lose what they do not send again"],
        never: &["outlasts 1", "set:"],
    },
    Expected {
        page: page!("go-sdk-failing"),
        service: "shop",
        component: "batching_span_processor/0",
        spans_per_s: 51.6,
        lost: (0.0, 5120.0),
        unit: QueueUnit::Spans,
        risk: Risk::Losing,
        says: &["5,120 of 5,120 spans were in exports that failed (most of them: *errors.errorString)"],
        never: &["--rtt"],
    },
];

fn only(rows: Vec<FleetRow>) -> FleetRow {
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows.into_iter().next().unwrap()
}

fn says(row: &FleetRow, part: &str) -> bool {
    row.notes.iter().any(|note| note.contains(part))
}

#[test]
fn every_released_form_of_a_page_gives_its_right_row() {
    for expected in EXPECTED {
        let row = only(look(None, expected.page, Some(1_700_000_100.0), None));
        assert_eq!((row.service.as_str(), row.component.as_str()), (expected.service, expected.component));
        assert!(is(&row.spans_per_s, expected.spans_per_s), "{row:#?}");
        let lost = (row.dropped.value().unwrap_or(-1.0), row.given_up.value().unwrap_or(-1.0));
        assert_eq!(lost, expected.lost, "{row:#?}");
        assert_eq!((row.queue_unit, row.risk), (expected.unit, expected.risk), "{row:#?}");
        for part in expected.says {
            assert!(says(&row, part), "no `{part}`: {row:#?}");
        }
        for part in expected.never {
            assert!(!says(&row, part), "`{part}`: {row:#?}");
        }
        assert_eq!(row.set, None, "{row:#?}");
    }
}

#[test]
fn where_every_export_fails_its_time_is_no_round_trip() {
    let row = only(look(None, page!("go-sdk-failing"), Some(1_700_000_100.0), Some(512)));
    assert!(row.export_s.why().unwrap().contains("every export failed"), "{row:#?}");
    assert!(row.ceiling_per_s.value().is_none() && row.set.is_none(), "{row:#?}");
    // Two exports that end well among them: their time alone counts.
    let some = page!("go-sdk-failing").to_owned()
        + "otel_sdk_exporter_operation_duration_seconds_sum{otel_component_name=\"otlp_grpc_span_exporter/0\"} 0.06\n\
           otel_sdk_exporter_operation_duration_seconds_count{otel_component_name=\"otlp_grpc_span_exporter/0\"} 2\n\
           otel_sdk_exporter_span_exported_total{otel_component_name=\"otlp_grpc_span_exporter/0\"} 1024\n";
    let row = only(look(None, &some, Some(1_700_000_100.0), None));
    assert!(is(&row.export_s, 0.03) && is(&row.batch, 512.0), "{row:#?}");
    assert_eq!(row.risk, Risk::Losing);
}

#[test]
fn a_queue_on_disk_that_grows_is_seen_by_what_goes_in_and_out() {
    let (first, last) = (page!("collector-0.150-persistent"), page!("collector-0.150-persistent-later"));
    let before = only(look(None, first, None, None));
    assert_eq!((before.risk, before.accepted_per_s), (Risk::Low, Some(1000.0)), "{before:#?}");
    // 40,000 went in within 20 s, 10,000 came out, and its gauge did not move.
    let row = only(look(Some((first, 20.0)), last, None, None));
    assert_eq!((row.risk, row.accepted_per_s), (Risk::High, Some(2000.0)), "{row:#?}");
    assert!(is(&row.spans_per_s, 500.0) && row.queued == before.queued, "{row:#?}");
    assert!(
        says(&row, "accepted 40,000 spans between the pages") && says(&row, "done with 10,000: 30,000 wait")
    );
    // A sampler takes traces out, and no metric says how many spans these had.
    let sampler = "otelcol_processor_tail_sampling_global_count_traces_sampled{sampled=\"false\"} 9\n";
    let row = only(look(Some((first, 20.0)), &(last.to_owned() + sampler), None, None));
    assert_eq!(row.risk, Risk::Low, "{row:#?}");
    assert!(says(&row, "30,000 were sampled out, or wait"), "{row:#?}");
}

#[test]
fn an_exporter_behind_another_one_is_not_called_safe() {
    let (first, last) = (page!("collector-0.150-persistent"), page!("collector-0.150-persistent-later"));
    let other = |sent: u32| format!("otelcol_exporter_sent_spans{{exporter=\"otlp/other\"}} {sent}\n");
    let (first, last) = (first.to_owned() + &other(100_000), last.to_owned() + &other(140_000));
    let rows = look(Some((&first, 20.0)), &last, None, None);
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert_eq!((rows[0].component.as_str(), rows[0].risk), ("otlp", Risk::Unknown), "{rows:#?}");
    assert!(says(&rows[0], "this one with less") && !says(&rows[1], "this one with less"), "{rows:#?}");
}

#[test]
fn what_a_queue_counts_in_is_taken_from_labels_names_and_old_versions_alone() {
    let page = page!("collector-0.165-openmetrics");
    let unit = |page: &str| only(look(None, page, None, None)).queue_unit;
    assert_eq!(unit(&page.replace(",sizer=\"bytes\"", ",sizer=\"items\"")), QueueUnit::Spans);
    let without = page.replace(",sizer=\"bytes\"", "");
    assert_eq!(unit(&without), QueueUnit::Unknown);
    let config = "otelcol_exporter_queue_config{exporter=\"otlp\",sizer=\"requests\"} 1\n";
    assert_eq!(unit(&(config.to_owned() + &without)), QueueUnit::Requests);
    assert_eq!(unit(&without.replace("queue_size{", "queue_size_bytes{")), QueueUnit::Bytes);
    assert_eq!(unit(&without.replace("0.165.0", "0.122.1")), QueueUnit::Requests);
    // Others have versions of their own.
    let other = without.replace("0.165.0", "0.43.0").replace("\"otelcol\"", "\"aws-otel-collector\"");
    assert_eq!(unit(&other), QueueUnit::Unknown);
}

#[test]
fn spans_that_no_exporter_counts_have_a_row() {
    let accepted = "otelcol_receiver_accepted_spans{receiver=\"otlp\"} 0\n";
    assert_eq!(look(None, accepted, None, None), []);
    let refused = "otelcol_receiver_refused_spans{receiver=\"otlp\"} 500\notelcol_process_uptime 10\n";
    let row = only(look(None, &(accepted.to_owned() + refused), None, None));
    assert_eq!((row.component.as_str(), row.risk), ("receivers", Risk::Losing), "{row:#?}");
    assert!(says(&row, "refused 500 spans"), "{row:#?}");
}

#[test]
fn spans_given_up_before_the_time_that_was_looked_at_are_no_loss_in_it() {
    let first = page!("collector-0.130-given-up");
    let row = only(look(Some((first, 10.0)), first, None, None));
    assert_eq!((row.risk, row.given_up_lately), (Risk::High, Some(0.0)), "{row:#?}");
    let later = first.replace("} 120000", "} 120400");
    let row = only(look(Some((first, 10.0)), &later, None, None));
    assert_eq!((row.risk, row.given_up_lately), (Risk::Losing, Some(400.0)), "{row:#?}");
    assert!(says(&row, "; 400 between the pages"), "{row:#?}");
}
