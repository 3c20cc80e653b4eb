//! Laws of the accounting, over random worlds, and the instrument held against broken witnesses: whatever is taken from
//! it, it never says "pass".

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::common::{Batch, Span, World, started};
use proptest::prelude::*;
use spanfate_analysis::conclude_run;
use spanfate_model::fate::{ExportCause, Fate, Filter, Leak};
use spanfate_model::format::manifest::{ProcessEnd, RunManifest, Status};
use spanfate_model::format::wire::Disposition::{Accepted, RejectedPartial};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::result::environment::Environment;
use spanfate_model::scenario::arrivals::RecordedArrivals;
use spanfate_model::scenario::expect::Expect;
use spanfate_model::scenario::{Load, LoadStep, Model, Replay, Shape};
use spanfate_model::verdict::Verdict;

/// Ways a span can go, with the fate each leads to. Batch 0 succeeds, batch 1 fails, batch 2 times out but arrives.
fn ways() -> Vec<(Span, Fate)> {
    let dropped = |mut span: Span| {
        span.slot.dropped = super::common::BEGAN + 35;
        span
    };
    let filtered = |mut span: Span| {
        span.slot.filtered = super::common::BEGAN + 60;
        span
    };
    vec![
        (started().queued().exported(0).on_wire(&[Accepted]), Fate::Received),
        (started().queued().exported(2).on_wire(&[Accepted, Accepted]), Fate::Received),
        (dropped(started().queued()), Fate::DroppedQueueFull),
        (filtered(started().queued()), Fate::Filtered(Filter::ExporterWrapper)),
        (started().queued().exported(1), Fate::ExportFailed(ExportCause::Timeout)),
        (started().queued().exported(1).on_wire(&[RejectedPartial]), Fate::RejectedPartial),
        (started(), Fate::NeverEnded(Leak::Forgotten)),
    ]
}

fn world_of(choices: &[usize]) -> (World, BTreeMap<Fate, u64>) {
    let timeout = || Batch::Failed("context deadline exceeded".to_owned());
    let mut world = World { batches: vec![Batch::Ok, timeout(), timeout()], ..World::default() };
    let mut truth = BTreeMap::new();
    for choice in choices {
        let (span, fate) = ways().swap_remove(*choice);
        world.spans.push(span);
        *truth.entry(fate).or_insert(0) += 1;
    }
    (world, truth)
}

fn counts(trial: &spanfate_model::result::TrialResult) -> BTreeMap<Fate, u64> {
    trial.ledger.fates.iter().map(|(fate, count)| (*fate, count.total)).collect()
}

fn choices() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..ways().len(), 1..60)
}

proptest! {
    #[test]
    fn every_span_gets_the_fate_it_had_in_whatever_order_the_wire_saw_it(
        choices in choices(), turn in 0_usize..100, reverse: bool,
    ) {
        let (world, truth) = world_of(&choices);
        let plan = world.plan();
        let mut logs = world.logs(&plan);
        logs.wire = Some(world.wire_log(&plan, |mut records| {
            let middle = turn % records.len().max(1);
            records.rotate_left(middle);
            if reverse { records.reverse(); }
            records
        }).into());
        let (trial, _) = super::common::conclude(&plan, &logs);
        prop_assert_eq!(counts(&trial), truth);
        prop_assert_eq!(trial.ledger.unexplained.count + trial.ledger.unexpected.count, 0);
    }

    #[test]
    fn the_general_join_finds_what_the_index_finds(choices in choices()) {
        let (mut world, truth) = world_of(&choices);
        for span in world.spans.iter_mut().step_by(2) {
            span.foreign = true;
        }
        let (trial, _) = world.conclude();
        prop_assert_eq!(counts(&trial), truth);
        prop_assert_eq!(trial.ledger.unexpected.count, 0);
    }

    #[test]
    fn spans_that_were_discarded_after_the_acknowledgement_are_named_one_by_one(
        choices in choices(), every in 2_usize..5,
    ) {
        let (world, _) = world_of(&choices);
        let plan = world.plan();
        let mut logs = world.logs(&plan);
        let mut planted: Vec<SpanKey> = Vec::new();
        logs.wire = Some(world.wire_log(&plan, |records| {
            let mut seen = 0;
            let is_single = |key: SpanKey| records.iter().filter(|r| r.key == key).count() == 1;
            records.iter().copied().filter(|record| {
                seen += 1;
                let take = record.disposition == Accepted && is_single(record.key) && seen % every == 0;
                if take { planted.push(record.key); }
                !take
            }).collect()
        }).into());
        let (trial, run) = super::common::conclude(&plan, &logs);
        planted.sort();
        let mut named = trial.ledger.unexplained.ids.clone();
        named.sort();
        prop_assert_eq!(&named, &planted);
        prop_assert_eq!(run.verdict == Verdict::AccountingBroken, !planted.is_empty());
    }

    #[test]
    fn torn_logs_are_concluded_and_never_pass(choices in choices(), which in 0_usize..3, share in 0.0_f64..1.0) {
        let (world, _) = world_of(&choices);
        let plan = world.plan();
        let mut logs = world.logs(&plan);
        let log = match which {
            0 => logs.ledgers[0].as_mut(),
            1 => logs.wire.as_mut(),
            _ => logs.load.as_mut(),
        };
        let log = log.unwrap();
        log.change(|log| log.truncate((log.len() as f64 * share) as usize));
        let (trial, run) = super::common::conclude(&plan, &logs);
        prop_assert!(trial.ledger.closes());
        prop_assert!(run.verdict > Verdict::Pass, "{:?}", trial.ledger);
    }

    #[test]
    fn bytes_of_any_kind_are_concluded_without_a_panic(
        ledger in proptest::collection::vec(any::<u8>(), 0..9000),
        wire in proptest::collection::vec(any::<u8>(), 0..600),
        load in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let world = World { spans: vec![started()], ..World::default() };
        let plan = world.plan();
        let mut logs = world.logs(&plan);
        // A right beginning lets the rest be read as records.
        let with_head = |head: &[u8], rest: Vec<u8>| head.iter().copied().chain(rest).collect::<Vec<u8>>();
        let old = logs.ledgers[0].take().unwrap();
        logs.ledgers[0] = Some(with_head(&old[..512], ledger).into());
        logs.wire = Some(with_head(&spanfate_model::format::wire::header(), wire).into());
        logs.load = Some(load.into());
        let (trial, run) = super::common::conclude(&plan, &logs);
        prop_assert!(trial.ledger.closes());
        prop_assert!(run.verdict > Verdict::Pass);
    }
}

