//! Explanations, held against worlds of known truth.

use std::ops::ControlFlow;

use super::common::{BEGAN, Batch, Span, World, killed, started};
use proptest::prelude::*;
use serde_json::json;
use spanfate_analysis::{WantedSpans, conclude_trial, each_span, explain, ids_beginning_with};
use spanfate_model::books::explain::Explanation;
use spanfate_model::books::row::Standing;
use spanfate_model::fate::witness::Witness;
use spanfate_model::fate::{ExportCause, Fate};
use spanfate_model::format::event::{Event, EventKind};
use spanfate_model::format::manifest::ProcessEnd;
use spanfate_model::format::slots::RuntimeSample;
use spanfate_model::format::wire::Disposition::{Accepted, Refused, RejectedPartial};
use spanfate_model::quantity::id::SpanId;
use spanfate_model::scenario::{Fault, WitnessMode};

const MS: u64 = 1_000_000;

fn of(world: &World, wanted: &WantedSpans) -> Vec<Explanation> {
    let plan = world.plan();
    explain(&plan, &plan.trials[0], &world.logs(&plan), wanted)
}

/// The explanation of one span of a world, by its number.
fn of_span(world: &World, number: usize) -> Explanation {
    let plan = world.plan();
    let all = of(world, &WantedSpans::Span(world.key(&plan, number).span));
    assert_eq!(all.len(), 1);
    all.into_iter().next().unwrap()
}

fn dropped(at: u64) -> Span {
    let mut span = started().queued();
    span.slot.dropped = at;
    span
}

/// A world of one span.
fn alone(span: Span) -> World {
    World { spans: vec![span], batches: vec![Batch::Ok], ..World::default() }
}

/// Worlds of one span, and what must be said of it.
fn histories() -> Vec<(World, &'static str)> {
    let call = |began: u64, ended: u64| (BEGAN + began * MS, BEGAN + ended * MS);
    let refused = || Batch::Failed("connection refused".to_owned());
    let during = |at: u64| World { calls: vec![call(100, 134)], ..alone(dropped(BEGAN + at * MS)) };
    vec![
        (
            during(128),
            "dropped: the queue was full, 2,048 of 2,048, while an export of 0 spans had been waiting 28 ms for its answer \
             (34 ms in all)",
        ),
        (during(140), "dropped: the queue was full, 2,048 of 2,048; no export was in flight"),
        (
            World { batches: vec![Batch::Unfinished], ..during(128) },
            "dropped: the queue was full, 2,048 of 2,048, while an export of 0 spans had been waiting 28 ms for its answer \
             (it never came back)",
        ),
        (
            alone(started().queued().exported(0).on_wire(&[Accepted])),
            "received under 0.01 ms after its creation, in export request 0",
        ),
        (
            World {
                batches: vec![refused()],
                ..alone(started().queued().exported(0).on_wire(&[Accepted, Accepted]))
            },
            "received under 0.01 ms after its creation, in export request 0; 2 copies of it came; the SDK was told that the \
             export had failed: “connection refused”",
        ),
        (
            World {
                batches: vec![refused()],
                calls: vec![call(100, 134)],
                ..alone(started().queued().exported(0))
            },
            "its export, a batch of 1 span, failed after 34 ms: “connection refused”",
        ),
        (
            alone(started().queued().exported(0).on_wire(&[RejectedPartial])),
            "rejected in the partial success that answered export request 0",
        ),
        (
            alone(started().queued().exported(0).on_wire(&[Refused])),
            "export request 0, of 1 span, refused by a limit of the receiver and answered with nothing that the log tells",
        ),
        (
            World { end: Some(killed()), shutdown_began: 0, ..alone(started().queued()) },
            "queued for 8.5 s and not exported when the process was killed (signal 9)",
        ),
        (
            World { end: None, shutdown_began: 0, ..alone(started().queued()) },
            "queued and not exported when the process ended; how and when was not seen",
        ),
        (
            World { end: Some(killed()), shutdown_began: 0, ..alone(started()) },
            "still open, 8.5 s after its creation, when the process was killed (signal 9)",
        ),
        (alone(started()), "End() was never called"),
        (
            alone(started().queued().exported(0)),
            "unexplained: complete witnesses prove no fate; the last that is known: it was handed to the exporter, and the \
             export returned no error",
        ),
    ]
}

