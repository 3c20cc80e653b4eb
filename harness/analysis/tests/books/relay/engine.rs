//! A storage engine beside the receiver: a path of its own that closes by itself, and the traces in which both differ.

use crate::common::engine::{TAP, WorldEngine};
use crate::common::{BEGAN, Batch, Further, Span, World, killed, orderly, started};
use spanfate_model::fate::{EngineLoss, ExportCause, Fate};
use spanfate_model::format::manifest::ProcessEnd;
use spanfate_model::format::slots::PathRecord;
use spanfate_model::format::wire::{Disposition, Relayed};
use spanfate_model::result::{EngineDifference, TrialResult};
use spanfate_model::verdict::Verdict;

/// A span that the receiver has, or has not, and what the engine made of it.
fn span(received: bool, asked: &[Relayed], shown: u16) -> Span {
    let wire: &[Disposition] = if received { &[Disposition::Accepted] } else { &[] };
    let taps = asked.iter().map(|relayed| (TAP, *relayed)).collect();
    Span { taps, shown, ..started().queued().exported(0).on_wire(wire) }
}

fn further(batch: u32) -> Further {
    let record = PathRecord {
        ending: BEGAN + 31,
        ended: BEGAN + 41,
        exported: BEGAN + 61,
        batch: batch + 1,
        ..PathRecord::default()
    };
    Further { record, wire: Vec::new() }
}

const TOOK: Relayed = Relayed::Taken { rejected: 0 };

fn world(engine: WorldEngine, spans: Vec<(Span, u32)>) -> World {
    World {
        further: spans.iter().map(|(_, batch)| further(*batch)).collect(),
        spans: spans.into_iter().map(|(span, _)| span).collect(),
        batches: vec![Batch::Ok, Batch::Failed("connection refused".to_owned())],
        engine: Some(engine),
        ..World::default()
    }
}

fn running() -> WorldEngine {
    WorldEngine { alone: false, starts: vec![(1, Some(orderly()))], whole: true }
}

fn on_engine(trial: &TrialResult) -> Vec<(Fate, u64)> {
    let row = trial.ledger.paths.iter().find(|row| row.path.contains("jaeger")).unwrap();
    row.fates.iter().map(|(fate, count)| (*fate, count.total)).collect()
}

fn differs(trial: &TrialResult) -> &EngineDifference {
    trial.engine.as_ref().unwrap().differs.as_ref().unwrap()
}

#[test]
fn both_ends_close_by_themselves_and_are_the_same() {
    let (trial, run) =
        world(running(), vec![(span(true, &[TOOK], 1), 0), (span(true, &[TOOK], 1), 0)]).conclude();
    assert_eq!(on_engine(&trial), [(Fate::Received, 2)]);
    let engine = trial.engine.as_ref().unwrap();
    assert_eq!((engine.came, engine.accepted, engine.shown, engine.lost_in_all()), (2, 2, 2, 0));
    assert_eq!((differs(&trial).same, differs(&trial).traces, differs(&trial).copies), (2, 0, 0));
    assert_eq!(
        trial.ledger.copies.keys().copied().collect::<Vec<_>>(),
        [1],
        "no span came twice by one path"
    );
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn a_trace_that_only_one_of_them_has_is_named_with_its_fate() {
    let restarted = WorldEngine {
        starts: vec![
            (1, Some(ProcessEnd { at: BEGAN + 500_000_000, ..killed() })),
            (BEGAN + 600_000_000, Some(orderly())),
        ],
        ..running()
    };
    let late = |span: Span| Span { late: 3_000_000_000, ..span };
    let spans = vec![
        // Taken by the start that was killed, and never taken, for nobody answered.
        (span(true, &[TOOK], 0), 0),
        (span(true, &[Relayed::Unanswered], 0), 1),
        (late(span(true, &[TOOK], 1)), 0),
        // The receiver never had it, and the exporter was told that it had.
        (late(span(false, &[TOOK], 2)), 0),
    ];
    let (trial, _) = world(restarted, spans).conclude();
    assert!(trial.ledger.closes());
    let memory = Fate::LostInEngine(EngineLoss::Memory);
    let refused = Fate::ExportFailed(ExportCause::Refused);
    let mut found = on_engine(&trial);
    found.sort_unstable();
    let mut wanted = vec![(Fate::Received, 2), (memory, 1), (refused, 1)];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let differs = differs(&trial);
    assert_eq!((differs.same, differs.traces), (1, 3));
    assert_eq!(differs.missing_in_engine.get(&memory), Some(&1));
    assert_eq!(differs.missing_in_engine.get(&refused), Some(&1));
    assert_eq!(differs.examples.len(), 3);
    assert_eq!(trial.engine.as_ref().unwrap().lost.get(&memory), Some(&1));
    assert_eq!(trial.engine.as_ref().unwrap().starts, 2);
}

#[test]
fn what_was_not_read_to_the_end_is_no_proof_of_a_loss() {
    let torn = WorldEngine { whole: false, ..running() };
    let (trial, run) = world(torn, vec![(span(true, &[TOOK], 0), 0), (span(true, &[TOOK], 1), 0)]).conclude();
    assert_eq!(on_engine(&trial), [(Fate::Received, 1)]);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(trial.engine.as_ref().unwrap().unread.as_deref(), Some("it broke off"));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn a_span_that_nobody_created_is_unexpected_in_the_engine_too() {
    let stray = world(running(), vec![(span(true, &[TOOK], 1), 0), (span(true, &[TOOK], 1), 0)]);
    let plan = stray.plan();
    let mut logs = stray.logs(&plan);
    let foreign = World { spans: vec![Span { foreign: true, shown: 1, ..Span::default() }], ..stray };
    logs.back = Some(running().back(&foreign, &plan).into());
    let (trial, _) = crate::common::conclude(&plan, &logs);
    assert_eq!(trial.ledger.unexpected.count, 1);
}