/// A world in which all is well: the control for those below.
fn sound() -> World {
    let mut world = world_of(&[0, 0, 2, 0]).0;
    world.batches.truncate(1);
    world
}

fn verdict_after(break_it: impl FnOnce(&mut spanfate_model::format::raw::TrialLogs)) -> Verdict {
    let world = sound();
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    break_it(&mut logs);
    super::common::conclude(&plan, &logs).1.verdict
}

/// Sets a live word of the ledger.
fn set_word(logs: &mut spanfate_model::format::raw::TrialLogs, word: usize, value: u64) {
    let at = 512 + 64 * word;
    let ledger = logs.ledgers[0].as_mut().unwrap();
    ledger.change(|bytes| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes()));
}

/// Sets a word of slot 0.
fn set_slot(logs: &mut spanfate_model::format::raw::TrialLogs, at: usize, value: u64) {
    let at = 4096 + at;
    let ledger = logs.ledgers[0].as_mut().unwrap();
    ledger.change(|bytes| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes()));
}

#[test]
fn the_sound_world_passes() {
    assert_eq!(verdict_after(|_| ()), Verdict::Pass);
}

#[test]
fn a_missing_witness_is_never_a_pass() {
    assert_eq!(verdict_after(|logs| logs.wire = None), Verdict::Inconclusive);
    assert_eq!(verdict_after(|logs| logs.load = None), Verdict::Inconclusive);
    assert_eq!(verdict_after(|logs| logs.ledgers[0] = None), Verdict::Inconclusive);
}

#[test]
fn a_witness_that_says_something_else_is_never_a_pass() {
    // The SDK counted one drop less, one export more, one start more.
    assert_eq!(verdict_after(|logs| set_word(logs, 11, 0)), Verdict::Inconclusive);
    assert_eq!(verdict_after(|logs| set_word(logs, 12, 4)), Verdict::Inconclusive);
    assert_eq!(verdict_after(|logs| set_word(logs, 7, 5)), Verdict::Inconclusive);
    // The ledger says that it was too small, or that log records did not fit.
    assert_eq!(verdict_after(|logs| set_word(logs, 1, 1)), Verdict::Inconclusive);
    assert_eq!(verdict_after(|logs| set_word(logs, 3, 1)), Verdict::Inconclusive);
    // A received span was never created; a span has another id; the load says a request was answered without a span.
    assert_eq!(verdict_after(|logs| set_slot(logs, 32, 0)), Verdict::AccountingBroken);
    assert_eq!(verdict_after(|logs| set_slot(logs, 16, 5)), Verdict::AccountingBroken);
    assert_eq!(verdict_after(|logs| set_slot(logs, 8, 5)), Verdict::AccountingBroken);
}

/// One span that arrived although its export was reported as failed must not excuse what the SDK's counts do not say.
#[test]
fn a_late_answer_explains_itself_and_nothing_else() {
    let (mut world, _) = world_of(&[0, 0, 0, 1]);
    world.batches[1] = Batch::Ok;
    let plan = world.plan();
    assert_eq!(super::common::conclude(&plan, &world.logs(&plan)).1.verdict, Verdict::Pass);
    let mut logs = world.logs(&plan);
    set_word(&mut logs, 12, 1);
    assert_eq!(super::common::conclude(&plan, &logs).1.verdict, Verdict::Inconclusive);
}

