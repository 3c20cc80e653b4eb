//! What must be so of every replay, whatever came and however long exports took.

use proptest::prelude::*;
use spanfate_model::cause::LossFactor;
use spanfate_model::format::event::UsageSample;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::ExportGrowth;

use super::arrivals::Arrivals;
use super::cycle::{CallParts, Cycle};
use super::factors::Rerun;
use super::fit::{FittedReplay, is_near, turns as turns_of};
use super::observed::{MeasuredCall, ObservedPath, QueuedSpan};
use super::processor::{Pace, ReplayCourse, ReplayOutcome, ReplaySettings};
use super::starved::CpuLack;
use crate::evidence::loadbook::LoadBook;

mod stolen;

const MS: u64 = 1_000_000;

/// Exports that take times of a list, in turn.
struct InTurn(Vec<u64>, usize);

impl Pace for InTurn {
    fn begins(&mut self, ready: MonoNs) -> MonoNs {
        ready + 1_000
    }

    fn ends(&mut self, began: MonoNs, _spans: u64) -> MonoNs {
        self.1 += 1;
        began + self.0[self.1 % self.0.len()]
    }
}

fn settings(batch: u64, queue: u64, delay: u64, workers: u64) -> ReplaySettings {
    ReplaySettings { batch, queue, delay, workers, blocks: false }
}

fn course(arrivals: &[MonoNs], stop: MonoNs, settings: ReplaySettings) -> ReplayCourse<'_> {
    ReplayCourse { arrivals, flushes: &[], began: 0, stop, gone: MonoNs::MAX, settings, turns: &[] }
}

fn scripted(outcome: &ReplayOutcome) -> Vec<(MonoNs, MonoNs, u64)> {
    outcome.calls.iter().map(|call| (call.began, call.ended, call.spans)).collect()
}

/// Arrivals from the distances between them.
fn after(distances: &[u64]) -> Vec<MonoNs> {
    let sum = |at: &mut u64, distance: &u64| {
        *at += distance;
        Some(*at)
    };
    distances.iter().scan(0, sum).collect()
}

prop_compose! {
    fn worlds()(
        distances in prop::collection::vec(0_u64..200_000, 1..3000),
        times in prop::collection::vec(10_000_u64..60_000_000, 1..20),
        batch in 1_u64..200,
        room in 1_u64..5,
        delay in 1_u64..300,
        workers in 1_u64..3,
        stops in prop::option::of(0_u64..300),
    ) -> (Vec<MonoNs>, Vec<u64>, ReplaySettings, MonoNs) {
        let stop = stops.map_or(MonoNs::MAX, |ms| ms * MS);
        let arrivals = after(&distances).into_iter().filter(|at| *at < stop).collect();
        (arrivals, times, settings(batch, batch * room, delay * MS, workers), stop)
    }
}

