//! Hidden ramps: real batch processors, run by the machine of the replay, looked at every two seconds. Some get there, some level off
//! below, some stand still, some break at once. `cargo test -p spanfate-analysis --lib forecast -- --nocapture` prints the table of
//! docs/why.md.

use std::fmt::Write as _;

use spanfate_model::quantity::unit::MonoNs;

use super::*;
use crate::replay::processor::{Pace, ReplayCourse, ReplayOutcome, ReplaySettings};

const S: u64 = 1_000_000_000;
/// Length of a run and between two looks.
const LASTING: u64 = 90 * S;
const LOOK: u64 = 2 * S;
const BATCH: u64 = 64;
const QUEUE: u64 = 256;
/// Seeds of the table. Those below were used to choose the bounds.
const SEEDS: std::ops::Range<u64> = 1_000..1_040;

/// What happens to a processor that nobody tells the forecaster of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HiddenCourse {
    /// More and more spans come.
    RateRamp,
    /// Exports take longer and longer.
    ExportRamp,
    /// Either ramp, which ends below a load of 1.
    Levels,
    /// Nothing changes.
    Steady,
    /// Exports stand still from one moment to the next.
    Outage,
}

/// Numbers by seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let one = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let two = (one ^ (one >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((two ^ (two >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        (high - low).mul_add(self.next(), low)
    }
}

/// A processor's load over time, and by what it is made.
#[derive(Clone, Copy, Debug)]
struct HiddenWorld {
    course: HiddenCourse,
    /// Spans per second and load at the beginning; the load at the end of the ramp, and when it begins and ends, seconds.
    rate: f64,
    load: (f64, f64),
    ramp: (f64, f64),
    by_rate: bool,
    noise: f64,
}

impl HiddenWorld {
    fn of(course: HiddenCourse, seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(7919).wrapping_add(course as u64));
        let from = dice.between(0.15, 0.6);
        let to = match course {
            HiddenCourse::RateRamp | HiddenCourse::ExportRamp => dice.between(1.2, 2.0),
            HiddenCourse::Levels => dice.between(from, 0.85),
            HiddenCourse::Steady | HiddenCourse::Outage => from,
        };
        let begins = dice.between(10.0, 35.0);
        let by_rate = match course {
            HiddenCourse::RateRamp => true,
            HiddenCourse::ExportRamp => false,
            _ => dice.next() < 0.5,
        };
        let ends = begins + dice.between(15.0, 50.0);
        let rate = dice.between(250.0, 600.0);
        Self {
            course,
            rate,
            load: (from, to),
            ramp: (begins, ends),
            by_rate,
            noise: dice.between(0.02, 0.15),
        }
    }

    /// By how much the load has grown at a time.
    fn grown(&self, at: MonoNs) -> f64 {
        let seconds = at as f64 / S as f64;
        let share = ((seconds - self.ramp.0) / (self.ramp.1 - self.ramp.0)).clamp(0.0, 1.0);
        (self.load.1 - self.load.0).mul_add(share, self.load.0) / self.load.0
    }

    fn run(&self, seed: u64) -> (Vec<MonoNs>, ReplayOutcome) {
        let mut dice = Dice(seed ^ 0x5eed);
        let (mut at, mut second, mut wave) = (0.0, 0, 1.0);
        let mut arrivals = Vec::new();
        while at < LASTING as f64 {
            if at as u64 / S >= second {
                second += 1;
                wave = dice.between(1.0 - 2.0 * self.noise, 1.0 + 2.0 * self.noise);
            }
            let grown = if self.by_rate { self.grown(at as u64) } else { 1.0 };
            let rate = self.rate * grown * wave;
            at += -dice.next().max(1e-12).ln() * S as f64 / rate;
            arrivals.push(at as u64);
        }
        let settings = ReplaySettings { batch: BATCH, queue: QUEUE, delay: 5 * S, workers: 1, blocks: false };
        let course = ReplayCourse {
            arrivals: &arrivals,
            flushes: &[],
            began: 0,
            stop: MonoNs::MAX,
            gone: LASTING,
            settings,
            turns: &[],
        };
        let outcome = course.run(&mut HiddenPace { world: self, dice });
        (arrivals, outcome)
    }
}

