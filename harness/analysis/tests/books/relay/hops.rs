//! Collectors in the path: counts at each, and what becomes of a verdict when a collector's metrics are wrong.

use crate::common::hops::WorldHop;
use crate::common::{Batch, World, killed, orderly, started};
use spanfate_model::fate::{CollectorLoss, Fate};
use spanfate_model::format::wire::{Disposition, Relayed};
use spanfate_model::result::{CountedThing, HopTotal, RunResult, TrialResult};
use spanfate_model::verdict::Verdict;

const TOOK: Relayed = Relayed::Taken { rejected: 0 };

/// Ten spans that a collector took, of which it lost two, with what it says of itself.
fn lossy(counters: &[(&str, u64)], page: bool) -> (TrialResult, RunResult) {
    passing(8, counters, page)
}

/// Ten spans that a collector took, of which so many came out, with what it says of itself.
fn passing(passed: usize, counters: &[(&str, u64)], page: bool) -> (TrialResult, RunResult) {
    let span = |number: usize| {
        let mut span = started().queued().exported(0);
        span.taps.push((0, TOOK));
        if number < passed { span.on_wire(&[Disposition::Accepted]) } else { span }
    };
    let page = page.then(|| (9_000_000_000, WorldHop::page_of(counters)));
    let hop =
        WorldHop { name: "agent".to_owned(), end: Some(orderly()), page, further: false, beside: false };
    World {
        spans: (0..10).map(span).collect(),
        batches: vec![Batch::Ok],
        hops: vec![hop],
        ..World::default()
    }
    .conclude()
}

fn lost(trial: &TrialResult, loss: CollectorLoss) -> u64 {
    trial.ledger.total(Fate::LostInCollector(loss))
}

#[test]
fn a_collector_that_counts_what_it_lost_agrees_with_the_books() {
    let honest = [("accepted", 10), ("sent", 8), ("enqueue_failed", 2)];
    let (trial, run) = lossy(&honest, true);
    assert_eq!(lost(&trial, CollectorLoss::QueueFull), 2);
    assert!(trial.agreement.iter().all(|row| row.difference == 0), "{:?}", trial.agreement);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    let hop = &trial.hops[0];
    assert_eq!((hop.came, hop.accepted, hop.passed, hop.lost_in_all()), (10, 10, 8, 2));
    assert_eq!(hop.ends, ["stopped in order"]);
    let tap = hop.tap.unwrap();
    assert!(tap.spans == 10 && tap.per_span_us().is_some_and(|us| (us - 2.0).abs() < 1e-9), "{tap:?}");
    let sent = hop.sent.unwrap();
    assert_eq!((sent.requests, sent.spans), (8, 8), "{sent:?}");
    assert_eq!(hop.own.map(|own| (own.accepted, own.sent, own.enqueue_failed)), Some((10, 8, 2)));
}

#[test]
fn a_collector_that_lost_spans_to_its_queue_is_told_what_to_set() {
    let advised = |faults: &str| {
        let span = |number: usize| {
            let mut span = started().queued().exported(0);
            span.taps.push((0, TOOK));
            if number < 8 { span.on_wire(&[Disposition::Accepted]) } else { span }
        };
        let honest = WorldHop::page_of(&[("accepted", 10), ("sent", 8), ("enqueue_failed", 2)]);
        let page = Some((9_000_000_000, honest));
        let end = Some(orderly());
        let hop = WorldHop { name: "agent".to_owned(), end, page, further: false, beside: false };
        World {
            spans: (0..10).map(span).collect(),
            batches: vec![Batch::Ok],
            hops: vec![hop],
            faults: serde_json::from_str(faults).unwrap(),
            ..World::default()
        }
        .conclude()
        .1
        .insights
        .hops
    };
    // Ten spans a second need no more than the defaults, whatever happened here.
    let [usual] = &advised("[]")[..] else { panic!("one collector lost spans") };
    assert_eq!((usual.hop.as_str(), usual.set.len()), ("agent", 0));
    // An hour of them is more than a thousand requests of two, and more than five minutes.
    let hour = r#"[{"kind": {"answer": {"status": {"grpc": "UNAVAILABLE"}}}, "at": "100ms", "for": "1h"}]"#;
    let long = &advised(hour)[0];
    for key in ["sending_queue.queue_size: ", "retry_on_failure.max_elapsed_time: "] {
        assert!(long.set.iter().any(|set| set.starts_with(key)), "{long:?}");
    }
    assert_eq!(long.set.len(), long.why.len());
    // Where nothing was lost there is nothing to set.
    assert!(passing(10, &[("accepted", 10), ("sent", 10)], true).1.insights.hops.is_empty());
}

