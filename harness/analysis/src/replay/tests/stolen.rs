//! A queue whose process others take slices of the core from: what is said of it without them, against what it does without them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spanfate_model::format::event::UsageSample;
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::loadbook::LoadBook;
use crate::replay::arrivals::Arrivals;
use crate::replay::cycle::{CallParts, Cycle};
use crate::replay::factors::{GivenBack, Rerun};
use crate::replay::fit::FittedReplay;
use crate::replay::law_gap::LoadParts;
use crate::replay::observed::{MeasuredCall, ObservedPath, QueuedSpan};
use crate::replay::processor::Pace;
use crate::replay::starved::CpuLack;
use crate::replay::taken::TakenTime;
use crate::replay::tests::{MS, course, scripted, settings};

/// A core of which others take slices, and a service whose calls need so long at a time.
struct Stolen {
    slices: Vec<(u64, u64)>,
    /// In this time a call needs so long …
    squeezed: (MonoNs, MonoNs, u64),
    /// … and else so long.
    call: u64,
    /// Meanwhile the receiver lets it wait so long, by the script, which nobody steals.
    held: u64,
}

impl Stolen {
    /// Slices of 5 to 50 ms over twenty seconds.
    fn draw(rng: &mut ChaCha8Rng, share: f64, squeezed: (MonoNs, MonoNs, u64), call: u64) -> Self {
        let (mut slices, mut at) = (Vec::new(), 0);
        while share > 0.0 && at < 20_000 * MS {
            let slice = rng.random_range(5 * MS..50 * MS);
            at += (slice as f64 * (1.0 - share) / share * rng.random_range(0.2..1.8)) as u64;
            slices.push((at, at + slice));
            at += slice;
        }
        Self { slices, squeezed, call, held: 0 }
    }

    fn done(&self, from: u64, work: u64) -> u64 {
        let (mut at, mut left) = (from, work);
        for (begin, end) in self.slices.iter().filter(|(_, end)| *end > from) {
            if at + left <= *begin {
                break;
            }
            left -= begin.saturating_sub(at);
            at = at.max(*end);
        }
        at + left
    }

    fn samples(&self) -> Vec<UsageSample> {
        let taken =
            |at: u64| self.slices.iter().map(|(from, to)| at.min(*to).saturating_sub(*from)).sum::<u64>();
        let look = |at: u64| UsageSample { at, core_idle_ns: at - taken(at), ..UsageSample::default() };
        (0..=220).map(|number| look(number * 100 * MS)).collect()
    }
}

impl Pace for &Stolen {
    fn begins(&mut self, ready: MonoNs) -> MonoNs {
        self.done(ready, 1_000)
    }

    fn ends(&mut self, began: MonoNs, _spans: u64) -> MonoNs {
        let (from, to, slow) = self.squeezed;
        let work = if (from..to).contains(&began) { slow } else { self.call };
        let seen = self.done(began, work / 2);
        self.done(seen + self.held, work - work / 2)
    }
}

/// What a queue drops of spans that come at such a rate, in thousands a second, and what is proven of it; also how far the loss without
/// slices is from the law.
fn given_back(stolen: &Stolen, rate: u64) -> (u64, u64, Option<GivenBack>, f64) {
    let due: Vec<MonoNs> = (1..20_000 * rate).map(|n| n * MS / rate).collect();
    let come = |stolen: &Stolen| due.iter().map(|at| stolen.done(*at, 50_000)).collect::<Vec<MonoNs>>();
    let quiet = Stolen { slices: Vec::new(), ..*stolen };
    let settings = settings(512, 2048, 5_000 * MS, 1);
    let undisturbed = come(&quiet);
    let truth = course(&undisturbed, MonoNs::MAX, settings).run(&mut &quiet);
    let arrivals = come(stolen);
    let outcome = course(&arrivals, MonoNs::MAX, settings).run(&mut &*stolen);
    let mut dropped = vec![false; arrivals.len()];
    outcome.dropped.iter().for_each(|range| dropped[range.clone()].fill(true));
    let spans = arrivals.iter().zip(dropped);
    let spans = spans.map(|(at, dropped)| QueuedSpan { at: *at, request: None, dropped }).collect();
    let call = |(began, ended, spans): (MonoNs, MonoNs, u64)| {
        let (first_seen, answered) = (began, ended);
        MeasuredCall {
            began,
            ended,
            spans,
            succeeded: true,
            attempts: 1,
            first_seen,
            answered,
            held: 0,
            reconnected: false,
        }
    };
    let calls: Vec<MeasuredCall> = scripted(&outcome).into_iter().map(call).collect();
    let parts = calls.iter().map(|call| CallParts {
        began: call.began,
        ended: call.ended,
        spans: call.spans,
        network: call.ended - call.began - stolen.held.min(call.ended - call.began),
        receiver: stolen.held.min(call.ended - call.began),
        ..CallParts::default()
    });
    let cycle = Cycle::of_calls(parts.collect(), 512);
    let seen =
        ObservedPath { process: 0, path: 0, settings, spans, calls, stop: MonoNs::MAX, gone: MonoNs::MAX };
    let (fit, samples) = (FittedReplay::of(&seen), stolen.samples());
    assert!(fit.fits(), "{fit:?}");
    let nobody = spanfate_model::load::PlannedLoad::resolve(&spanfate_model::scenario::Load::default());
    let arrivals = Arrivals::of(&seen, &LoadBook::open(&nobody, 0, None), &CpuLack::of(&samples, 1));
    let parts =
        LoadParts { began: 0, measured_from: 2_000 * MS, until: 20_000 * MS, least_answer: stolen.held };
    let taken = TakenTime::of(&samples, 1, false);
    let proven = Rerun::of(&seen, &fit, cycle, arrivals).given_back(&parts, &taken, &fit);
    let gap = parts.law_gap(&truth, &undisturbed, settings).unwrap_or_default();
    let first = undisturbed.partition_point(|at| *at < parts.measured_from);
    (truth.drops_from(first), outcome.drops(), proven, gap)
}

