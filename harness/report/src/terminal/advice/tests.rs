//! What is shown of a plan and of rows.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::observed::{FleetRow, Known, QueueOwner, QueueUnit, Risk};
use spanfate_model::advice::plan::{self as advice, Now};
use spanfate_model::exporter::Protocol;

use super::*;

fn demand(spans_per_s: f64, outage_s: f64) -> Demand {
    Demand {
        spans_per_s,
        round_trip_s: 0.03,
        round_trip_of: 512,
        per_span_s: None,
        outage_s,
        protocol: Protocol::Grpc,
        burst: None,
        stall_s: 0.0,
    }
}

fn shown(demand: &Demand) -> String {
    of(demand, BatchSettings::DEFAULT)
}

fn of(demand: &Demand, settings: BatchSettings) -> String {
    plan(&advice::plan(demand, &Now { settings, overran: false }).unwrap())
}

#[test]
fn what_is_set_now_is_what_is_spoken_of() {
    let set = |batch, queue| BatchSettings { batch, queue, ..BatchSettings::DEFAULT };
    let text = of(&demand(500.0, 0.0), set(256, 512));
    assert!(text.starts_with("500 spans/s over grpc, 30 ms per export\nWhat is set now suffices"), "{text}");
    assert!(text.contains("\nset now") && !text.contains("export OTEL"), "{text}");
    let text = of(&demand(25_000.0, 0.0), set(600, 8192));
    assert!(text.contains("What is set now loses 20.00 % of all spans, 5,000/s."), "{text}");
    assert!(text.contains("_BATCH_SIZE=960\n") && !text.contains("MAX_QUEUE_SIZE="), "{text}");
}

#[test]
fn defaults_that_suffice_need_nothing() {
    let text = shown(&demand(500.0, 0.0));
    assert!(text.contains("The SDK's defaults suffice") && text.contains("nothing to change"), "{text}");
    assert!(!text.contains("export OTEL"), "{text}");
}

#[test]
fn what_is_advised_can_be_pasted() {
    let text = shown(&demand(25_000.0, 0.0));
    assert!(text.contains("The SDK's defaults lose 31.73 % of all spans, 7,933/s."), "{text}");
    assert!(text.contains("export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=960\n"), "{text}");
    // The queue of the defaults is enough.
    assert!(!text.contains("MAX_QUEUE_SIZE=") && text.contains("an estimate"), "{text}");
}

#[test]
fn an_outage_shows_what_only_code_can_set() {
    let text = shown(&demand(500.0, 10.0));
    assert!(text.contains("survive no failed export"), "{text}");
    assert!(text.contains("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=45000\n"), "{text}");
    assert!(text.contains("or         with quicker retries"), "{text}");
    assert!(text.contains("code       otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{\n"), "{text}");
    let http = shown(&Demand { protocol: Protocol::HttpProtobuf, ..demand(500.0, 10.0) });
    assert!(http.contains("No settings suffice") && http.contains("Use gRPC, or a collector"), "{http}");
}

#[test]
fn an_unknown_figure_is_said_with_its_reason_and_names_are_made_harmless() {
    let unknown = || Known::Unknown("one look only".to_owned());
    let row = FleetRow {
        service: "shop\u{1b}[31m".to_owned(),
        component: "batching_span_processor/0".to_owned(),
        kind: QueueOwner::Processor,
        over_s: unknown(),
        spans_per_s: unknown(),
        export_s: Known::Value(0.03),
        batch: Known::Value(512.0),
        ceiling_per_s: Known::Value(17_066.6),
        queued: Known::Value(3.0),
        queue: Known::Value(2048.0),
        queue_unit: QueueUnit::Spans,
        dropped: Known::Value(0.0),
        dropped_lately: None,
        given_up: Known::Value(0.0),
        given_up_lately: None,
        accepted_per_s: None,
        risk: Risk::Unknown,
        set: Some(BatchSettings { batch: 1024, ..BatchSettings::DEFAULT }),
        notes: Vec::new(),
    };
    let text = observed(std::slice::from_ref(&row));
    assert!(
        text.contains("rate: one look only") && text.contains("17,067") && text.contains("3/2,048"),
        "{text}"
    );
    assert!(text.contains("export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1024\n"), "{text}");
    assert!(!text.contains("QUEUE_SIZE") && !text.contains('\u{1b}'), "{text}");
    assert!(observed(&[]).contains("OTEL_GO_X_OBSERVABILITY=true"));
    // Exports of 490 spans on average are what the default gives: it is not to be pasted, only the queue is.
    let mean = FleetRow {
        batch: Known::Value(490.0),
        set: Some(BatchSettings { queue: 27_648, ..BatchSettings::DEFAULT }),
        ..row.clone()
    };
    let text = observed(&[mean]);
    assert!(text.contains("MAX_QUEUE_SIZE=27648") && !text.contains("BATCH_SIZE"), "{text}");
    // A queue is named by what it counts in, where that is known; what was given up is lost, too.
    let shown = |unit| {
        let of = FleetRow { kind: QueueOwner::Collector, queue_unit: unit, set: None, ..row.clone() };
        observed(&[FleetRow { dropped: Known::Value(7.0), given_up: Known::Value(1200.0), ..of }])
    };
    assert!(shown(QueueUnit::Unknown).contains("3/2,048  1,207  unknown"), "{}", shown(QueueUnit::Unknown));
    assert!(
        shown(QueueUnit::Bytes).contains("3/2,048 bytes")
            && shown(QueueUnit::Requests).contains("2,048 requests")
    );
}
