//! Books that rest on probes: the records of a program that keeps no ledger, and the fates that they prove.

use super::common::life::{FRONT, FRONTED, Life, PROCESSOR};
use spanfate_model::books::ledger::Gap;
use spanfate_model::fate::witness::{Witness, WitnessState};
use spanfate_model::fate::{Decider, ExitWay, ExportCause, Fate, Filter, Leak};
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::result::TrialResult;
use spanfate_model::verdict::Verdict;

fn fates(trial: &TrialResult) -> Vec<(Fate, u64)> {
    trial.ledger.fates.iter().map(|(fate, count)| (*fate, count.total)).collect()
}

#[test]
fn every_end_of_a_span_has_its_fate() {
    let mut life = Life::default();
    life.listed(FRONTED, &[FRONT]);
    life.queued_by(1, FRONTED).queued_by(2, FRONTED).batch(1, &[1, 2], false, true);
    life.of(ProbeKind::Started, 3, 0).of(ProbeKind::Ended, 3, 0).of(ProbeKind::Offered, 3, PROCESSOR);
    life.of(ProbeKind::Dropped, 3, PROCESSOR);
    life.of(ProbeKind::Started, 4, 0);
    life.sampled(ProbeKind::Started, 5, 0, false).sampled(ProbeKind::Ended, 5, 0, false);
    // A processor in front of the batch processor is called, does not hand it on, and its goroutine goes on.
    life.of(ProbeKind::Started, 6, 0).ended_with(6, FRONTED).record(ProbeKind::Ended, 1, 6, |_| ());
    life.queued(7).batch(2, &[7], true, false);
    life.processor(ProbeKind::Shutdown, false, 0, 0);
    life.of(ProbeKind::Started, 8, 0).of(ProbeKind::Ended, 8, 0);
    life.processor(ProbeKind::Drained, false, 0, 0).processor(ProbeKind::Shut, false, 0, 0);
    let (trial, run) = life.conclude();
    let expected = [
        (Fate::Received, 2),
        (Fate::NotSampled(Decider::Sampler), 1),
        (Fate::Filtered(Filter::Processor), 1),
        (Fate::NeverEnded(Leak::Forgotten), 1),
        (Fate::DroppedQueueFull, 1),
        (Fate::EndedAfterShutdown, 1),
        (Fate::ExportFailed(ExportCause::Other), 1),
    ];
    let mut found = fates(&trial);
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!((trial.ledger.created, trial.ledger.created_measured), (8, 8));
    assert!(trial.ledger.closes() && !trial.ledger.is_broken());
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    let probe = trial.witnesses.iter().find(|report| report.witness == Witness::Probe).unwrap();
    assert_eq!(probe.state, WitnessState::Complete);
}

#[test]
fn what_lay_in_the_queue_is_told_apart_by_how_the_worker_ended() {
    let ends = |code: i32, end: &dyn Fn(&mut Life)| {
        let mut life = Life { code, ..Life::default() };
        life.queued(1);
        end(&mut life);
        fates(&life.conclude().0)
    };
    let in_queue = |exit| vec![(Fate::LostInQueueAtExit(exit), 1)];
    assert_eq!(ends(0, &|_| ()), in_queue(ExitWay::Exit));
    assert_eq!(ends(2, &|_| ()), in_queue(ExitWay::Crash));
    let late = |life: &mut Life| {
        life.processor(ProbeKind::Shutdown, false, 0, 0).processor(ProbeKind::Shut, true, 0, 0);
    };
    assert_eq!(ends(0, &late), in_queue(ExitWay::ShutdownDeadline));
}

#[test]
fn a_flush_makes_no_span() {
    let mut life = Life::default();
    life.queued(1);
    life.of(ProbeKind::Blocked, 77, PROCESSOR).of(ProbeKind::Queued, 77, PROCESSOR);
    life.batch(1, &[1], false, true).processor(ProbeKind::Drained, false, 0, 0);
    let (trial, run) = life.conclude();
    assert_eq!(fates(&trial), [(Fate::Received, 1)]);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
}