proptest! {
    #[test]
    fn every_span_is_exported_or_dropped_or_left((arrivals, times, settings, stop) in worlds()) {
        let outcome = course(&arrivals, stop, settings).run(&mut InTurn(times, 0));
        prop_assert_eq!(outcome.exported + outcome.drops() + outcome.left, arrivals.len() as u64);
        prop_assert_eq!(outcome.left, 0);
        prop_assert!(outcome.deepest <= settings.queue);
        prop_assert!(outcome.calls.iter().all(|call| (1..=settings.batch).contains(&call.spans)));
    }

    #[test]
    fn the_replay_of_a_processor_s_own_calls_is_exact((arrivals, times, settings, stop) in worlds()) {
        let settings = ReplaySettings { workers: 1, ..settings };
        let course = course(&arrivals, stop, settings);
        let told = course.run(&mut InTurn(times, 0));
        let followed = course.follow(&scripted(&told));
        prop_assert_eq!(&followed.dropped, &told.dropped);
        prop_assert_eq!(followed.exported, told.exported);
    }

    #[test]
    fn what_is_left_to_chance_comes_out_as_it_did(
        (arrivals, times, settings, stop) in worlds(),
        turns in prop::collection::vec(0_u64..4, 0..200),
    ) {
        let settings = ReplaySettings { workers: 1, ..settings };
        let course = course(&arrivals, stop, settings);
        let told = ReplayCourse { turns: &turns, ..course }.run(&mut InTurn(times.clone(), 0));
        let followed = course.follow(&scripted(&told));
        let seen = turns_of(&followed.calls, settings, (course.began, stop));
        let again = ReplayCourse { turns: &seen, ..course }.run(&mut InTurn(times, 0));
        prop_assert_eq!(again, told);
    }

    #[test]
    fn a_longer_queue_never_drops_more_under_the_same_exports(
        (arrivals, times, settings, stop) in worlds(),
        more in 0_u64..500,
    ) {
        let course = course(&arrivals, stop, ReplaySettings { workers: 1, ..settings });
        let calls = scripted(&course.run(&mut InTurn(times, 0)));
        let drops = |queue: u64| {
            let settings = ReplaySettings { queue, ..course.settings };
            ReplayCourse { settings, ..course }.follow(&calls).drops()
        };
        prop_assert!(drops(settings.queue + more) <= drops(settings.queue));
    }

    #[test]
    fn who_waits_for_room_loses_nothing((arrivals, times, settings, stop) in worlds()) {
        let settings = ReplaySettings { blocks: true, ..settings };
        let outcome = course(&arrivals, stop, settings).run(&mut InTurn(times, 0));
        prop_assert_eq!(outcome.exported, arrivals.len() as u64);
    }
}

/// A worker that is run at once or a little later, and whose exports take times of a list, in turn.
struct Uneven {
    exports: InTurn,
    gaps: Vec<u64>,
}

impl Pace for Uneven {
    fn begins(&mut self, ready: MonoNs) -> MonoNs {
        ready + self.gaps[self.exports.1 % self.gaps.len()]
    }

    fn ends(&mut self, began: MonoNs, spans: u64) -> MonoNs {
        self.exports.ends(began, spans)
    }
}

proptest! {
    /// Calls that begin a little earlier or later than the measured ones did must not have the time of a long one twice, or never.
    #[test]
    fn a_worker_that_runs_freely_drops_what_its_trial_dropped(
        times in prop::collection::vec(prop_oneof![4 => 2 * MS..6 * MS, 1 => 30 * MS..90 * MS], 3..60),
        gaps in prop::collection::vec(10_000_u64..490_000, 1..20),
    ) {
        let arrivals = evenly();
        let course = course(&arrivals, MonoNs::MAX, settings(512, 2048, 5_000 * MS, 1));
        let mut pace = Uneven { exports: InTurn(times, 0), gaps };
        let (seen, fit, cycle) = path_of(&course, &mut pace, |took| CallParts { network: took, ..CallParts::default() });
        let free = Rerun::of(&seen, &fit, cycle, arrivals_of(&seen)).free();
        let near = 1_024.max(fit.measured / 20);
        prop_assert!(free.abs_diff(fit.measured) <= near, "{free} for {}", fit.measured);
    }
}

/// A path to which spans come at an even pace, and whose exports take so long; by parts.
fn path(parts: CallParts) -> (ObservedPath, FittedReplay, Cycle) {
    path_by_chance(parts, 5_000 * MS, &[])
}

/// The same with such a schedule delay, where choices came out so.
fn path_by_chance(parts: CallParts, delay: u64, turns: &[u64]) -> (ObservedPath, FittedReplay, Cycle) {
    let settings = settings(512, 2048, delay, 1);
    let whole = parts.serialising + parts.starved + parts.network + parts.receiver + parts.failing;
    let arrivals = evenly();
    let course = ReplayCourse { turns, ..course(&arrivals, MonoNs::MAX, settings) };
    path_of(&course, &mut InTurn(vec![whole], 0), |_| parts)
}

