//! Batch processors, run again from what was measured of them: `observed` what is known of a path, `queue` and `processor` the machine, `chance` what its SDK leaves to chance,
//! `fit` how well it does, `law_gap` how well the law does, `course` its queue over time, `cycle` what calls are made of, `onsets` what moved when, `factors` what the
//! loss is without one thing or another, `settings` what it is with others, `onset` when a cause began.

pub(crate) mod arrivals;
mod chance;
mod course;
pub(crate) mod cycle;
mod factors;
pub(crate) mod fit;
pub(crate) mod law_gap;
pub(crate) mod observed;
mod onset;
mod onsets;
pub(crate) mod pace;
pub(crate) mod processor;
pub(crate) mod proof;
mod queue;
mod settings;
pub(crate) mod starved;
mod stood;
mod taken;
#[cfg(test)]
mod tests;
pub(crate) mod without;

use spanfate_model::format::raw::TrialLogs;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{CpuWitness, PathReplay, WorkerCycle};

use crate::evidence::excuse::Acted;
use crate::evidence::opened::Opened;
use crate::statistics::quantile::millis;
use arrivals::Arrivals;
use cycle::{CallParts, Cycle};
use factors::Rerun;
use fit::FittedReplay;
use law_gap::LoadParts;
use observed::ObservedPath;
use onsets::PathToDrops;
use starved::CpuLack;
use taken::TakenTime;

/// Most spans of one path of which causes are looked for: each cause is some more replays.
const MOST_SPANS: usize = 4_000_000;

/// Replays every batch processor of a trial that dropped spans.
pub(crate) fn replays(
    opened: &Opened<'_>,
    logs: &TrialLogs,
    cores: usize,
    (plan, planned): (&Plan, &PlannedTrial),
) -> Vec<PathReplay> {
    let paths = observed::lossy_paths(opened, logs.wire.as_deref());
    if paths.is_empty() {
        return Vec::new();
    }
    let lack = CpuLack::of(&logs.usage, cores);
    let taken = TakenTime::of(&logs.usage, cores, opened.acted.iter().any(Acted::is_quota));
    let others = |service: &str| {
        let of = plan.services.iter().find(|one| one.name == service);
        let own = plan.variant_of(planned).zip(of);
        own.map_or_else(Vec::new, |(own, service)| settings::of_others(plan, own, service))
    };
    let load = plan.load_of_trial(planned);
    let lasting = load.warmup.nanos() + load.lasting.nanos();
    let parts = LoadParts {
        began: opened.began,
        measured_from: opened.began + opened.book.measured_from,
        until: opened.began + lasting,
        least_answer: plan.variant_of(planned).map_or(0, |own| own.least_answer().nanos()),
    };
    let around = ReplayedTrial { lack, taken, parts };
    paths.iter().map(|seen| replay(opened, seen, &around, &others)).collect()
}

/// What a trial's processes lived through.
struct ReplayedTrial {
    lack: CpuLack,
    taken: TakenTime,
    parts: LoadParts,
}