#[test]
fn a_lost_record_leaves_open_what_it_may_have_said() {
    let mut life = Life { lost: 1, ..Life::default() };
    life.queued(1).batch(1, &[1], false, true);
    life.of(ProbeKind::Started, 2, 0).of(ProbeKind::Ended, 2, 0).of(ProbeKind::Offered, 2, PROCESSOR);
    life.of(ProbeKind::Started, 3, 0).of(ProbeKind::Ended, 3, 0).of(ProbeKind::Offered, 3, PROCESSOR);
    life.of(ProbeKind::Dropped, 3, PROCESSOR).processor(ProbeKind::Drained, false, 0, 0);
    let (trial, run) = life.conclude();
    assert_eq!(fates(&trial), [(Fate::Received, 1), (Fate::DroppedQueueFull, 1)]);
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
}

#[test]
fn without_a_site_there_are_no_books() {
    let mut life = Life { missing: vec!["enqueueDrop".to_owned()], ..Life::default() };
    life.queued(1).batch(1, &[1], false, true).of(ProbeKind::Started, 2, 0).of(ProbeKind::Ended, 2, 0);
    let (trial, run) = life.processor(ProbeKind::Drained, false, 0, 0).conclude();
    assert_eq!((trial.ledger.unexplained.count, trial.ledger.fates.get(&Fate::DroppedQueueFull)), (0, None));
    assert!(!trial.ledger.fates.contains_key(&Fate::NeverEnded(Leak::Forgotten)), "{:?}", trial.ledger.fates);
    assert_eq!(run.verdict, Verdict::Inconclusive, "{:?}", run.reasons);
}

#[test]
fn what_a_queue_dropped_is_proven_by_its_counter_where_its_answers_are_not_seen() {
    for (counted, proven) in [(1, true), (2, false)] {
        let mut life = Life { lacking: vec![ProbeKind::Dropped], ..Life::default() };
        for span in [1, 2] {
            life.of(ProbeKind::Started, span, 0).of(ProbeKind::Ended, span, 0);
            life.of(ProbeKind::Offered, span, PROCESSOR);
        }
        // For the counter; nobody saw them.
        for _ in 0..counted {
            life.of(ProbeKind::Dropped, 2, PROCESSOR);
        }
        life.batch(1, &[1], false, true).processor(ProbeKind::Drained, false, 0, 0);
        life.records.retain(|record| record[8] != ProbeKind::Dropped as u8);
        let (trial, run) = life.conclude();
        let dropped = trial.ledger.fates.get(&Fate::DroppedQueueFull).map_or(0, |count| count.total);
        let (unaccounted, unexplained) = (trial.ledger.unaccounted.count, trial.ledger.unexplained.count);
        assert_eq!(trial.ledger.fates[&Fate::Received].total, 1);
        assert_eq!((trial.ledger.created, unexplained), (2, 0), "{counted}");
        assert_eq!((dropped, unaccounted), (u64::from(proven), u64::from(!proven)), "{counted}");
        assert_eq!(run.verdict == Verdict::Inconclusive, !proven, "{:?}", run.reasons);
    }
}

#[test]
fn spans_that_go_elsewhere_are_not_called_lost() {
    let mut life = Life::default();
    life.queued(1).batch(1, &[1], false, false).processor(ProbeKind::Drained, false, 0, 0);
    let (trial, run) = life.conclude();
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(run.verdict, Verdict::Inconclusive);
    assert!(
        run.reasons.iter().any(|reason| reason.contains("own code sets its endpoint")),
        "{:?}",
        run.reasons
    );
    // Where others arrive, something between the exporter and us may have answered.
    let mut life = Life::default();
    life.queued(1).queued(2).batch(1, &[1], false, false).batch(2, &[2], false, true);
    let (trial, run) = life.processor(ProbeKind::Drained, false, 0, 0).conclude();
    assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
    assert_eq!(trial.ledger.gaps.get(&Gap::NotArrived), Some(&1));
    assert_eq!(run.verdict, Verdict::Inconclusive);
    // Where others of the same call arrive, it is ours that lost it.
    let mut life = Life::default();
    life.queued(1).queued(2).handover(PROCESSOR, 1, &[1, 2]).arrive(&[2]);
    life.processor(ProbeKind::Exported, false, 1, 0);
    let (trial, run) = life.processor(ProbeKind::Drained, false, 0, 0).conclude();
    assert_eq!(trial.ledger.unexplained.count, 1);
    assert_eq!(run.verdict, Verdict::AccountingBroken);
}
