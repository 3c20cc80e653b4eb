//! A program under a load of ours whose spans carry no number of a request: Go's default propagator takes up nothing.

use spanfate_model::fate::Fate;
use spanfate_model::format::probe::ProbeKind;

use super::common::BEGAN;
use super::common::life::{Life, PROCESSOR};

/// Two spans of our own look before the load, of which one is lost; then four under it, of which one is dropped.
fn lived() -> (Life, u64) {
    let mut life = Life::default();
    let drop = |life: &mut Life, span: u64| {
        life.of(ProbeKind::Started, span, 0).of(ProbeKind::Ended, span, 0);
        life.of(ProbeKind::Offered, span, PROCESSOR).of(ProbeKind::Dropped, span, PROCESSOR);
    };
    life.queued(1).batch(1, &[1], false, true);
    drop(&mut life, 2);
    let from = BEGAN + life.at + 1;
    life.queued(3).queued(4).queued(5).batch(2, &[3, 4, 5], false, true);
    drop(&mut life, 6);
    life.processor(ProbeKind::Drained, false, 0, 0);
    (life, from)
}

#[test]
fn its_loss_is_that_of_the_whole_load_and_never_of_no_span() {
    let (life, from) = lived();
    let (trial, run) = life.conclude_loaded(Some(from));
    assert_eq!((trial.ledger.created, trial.ledger.unnumbered), (6, 6));
    assert_eq!((trial.loss.due, trial.loss.received, trial.loss.lost), (4, 3, 1), "{:?}", trial.ledger);
    assert!((trial.loss.rate - 0.25).abs() < 1e-9);
    assert_eq!(
        trial.ledger.total(Fate::DroppedQueueFull),
        2,
        "the whole trial has that before the load, too"
    );
    assert!(trial.damage.is_none(), "which spans make a trace of a request nobody knows");
    let summary = &run.variants[0].summary;
    assert_eq!((summary.created, summary.lost), (4, 1));
    assert!(summary.loss.mean > 0.0 && !run.insights.advice.is_empty(), "{run:?}");
}

#[test]
fn nothing_is_counted_of_a_program_that_never_came_to_its_load() {
    let (life, _) = lived();
    let (trial, run) = life.conclude_loaded(None);
    assert_eq!(
        (trial.ledger.created, trial.ledger.outside, trial.loss.lost),
        (0, 0, 0),
        "{:?}",
        trial.ledger
    );
    assert_eq!(run.variants[0].summary.lost, 0);
}

#[test]
fn without_a_load_all_of_its_life_counts() {
    let (trial, _) = lived().0.conclude();
    assert_eq!((trial.loss.due, trial.loss.lost, trial.ledger.unnumbered), (6, 2, 0));
}
