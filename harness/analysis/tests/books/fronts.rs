//! Processors of the program's own in front of a path: what became of the last span that they were given.

use super::common::life::{FRONT, FRONTED, Life, PROCESSOR};
use spanfate_model::books::ledger::Gap;
use spanfate_model::fate::{Fate, Filter};
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::verdict::Verdict;

/// Starts a span and ends it, with the one in front as the provider's only processor.
fn ended(life: &mut Life, number: u64) {
    life.of(ProbeKind::Started, number, 0).patch(56, 1).ended_with(number, FRONTED);
}

#[test]
fn the_last_span_of_a_goroutine_was_removed_where_the_goroutine_came_back() {
    // One in front hands on the first span and not the second, and the program dies. Of the second one's goroutine nothing more was
    // seen; a processor returned on it, or on another; it ended; it shut the provider down, which never came back.
    for (after, removed) in [
        (None, 0),
        (Some((ProbeKind::Passed, 2)), 1),
        (Some((ProbeKind::Passed, 3)), 0),
        (Some((ProbeKind::Gone, 2)), 1),
        (Some((ProbeKind::Closing, 2)), 1),
    ] {
        let mut life = Life::default();
        // Two processors of the machine said the list at once.
        life.listed(FRONTED, &[FRONT]).listed(FRONTED, &[FRONT]);
        for number in [1, 2] {
            ended(&mut life, number);
            if number == 1 {
                life.enter(number, PROCESSOR);
            }
        }
        if let Some((kind, goroutine)) = after {
            life.moment(kind, goroutine, 1);
        }
        life.batch(1, &[1], false, true);
        let (trial, run) = life.conclude();
        let ledger = &trial.ledger;
        assert_eq!(ledger.total(Fate::Filtered(Filter::Processor)), removed);
        assert_eq!(ledger.gaps.get(&Gap::NotHandedOn).copied().unwrap_or_default(), 1 - removed);
        assert_eq!(ledger.total(Fate::Received), 1);
        let verdict = if removed == 1 { Verdict::Pass } else { Verdict::Inconclusive };
        assert_eq!(run.verdict, verdict, "{:?}", run.reasons);
    }
}

#[test]
fn what_a_processor_that_leads_nowhere_was_given_last_is_not_lost_within() {
    let mut life = Life::default();
    life.settings.clear();
    life.listed(FRONTED, &[FRONT]);
    ended(&mut life, 1);
    let (trial, run) = life.conclude();
    assert_eq!(trial.ledger.gaps.get(&Gap::NotHandedOn), Some(&1), "{:?}", trial.ledger);
    assert_eq!(run.verdict, Verdict::Inconclusive);
}