#[test]
fn the_deciding_cause_is_said_with_its_numbers() {
    for (world, expected) in histories() {
        let said = of_span(&world, 0);
        assert_eq!(said.verdict, expected);
        assert!(said.steps.is_sorted_by(|a, b| a.at_ms <= b.at_ms), "{:#?}", said.steps);
        assert_eq!((said.request, said.faults.len(), said.trial), (Some(0), 0, 0));
    }
}

#[test]
fn every_witness_that_knows_something_speaks() {
    let looks = vec![
        (BEGAN + 20 * MS, RuntimeSample { queue: 7, in_flight: 1, ..RuntimeSample::default() }),
        (BEGAN + 120 * MS, RuntimeSample { queue: 1830, in_flight: 1, ..RuntimeSample::default() }),
    ];
    let mut span = dropped(BEGAN + 128 * MS);
    (span.slot.ending, span.slot.ended) = (BEGAN + 128 * MS, BEGAN + 128 * MS);
    let other = started().queued().exported(0).on_wire(&[Accepted]);
    let world = World {
        spans: vec![span, other],
        batches: vec![Batch::Ok],
        calls: vec![(BEGAN + 100 * MS, BEGAN + 134 * MS)],
        runtime: looks,
        ..World::default()
    };
    let said = of_span(&world, 0);
    let has = |witness: Option<Witness>, at: f64, words: &str| {
        let found = said.steps.iter().any(|step| {
            step.witness == witness && (step.at_ms - at).abs() < 0.01 && step.what.contains(words)
        });
        assert!(found, "{witness:?} {at} {words}: {:#?}", said.steps);
    };
    has(Some(Witness::Load), 0.0, "request 0 sent");
    has(Some(Witness::Load), 0.0, "request 0 answered with status 200");
    has(Some(Witness::Process), 0.0, "made as span 0 of");
    has(Some(Witness::Process), 100.0, "the export of batch 0 of 1 span began");
    has(Some(Witness::Process), 120.0, "a look: 1,830 of 2,048 spans queued, 1 export in flight");
    has(Some(Witness::Process), 128.0, "End() called after 128 ms");
    has(Some(Witness::Sdk), 128.0, "queue_full; the queue holds 2,048 spans");
    has(Some(Witness::Process), 134.0, "the export of batch 0 came back after 34 ms, without an error");
    assert!(said.steps.iter().all(|step| step.witness != Some(Witness::Wire)), "it never reached the wire");
    let other = of_span(&world, 1);
    let wire: Vec<_> = other.steps.iter().filter(|step| step.witness == Some(Witness::Wire)).collect();
    assert_eq!(wire.len(), 2);
    assert_eq!(wire[0].what, "complete in export request 0 (1 span, gRPC): accepted");
}