#[test]
fn a_collector_that_counts_wrong_or_not_at_all_never_gives_a_pass() {
    let wrong: [&[(&str, u64)]; 6] = [
        &[("accepted", 10), ("sent", 8)],
        &[("accepted", 10), ("sent", 8), ("enqueue_failed", 1)],
        &[("accepted", 10), ("sent", 8), ("enqueue_failed", 3)],
        &[("accepted", 9), ("sent", 8), ("enqueue_failed", 2)],
        &[("accepted", 10), ("sent", 10), ("enqueue_failed", 2)],
        &[("accepted", 10), ("sent", 7), ("enqueue_failed", 2)],
    ];
    for counters in wrong {
        let (trial, run) = lossy(counters, true);
        assert_eq!(run.verdict, Verdict::Inconclusive, "{counters:?}");
        let differs =
            |row: &&spanfate_model::result::Agreement| row.difference > 0 && row.explained.is_none();
        assert!(trial.agreement.iter().any(|row| differs(&row)), "{counters:?}");
        assert_eq!(trial.ledger.unexplained.count + trial.ledger.unaccounted.count, 0);
    }
    let (trial, run) = lossy(&[], false);
    assert_eq!((lost(&trial, CollectorLoss::Unknown), run.verdict), (2, Verdict::Inconclusive));
}

#[test]
fn a_path_without_a_loss_gives_no_pass_to_a_collector_that_counts_wrong_or_not_at_all() {
    let honest: &[(&str, u64)] = &[("accepted", 10), ("sent", 10)];
    let (trial, run) = passing(10, honest, true);
    assert_eq!((trial.hops[0].lost_in_all(), run.verdict), (0, Verdict::Pass), "{:?}", run.reasons);
    let wrong: [&[(&str, u64)]; 8] = [
        // Too high.
        &[("accepted", 11), ("sent", 10)],
        &[("accepted", 10), ("sent", 11)],
        &[("accepted", 10), ("sent", 10), ("enqueue_failed", 1)],
        &[("accepted", 10), ("sent", 10), ("send_failed", 1)],
        &[("accepted", 10), ("sent", 10), ("refused", 1)],
        // Too low.
        &[("accepted", 9), ("sent", 10)],
        &[("accepted", 10), ("sent", 9)],
        &[],
    ];
    for counters in wrong {
        let (trial, run) = passing(10, counters, true);
        assert_eq!(run.verdict, Verdict::Inconclusive, "{counters:?}: {:?}", trial.agreement);
        assert_eq!(trial.ledger.total(Fate::Received), 10, "what it says changes no fate");
    }
    // Absent.
    let (trial, run) = passing(10, honest, false);
    assert_eq!((trial.hops[0].own, run.verdict), (None, Verdict::Inconclusive));
}

#[test]
fn a_page_that_was_read_before_a_kill_may_know_less_and_no_more_than_that() {
    let world = |accepted: u64, at: u64| {
        let span = |number: usize| {
            let mut span = started().queued().exported(0);
            span.taps.push((0, TOOK));
            if number < 8 { span.on_wire(&[Disposition::Accepted]) } else { span }
        };
        let page = Some((at, WorldHop::page_of(&[("accepted", accepted), ("sent", accepted)])));
        let hop =
            WorldHop { name: "agent".to_owned(), end: Some(killed()), page, further: false, beside: false };
        World {
            spans: (0..10).map(span).collect(),
            batches: vec![Batch::Ok],
            hops: vec![hop],
            ..World::default()
        }
        .conclude()
    };
    // The requests came 80 ns and more after the beginning, the page was read after the fourth.
    let (trial, run) = world(4, crate::common::BEGAN + 84);
    assert_eq!((lost(&trial, CollectorLoss::Crash), run.verdict), (2, Verdict::Pass), "{:?}", run.reasons);
    let accepted = CountedThing::AtHop(HopTotal::Accepted, "agent".to_owned());
    let row = trial.agreement.iter().find(|row| row.what.is(&accepted)).unwrap();
    assert!(row.difference == 6 && row.explained.is_some(), "{row:?}");
    // Had it been read at the end, it should have known them all.
    assert_eq!(world(4, 9_000_000_000).1.verdict, Verdict::Inconclusive);
}

#[test]
fn a_tap_with_a_gap_proves_nothing_of_what_did_not_arrive() {
    let mut span = started().queued().exported(0);
    span.taps.push((0, TOOK));
    let hop = WorldHop {
        name: "agent".to_owned(),
        end: Some(orderly()),
        page: None,
        further: false,
        beside: false,
    };
    let world = World { spans: vec![span], batches: vec![Batch::Ok], hops: vec![hop], ..World::default() };
    let plan = world.plan();
    let mut logs = world.logs(&plan);
    logs.taps[0].as_mut().unwrap().change(|tap| tap.truncate(tap.len() - 64));
    let (trial, run) = crate::common::conclude(&plan, &logs);
    assert_eq!((trial.ledger.unaccounted.count, run.verdict), (1, Verdict::Inconclusive));
}