/// Spans that come at an even pace for two seconds.
fn evenly() -> Vec<MonoNs> {
    (1..=40_000).map(|n| n * MS / 20).collect()
}

/// A path of such a course at such a pace, and what its calls, by their times, are made of.
fn path_of(
    course: &ReplayCourse<'_>,
    pace: &mut impl Pace,
    parts: impl Fn(u64) -> CallParts,
) -> (ObservedPath, FittedReplay, Cycle) {
    let outcome = course.run(pace);
    let is_dropped = |place: &usize| outcome.dropped.iter().any(|range| range.contains(place));
    let spans = course.arrivals.iter().enumerate();
    let spans =
        spans.map(|(place, at)| QueuedSpan { at: *at, request: None, dropped: is_dropped(&place) }).collect();
    let calls: Vec<MeasuredCall> = scripted(&outcome)
        .into_iter()
        .map(|(began, ended, spans)| MeasuredCall {
            began,
            ended,
            spans,
            succeeded: true,
            attempts: 1,
            first_seen: began,
            answered: ended,
            held: 0,
            reconnected: false,
        })
        .collect();
    let cycle = calls.iter().map(|call| CallParts {
        began: call.began,
        ended: call.ended,
        spans: call.spans,
        ..parts(call.ended - call.began)
    });
    let settings = course.settings;
    let cycle = Cycle::of_calls(cycle.collect(), settings.batch);
    let seen =
        ObservedPath { process: 0, path: 0, settings, spans, calls, stop: MonoNs::MAX, gone: MonoNs::MAX };
    let fit = FittedReplay::of(&seen);
    (seen, fit, cycle)
}

/// Its arrivals, of a load that nobody noted.
fn arrivals_of(seen: &ObservedPath) -> Arrivals {
    let lack = CpuLack::of(&[UsageSample::default()], 1);
    let nobody = LoadBook::open(
        &spanfate_model::load::PlannedLoad::resolve(&spanfate_model::scenario::Load::default()),
        0,
        None,
    );
    Arrivals::of(seen, &nobody, &lack)
}

#[test]
fn a_worker_that_runs_freely_has_the_luck_of_its_trial() {
    let parts = CallParts { receiver: 60 * MS, ..CallParts::default() };
    let dropped = |turns: &[u64]| {
        let (seen, fit, cycle) = path_by_chance(parts, 20 * MS, turns);
        let free = Rerun::of(&seen, &fit, cycle, arrivals_of(&seen)).free();
        assert!(fit.fits() && is_near(free, fit.measured), "{free} for {}", fit.measured);
        fit.measured
    };
    // The timer's turn never comes first, or each second time.
    let (lucky, unlucky) = (dropped(&[0; 100]), dropped(&[0, 1].repeat(50)));
    assert!(unlucky > lucky + 5_000, "{unlucky} and {lucky}");
}

fn causes(parts: CallParts) -> (Vec<(LossFactor, f64)>, f64) {
    let (seen, fit, cycle) = path(parts);
    assert!(fit.fits() && fit.apart == 0 && fit.measured > 1_000, "{fit:?}");
    let (causes, unknown) = Rerun::of(&seen, &fit, cycle, arrivals_of(&seen)).causes();
    (causes.iter().map(|one| (one.cause, (one.share * 1e3).round() / 1e3)).collect(), unknown)
}

#[test]
fn what_takes_all_the_time_is_the_cause_and_what_takes_none_is_not() {
    let slow = CallParts { receiver: 40 * MS, ..CallParts::default() };
    assert_eq!(causes(slow), (vec![(LossFactor::SlowAnswer, 1.0)], 0.0));
    let starved = CallParts { starved: 40 * MS, ..CallParts::default() };
    assert_eq!(causes(starved), (vec![(LossFactor::CpuStarved, 1.0)], 0.0));
}