#[test]
fn a_fault_that_acts_is_named_with_how_long_it_had_acted() {
    let outage = r#"{"name": "outage", "at": "0s", "kind": "down", "on": "receiver"}"#;
    let down: Fault = serde_json::from_str(outage).unwrap();
    let world = World {
        batches: vec![Batch::Failed("connection refused".to_owned())],
        calls: vec![(BEGAN + 1000 * MS, BEGAN + 1400 * MS)],
        faults: vec![down],
        ..alone(started().queued().exported(0))
    };
    let plan = world.plan();
    let explained = |from: u64, to: u64| {
        let event = |at: u64, kind| Event {
            at: BEGAN + at * MS,
            kind,
            source: "harness".to_owned(),
            data: json!({"fault": 0}),
        };
        let mut logs = world.logs(&plan);
        logs.events = vec![event(from, EventKind::FaultApplied), event(to, EventKind::FaultCleared)];
        explain(
            &plan,
            &plan.trials[0],
            &logs,
            &WantedSpans::Fates(vec![Fate::ExportFailed(ExportCause::Refused)], 3),
        )
        .swap_remove(0)
    };
    let acting = explained(200, 2000);
    let begins = "its export, a batch of 1 span, failed after 400 ms: “connection refused”";
    assert_eq!(acting.verdict, format!("{begins}; the fault `outage` had acted for 1.2 s"));
    assert_eq!(acting.faults.len(), 1);
    assert_eq!((acting.faults[0].from_ms, acting.faults[0].to_ms), (Some(200.0), Some(2000.0)));
    assert_eq!((acting.faults[0].name.as_str(), acting.faults[0].kind.as_str()), ("outage", "down"));
    let steps = |one: &Explanation| one.steps.iter().filter(|step| step.witness.is_none()).count();
    // It began within the span's life and ended after it.
    assert_eq!(steps(&acting), 1);
    // It was over while the export was under way; or before that.
    assert_eq!(explained(200, 1200).faults.len(), 1);
    let over = explained(200, 900);
    assert_eq!((over.faults.len(), over.verdict.as_str(), steps(&over)), (0, begins, 2));
}