#[test]
fn what_is_dropped_though_time_is_given_back_is_dropped_on_a_quiet_machine() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let squeezed = |slow: u64| (5_000 * MS, 9_000 * MS, slow * MS);
    for share in [0.02, 0.05, 0.1] {
        // A script starves the worker for a while: it is seen through the slices.
        let (mut seen, mut all) = (0, 0);
        for slow in [150, 300, 600] {
            for _ in 0..6 {
                let (truth, dropped, proven, _) =
                    given_back(&Stolen::draw(&mut rng, share, squeezed(slow), 10 * MS), 5);
                let proven = proven.unwrap().dropped;
                println!("{share} {slow} ms: {dropped} dropped, {truth} without slices, {proven} proven");
                assert!(proven <= truth, "{share} {slow}: {proven} {truth}");
                seen += u32::from(proven > 0);
                all += u32::from(truth > dropped / 2);
            }
        }
        assert!(seen * 10 >= all * 6, "{share}: {seen} of {all}");
        // Calls that carry the load with little to spare lose only to slices, or lose a little by themselves.
        for call in [90, 96, 99, 101, 103, 110] {
            for _ in 0..4 {
                let stolen = Stolen::draw(&mut rng, share, squeezed(call), call * MS);
                let (truth, dropped, proven, _) = given_back(&stolen, 5);
                let proven = proven.map(|proven| proven.dropped);
                println!(
                    "{share} all {call} ms: {dropped} dropped, {truth} without slices, {proven:?} proven"
                );
                assert!(proven.is_none_or(|proven| proven <= truth), "{share} {call}: {proven:?} {truth}");
            }
        }
    }
    // Who takes half of the time leaves nothing to be said.
    let half = Stolen::draw(&mut rng, 0.5, squeezed(600), 10 * MS);
    assert_eq!(given_back(&half, 5).2, None);
}

#[test]
fn the_laws_gap_of_a_quiet_machine_lies_where_the_replays_say() {
    let mut rng = ChaCha8Rng::seed_from_u64(22);
    for share in [0.02, 0.05, 0.1] {
        let mut widest = 0.0_f64;
        for call in [60, 96, 101, 103, 110, 150, 300] {
            for _ in 0..6 {
                let stolen = Stolen::draw(&mut rng, share, (0, 20_000 * MS, call * MS), call * MS);
                let (truth, dropped, proven, gap) = given_back(&stolen, 5);
                let Some((low, high)) = proven.and_then(|proven| proven.law_gap) else { continue };
                println!(
                    "{share} {call} ms: {dropped} dropped, {truth} without, {gap:.4} in {low:.4} to {high:.4}"
                );
                assert!((low..=high).contains(&gap), "{share} {call}: {gap} in {low} to {high}");
                widest = widest.max(high - low);
            }
        }
        println!("{share}: at most {widest:.4} wide");
    }
}

#[test]
fn a_scripted_answer_is_nobodys_theft_so_the_laws_gap_gets_narrow() {
    let mut rng = ChaCha8Rng::seed_from_u64(23);
    let (rest, held) = (10 * MS, 120 * MS);
    for _ in 0..12 {
        let drawn = Stolen::draw(&mut rng, 0.05, (0, 0, 0), rest);
        let (.., proven, gap) = given_back(&Stolen { held, ..drawn }, 5);
        let (low, high) = proven.and_then(|proven| proven.law_gap).unwrap();
        println!("{gap:.4} in {low:.4} to {high:.4}");
        assert!((low..=high).contains(&gap), "{gap} in {low} to {high}");
        assert!(high - low < 0.03, "{low} to {high}");
    }
}
