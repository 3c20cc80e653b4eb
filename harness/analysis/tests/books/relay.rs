//! With a relay the answer says what was received, not the receipt alone.

mod engine;
mod hops;

use super::common::{Batch, World};
use spanfate_model::books::ledger::Gap;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::format::wire::{Disposition, RECORD_BYTES};
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::unread::{UnreadReason, UnreadRequests};
use spanfate_model::verdict::Verdict;

/// Concludes a world whose one span came through a relay, with what the answer record says of the endpoint; none: cut off.
fn fates(batch: Batch, said: Option<u8>) -> (Vec<Fate>, u64) {
    let span = super::common::started().queued().exported(0).on_wire(&[Disposition::Accepted]);
    let world = World { spans: vec![span], batches: vec![batch], ..World::default() };
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    let mut wire = logs.wire.as_deref().unwrap().to_vec();
    wire[16] = 1;
    let answer = (0..wire.len()).step_by(RECORD_BYTES).find(|at| wire[*at] == 3).unwrap();
    match said {
        Some(said) => wire[answer + 3] = said,
        None => wire.truncate(answer),
    }
    logs.wire = Some(wire.into());
    let ledger = super::common::conclude(&plan, &logs).0.ledger;
    (ledger.fates.keys().copied().collect(), ledger.unaccounted.count)
}

#[test]
fn a_span_is_received_if_the_endpoint_took_it() {
    let failed = || Batch::Failed("rpc error: code = Unavailable desc = down".to_owned());
    assert_eq!(fates(Batch::Ok, Some(1)), (vec![Fate::Received], 0));
    for said in [2, 3] {
        let (fates, unaccounted) = fates(failed(), Some(said));
        assert!(unaccounted == 0 && fates.len() == 1 && fates[0] != Fate::Received, "{fates:?}");
    }
    assert_eq!(fates(Batch::Ok, None), (vec![], 1));
}

/// Concludes a world with one span that was exported and is not in the log, where one request could not be read.
fn unread(batch: Batch, reason: UnreadReason, handed_on: bool) -> (TrialResult, RunResult) {
    let span = super::common::started().queued().exported(0);
    let world = World { spans: vec![span], batches: vec![batch], ..World::default() };
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    let number = u64::from(handed_on);
    let example = "POST /mine".to_owned();
    logs.manifest.unread = vec![UnreadRequests {
        reason: reason.into(),
        requests: 1,
        handed_on: number,
        taken: number,
        example,
    }];
    super::common::conclude(&plan, &logs)
}

#[test]
fn a_span_in_a_request_that_nobody_here_could_read_is_not_judged() {
    for handed_on in [false, true] {
        let (trial, run) = unread(Batch::Ok, UnreadReason::Path, handed_on);
        assert_eq!((trial.ledger.unaccounted.count, trial.ledger.unexplained.count), (1, 0));
        assert_eq!(trial.ledger.gaps.get(&Gap::Unread), Some(&1));
        assert_eq!(run.verdict, Verdict::Inconclusive);
        assert!(
            run.reasons.iter().any(|reason| reason.contains("the first: POST /mine")),
            "{:?}",
            run.reasons
        );
    }
    // What was too large is told as such: it does not explain an export without an error.
    let (trial, run) = unread(Batch::Ok, UnreadReason::TooLarge, false);
    assert_eq!((trial.ledger.unexplained.count, run.verdict), (1, Verdict::AccountingBroken));
}

#[test]
fn what_our_receiver_turned_away_gives_no_verdict_and_what_the_endpoint_refused_does() {
    let failed = || Batch::Failed("traces export: failed to send to http://x/mine: 404 Not Found".to_owned());
    let (trial, run) = unread(failed(), UnreadReason::Path, false);
    assert_eq!((trial.ledger.class(FateClass::Lost).0, run.verdict), (1, Verdict::Inconclusive));
    let why = "our receiver turned 1 request away: it takes nothing at their path (the first: POST /mine)";
    assert!(run.reasons.iter().any(|reason| reason.contains(why)), "{:?}", run.reasons);
    let (trial, run) = unread(failed(), UnreadReason::Path, true);
    assert_eq!(trial.ledger.class(FateClass::Lost).0, 1);
    assert!(!run.reasons.iter().any(|reason| reason.contains("turned")), "{:?}", run.reasons);
    let (_, run) = unread(failed(), UnreadReason::NoSpan, false);
    assert!(!run.reasons.iter().any(|reason| reason.contains("turned")), "{:?}", run.reasons);
}