#[test]
fn settings_are_searched_with_the_growth_that_calls_show() {
    // 20,000 spans/s for two seconds; 512 in 40 ms are 12,800/s.
    let (seen, fit, cycle) = path(CallParts { receiver: 40 * MS, ..CallParts::default() });
    let rerun = Rerun::of(&seen, &fit, cycle.clone(), arrivals_of(&seen));
    let best = rerun.remedy(0).unwrap();
    assert_eq!((best.batch, best.queue, best.dropped, best.measured), (1024, 2048, 0, 0));
    assert_eq!(rerun.two_workers(), 0);
    // The first second counts among all drops and not among those of the measured part.
    let as_it_is = rerun.tried((512, 2048), 1_000 * MS);
    assert!(as_it_is.dropped.abs_diff(fit.measured) < 600, "{as_it_is:?}");
    assert!((1..as_it_is.dropped).contains(&as_it_is.measured), "{as_it_is:?}");
    // Where each further span takes its time no batch helps, and a queue that holds all of it does.
    let growth = Some(ExportGrowth { per_span_us: 80.0, from: 64, to: 512 });
    let grown = Rerun::of(&seen, &fit, Cycle { growth, ..cycle }, arrivals_of(&seen));
    assert!(grown.tried((1024, 2048), 0).dropped > 1_000);
    assert_eq!(grown.remedy(0).map(|best| (best.batch, best.queue)), Some((512, 16_384)));
}

#[test]
fn the_growth_of_exports_is_that_from_small_calls_to_large_ones() {
    let call = |at: u64, spans: u64, took: u64| MeasuredCall {
        began: at * MS,
        ended: at * MS + took,
        spans,
        succeeded: true,
        attempts: 1,
        first_seen: at * MS,
        answered: at * MS + took,
        held: MS,
        reconnected: false,
    };
    let growth = |calls: Vec<MeasuredCall>| {
        let mut seen = path(CallParts { receiver: 40 * MS, ..CallParts::default() }).0;
        seen.calls = calls;
        let lack = CpuLack::of(&[UsageSample::default()], 1);
        Cycle::of(&seen, &arrivals_of(&seen), &lack).growth
    };
    let both =
        (0..20).map(|n| if n % 2 == 0 { call(n * 10, 112, 2 * MS) } else { call(n * 10, 512, 6 * MS) });
    let found = growth(both.collect()).unwrap();
    assert_eq!((found.from, found.to), (112, 512));
    assert!((found.per_span_us - 10.0).abs() < 1e-9, "{found:?}");
    assert_eq!(growth((0..20).map(|n| call(n * 10, 512, 6 * MS)).collect()), None);
}

#[test]
fn two_that_take_the_same_time_share_alike() {
    let both = CallParts { receiver: 20 * MS, network: 20 * MS, ..CallParts::default() };
    let (shares, unknown) = causes(both);
    assert_eq!(shares.iter().map(|(_, share)| *share).collect::<Vec<_>>(), [0.5, 0.5]);
    assert!(unknown < 1e-9);
}

#[test]
fn where_nearly_anything_would_have_helped_each_gets_as_much_as_there_is_of_it() {
    // 512 in 28 ms are 18,286/s of the 20,000 that come for two seconds: two milliseconds less, of whatever, and the queue would hold what is over.
    let parts = CallParts { starved: 24 * MS, network: 2 * MS, receiver: 2 * MS, ..CallParts::default() };
    let (seen, fit, cycle) = path(parts);
    let (causes, unknown) = Rerun::of(&seen, &fit, cycle, arrivals_of(&seen)).causes();
    assert!(causes.iter().all(|one| one.alone > 0.99) && unknown < 0.02, "{causes:?}");
    assert_eq!(causes[0].cause, LossFactor::CpuStarved);
    assert!(causes[0].share > 0.75, "{causes:?}");
}
