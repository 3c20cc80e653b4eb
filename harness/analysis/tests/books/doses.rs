//! What proves that a fault happened, in worlds of known truth. An export of these worlds begins 60 ns after the load and ends
//! 30 ns later.

use super::common::{BEGAN, Batch, World, killed, orderly};
use serde_json::json;
use spanfate_model::format::event::{Event, EventKind};
use spanfate_model::format::manifest::ProcessEnd;
use spanfate_model::format::wire::Disposition;
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::scenario::Fault;
use spanfate_model::verdict::Verdict;

fn fault(text: &str) -> Fault {
    serde_json::from_str(text).unwrap()
}

fn event(at: u64, kind: EventKind, data: serde_json::Value) -> Event {
    Event { at: BEGAN + at, kind, source: "harness".to_owned(), data }
}

fn between(from: u64, to: u64) -> Vec<Event> {
    vec![
        event(from, EventKind::FaultApplied, json!({"fault": 0})),
        event(to, EventKind::FaultCleared, json!({"fault": 0})),
    ]
}

/// A world with one span that was exported, and one fault.
fn world(kind: &str, batch: Batch, end: ProcessEnd, events: Vec<Event>) -> (TrialResult, RunResult) {
    let mut world = World { batches: vec![batch], end: Some(end), ..World::default() };
    world.faults = vec![fault(&format!(r#"{{"at": "0s", "kind": {kind}}}"#))];
    world.spans = vec![super::common::started().queued().exported(0).on_wire(&[Disposition::Accepted])];
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    logs.events = events;
    super::common::conclude(&plan, &logs)
}

fn bit(trial: &TrialResult) -> (bool, f64) {
    (trial.faults[0].bit, trial.faults[0].main().unwrap().amount)
}

#[test]
fn a_fault_of_which_nothing_is_said_did_not_happen() {
    let (trial, run) = world(r#""down""#, Batch::Ok, orderly(), Vec::new());
    assert_eq!(bit(&trial), (false, 0.0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
    assert!(run.reasons[0].contains("did not bite"), "{:?}", run.reasons);
}

#[test]
fn an_operation_counts_if_it_met_the_fault_and_felt_it() {
    let late = r#"{"latency": {"delay": "25ns"}}"#;
    // While it was under way; before; after.
    for (window, felt) in [((70, 80), true), ((0, 60), false), ((90, 100), false)] {
        let (trial, _) = world(late, Batch::Ok, orderly(), between(window.0, window.1));
        assert_eq!(bit(&trial).0, felt, "{window:?}");
    }
    // It took 30 ns: a delay of 31 is not what it felt.
    let slower = r#"{"latency": {"delay": "31ns"}}"#;
    assert_eq!(bit(&world(slower, Batch::Ok, orderly(), between(70, 80)).0), (false, 0.0));
    // Nothing failed, and nothing was held until the end of the fault.
    assert!(!bit(&world(r#""down""#, Batch::Ok, orderly(), between(70, 95)).0).0);
    assert!(bit(&world(r#""down""#, Batch::Ok, orderly(), between(70, 85)).0).0);
    let failed = Batch::Failed("connection refused".to_owned());
    assert!(bit(&world(r#""down""#, failed, orderly(), between(70, 95)).0).0);
}

#[test]
fn a_process_that_a_fault_ended_did_not_end_by_itself() {
    let by = |fault| ProcessEnd { fault, ..killed() };
    let applied = || {
        vec![event(
            50,
            EventKind::FaultApplied,
            json!({"fault": 0, "state": {"queue": 7, "in_flight": 1, "created": 9}}),
        )]
    };
    let kill = r#"{"kill": {}}"#;
    let (trial, run) = world(kill, Batch::Unfinished, by(Some(0)), applied());
    assert_eq!(bit(&trial), (true, 1.0));
    assert!(trial.ended_by_itself.is_none());
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    assert_eq!(trial.faults[0].windows[0].to_ms, Some(trial.faults[0].windows[0].from_ms));
    assert!(trial.faults[0].doses.iter().any(|dose| (dose.amount - 7.0).abs() < f64::EPSILON));
    let (trial, run) = world(kill, Batch::Unfinished, by(None), applied());
    assert!(!bit(&trial).0 && trial.ended_by_itself.is_some());
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn what_was_measured_from_outside_adds_up_over_the_windows() {
    let mut events = between(10, 20);
    events.extend(between(30, 40));
    events[1].data = json!({"fault": 0, "measured": {"stopped_ns": 2_000_000}});
    events[3].data = json!({"fault": 0, "measured": {"stopped_ns": 3_000_000}});
    let (trial, _) = world(r#""pause""#, Batch::Ok, orderly(), events);
    assert_eq!(bit(&trial), (true, 5.0));
    assert_eq!(trial.faults[0].windows.len(), 2);
}

#[test]
fn a_fixture_knows_best_when_a_fault_of_its_code_began() {
    let mut events = between(10_000_000, 90_000_000);
    let confirmed = json!({"fault": 0, "applied": true, "since": BEGAN + 40_000_000});
    events.insert(1, event(50_000_000, EventKind::FaultConfirmed, confirmed));
    let (trial, _) = world(r#"{"deep": {"depth": 10, "one_in": 1}}"#, Batch::Ok, orderly(), events);
    let window = &trial.faults[0].windows[0];
    assert!((window.from_ms - 40.0).abs() < 0.01 && window.to_ms.is_some(), "{window:?}");
    // Its dose words say nothing, so it did not happen.
    assert!(!trial.faults[0].bit);
}