/// Ten spans that a collector took, all of which its first exporter sent and eight its second; with what each says of itself.
fn fanned_out(first: &[(&str, u64)], second: &[(&str, u64)]) -> (TrialResult, RunResult) {
    let span = |number: usize| {
        let mut span = started().queued().exported(0).on_wire(&[Disposition::Accepted]);
        span.taps.push((0, TOOK));
        span.at_end = number < 8;
        span
    };
    let line = |(name, value): &(&str, u64)| {
        format!("otelcol_exporter_{name}_spans{{exporter=\"otlp/2\"}} {value}\n")
    };
    let own = second.iter().map(line).fold(WorldHop::page_of(first), |page, line| page + &line);
    let page = Some((9_000_000_000, own));
    let hop = WorldHop { name: "agent".to_owned(), end: Some(orderly()), page, further: true, beside: false };
    let spans = (0..10).map(span).collect();
    World { spans, batches: vec![Batch::Ok], hops: vec![hop], ..World::default() }.conclude()
}

#[test]
fn each_exporter_of_a_collector_closes_by_itself() {
    let (trial, run) = fanned_out(&[("accepted", 10), ("sent", 10)], &[("sent", 8), ("enqueue_failed", 2)]);
    assert!(trial.agreement.iter().all(|row| row.difference == 0), "{:?}", trial.agreement);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    let hop = &trial.hops[0];
    assert_eq!((hop.accepted, hop.passed, hop.lost_in_all()), (10, 10, 0));
    let end = &hop.further[0];
    let full = Fate::LostInCollector(CollectorLoss::QueueFull);
    assert_eq!((end.arrived, end.rejected, end.lost.get(&full)), (8, 0, Some(&2)));
    assert_eq!(end.own.map(|own| (own.sent, own.enqueue_failed)), Some((8, 2)));
}

#[test]
fn an_exporter_that_counts_wrong_or_not_at_all_never_gives_a_pass() {
    let honest: &[(&str, u64)] = &[("accepted", 10), ("sent", 10)];
    let wrong: [&[(&str, u64)]; 5] = [
        &[("sent", 10)],
        &[("sent", 8), ("enqueue_failed", 1)],
        &[("sent", 8), ("enqueue_failed", 3)],
        &[("sent", 7), ("enqueue_failed", 2)],
        &[],
    ];
    for second in wrong {
        let (trial, run) = fanned_out(honest, second);
        assert_eq!(run.verdict, Verdict::Inconclusive, "{second:?}");
        assert_eq!(trial.hops[0].further[0].lost_in_all(), 2);
        assert_eq!(trial.ledger.unexplained.count + trial.ledger.unaccounted.count, 0);
    }
}

#[test]
fn a_sampler_that_counts_wrong_never_gives_a_pass() {
    for (decided, verdict) in [(2, Verdict::Pass), (1, Verdict::Inconclusive), (3, Verdict::Inconclusive)] {
        let (trial, run) = lossy(&[("accepted", 10), ("sent", 8), ("decided", decided), ("kept", 8)], true);
        assert_eq!(run.verdict, verdict, "{decided}: {:?}", run.reasons);
        let hop = &trial.hops[0];
        let out: u64 = hop.lost_in_all() + hop.decided.values().sum::<u64>();
        assert_eq!((hop.accepted, hop.passed, out), (10, 8, 2));
    }
}

/// Ten spans through a collector that balances between two, of which each says how many it sent.
fn balanced(sent: [u64; 2]) -> (TrialResult, RunResult) {
    let span = |number: usize| {
        let mut span = started().queued().exported(0).on_wire(&[Disposition::Accepted]);
        span.taps = vec![(0, TOOK), (if number < 6 { 1 } else { 2 }, TOOK)];
        span
    };
    let hop = |name: &str, beside, accepted: u64, sent: u64| WorldHop {
        name: name.to_owned(),
        end: Some(orderly()),
        page: Some((9_000_000_000, WorldHop::page_of(&[("accepted", accepted), ("sent", sent)]))),
        further: false,
        beside,
    };
    let [one, two] = sent;
    let hops = vec![hop("agent", false, 10, 10), hop("one", false, 6, one), hop("two", true, 4, two)];
    World { spans: (0..10).map(span).collect(), batches: vec![Batch::Ok], hops, ..World::default() }
        .conclude()
}

#[test]
fn what_collectors_beside_each_other_sent_is_held_against_the_next_place_together() {
    let (trial, run) = balanced([6, 4]);
    assert_eq!(run.verdict, Verdict::Pass, "{:?}", run.reasons);
    assert!(trial.agreement.iter().all(|row| row.difference == 0), "{:?}", trial.agreement);
    let sent = CountedThing::AtHop(HopTotal::Sent, "one and two".to_owned());
    assert!(trial.agreement.iter().any(|row| row.what.is(&sent)), "{:?}", trial.agreement);
    let places: Vec<_> = trial.hops.iter().map(|hop| (hop.beside, hop.accepted, hop.passed)).collect();
    assert_eq!(places, [(false, 10, 10), (false, 6, 6), (true, 4, 4)]);
    for lie in [[6, 3], [7, 4], [0, 4]] {
        assert_eq!(balanced(lie).1.verdict, Verdict::Inconclusive, "{lie:?}");
    }
}