struct HiddenPace<'a> {
    world: &'a HiddenWorld,
    dice: Dice,
}

impl Pace for HiddenPace<'_> {
    fn begins(&mut self, ready: MonoNs) -> MonoNs {
        ready
    }

    fn ends(&mut self, began: MonoNs, spans: u64) -> MonoNs {
        let world = self.world;
        let usual = world.load.0 * BATCH as f64 / world.rate * S as f64;
        let grown = if world.by_rate { 1.0 } else { world.grown(began) };
        let noise = self.dice.between(1.0 - 2.0 * world.noise, 1.0 + 2.0 * world.noise);
        let stands = world.course == HiddenCourse::Outage && began as f64 / S as f64 >= world.ramp.0;
        let outage = if stands { 10 * S } else { 0 };
        began + outage + (usual * grown * noise * spans as f64 / BATCH as f64) as u64
    }
}

/// What looks would have said, and when the first span was dropped.
fn looks(arrivals: &[MonoNs], outcome: &ReplayOutcome) -> (Vec<ForecastLook>, Option<f64>) {
    let first = outcome.dropped.first().map(|range| arrivals[range.start] as f64 / S as f64);
    let came = |at: MonoNs| arrivals.partition_point(|one| *one <= at) as u64;
    let dropped = |at: MonoNs| -> u64 {
        let until = came(at) as usize;
        outcome.dropped.iter().map(|range| range.end.min(until).saturating_sub(range.start) as u64).sum()
    };
    let mut out = Vec::new();
    for at in (1..=LASTING / LOOK).map(|n| n * LOOK) {
        let ended = outcome.calls.iter().filter(|call| call.ended > at - LOOK && call.ended <= at);
        let (count, time, spans) = ended.fold((0_u64, 0, 0), |(n, time, spans), call| {
            (n + 1, time + call.ended - call.began, spans + call.spans)
        });
        let taken: u64 = outcome.calls.iter().filter(|call| call.began <= at).map(|call| call.spans).sum();
        if count == 0 {
            continue;
        }
        out.push(ForecastLook {
            at_s: at as f64 / S as f64,
            spans_per_s: (came(at) - came(at - LOOK)) as f64 * S as f64 / LOOK as f64,
            export_s: time as f64 / S as f64 / count as f64,
            batch: spans as f64 / count as f64,
            queued: (came(at) - dropped(at)).saturating_sub(taken).min(QUEUE) as f64,
            room: QUEUE as f64,
            dropped: (dropped(at) - dropped(at - LOOK)) as f64,
        });
    }
    (out, first)
}

/// What became of the forecasts of one course.
#[derive(Clone, Debug, Default)]
struct ForecastScore {
    runs: usize,
    /// Runs in which spans were dropped, and of these runs without a warning before.
    dropping: usize,
    missed: usize,
    /// Runs without a drop in which there was a warning.
    false_alarms: usize,
    /// Seconds from the first warning to the first drop.
    leads: Vec<f64>,
    /// Warnings before a drop, and of these warnings whose interval held it.
    warnings: usize,
    held: usize,
}

fn score(course: HiddenCourse, seeds: std::ops::Range<u64>) -> ForecastScore {
    let mut out = ForecastScore::default();
    for seed in seeds {
        let (arrivals, outcome) = HiddenWorld::of(course, seed).run(seed);
        let (looks, first) = looks(&arrivals, &outcome);
        let warned = (1..=looks.len()).filter_map(|count| match forecast(&looks[..count]) {
            DropOutlook::DropsIn { from_s, to_s, .. } => {
                let at = looks[count - 1].at_s;
                first.is_none_or(|first| at < first).then_some((at, at + from_s, to_s.map(|to| at + to)))
            }
            _ => None,
        });
        let warned: Vec<_> = warned.collect();
        out.runs += 1;
        match first {
            Some(first) => {
                out.dropping += 1;
                out.missed += usize::from(warned.is_empty());
                out.leads.extend(warned.first().map(|(at, ..)| first - at));
                out.warnings += warned.len();
                let holds = |(_, from, to): &&(f64, f64, Option<f64>)| {
                    *from <= first && to.is_none_or(|to| to >= first)
                };
                out.held += warned.iter().filter(holds).count();
            }
            None => out.false_alarms += usize::from(!warned.is_empty()),
        }
    }
    out.leads.sort_by(f64::total_cmp);
    out
}

