//! Several export paths in one program: each has books of its own, and a span has a fate on each that it was offered to.

use super::common::life::{FRONT, FRONTED, Life, PROCESSOR};
use super::common::{Batch, Further, World, started};
use spanfate_model::books::explain::Explanation;
use spanfate_model::books::ledger::{Gap, PathBooks, PathSpread};
use spanfate_model::fate::Fate;
use spanfate_model::format::probe::{ProbeKind, ProcessorSettings};
use spanfate_model::format::slots::PathRecord;
use spanfate_model::format::wire::Disposition;
use spanfate_model::result::{PathKind, RunResult, TrialResult};
use spanfate_model::verdict::Verdict;

/// A second batch processor.
const SECOND: u64 = 0xc000_3000;
/// A simple one.
const SIMPLE: u64 = 0xc000_4000;
/// Digest of the list of both batch processors, and of the empty one.
const BOTH: u64 = 78;
const EMPTY: u64 = 79;

fn two_queues() -> Life {
    let mut life = Life::default();
    life.settings.push(ProcessorSettings {
        processor: SECOND,
        queue: 64,
        batch: 8,
        ..ProcessorSettings::default()
    });
    life
}

/// Starts a span of a provider and ends it with a list of processors.
fn span(life: &mut Life, number: u64, provider: u64, list: u64) {
    life.of(ProbeKind::Started, number, 0);
    life.patch(56, provider);
    life.ended_with(number, list);
}

fn end(life: &mut Life, processors: &[u64]) -> (TrialResult, RunResult) {
    for processor in processors {
        life.look(*processor, ProbeKind::Shutdown, false, 0, 0).look(
            *processor,
            ProbeKind::Drained,
            false,
            0,
            0,
        );
        life.look(*processor, ProbeKind::Shut, false, 0, 0);
    }
    let (trial, run) = life.conclude();
    assert!(trial.ledger.closes());
    (trial, run)
}

fn of(trial: &TrialResult, path: &str) -> Vec<(String, u64)> {
    let row = trial.ledger.paths.iter().find(|row| row.path.contains(path));
    let row: &PathBooks = row.unwrap_or_else(|| panic!("no path {path}: {:?}", trial.ledger.paths));
    let mut out: Vec<(String, u64)> =
        row.fates.iter().map(|(fate, count)| (fate.to_string(), count.total)).collect();
    out.extend((row.unaccounted.count > 0).then(|| ("unaccounted".to_owned(), row.unaccounted.count)));
    out.extend((row.unexplained.count > 0).then(|| ("unexplained".to_owned(), row.unexplained.count)));
    out
}

