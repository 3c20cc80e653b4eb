//! The estimate held against the truth: one server on one core, the same requests with and without what others take. Seeded, so a failure
//! is a change of the rule and no bad luck. `-- --nocapture` prints how far each lies off.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spanfate_model::load::{LoadRecord, RequestOutcome};
use spanfate_model::plan::Plan;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::scenario::{Load, Scenario, Variant};

use super::*;

/// When the load began, nanoseconds; its length.
const BEGAN: u64 = 5_000_000_000;
const LENGTH: u64 = 12_000_000_000;
const LOOK: u64 = 100_000_000;
const TICK: u64 = 10_000_000;
const MS: u64 = 1_000_000;

/// What others take.
struct Others {
    /// Slices in which nothing runs.
    slices: Vec<(u64, u64)>,
    /// Share of the core that a neighbour takes evenly.
    evenly: f64,
    /// Whether the kernel counts the slices as stolen; else as other work.
    stolen: bool,
}

impl Others {
    fn slices(rng: &mut ChaCha8Rng, share: f64, lengths: (u64, u64), stolen: bool) -> Self {
        let (mut slices, mut at) = (Vec::new(), 0);
        while share > 0.0 && at < LENGTH {
            let slice = rng.random_range(lengths.0 * MS..lengths.1 * MS);
            at += (slice as f64 * (1.0 - share) / share * rng.random_range(0.2..1.8)) as u64;
            slices.push((at, at + slice));
            at += slice;
        }
        Self { slices, evenly: 0.0, stolen }
    }

    fn none() -> Self {
        Self { slices: Vec::new(), evenly: 0.0, stolen: false }
    }

    /// When work of so long is done that begins then.
    fn done(&self, from: u64, work: u64) -> u64 {
        let mut at = from;
        let mut left = (work as f64 / (1.0 - self.evenly)) as u64;
        for (begin, end) in self.slices.iter().filter(|(_, end)| *end > from) {
            if at + left <= *begin {
                break;
            }
            left -= begin.saturating_sub(at);
            at = at.max(*end);
        }
        at + left
    }

    /// What they took until then.
    fn taken(&self, until: u64) -> u64 {
        let inside = |(from, to): &(u64, u64)| until.min(*to).saturating_sub(*from);
        self.slices.iter().map(inside).sum::<u64>() + (until as f64 * self.evenly) as u64
    }
}

/// A load of a thousand requests a second, each of which needs the core for a share of a millisecond on average.
fn requests(others: &Others, work: f64, seed: u64) -> (LoadBook, Vec<UsageSample>) {
    let load = Load::steady(Rate(1000.0), Period::millis(LENGTH / MS));
    let variant = Variant { name: "v".to_owned(), ..Variant::default() };
    let scenario = Scenario { variant: vec![variant], ..Scenario::new("estimated".to_owned(), load) };
    let plan = Plan::resolve(&scenario);
    let mut book = LoadBook::open(plan.load_of(&plan.variants[0]), 1, None);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut free, mut busy) = (0, Vec::new());
    let records = book.schedule.iter().enumerate().map(|(number, offset)| {
        let needs = (-(1.0 - rng.random::<f64>()).ln() * work * MS as f64) as u64;
        let begins = free.max(*offset);
        free = others.done(begins, needs);
        busy.push((begins, free, needs));
        Some(LoadRecord {
            request: number as u32,
            outcome: RequestOutcome::Answered,
            measured: true,
            status: 200,
            intended: BEGAN + offset,
            started: BEGAN + offset,
            done: BEGAN + free,
            connection: 0,
        })
    });
    book.records = records.collect();
    (book, samples(others, &busy))
}

/// Counters of the kernel, in its ticks.
fn samples(others: &Others, busy: &[(u64, u64, u64)]) -> Vec<UsageSample> {
    let ticks = |ns: u64| ns / TICK * TICK;
    let (mut next, mut used) = (0, 0);
    let look = |at: u64| {
        while busy.get(next).is_some_and(|(_, done, _)| *done <= at) {
            used += busy[next].2;
            next += 1;
        }
        let taken = others.taken(at);
        UsageSample {
            at: BEGAN + at,
            fixture_cpu_ns: ticks(used),
            core_idle_ns: ticks(at.saturating_sub(used + taken)),
            core_steal_ns: if others.stolen { taken } else { 0 },
            ..UsageSample::default()
        }
    };
    (0..=LENGTH / LOOK).map(|number| number * LOOK).map(look).collect()
}