#[test]
fn a_fixture_that_ends_by_itself_is_never_a_pass() {
    let mut world = sound();
    world.end = world.end.map(|end| ProcessEnd { asked_to_stop: None, ..end });
    assert_eq!(world.conclude().1.verdict, Verdict::Inconclusive);
}

#[test]
fn a_plan_without_trials_proves_nothing() {
    let plan = Plan { trials: Vec::new(), ..sound().plan() };
    let manifest = RunManifest { status: Status::Complete, ..RunManifest::default() };
    let run = conclude_run(plan, Environment::default(), &manifest, Vec::new());
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn a_gap_the_receiver_admits_is_never_a_pass() {
    let add_gap = |logs: &mut spanfate_model::format::raw::TrialLogs| {
        logs.wire.as_mut().unwrap().change(|wire| {
            let end = wire.len() - 64;
            wire.splice(end..end, spanfate_model::format::wire::write_gap(3));
        });
    };
    assert_eq!(verdict_after(add_gap), Verdict::Inconclusive);
}

/// What the service slows down cannot say how slow the service is; the books hold all the same.
#[test]
fn a_closed_load_is_accounted_and_never_gates() {
    let figures = [
        "loss.rate == 0 %",
        "response.p99 < 1s",
        "delay.p50 > 1s",
        "fate.received > 0",
        "exports.failed == 1",
    ];
    let expect: Vec<Expect> = figures
        .iter()
        .chain(&["duplicates == 0"])
        .map(|that| Expect { that: (*that).to_owned().try_into().unwrap(), variants: None })
        .collect();
    let judge = |load: Option<Load>| {
        let world = World { load, ..sound() };
        let plan = Plan { expect: expect.clone(), ..world.plan() };
        let (trial, run) = super::common::conclude(&plan, &world.logs(&plan));
        assert!(trial.ledger.closes() && !trial.ledger.is_broken());
        assert_eq!(trial.load.answered, world.spans.len() as u64);
        (trial, run)
    };
    let open = judge(None).1.expectations;
    assert!(
        open.iter().all(|e| !e.reason.as_ref().is_some_and(|why| why.contains("closed-loop"))),
        "{open:?}"
    );
    let closed = Load {
        model: Some(Model::Closed),
        connections: NonZeroU32::new(2),
        requests: NonZeroU32::new(sound().spans.len() as u32),
        ..Load::default()
    };
    let (trial, run) = judge(Some(closed));
    assert_eq!(trial.load.model, Model::Closed);
    assert!(trial.load.start_lag.as_ref().unwrap().max < f64::EPSILON);
    assert_eq!(trial.load.response, trial.load.service);
    assert_eq!(trial.loss.due, trial.ledger.created, "all of a closed load is measured");
    let (gating, rest) = run.expectations.split_at(figures.len());
    for expectation in gating {
        assert_eq!(expectation.verdict, Verdict::Inconclusive, "{expectation:?}");
        let why = "closed-loop load waits for the service: it cannot gate (coordinated omission)";
        assert_eq!(expectation.reason.as_deref(), Some(why));
    }
    assert_eq!(rest[0].verdict, Verdict::Pass);
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn a_replay_without_its_arrivals_proves_nothing() {
    let trace = RecordedArrivals::parse(&"0.1\n".repeat(sound().spans.len())).unwrap();
    let replay = Replay { file: "arrivals.txt".to_owned(), speed: 1.0, trace: Some(Arc::new(trace)) };
    let load = Load { replay: Some(replay), warmup: Some(Period::default()), ..Load::default() };
    let world = World { load: Some(load), ..sound() };
    let mut plan = world.plan();
    let logs = world.logs(&plan);
    assert_eq!(super::common::conclude(&plan, &logs).1.verdict, Verdict::Pass);
    plan.load.replay.as_mut().unwrap().trace = None;
    assert_eq!(super::common::conclude(&plan, &logs).1.verdict, Verdict::Inconclusive);
}

/// The law speaks of one rate.
#[test]
fn only_a_steady_load_has_a_prediction() {
    let predicted = |shape| {
        let load = Load {
            shape,
            warmup: Some(Period::default()),
            ..Load::steady(Rate(sound().spans.len() as f64), Period::millis(1000))
        };
        let world = World { load: Some(load), ..sound() };
        let plan = world.plan();
        let mut logs = world.logs(&plan);
        // One span is a full batch.
        logs.manifest.processes[0].effective.as_mut().unwrap().batch = 1;
        super::common::conclude(&plan, &logs).0.loss.predicted
    };
    assert!(predicted(None).is_some());
    let same = LoadStep { rate: Rate(sound().spans.len() as f64), lasting: Period::millis(1000) };
    assert!(predicted(Some(Shape::Steps(vec![same]))).is_none());
}