fn is(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
    rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_span_has_a_fate_on_each_of_two_queues() {
    let mut life = two_queues();
    life.listed(BOTH, &[PROCESSOR, SECOND]);
    for number in [1, 2] {
        span(&mut life, number, 1, BOTH);
        life.enter(number, PROCESSOR);
        life.of(ProbeKind::Offered, number, SECOND);
        life.of(if number == 1 { ProbeKind::Queued } else { ProbeKind::Dropped }, number, SECOND);
    }
    life.batch_of(PROCESSOR, 1, &[1, 2], false, true).batch_of(SECOND, 2, &[1], false, true);
    let (trial, run) = end(&mut life, &[PROCESSOR, SECOND]);
    assert_eq!(of(&trial, "queue 2048"), is(&[("received", 2)]));
    assert_eq!(of(&trial, "queue 64"), is(&[("received", 1), ("dropped_queue_full", 1)]));
    assert_eq!(trial.ledger.spread, Some(PathSpread { every: 1, some: 1, none: 0 }));
    // The whole has for each span the path on which it fared worst.
    assert_eq!((trial.ledger.created, trial.ledger.total(Fate::DroppedQueueFull)), (2, 1));
    assert_eq!((trial.loss.due, trial.loss.lost), (2, 1));
    // A copy on each of two paths is no duplicate: each path counts its own, and the whole each span once.
    assert_eq!(trial.ledger.copies, [(1, 2)].into());
    let copies =
        |name: &str| trial.ledger.paths.iter().find(|row| row.path.contains(name)).unwrap().copies.clone();
    assert_eq!((copies("queue 2048"), copies("queue 64")), ([(1, 2)].into(), [(1, 1)].into()));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    let names: Vec<&str> = trial.services[0].paths.iter().map(|path| path.path.as_str()).collect();
    assert!(names.iter().all(|name| name.starts_with("provider 1 · batch (queue ")), "{names:?}");
}

#[test]
fn books_that_differ_from_the_processors_own_counter_are_no_pass() {
    let mut life = Life::default();
    life.queued(1).batch(1, &[1], false, true);
    life.processor(ProbeKind::Drained, false, 0, 0);
    // It counted one that the books do not have.
    life.patch(32, 1);
    let (_, run) = life.conclude();
    assert_eq!(run.verdict, Verdict::Inconclusive);
    assert!(run.reasons.iter().any(|reason| reason.contains("own counter")), "{:?}", run.reasons);
}

#[test]
fn what_arrived_goes_to_the_path_whose_call_was_open() {
    // The same spans go out twice at overlapping times; the second exporter sends to somebody else.
    let mut life = two_queues();
    life.listed(BOTH, &[PROCESSOR, SECOND]);
    for number in [1, 2] {
        span(&mut life, number, 1, BOTH);
        life.enter(number, PROCESSOR).enter(number, SECOND);
    }
    life.handover(PROCESSOR, 1, &[1]).handover(SECOND, 2, &[1]).arrive(&[1]);
    life.look(PROCESSOR, ProbeKind::Exported, false, 1, 0).look(SECOND, ProbeKind::Exported, false, 2, 0);
    life.batch_of(PROCESSOR, 3, &[2], false, true).batch_of(SECOND, 4, &[2], false, false);
    let (trial, _) = end(&mut life, &[PROCESSOR, SECOND]);
    assert_eq!(of(&trial, "queue 2048"), is(&[("received", 2)]));
    assert_eq!(of(&trial, "queue 64"), is(&[("unaccounted", 2)]));
    // Where it failed, the copy is not its own either.
    let mut life = two_queues();
    life.listed(BOTH, &[PROCESSOR, SECOND]);
    span(&mut life, 1, 1, BOTH);
    life.enter(1, PROCESSOR).enter(1, SECOND);
    life.handover(SECOND, 1, &[1]).handover(PROCESSOR, 2, &[1]).arrive(&[1]);
    life.look(PROCESSOR, ProbeKind::Exported, false, 2, 0).look(SECOND, ProbeKind::Exported, true, 1, 0);
    let (trial, _) = end(&mut life, &[PROCESSOR, SECOND]);
    assert_eq!(of(&trial, "queue 2048"), is(&[("received", 1)]));
    assert_eq!(of(&trial, "queue 64"), is(&[("export_failed.other", 1)]));
}

#[test]
fn a_simple_processor_alone_needs_no_queue() {
    let mut life = Life::default();
    life.settings.clear();
    life.listed(FRONTED, &[SIMPLE]);
    for number in [1, 2] {
        span(&mut life, number, 1, FRONTED);
        life.of(ProbeKind::Simple, number, SIMPLE);
        life.simple_batch(SIMPLE, number as u32, number, number == 1);
    }
    life.record(ProbeKind::Closing, 0, 1, |out| out[48..56].copy_from_slice(&1_u64.to_le_bytes()));
    span(&mut life, 3, 1, EMPTY);
    let (trial, run) = end(&mut life, &[]);
    assert_eq!(trial.ledger.paths, []);
    let found: Vec<(String, u64)> =
        trial.ledger.fates.iter().map(|(fate, count)| (fate.to_string(), count.total)).collect();
    let must = is(&[("received", 1), ("ended_after_shutdown", 1), ("export_failed.other", 1)]);
    assert_eq!(found, must);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn nobody_is_called_is_told_apart_from_somebody_who_keeps_it() {
    let mut life = Life::default();
    life.settings.clear();
    life.listed(EMPTY, &[]).listed(FRONTED, &[FRONT]);
    span(&mut life, 1, 1, EMPTY);
    // A processor of the program's own that was never seen to hand anything on: what it does with a span nobody knows.
    span(&mut life, 2, 1, FRONTED);
    life.record(ProbeKind::Closing, 0, 1, |out| out[48..56].copy_from_slice(&1_u64.to_le_bytes()));
    life.record(ProbeKind::Closed, 0, 1, |_| {});
    let (trial, run) = end(&mut life, &[]);
    assert_eq!(trial.ledger.total(Fate::NoProcessor), 1);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn a_processor_without_an_exporter_says_so() {
    // Its settings could not be read in time; the probes saw it all the same.
    let mut life = Life::default();
    life.settings.clear();
    life.listed(FRONTED, &[PROCESSOR]);
    span(&mut life, 1, 1, FRONTED);
    life.of(ProbeKind::Offered, 1, PROCESSOR).flag(8);
    let (trial, run) = end(&mut life, &[PROCESSOR]);
    assert_eq!(trial.ledger.total(Fate::NoExporter), 1);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn one_that_hands_on_later_may_still_hold_what_it_did_not_hand_on() {
    let mut life = Life::default();
    life.listed(FRONTED, &[FRONT]);
    for number in [1, 2] {
        span(&mut life, number, 1, FRONTED);
    }
    // On a goroutine of its own.
    life.on(99, ProbeKind::Offered, 1, PROCESSOR).on(99, ProbeKind::Queued, 1, PROCESSOR);
    // The goroutine that ended the second one went on.
    life.on(2, ProbeKind::Ended, 77, 0).batch(1, &[1], false, true);
    let (trial, run) = end(&mut life, &[PROCESSOR]);
    assert_eq!(trial.ledger.total(Fate::Received), 1);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn who_was_called_had_the_one_before_it_return() {
    // One in front hands on the first span and hides the second, and is called before another processor or after it. Then the
    // program dies, and the goroutines do nothing more.
    let [hidden, queued] = ["filtered.processor", "lost_in_queue_at_exit.exit"].map(|name| (name, 1));
    for (entries, fates, open) in
        [([FRONT, SECOND], &[hidden, queued][..], 0), ([SECOND, FRONT], &[queued, ("unaccounted", 1)], 1)]
    {
        let mut life = two_queues();
        life.listed(BOTH, &entries);
        for number in [1, 2] {
            span(&mut life, number, 1, BOTH);
            life.enter(number, SECOND);
            if number == 1 {
                life.enter(number, PROCESSOR);
            }
        }
        let (trial, run) = life.conclude();
        assert_eq!(of(&trial, "queue 2048"), is(fates), "{entries:?}");
        assert_eq!(of(&trial, "queue 64"), is(&[("lost_in_queue_at_exit.exit", 2)]));
        // It was given to the one in front, and whether that came back nobody saw: neither a loss nor on purpose.
        assert_eq!(
            trial.ledger.gaps.get(&Gap::NotHandedOn).copied().unwrap_or_default(),
            open,
            "{entries:?}"
        );
        assert_ne!(run.verdict, Verdict::AccountingBroken, "{:?}", run.reasons);
    }
}

#[test]
fn a_processor_may_be_stopped_while_a_span_enters_it() {
    // Two spans enter before the shutdown begins; the goroutine of the first goes on after that, the other's before.
    let mut life = Life::default();
    life.listed(FRONTED, &[PROCESSOR]);
    for number in [1, 2] {
        span(&mut life, number, 1, FRONTED);
        life.of(ProbeKind::Offered, number, PROCESSOR);
    }
    life.on(2, ProbeKind::Ended, 77, 0);
    life.processor(ProbeKind::Shutdown, false, 0, 0).on(1, ProbeKind::Ended, 78, 0);
    let (trial, _) = end(&mut life, &[PROCESSOR]);
    assert_eq!(trial.ledger.total(Fate::EndedAfterShutdown), 1);
    // It came out before the processor was stopped, neither queued nor dropped: that is a contradiction.
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (0, 1));
}

#[test]
fn a_processor_that_takes_the_place_of_another_has_books_of_its_own() {
    let mut life = Life::default();
    life.listed(FRONTED, &[PROCESSOR]).listed(BOTH, &[PROCESSOR]);
    span(&mut life, 1, 1, FRONTED);
    life.enter(1, PROCESSOR).batch(1, &[1], false, true);
    life.processor(ProbeKind::Shutdown, false, 0, 0).processor(ProbeKind::Drained, false, 0, 0);
    // A later one, at the same address.
    span(&mut life, 2, 1, BOTH);
    life.enter(2, PROCESSOR).processor(ProbeKind::Export, false, 0, 0).batch(2, &[2], false, true);
    let (trial, run) = end(&mut life, &[PROCESSOR]);
    let created: Vec<u64> = trial.ledger.paths.iter().map(|path| path.created).collect();
    assert_eq!(created, [1, 1]);
    assert_eq!(trial.ledger.total(Fate::Received), 2);
    assert_eq!(trial.ledger.spread, Some(PathSpread { every: 2, some: 0, none: 0 }));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn a_list_that_is_replaced_while_a_span_ends_leads_to_one_of_both() {
    let mut life = two_queues();
    life.listed(FRONTED, &[PROCESSOR]).listed(BOTH, &[SECOND]);
    span(&mut life, 1, 1, FRONTED);
    life.enter(1, PROCESSOR).batch(1, &[1], false, true);
    // Both begin to end with the first list. One comes to the processor that took its place; the other finds none at all.
    span(&mut life, 2, 1, FRONTED);
    span(&mut life, 3, 1, FRONTED);
    life.processor(ProbeKind::Shutdown, false, 0, 0).processor(ProbeKind::Drained, false, 0, 0);
    life.enter(2, SECOND).look(SECOND, ProbeKind::Export, false, 0, 0).batch_of(SECOND, 2, &[2], false, true);
    life.on(3, ProbeKind::Ended, 77, 0);
    let (trial, run) = end(&mut life, &[SECOND]);
    let created: Vec<u64> = trial.ledger.paths.iter().map(|path| path.created).collect();
    assert_eq!(created, [2, 1], "{:?}", trial.ledger.paths);
    assert_eq!((trial.ledger.total(Fate::Received), trial.ledger.total(Fate::EndedAfterShutdown)), (2, 1));
    assert_eq!(trial.ledger.spread, Some(PathSpread { every: 2, some: 0, none: 1 }));
    assert_eq!(trial.services[0].paths[1].behind, Vec::<String>::new());
    assert_ne!(run.verdict, Verdict::AccountingBroken, "{:?}", run.reasons);
}

#[test]
fn providers_are_numbered_by_their_first_spans_and_kinds_are_told() {
    let mut life = Life::default();
    life.listed(FRONTED, &[PROCESSOR]).listed(BOTH, &[SIMPLE]);
    span(&mut life, 1, 7, FRONTED);
    life.enter(1, PROCESSOR);
    span(&mut life, 2, 5, BOTH);
    life.of(ProbeKind::Simple, 2, SIMPLE).simple_batch(SIMPLE, 1, 2, true).batch(2, &[1], false, true);
    let (trial, _) = end(&mut life, &[PROCESSOR]);
    let shown: Vec<(u32, PathKind)> =
        trial.services[0].paths.iter().map(|path| (path.provider, path.kind)).collect();
    assert_eq!(shown, [(1, PathKind::Batch), (2, PathKind::Simple)]);
}

#[test]
fn a_span_ledger_has_a_record_for_each_further_path() {
    let on = |record: PathRecord, wire: &[Disposition]| Further { record, wire: wire.to_vec() };
    let queued = PathRecord { ending: 31, ended: 41, ..PathRecord::default() };
    let world = World {
        batches: vec![Batch::Ok, Batch::Failed("connection refused".to_owned())],
        spans: vec![
            started().queued().exported(0).on_wire(&[Disposition::Accepted]),
            started().queued().exported(0).on_wire(&[Disposition::Accepted]),
            started().queued().exported(0).on_wire(&[Disposition::Accepted]),
            started().queued().exported(0).on_wire(&[Disposition::Accepted]),
            started(),
        ],
        further: vec![
            on(PathRecord { exported: 51, batch: 1, ..queued }, &[Disposition::Accepted]),
            on(PathRecord { dropped: 40, ..queued }, &[]),
            on(PathRecord { hidden: 45, ..PathRecord::default() }, &[]),
            on(PathRecord { exported: 51, batch: 2, ..queued }, &[]),
            on(PathRecord::default(), &[]),
        ],
        ..World::default()
    };
    let (trial, run) = world.conclude();
    // A span is offered to several paths, and its end is called once.
    assert!(!trial.examples.is_empty());
    for example in &trial.examples {
        let count = |what: &str| example.steps.iter().filter(|step| step.what.starts_with(what)).count();
        assert!(count("End() called") <= 1, "{:#?}", example.steps);
        let offered = example.steps.iter().filter(|step| step.what.contains("offered to the"));
        assert!(offered.clone().all(|step| step.path.is_some()), "{:#?}", example.steps);
    }
    let twice = |example: &Explanation| {
        let offered = example.steps.iter().filter(|step| step.what.starts_with("offered to the")).count();
        offered == 2 && example.steps.iter().any(|step| step.what.starts_with("End() called after"))
    };
    assert!(trial.examples.iter().any(twice), "{:#?}", trial.examples);
    assert_eq!(of(&trial, "otlp grpc"), is(&[("received", 4)]));
    let second =
        [("received", 1), ("filtered.processor", 1), ("dropped_queue_full", 1), ("export_failed.refused", 1)];
    assert_eq!(of(&trial, "audit · provider 2 · filter · batch (queue 64) → otlp http"), is(&second));
    assert_eq!(of(&trial, "offered to no path"), is(&[("never_ended.leak", 1)]));
    assert_eq!(trial.ledger.spread, Some(PathSpread { every: 2, some: 2, none: 0 }));
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn what_comes_under_another_type_is_not_called_removed() {
    // A processor of the program's own hands on spans of its own type: the ids of one are not found in it.
    let mut life = Life::default();
    life.listed(FRONTED, &[FRONT]);
    for number in [1, 2, 3] {
        span(&mut life, number, 1, FRONTED);
        if number == 1 {
            life.enter(number, PROCESSOR);
        }
        if number == 2 {
            life.of(ProbeKind::Offered, number, PROCESSOR).patch(40, 0);
        }
        life.on(number, ProbeKind::Ended, 70 + number, 0);
    }
    life.batch(1, &[1], false, true);
    let (trial, run) = end(&mut life, &[PROCESSOR]);
    assert_eq!(trial.ledger.total(Fate::Received), 1);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (2, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn one_that_hands_on_the_span_before_may_still_hold_the_last() {
    let mut life = Life::default();
    life.listed(FRONTED, &[FRONT]);
    // All on one goroutine: each `End` hands on the span before.
    for number in [1, 2, 3] {
        life.on(9, ProbeKind::Started, number, 0).patch(56, 1);
        life.on(9, ProbeKind::Ended, number, 0).patch(56, FRONTED);
        if number > 1 {
            life.on(9, ProbeKind::Offered, number - 1, PROCESSOR);
            life.on(9, ProbeKind::Queued, number - 1, PROCESSOR);
        }
    }
    life.on(9, ProbeKind::Ended, 77, 0).batch(1, &[1, 2], false, true);
    let (trial, run) = end(&mut life, &[PROCESSOR]);
    assert_eq!(trial.ledger.total(Fate::Received), 2);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}