/// The estimate, with the medians and p99 that were measured and that are true.
fn told(others: &Others, work: f64, seed: u64) -> (UndisturbedTimes, [f64; 2], [f64; 2]) {
    let times = |others: &Others| {
        let (book, samples) = requests(others, work, seed);
        let (load, _) = book.figures(&[]);
        let response = load.response.clone().unwrap();
        (book, samples, load, [response.p50, response.p99])
    };
    let (book, samples, load, measured) = times(others);
    let (_, _, _, truth) = times(&Others::none());
    let basis = EstimateBasis { book: &book, samples: &samples, window: (BEGAN, BEGAN + LENGTH), cores: 1 };
    let marks = [Validity::of(Basis::Latency, TrustCheck::ForeignCpu, 0.2, 0.05)];
    (estimate(&basis, &load, &marks).unwrap(), measured, truth)
}

#[test]
fn between_stalls_the_times_are_those_of_a_quiet_machine() {
    for stolen in [true, false] {
        for (seed, share) in (0..24).map(|seed| (seed, [0.02, 0.05, 0.08][seed as usize % 3])) {
            // What nobody counts as stolen has to be longer than two ticks to be seen.
            let lengths = if stolen { (5, 50) } else { (25, 60) };
            let others = Others::slices(&mut ChaCha8Rng::seed_from_u64(seed), share, lengths, stolen);
            let (told, measured, truth) = told(&others, 0.4, seed);
            // What takes more leaves too little time in between, and then nothing is told.
            assert!(told.p50.is_some() || share > 0.05, "{seed}: {told:?}");
            let Some(p50) = told.p50 else { continue };
            let p99 = told.p99.unwrap();
            println!(
                "{share} {stolen}: {:.0} % of the requests, {p50} {p99} of {truth:?}, measured {measured:?}",
                told.share * 100.0
            );
            assert!((p50 / truth[0] - 1.0).abs() < 0.1, "{seed}: {p50} {truth:?}");
            // What others took between two ticks of the counters is not seen: then it is too high, and never too low.
            assert!(p99 > 0.75 * truth[1], "{seed}: {p99} {truth:?}");
            assert!(p99 < if stolen { 1.25 } else { 3.0 } * truth[1], "{seed}: {p99} {truth:?}");
            assert!(measured[1] > 2.0 * truth[1], "{seed}: {measured:?} {truth:?}");
        }
    }
}

#[test]
fn what_would_flatter_or_mislead_is_not_told() {
    let evenly = |share| Others { evenly: share, ..Others::none() };
    for share in [0.05, 0.2] {
        let told = told(&evenly(share), 0.4, 3).0;
        assert!(told.p50.is_none() && told.doubt.is_some(), "{share}: {told:?}");
    }
    let half = Others::slices(&mut ChaCha8Rng::seed_from_u64(4), 0.3, (5, 50), true);
    assert_eq!(told(&half, 0.4, 4).0.doubt, Some(EstimateDoubt::TooFew.into()));
    // A server that is nearly full works off a stall for seconds: what is told is never far from the truth.
    let mut given = 0;
    for seed in 0..30 {
        let others = Others::slices(&mut ChaCha8Rng::seed_from_u64(seed), 0.03, (20, 50), true);
        let (told, _, truth) = told(&others, 0.9, seed);
        given += u32::from(told.p50.is_some());
        assert!(told.p50.is_none_or(|p50| p50 < 1.5 * truth[0]), "{seed}: {told:?} {truth:?}");
    }
    println!("a nearly full server: told in {given} of 30");
}

#[test]
fn a_valid_trial_and_one_that_others_did_not_spoil_have_no_estimate() {
    let (book, samples) = requests(&Others::none(), 0.4, 1);
    let (load, _) = book.figures(&[]);
    let basis = EstimateBasis { book: &book, samples: &samples, window: (BEGAN, BEGAN + LENGTH), cores: 1 };
    let mark = |check, measured| Validity::of(Basis::Latency, check, measured, 0.05);
    let asked = |marks: &[Validity]| estimate(&basis, &load, marks).is_some();
    assert!(!asked(&[mark(TrustCheck::ForeignCpu, 0.01)]));
    assert!(asked(&[mark(TrustCheck::ForeignCpu, 0.2)]));
    assert!(!asked(&[mark(TrustCheck::ForeignCpu, 0.2), mark(TrustCheck::Failed, 0.2)]));
}
