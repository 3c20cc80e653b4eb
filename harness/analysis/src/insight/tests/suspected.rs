//! Who is named for what was lost elsewhere than in a full queue, and how much speaks for it.

use std::collections::BTreeMap;

use spanfate_model::books::breakdown::{Breakdown, BreakdownRow};
use spanfate_model::cause::{LossFactor, NamedCause};
use spanfate_model::fate::Fate;
use spanfate_model::result::{
    CauseShare, CpuWitness, EndedBy, PathReplay, ProviderEnd, ServiceEnd, ServiceResult, ShutdownCourse,
    TrialResult, WorkerCycle,
};

use super::{case, run};
use crate::insight::suspects::suspects;

/// A trial of one service, `order`, that lost so many spans to a fate.
fn lost(fate: Fate, spans: u64) -> TrialResult {
    let mut trial = run(&[case("one", 512, 2048, 1.0, spans)]).variants.remove(0).trials.remove(0);
    let lost_by_fate = BTreeMap::from([(fate, spans)]);
    let row =
        BreakdownRow { value: "order".to_owned(), lost: spans, lost_by_fate, ..BreakdownRow::default() };
    trial.breakdown = vec![Breakdown { by: "service".to_owned(), rows: vec![row] }];
    trial.services = vec![ServiceResult { service: "order".to_owned(), ..ServiceResult::default() }];
    trial
}

#[test]
fn what_was_in_an_export_when_a_shutdown_gave_up_is_the_deadline_s() {
    let named = |by: EndedBy, shutdown: ShutdownCourse| {
        let mut trial = lost(Fate::LostInFlightAtExit, 128);
        let provider = ProviderEnd { provider: 1, shutdown: shutdown.into(), called_ms: None, took_ms: None };
        trial.services[0].ends = vec![ServiceEnd {
            incarnation: 0,
            at_ms: 4000.0,
            code: Some(0),
            signal: None,
            by: by.into(),
            fault: None,
            left_running: 0,
            providers: vec![provider],
        }];
        suspects(&[trial])[0].cause
    };
    assert_eq!(named(EndedBy::Harness, ShutdownCourse::ReturnedError), NamedCause::ShutdownDeadline);
    assert_eq!(named(EndedBy::Harness, ShutdownCourse::DidNotReturn), NamedCause::ShutdownDeadline);
    assert_eq!(named(EndedBy::Harness, ShutdownCourse::NotCalled), NamedCause::ProcessEnded);
    assert_eq!(named(EndedBy::Itself, ShutdownCourse::ReturnedError), NamedCause::ProcessEnded);
}

#[test]
fn few_spans_and_few_calls_are_little_evidence() {
    let evidence = |cause: LossFactor, spans: u64, calls: u64| {
        let mut trial = lost(Fate::DroppedQueueFull, spans);
        trial.replays = vec![PathReplay {
            service: "order".to_owned(),
            dropped: spans,
            replayed: spans,
            free: spans,
            fits: true,
            causes: vec![CauseShare { cause, share: 1.0, alone: 1.0 }],
            cycle: WorkerCycle { calls, ..WorkerCycle::default() },
            ..PathReplay::default()
        }];
        suspects(&[trial])[0].evidence
    };
    let slow = |spans, calls| evidence(LossFactor::SlowAnswer, spans, calls);
    assert!((slow(10, 0) - 0.5).abs() < 1e-9 && slow(10_000, 0) > 0.99);
    assert!((slow(10_000, 1) - 0.5).abs() < 0.01 && slow(10_000, 9) > 0.89);
    // That an export failed, one call shows as well as many.
    assert!(evidence(LossFactor::ExportFailing, 10_000, 1) > 0.99);
}

#[test]
fn where_the_free_run_lies_far_off_the_counters_of_cpu_still_count() {
    let evidence = |cause: LossFactor, used: f64, throttled_ms: f64| {
        let mut trial = lost(Fate::DroppedQueueFull, 10_000);
        trial.replays = vec![PathReplay {
            service: "order".to_owned(),
            dropped: 10_000,
            replayed: 10_000,
            free: 30_000,
            fits: true,
            from_ms: 1000.0,
            to_ms: 2000.0,
            causes: vec![CauseShare { cause, share: 1.0, alone: 1.0 }],
            cpu: CpuWitness { used, cores: 1.0, throttled_ms, ..CpuWitness::default() },
            ..PathReplay::default()
        }];
        suspects(&[trial])[0].evidence
    };
    let near = |found: f64, wanted: f64| (found - wanted).abs() < 0.01;
    assert!(near(evidence(LossFactor::CpuStarved, 0.3, 0.0), 0.0));
    assert!(near(evidence(LossFactor::CpuStarved, 0.95, 0.0), 0.5));
    assert!(near(evidence(LossFactor::CpuStarved, 0.05, 700.0), 0.5));
    assert!(near(evidence(LossFactor::SlowAnswer, 0.95, 0.0), 0.0));
}
