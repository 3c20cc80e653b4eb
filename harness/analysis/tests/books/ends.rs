//! What became of the shutdowns of a program's providers, and what that says of spans that were still open.

use super::common::life::{Life, PROCESSOR};
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::result::{EndedBy, ProviderEnd, ServiceEnd, ShutdownCourse, TrialResult};

/// The goroutine that shuts down.
const MAIN: u64 = 4_711;

fn fates(trial: &TrialResult) -> Vec<String> {
    trial.ledger.fates.iter().map(|(fate, count)| format!("{fate} {}", count.total)).collect()
}

fn end(trial: &TrialResult) -> &ServiceEnd {
    assert_eq!(trial.services[0].ends.len(), 1);
    &trial.services[0].ends[0]
}

fn courses(trial: &TrialResult) -> Vec<ShutdownCourse> {
    end(trial).providers.iter().filter_map(|provider| provider.shutdown.known().copied()).collect()
}

/// A span that is left open, and what its provider's shutdown says.
fn left(moments: &[(ProbeKind, u64, u64)]) -> TrialResult {
    let mut life = Life::default();
    life.queued(1).batch(1, &[1], false, true).of(ProbeKind::Started, 2, 0);
    for (kind, goroutine, a) in moments {
        life.moment(*kind, *goroutine, *a);
    }
    let (trial, _) = life.conclude();
    assert!(trial.ledger.closes());
    trial
}

#[test]
fn a_span_that_is_open_when_a_shutdown_has_returned_was_never_ended() {
    use ProbeKind::{Closed, Closing};
    use ShutdownCourse::{DidNotReturn, NotCalled, Returned, ReturnedError};
    for (moments, course, fate) in [
        (&[(Closing, MAIN, 0), (Closed, MAIN, 0)][..], Returned, "never_ended.leak 1"),
        (&[(Closing, MAIN, 0), (Closed, MAIN, 1)], ReturnedError, "never_ended.leak 1"),
        // A second call returns at once; the first one does not.
        (
            &[(Closing, MAIN, 0), (Closing, MAIN + 1, 0), (Closed, MAIN + 1, 0)],
            DidNotReturn,
            "cut_off_at_exit 1",
        ),
        (&[(Closing, MAIN, 0)], DidNotReturn, "cut_off_at_exit 1"),
        // Another provider's, of which no span was seen.
        (&[(Closing, MAIN, 99), (Closed, MAIN, 0)], NotCalled, "cut_off_at_exit 1"),
        (&[], NotCalled, "cut_off_at_exit 1"),
    ] {
        let trial = left(moments);
        assert_eq!(courses(&trial), [course], "{moments:?}");
        assert_eq!(fates(&trial), ["received 1".to_owned(), fate.to_owned()], "{moments:?}");
        let ProviderEnd { called_ms, took_ms, .. } = end(&trial).providers[0];
        assert_eq!(called_ms.is_some(), course != NotCalled, "{moments:?}");
        assert_eq!(took_ms.is_some(), matches!(course, Returned | ReturnedError), "{moments:?}");
        assert!(end(&trial).by.is(&EndedBy::Itself) && end(&trial).code == Some(0));
    }
}

#[test]
fn each_provider_has_a_shutdown_of_its_own() {
    let mut life = Life::default();
    life.queued(1);
    life.of(ProbeKind::Started, 2, 0).patch(56, 7).ended_with(2, 0).enter(2, PROCESSOR + 8);
    life.moment(ProbeKind::Closing, MAIN, 7).moment(ProbeKind::Closed, MAIN, 0);
    let (trial, _) = life.conclude();
    assert_eq!(courses(&trial), [ShutdownCourse::NotCalled, ShutdownCourse::Returned]);
}

#[test]
fn the_shutdown_of_a_provider_that_records_nothing_is_seen() {
    let mut life = Life::default();
    life.moment(ProbeKind::Closing, MAIN, 7).moment(ProbeKind::Closed, MAIN, 0);
    let (trial, _) = life.conclude();
    assert_eq!(courses(&trial), [ShutdownCourse::Returned]);
}