const COURSES: [(HiddenCourse, &str); 5] = [
    (HiddenCourse::RateRamp, "more and more spans come"),
    (HiddenCourse::ExportRamp, "exports take longer and longer"),
    (HiddenCourse::Levels, "either, ending at a load below 0.85"),
    (HiddenCourse::Steady, "nothing changes"),
    (HiddenCourse::Outage, "exports stand still at once"),
];

#[test]
fn hidden_ramps_are_forecast_and_the_table_says_how_well() {
    let mut table = String::from(
        "\n| what happens | runs | with drops | not warned of | warned in vain | lead, median | lead, worst tenth | drop inside the interval |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (course, words) in COURSES {
        let score = score(course, SEEDS);
        let lead = |share: f64| {
            let place = (score.leads.len().saturating_sub(1) as f64 * share) as usize;
            score.leads.get(place).map_or_else(|| "–".to_owned(), |lead| format!("{lead:.0} s"))
        };
        let held = match score.warnings {
            0 => "–".to_owned(),
            all => format!("{:.0} %", score.held as f64 / all as f64 * 100.0),
        };
        let vain = score.runs - score.dropping;
        writeln!(
            table,
            "| {words} | {} | {} | {} | {} | {} | {} | {held} |",
            score.runs,
            score.dropping,
            score.missed,
            if vain > 0 { format!("{} of {vain}", score.false_alarms) } else { "–".to_owned() },
            lead(0.5),
            lead(0.1)
        )
        .unwrap();
        match course {
            HiddenCourse::RateRamp | HiddenCourse::ExportRamp => {
                assert!(score.dropping >= 35 && score.missed * 10 <= score.dropping, "{course:?}: {score:?}");
            }
            HiddenCourse::Steady => assert!(score.false_alarms * 10 <= score.runs, "{score:?}"),
            // What stops below, and what comes at once, nobody can know: the table says how often that goes wrong.
            HiddenCourse::Levels | HiddenCourse::Outage => {}
        }
    }
    println!("{table}");
}

#[test]
fn a_queue_that_fills_is_full_when_arithmetic_says_so() {
    // 1,000 spans/s come, 800/s are exported: 200 spans of room last one second.
    let look = |at: u32| ForecastLook {
        at_s: f64::from(at),
        spans_per_s: 1_000.0,
        export_s: 0.08,
        batch: 64.0,
        queued: 56.0,
        room: 256.0,
        dropped: 0.0,
    };
    let looks: Vec<ForecastLook> = (0..6).map(look).collect();
    let DropOutlook::DropsIn { seconds, .. } = forecast(&looks) else { panic!("{:?}", forecast(&looks)) };
    assert!((seconds - 1.0).abs() < 1e-6, "{seconds}");
    assert_eq!(forecast(&looks[..4]), DropOutlook::TooLittle);
    let dropping = [looks.clone(), vec![ForecastLook { dropped: 1.0, ..look(6) }]].concat();
    assert_eq!(forecast(&dropping), DropOutlook::Drops);
    assert_eq!(forecast(&[]), DropOutlook::TooLittle);
}

#[test]
fn an_idle_processor_is_not_in_danger() {
    let look = |at: u32| ForecastLook {
        at_s: f64::from(at),
        spans_per_s: 0.1 + f64::from(at) * 0.1,
        export_s: 0.002,
        batch: 512.0,
        room: 2048.0,
        ..ForecastLook::default()
    };
    let looks: Vec<ForecastLook> = (0..10).map(look).collect();
    assert!(matches!(forecast(&looks), DropOutlook::NotInSight { .. }));
}
