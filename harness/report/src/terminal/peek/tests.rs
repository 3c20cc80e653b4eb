//! A peek's text, read.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::plan::{Now, plan};
use spanfate_model::exporter::Protocol;

use super::*;

/// What the adviser says where 24,812 spans/s are offered and an export takes so many milliseconds.
fn advised(export_ms: f64) -> Option<Advice> {
    let demand = Demand {
        spans_per_s: 24_812.0,
        round_trip_s: export_ms / 1e3,
        round_trip_of: 512,
        per_span_s: None,
        outage_s: 0.0,
        protocol: Protocol::Grpc,
        burst: None,
        stall_s: 0.0,
    };
    Advice::of(&plan(&demand, &Now { overran: true, ..Now::DEFAULT })?)
}

fn losing() -> ProcessorPeek {
    ProcessorPeek {
        state: ProcessorHealth::Losing,
        watched_s: 15.02,
        dropped_total: 1_234_567,
        may_have_wrapped: false,
        dropped: 170_070,
        queue: 2048,
        batch: 512,
        blocks: false,
        delay_ms: 5000.0,
        timeout_ms: 30_000.0,
        queued: 2040,
        queued_most: 2048,
        gathered: 512,
        under_way_s: Some(0.01),
        exports: 395,
        failed: 2,
        last_error: Some("traces export: \u{1b}[31mdeadline".to_owned()),
        silent_s: None,
        round_trip: Some(RoundTrip { mean_ms: 38.0, max_ms: 61.5, exports: 395, spans: 512.0, full: true }),
        offered_per_s: Some(24_812.0),
        ceiling_per_s: Some(13_474.0),
        load: Some(1.8415),
        advice: advised(38.0),
    }
}

fn peek(processors: Vec<ProcessorPeek>) -> Peek {
    Peek {
        pid: 4242,
        name: "shop".to_owned(),
        go: "1.26.8".to_owned(),
        sdk: "1.47.0".to_owned(),
        age_s: 7_390.0,
        watched_s: 15.02,
        processors,
        unqueued: 0,
        unqueued_failed: 0,
        unqueued_error: None,
        notes: Vec::new(),
    }
}

#[test]
fn a_losing_process_reads_so() {
    let text = render(&peek(vec![losing()]));
    let expected = "\
Losing spans now: 170,070 dropped in the last 15 s. 2 of 395 exports failed in the last 15 s, and their spans are lost.

process    4242 shop, up 2 h 3 min, Go 1.26.8, SDK 1.47.0; watched for 15 s
dropped    1,234,567 since the process started, 170,070 in the last 15 s
settings   queue 2,048, batch 512, schedule delay 5 s, export timeout 30 s; drops when the queue is full
queue      2,040 of 2,048 now, 2,048 at most; 512 more in the batch
exports    395, 2 failed; round trip 38.0 ms mean, 61.5 ms at most (full batches)
last error traces export: \u{fffd}[31mdeadline
ceiling    13,474/s = 512 spans / 38.0 ms
headroom   none: offered 24,812/s = 184 % of 13,474/s
paste      export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1216
           export OTEL_BSP_MAX_QUEUE_SIZE=3072
           costs about 5.73 MiB of memory while the queue is full, 2.31 MiB more than now
           ceiling then 32,000/s, if an export takes no longer with a larger batch, which nobody measured: an
           estimate, so peek again
why        the cause needs the time of each span, which peek does not take: `spanfate attach --pid` does, then
           `spanfate why` names it
";
    assert_eq!(text, expected);
}

#[test]
fn where_every_export_fails_the_error_comes_first_and_nothing_is_to_be_pasted() {
    let failing = ProcessorPeek {
        state: ProcessorHealth::Failing,
        dropped: 0,
        dropped_total: 0,
        exports: 1,
        failed: 1,
        last_error: Some("traces export: x509: certificate signed by unknown authority".to_owned()),
        round_trip: None,
        ceiling_per_s: None,
        load: None,
        advice: None,
        ..losing()
    };
    let text = render(&peek(vec![failing.clone()]));
    assert!(
        text.starts_with(
            "Every export fails (1 in the last 15 s), and the spans are lost: mend that first, no setting helps. The last error: traces \
             export: x509: certificate signed by unknown authority. No span was dropped"
        ),
        "{text}"
    );
    assert!(text.contains("exports    1 ended, 1 failed; one has been under way"), "{text}");
    assert!(text.contains("ceiling    unknown: no export succeeded"), "{text}");
    assert!(!text.contains("paste") && !text.contains("no export ended"), "{text}");
    let two = render(&peek(vec![failing, losing()]));
    assert!(two.starts_with("Every export of 1 of 2 batch processors fails (1 in"), "{two}");
    // Without a queue nothing is dropped, and yet all is lost.
    let simple = Peek {
        unqueued: 9,
        unqueued_failed: 9,
        unqueued_error: Some("refused".to_owned()),
        ..peek(Vec::new())
    };
    let text = render(&simple);
    assert!(
        text.starts_with("9 exports failed in the last 15 s, and their spans are lost")
            && text.contains("refused"),
        "{text}"
    );
    assert!(!text.contains("drops nothing"), "{text}");
}

#[test]
fn stuck_idle_and_several_are_said() {
    let stuck = ProcessorPeek {
        state: ProcessorHealth::Stuck,
        dropped: 0,
        dropped_total: 0,
        silent_s: Some(15.0),
        round_trip: None,
        ceiling_per_s: None,
        load: None,
        advice: None,
        exports: 0,
        failed: 0,
        queued: 2048,
        ..losing()
    };
    let text = render(&peek(vec![stuck.clone(), losing()]));
    assert!(text.starts_with("The workers of 1 of 2 batch processors are stuck. Losing spans now"), "{text}");
    assert!(text.contains("stuck: it has not exported for ≥ 15 s; queue 2,048 of 2,048\n"), "{text}");
    assert!(text.contains("\nbatch processor 2 of 2\n"), "{text}");
    assert!(text.contains("ceiling    unknown: no export ended\n"), "{text}");
    assert!(render(&peek(Vec::new())).starts_with("No span ended"), "idle");
    let fine = ProcessorPeek {
        state: ProcessorHealth::Keeping,
        dropped: 0,
        dropped_total: 0,
        failed: 0,
        advice: None,
        ..losing()
    };
    let text = render(&peek(vec![ProcessorPeek { may_have_wrapped: true, ..fine }]));
    assert!(text.starts_with("No span was dropped since the process started.\n"), "{text}");
    assert!(
        text.contains("paste      nothing to change\n") && text.contains("may have begun anew"),
        "{text}"
    );
}
