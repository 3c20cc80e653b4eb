//! A path that is run again: freely, without some causes, with other settings, or with time given back.

use std::cell::OnceCell;

use spanfate_model::cause::LossFactor;
use spanfate_model::quantity::unit::MonoNs;

use crate::replay::arrivals::Arrivals;
use crate::replay::cycle::{CallParts, Cycle};
use crate::replay::fit::{self, FittedReplay};
use crate::replay::law_gap::LoadParts;
use crate::replay::observed::ObservedPath;
use crate::replay::pace::{FastestPace, MeasuredPace, Unrun};
use crate::replay::processor::{ReplayCourse, ReplayOutcome, ReplaySettings, ReplayedCall};
use crate::replay::taken::TakenTime;
use crate::replay::without::Without;

mod shares;

/// How many times what others took is given back: time that is taken costs more than itself where a timer or a turn is missed.
const GIVEN_BACK: f64 = 3.0;
/// The highest share that others may have taken for that.
const TAKEN_MAX: f64 = 0.2;
/// A worker that is run takes a batch up within this time, nanoseconds.
const AT_ONCE: u64 = 500_000;

/// What comes of a path where time is given back to it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct GivenBack {
    /// Spans of the measured part that are dropped all the same, at least.
    pub(crate) dropped: u64,
    /// Between which values the loss less the law's lies; `None` where the law does not speak of it.
    pub(crate) law_gap: Option<(f64, f64)>,
}

/// A path, ready to be run again.
pub(crate) struct Rerun<'a> {
    seen: &'a ObservedPath,
    pub(crate) cycle: Cycle,
    pub(crate) arrivals: Arrivals,
    unrun: Vec<Unrun>,
    flushes: Vec<MonoNs>,
    /// How the choices came out that the SDK leaves to chance.
    turns: Vec<u64>,
    turn: u64,
    measured: Vec<MonoNs>,
}

/// By which part causes are taken away, and the arrivals without what keeps them late, or bunched, or both, by as much: all that causes can
/// change of them.
pub(crate) struct Reduction {
    part: f64,
    arrivals: [OnceCell<Vec<MonoNs>>; 4],
}

impl Reduction {
    /// Above 0; 1 is all of it.
    pub(crate) fn of(part: f64) -> Self {
        Self { part, arrivals: Default::default() }
    }
}

impl<'a> Rerun<'a> {
    pub(crate) fn of(seen: &'a ObservedPath, fit: &FittedReplay, cycle: Cycle, arrivals: Arrivals) -> Self {
        let gap = |call: &ReplayedCall| call.began.saturating_sub(call.ready);
        let calls = &fit.outcome.calls;
        let unrun = calls.iter().filter(|call| gap(call) > AT_ONCE && call.spans == seen.settings.batch);
        let unrun = unrun.map(|call| (call.ready, call.began)).collect();
        // The mean, so that as many calls fit into a time as did.
        let turns: Vec<u64> = calls.iter().map(gap).filter(|gap| (1..=AT_ONCE).contains(gap)).collect();
        let turn = turns.iter().sum::<u64>() / turns.len().max(1) as u64;
        let measured = fit.arrivals.clone();
        let began = seen.course(&measured, &[]).began;
        let turns = fit::turns(calls, seen.settings, (began, seen.stop));
        Self { seen, cycle, arrivals, unrun, flushes: flushes(seen), turns, turn, measured }
    }

