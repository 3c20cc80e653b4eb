//! Slices of time and first losses, held against a count by hand.

use super::common::{BEGAN, Batch, Span, World, killed, started};
use proptest::prelude::*;
use spanfate_model::fate::{ExitWay, ExportCause, Fate, FateClass};
use spanfate_model::format::slots::RuntimeSample;
use spanfate_model::format::wire::Disposition::Accepted;
use spanfate_model::result::{Slice, TrialResult};

const MS: u64 = 1_000_000;
/// Length of a slice.
const SLICE: u64 = 250 * MS;

fn conclude(world: &World) -> TrialResult {
    world.conclude().0
}

fn at(slices: &[Slice], ns: u64) -> &Slice {
    &slices[(ns / SLICE) as usize]
}

/// Looks every now and then: milliseconds since the one before, heap, collections and microseconds stopped since then, queue.
fn looks() -> impl Strategy<Value = Vec<(u64, RuntimeSample)>> {
    let one = (1_u64..400, 1_u64..1000, 0_u64..4, 0_u64..9000, 0_u64..3000);
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let (mut at, mut sum) = (BEGAN - 500 * MS, RuntimeSample::default());
        let step = |(ms, heap, cycles, stopped, queue)| {
            at += ms * MS;
            sum.gc_cycles += cycles;
            sum.stopped_ns += stopped * 1000;
            (sum.heap, sum.queue) = (heap, queue);
            (at, sum)
        };
        all.into_iter().map(step).collect()
    })
}

proptest! {
    #[test]
    fn slices_say_of_the_runtime_what_its_looks_say(looks in looks()) {
        let trial = conclude(&World { spans: vec![started()], runtime: looks.clone(), ..World::default() });
        let seen: Vec<_> = looks.iter().filter(|(at, _)| *at >= BEGAN).collect();
        let grown = |pick: fn(&RuntimeSample) -> u64| match seen.as_slice() {
            [first, .., last] => pick(&last.1) - pick(&first.1),
            _ => 0,
        };
        prop_assert_eq!(trial.timeline.iter().map(|slice| slice.gc_cycles).sum::<u64>(), grown(|s| s.gc_cycles));
        let stopped: f64 = trial.timeline.iter().map(|slice| slice.stopped_ms).sum();
        prop_assert!((stopped - grown(|s| s.stopped_ns) as f64 / 1e6).abs() < 1e-6);
        for (number, slice) in (0..).zip(&trial.timeline) {
            let inside = || seen.iter().filter(|(at, _)| (at - BEGAN) / SLICE == number);
            prop_assert_eq!(slice.heap, inside().map(|(_, look)| look.heap).max().unwrap_or_default());
            prop_assert_eq!(slice.queue, inside().map(|(_, look)| look.queue).max().unwrap_or_default());
        }
    }

    #[test]
    fn exports_in_flight_are_counted_at_their_most(calls in prop::collection::vec((0_u64..2000, 1_u64..900), 0..12)) {
        let calls: Vec<(u64, u64)> =
            calls.into_iter().map(|(from, took)| (BEGAN + from * MS, BEGAN + (from + took) * MS)).collect();
        let world = World {
            spans: vec![started()],
            batches: vec![Batch::Ok; calls.len()],
            calls: calls.clone(),
            ..World::default()
        };
        let trial = conclude(&world);
        let open = |at: u64| calls.iter().filter(|(from, to)| (*from..*to).contains(&at)).count() as u64;
        for (number, slice) in (0..).zip(&trial.timeline) {
            let (from, to) = (BEGAN + number * SLICE, BEGAN + (number + 1) * SLICE);
            // The number grows only where a call begins.
            let moments = calls.iter().map(|(began, _)| *began).filter(|began| (from..to).contains(began));
            prop_assert_eq!(slice.in_flight, moments.chain([from]).map(open).max().unwrap_or_default(), "{}", number);
        }
    }
}

/// Spans of several ends, with the moment at which each is lost.
fn ends() -> Vec<(Span, Fate, Option<u64>)> {
    let dropped = |at: u64| {
        let mut span = started().queued();
        span.slot.dropped = at;
        (span, Fate::DroppedQueueFull, Some(at))
    };
    let failed =
        |batch, at| (started().queued().exported(batch), Fate::ExportFailed(ExportCause::Refused), Some(at));
    let gone = killed().at;
    vec![
        (started().queued().exported(0).on_wire(&[Accepted]), Fate::Received, None),
        dropped(BEGAN + 900 * MS),
        dropped(BEGAN + 300 * MS),
        dropped(BEGAN + 300 * MS),
        failed(2, BEGAN + 700 * MS),
        failed(1, BEGAN + 400 * MS),
        (started().queued().exported(3), Fate::LostInFlightAtExit, Some(gone)),
        (started().queued(), Fate::LostInQueueAtExit(ExitWay::Kill), Some(gone)),
        (started(), Fate::CutOffAtExit, Some(gone)),
    ]
}

#[test]
fn a_loss_is_told_at_its_time_and_the_first_of_each_fate_by_name() {
    let refused = || Batch::Failed("connection refused".to_owned());
    let world = World {
        spans: ends().into_iter().map(|(span, ..)| span).collect(),
        batches: vec![Batch::Ok, refused(), refused(), Batch::Unfinished],
        calls: [(5, 15), (10, 400), (420, 700), (800, 0)]
            .map(|(a, b)| (BEGAN + a * MS, BEGAN + b * MS))
            .to_vec(),
        end: Some(killed()),
        shutdown_began: 0,
        ..World::default()
    };
    let (plan, trial) = (world.plan(), conclude(&world));
    for (fate, count) in &trial.ledger.fates {
        let all = || ends().into_iter().enumerate().filter(|(_, (_, of, _))| of == fate);
        assert_eq!(count.total as usize, all().count(), "{fate}");
        let told: u64 = trial.timeline.iter().filter_map(|slice| slice.lost_by.get(fate)).sum();
        let Some((number, when)) =
            all().filter_map(|(number, (_, _, at))| Some((number, at?))).min_by_key(|(_, at)| *at)
        else {
            assert_eq!((told, &count.first, fate.class()), (0, &None, FateClass::Received));
            continue;
        };
        assert_eq!(told, count.total, "{fate}");
        assert!(at(&trial.timeline, when - BEGAN).lost_by.contains_key(fate), "{fate}");
        let first = count.first.as_ref().unwrap_or_else(|| panic!("{fate} has no first span"));
        assert_eq!((first.sequence, first.request), (number as u64, Some(number as u32)), "{fate}");
        assert_eq!(first.span_id, world.key(&plan, number).span, "{fate}");
        assert!((first.lost_ms - (when - BEGAN) as f64 / 1e6).abs() < 1e-6, "{fate}: {first:?}");
    }
    assert!(trial.timeline.iter().all(|slice| slice.lost_by.values().sum::<u64>() == slice.lost));
}