fn replay(
    opened: &Opened<'_>,
    seen: &ObservedPath,
    around: &ReplayedTrial,
    others: &dyn Fn(&str) -> Vec<(u64, u64)>,
) -> PathReplay {
    let process = &opened.processes[seen.process];
    let fit = FittedReplay::of(seen);
    let dropped = || seen.spans.iter().filter(|span| span.dropped).map(|span| span.at);
    let (first, last) = (dropped().next().unwrap_or_default(), dropped().next_back().unwrap_or_default());
    let since = |at: MonoNs| millis(at.saturating_sub(opened.began));
    let service = opened.manifest.processes.iter().find(|one| one.process == process.header.process);
    let mut out = PathReplay {
        service: service.map_or_else(String::new, |one| one.service.clone()),
        incarnation: process.header.incarnation,
        path: process.paths[seen.path].name.clone(),
        arrived: seen.spans.len() as u64,
        dropped: fit.measured,
        replayed: fit.outcome.drops(),
        apart: fit.apart,
        fits: fit.fits(),
        deepest: fit.outcome.deepest,
        from_ms: since(first),
        to_ms: since(last),
        unknown: 1.0,
        ..PathReplay::default()
    };
    let lack = &around.lack;
    let arrivals = Arrivals::of(seen, &opened.book, lack);
    let served = millis(arrivals.served(first, last, 0.5));
    out.cpu = CpuWitness {
        served_ms: served,
        undisturbed_ms: millis(arrivals.typical),
        ..lack.between(first, last)
    };
    let cycle = Cycle::of(seen, &arrivals, lack);
    let rerun = Rerun::of(seen, &fit, cycle, arrivals);
    out.cycle = mean_cycle(&rerun.cycle, &fit, (first, last));
    out.free = rerun.free();
    let (course, fills) = course::of(seen, &fit.outcome, &fit.arrivals, process, opened.began);
    out.course = Some(course);
    out.onsets = onsets::of(opened, seen, &rerun.cycle, &PathToDrops { fills, first, last });
    if !out.fits || seen.spans.len() > MOST_SPANS {
        return out;
    }
    let from = around.parts.measured_from;
    // A path whose calls nobody saw arrive has no fastest one.
    if rerun.cycle.fastest > 0 {
        out.without_stalls = Some(rerun.without_stalls(from));
    }
    let back = rerun.given_back(&around.parts, &around.taken, &fit);
    out.given_back = back.map(|back| back.dropped);
    out.law_gap = back.and_then(|back| back.law_gap);
    (out.causes, out.unknown) = rerun.causes();
    out.onset_ms = out
        .causes
        .first()
        .map(|one| since(onset::onset(one.cause, &rerun.cycle, &rerun.arrivals, (first, last))));
    out.stood = stood::before_drops(opened, &rerun.arrivals, (first, last));
    out.usual_calls = onset::are_usual(&rerun.cycle, (first, last));
    out.small_queue = onset::is_small_queue(&rerun, seen.settings, (first, last));
    out.faults = faults(opened, &rerun);
    // Where a worker that runs freely drops nothing, settings that drop nothing say nothing.
    if out.free > 0 {
        out.tried = rerun.remedy(from).into_iter().collect();
        out.others = others(&out.service).into_iter().map(|pair| rerun.tried(pair, from)).collect();
        out.two_workers = Some(rerun.two_workers());
        out.growth = rerun.cycle.growth;
    }
    out
}

/// The share of the drops that vanishes without the times in which each fault acted.
fn faults(opened: &Opened<'_>, rerun: &Rerun<'_>) -> Vec<(usize, f64)> {
    let mut numbers: Vec<usize> = opened.acted.iter().map(|acted| acted.fault).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let windows = |number: usize| {
        let of_it = opened.acted.iter().filter(move |acted| acted.fault == number);
        of_it.map(|acted| (acted.from, acted.to)).collect::<Vec<_>>()
    };
    let share = |number: usize| Some((number, rerun.without_times(&windows(number))?));
    numbers.into_iter().filter_map(share).collect()
}

/// Mean parts of the calls that were open while spans were dropped, or filled the queue before.
fn mean_cycle(cycle: &Cycle, fit: &FittedReplay, (first, last): (MonoNs, MonoNs)) -> WorkerCycle {
    let calls = cycle
        .calls
        .iter()
        .zip(&fit.outcome.calls)
        .zip(std::iter::once(None).chain(fit.outcome.calls.iter().map(|call| Some(call.ended))));
    let open = calls.filter(|((call, _), _)| call.began <= last && call.ended >= first);
    let open: Vec<_> = open.collect();
    let count = open.len().max(1) as f64;
    let mean = |pick: fn(&CallParts) -> u64| {
        let sum: u64 = open.iter().map(|((parts, _), _)| pick(parts)).sum();
        rounded(sum as f64 / count)
    };
    let waits = open.iter().filter_map(|((_, call), before)| Some(call.ready.saturating_sub((*before)?)));
    let unrun = open.iter().map(|((_, call), _)| call.began.saturating_sub(call.ready));
    WorkerCycle {
        calls: open.len() as u64,
        waiting_ms: rounded(waits.sum::<u64>() as f64 / count),
        unrun_ms: rounded(unrun.sum::<u64>() as f64 / count),
        serialising_ms: mean(|parts| parts.serialising),
        starved_ms: mean(|parts| parts.starved),
        network_ms: mean(|parts| parts.network),
        receiver_ms: mean(|parts| parts.receiver),
        failing_ms: mean(|parts| parts.failing),
        behind_ms: mean(|parts| parts.behind),
    }
}

/// Nanoseconds as milliseconds, to the microsecond.
fn rounded(ns: f64) -> f64 {
    (ns / 1e3).round() / 1e3
}