    /// What came to the worker, at these times.
    fn course<'b>(&'b self, arrivals: &'b [MonoNs], flushes: &'b [MonoNs]) -> ReplayCourse<'b> {
        ReplayCourse { turns: &self.turns, ..self.seen.course(arrivals, flushes) }
    }

    /// What comes of a worker that runs freely.
    fn outcome(&self) -> ReplayOutcome {
        self.run_without(&Reduction::of(1.0), &Without::nothing())
    }

    /// What comes of it without so much of some causes.
    fn run_without(&self, reduction: &Reduction, without: &Without) -> ReplayOutcome {
        let without = without.clone().by(reduction.part);
        let mut pace = MeasuredPace::new(&self.cycle, &self.unrun, self.turn, &without);
        let kind =
            [LossFactor::CpuStarved, LossFactor::Burst].map(|cause| usize::from(without.contains(cause)));
        let arrivals =
            reduction.arrivals[kind[0] * 2 + kind[1]].get_or_init(|| self.arrivals.without(&without));
        self.course(arrivals, &self.flushes).run(&mut pace)
    }

    /// Drops of the same.
    pub(crate) fn drops_without(&self, reduction: &Reduction, without: &Without) -> u64 {
        self.run_without(reduction, without).drops()
    }

    /// Drops with nothing taken away.
    pub(crate) fn free(&self) -> u64 {
        self.outcome().drops()
    }

    /// What comes of the same arrivals and calls with other settings.
    pub(crate) fn with_settings(&self, settings: ReplaySettings) -> ReplayOutcome {
        let without = Without::nothing();
        let growth = self.cycle.growth.map(|growth| growth.per_span_us * 1e3);
        let mut pace = MeasuredPace::new(&self.cycle, &self.unrun, self.turn, &without).growing(growth);
        let mut course = self.course(&self.measured, &self.flushes);
        course.settings = settings;
        course.run(&mut pace)
    }

    /// What is set, and when spans came.
    pub(crate) fn as_measured(&self) -> (ReplaySettings, &[MonoNs]) {
        (self.seen.settings, &self.measured)
    }

    /// Spans that would be dropped from a moment on if nothing on the machine were ever slow: requests start as intended and are served
    /// as the fastest tenth was, and every call takes what the fastest one took. Disturbance can only make the real number larger.
    pub(crate) fn without_stalls(&self, from: MonoNs) -> u64 {
        let arrivals = self.arrivals.undisturbed();
        let mut pace = FastestPace { whole: self.cycle.fastest, batch: self.cycle.batch };
        let outcome = self.course(&arrivals, &[]).run(&mut pace);
        outcome.drops_from(arrivals.partition_point(|at| *at < from))
    }

    /// What comes of it if each call, each wait of the worker and each span gets back several times what others took of the core
    /// meanwhile, spans at the worse of both: late as they were, or early. `None` where others took too much for that to say anything.
    pub(crate) fn given_back(
        &self,
        load: &LoadParts,
        taken: &TakenTime,
        fit: &FittedReplay,
    ) -> Option<GivenBack> {
        let (first, last) = (self.measured.first()?, self.measured.last()?);
        if taken.share(*first, *last) > TAKEN_MAX {
            return None;
        }
        let back = |from: MonoNs, to: MonoNs| {
            ((GIVEN_BACK * taken.between(from, to)) as u64).min(to.saturating_sub(from))
        };
        let mended =
            self.cycle.calls.iter().map(|call| {
                shortened(call, back(call.began, call.ended), load.least_answer.min(call.receiver))
            });
        let cycle = Cycle::of_calls(mended.collect(), self.cycle.batch);
        let unrun: Vec<Unrun> =
            self.unrun.iter().map(|(ready, began)| (*ready, began - back(*ready, *began))).collect();
        let without = Without::nothing();
        let run = |arrivals: &[MonoNs]| {
            let mut pace = MeasuredPace::new(&cycle, &unrun, self.turn, &without);
            self.course(arrivals, &self.flushes).run(&mut pace)
        };
        let earlier = self.arrivals.earlier(back);
        let outcomes = [&self.measured, &earlier].map(|arrivals| (run(arrivals), arrivals.as_slice()));
        let gap = |outcome: &ReplayOutcome, arrivals: &[MonoNs]| {
            load.law_gap(outcome, arrivals, self.seen.settings)
        };
        let measured = gap(&fit.outcome, &fit.arrivals);
        let backs: Option<Vec<f64>> =
            outcomes.iter().map(|(outcome, arrivals)| gap(outcome, arrivals)).collect();
        let law_gap = measured.zip(backs).and_then(|(measured, backs)| {
            let free = gap(&self.outcome(), &self.measured)?;
            Some(self.between(measured, free, &backs))
        });
        Some(GivenBack { dropped: self.least(&outcomes, load), law_gap })
    }

    /// The fewest drops of replays, in the measured part. Where the free run drops more than was dropped, it counts for as much less.
    fn least(&self, outcomes: &[(ReplayOutcome, &[MonoNs])], load: &LoadParts) -> u64 {
        let drops = |(outcome, arrivals): &(ReplayOutcome, &[MonoNs])| {
            outcome.drops_from(arrivals.partition_point(|at| *at < load.measured_from))
        };
        let fewest = outcomes.iter().map(drops).min().unwrap_or_default();
        let (free, measured) = (self.free(), self.seen.drops());
        let fewest =
            if free > measured { (fewest as f64 * measured as f64 / free as f64) as u64 } else { fewest };
        fewest.saturating_sub(self.margin())
    }

    /// Between which values the law's gap lies: the measured one, those of the replays, those that are as far from the measured one
    /// as they are from that of a free run, and a batch, for no nearer is the law to a worker.
    fn between(&self, measured: f64, free: f64, backs: &[f64]) -> (f64, f64) {
        let moved = backs.iter().flat_map(|back| [*back, measured + back - free]);
        let (low, high) = moved.fold((measured, measured), |(low, high), one| (low.min(one), high.max(one)));
        let margin = self.seen.settings.batch as f64 / self.measured.len().max(1) as f64;
        (low - margin, high + margin)
    }

    /// By how many spans drops may be off as calls begin earlier or later: what came during the longest, and a batch at either end.
    fn margin(&self) -> u64 {
        let ended = self.seen.calls.iter().filter(|call| call.ended != MonoNs::MAX);
        let came = ended.map(|call| {
            let until = |at: MonoNs| self.measured.partition_point(|arrival| *arrival < at);
            until(call.ended).saturating_sub(until(call.began)) as u64
        });
        came.max().unwrap_or_default() + 2 * self.seen.settings.batch
    }

    /// The share of the drops that vanishes without these times; nothing where no call outside of them shows what is usual.
    pub(crate) fn without_times(&self, windows: &[(MonoNs, MonoNs)]) -> Option<f64> {
        let inside =
            |call: &CallParts| windows.iter().any(|(from, to)| call.began < *to && call.ended >= *from);
        let mut usual: Vec<CallParts> =
            self.cycle.large.iter().copied().filter(|call| !inside(call)).collect();
        usual.sort_by_key(|call| call.ended.saturating_sub(call.began));
        let usual = *usual.get(usual.len() / 2)?;
        let mend = |call: &CallParts| {
            let parts = if inside(call) { usual } else { *call };
            CallParts { began: call.began, ended: call.ended, ..parts }
        };
        let cycle = Cycle::of_calls(self.cycle.calls.iter().map(mend).collect(), self.cycle.batch);
        let clear = |gap: &&Unrun| !windows.iter().any(|(from, to)| gap.0 < *to && gap.1 >= *from);
        let unrun: Vec<Unrun> = self.unrun.iter().filter(clear).copied().collect();
        let without = Without::nothing();
        let mut pace = MeasuredPace::new(&cycle, &unrun, self.turn, &without);
        let arrivals = self.arrivals.outside(windows);
        let drops = self.course(&arrivals, &self.flushes).run(&mut pace).drops();
        let base = self.free();
        (base > 0).then(|| base.saturating_sub(drops) as f64 / base as f64)
    }
}

/// A call that takes so much less, each of its parts in proportion but so much of the receiver's, which nobody can take away.
fn shortened(call: &CallParts, by: u64, kept: u64) -> CallParts {
    let rest = call.ended.saturating_sub(call.began).saturating_sub(kept);
    let left = rest.saturating_sub(by) as f64 / rest.max(1) as f64;
    let less = |ns: u64| (ns as f64 * left) as u64;
    CallParts {
        serialising: less(call.serialising),
        starved: less(call.starved),
        network: less(call.network),
        receiver: kept + less(call.receiver - kept),
        failing: less(call.failing),
        behind: less(call.behind),
        ..*call
    }
}

/// Calls that came before the batch was whole or its time was up: somebody demanded them.
fn flushes(seen: &ObservedPath) -> Vec<MonoNs> {
    let pairs = seen.calls.iter().zip(seen.calls.iter().skip(1));
    pairs
        .filter(|(before, call)| {
            let early = call.began < before.began.saturating_add(seen.settings.delay);
            early && call.spans < seen.settings.batch && call.began < seen.stop
        })
        .map(|(_, call)| call.began)
        .collect()
}