#[test]
fn a_fault_that_ended_the_process_is_named_with_what_it_took() {
    let kill: Fault = serde_json::from_str(r#"{"name": "death", "at": "1s", "kind": {"kill": {}}}"#).unwrap();
    let end = ProcessEnd { at: BEGAN + 1003 * MS, fault: Some(0), ..killed() };
    let mut queued = started().queued();
    queued.slot.ended = BEGAN + 818 * MS;
    let world = World { end: Some(end), shutdown_began: 0, faults: vec![kill], ..alone(queued) };
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    let applied = Event {
        at: BEGAN + 1000 * MS,
        kind: EventKind::FaultApplied,
        source: "harness".to_owned(),
        data: json!({"fault": 0}),
    };
    logs.events = vec![applied];
    let trial = conclude_trial(&plan, &plan.trials[0], 1, &logs).result;
    let said = &trial.examples[0];
    assert_eq!(
        said.verdict,
        "queued for 185 ms and not exported when the process was killed (signal 9); the fault `death` struck then"
    );
    assert_eq!((said.faults[0].from_ms, said.faults[0].to_ms), (Some(1000.0), Some(1000.0)));
    let harness: Vec<&str> =
        said.steps.iter().filter(|step| step.witness.is_none()).map(|step| step.what.as_str()).collect();
    assert_eq!(harness, ["the fault `death` (kill) on http struck", "the process was killed (signal 9)"]);
}

#[test]
fn a_trace_gives_all_its_spans_and_an_unknown_id_nothing() {
    let world = World {
        spans: vec![started(), started().queued().exported(0).on_wire(&[Accepted])],
        batches: vec![Batch::Ok],
        ..World::default()
    };
    let plan = world.plan();
    let key = world.key(&plan, 1);
    assert_eq!(of(&world, &WantedSpans::Trace(key.trace))[0].span_id, key.span);
    assert_eq!(of(&world, &WantedSpans::Span(SpanId([9; 8]))), []);
    assert_eq!(of(&world, &WantedSpans::Fates(vec![Fate::DroppedQueueFull], 5)), []);
    let logs = world.logs(&plan);
    let text = key.span.to_string();
    for digits in 1..=16 {
        let found = ids_beginning_with(&logs, &text[..digits], 100);
        assert!(found.spans.contains(&key.span), "{digits}");
        assert!(found.spans.iter().all(|id| id.to_string().starts_with(&text[..digits])));
    }
    assert_eq!(ids_beginning_with(&logs, &format!("{text}0"), 100).spans.len(), 0);
    assert_eq!(ids_beginning_with(&logs, &key.trace.to_string(), 100).traces.len(), 1);
    assert_eq!(ids_beginning_with(&logs, "xyz", 100).spans.len(), 0);
}

#[test]
fn without_a_ledger_the_wire_says_what_it_knows() {
    let world = World {
        spans: vec![
            started().queued().exported(0).on_wire(&[Accepted]),
            started().queued().exported(0).on_wire(&[RejectedPartial]),
        ],
        batches: vec![Batch::Ok],
        ..World::default()
    };
    let mut plan = world.plan();
    let mut logs = world.logs(&plan);
    plan.services[0].witness = WitnessMode::Off;
    (logs.ledgers, logs.manifest.processes[0].ledger) = (vec![None], None);
    let fates = vec![Fate::Received, Fate::RejectedPartial];
    let said = explain(&plan, &plan.trials[0], &logs, &WantedSpans::Fates(fates, 5));
    let verdicts: Vec<&str> = said.iter().map(|one| one.verdict.as_str()).collect();
    assert_eq!(
        verdicts,
        [
            "rejected in the partial success that answered export request 1",
            "received in export request 0; when it was made is not known"
        ]
    );
    assert!(said.iter().all(|one| one.steps.iter().any(|step| step.witness == Some(Witness::Load))));
}

/// Ends that a span may have; batch 0 succeeds, batch 1 fails.
fn ends() -> Vec<Span> {
    vec![
        started(),
        started().queued(),
        dropped(BEGAN + 300 * MS),
        dropped(BEGAN + 200 * MS),
        started().queued().exported(0).on_wire(&[Accepted]),
        started().queued().exported(0).on_wire(&[Refused, Accepted]),
        started().queued().exported(1),
        started().queued().exported(1).on_wire(&[RejectedPartial]),
    ]
}

proptest! {
    #[test]
    fn explanations_are_those_of_the_ledger(choices in prop::collection::vec(0_usize..8, 1..40), dies: bool) {
        let world = World {
            spans: choices.iter().map(|choice| ends()[*choice].clone()).collect(),
            batches: vec![Batch::Ok, Batch::Failed("EOF".to_owned())],
            end: Some(if dies { killed() } else { super::common::orderly() }),
            ..World::default()
        };
        let plan = world.plan();
        let logs = world.logs(&plan);
        let mut rows = Vec::new();
        each_span(&plan, &plan.trials[0], &logs, &mut |row| {
            rows.push((row.span_id, row.fate.to_string()));
            ControlFlow::Continue(())
        });
        for (span, fate) in &rows {
            let said = explain(&plan, &plan.trials[0], &logs, &WantedSpans::Span(*span));
            prop_assert_eq!(said.len(), 1);
            prop_assert_eq!(&said[0].standing.to_string(), fate);
            prop_assert!(said[0].steps.is_sorted_by(|a, b| a.at_ms <= b.at_ms) && !said[0].verdict.is_empty());
        }
        // The examples of the result are the first lost spans of the ledger, each explained as if it was asked for.
        let trial = conclude_trial(&plan, &plan.trials[0], 1, &logs).result;
        let firsts: Vec<SpanId> = trial.ledger.fates.values().filter_map(|count| Some(count.first.as_ref()?.span_id)).collect();
        prop_assert_eq!(trial.examples.iter().map(|one| one.span_id).collect::<Vec<_>>(), firsts);
        for example in &trial.examples {
            let fate = match example.standing {
                Standing::Fate(fate) => Some(fate),
                Standing::Unexplained | Standing::Unaccounted => None,
            };
            let wanted = WantedSpans::Fates(fate.into_iter().collect(), 1);
            prop_assert_eq!(&explain(&plan, &plan.trials[0], &logs, &wanted)[0], example);
        }
    }
}
