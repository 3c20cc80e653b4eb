//! When a cause began to act before the first drop, and whether the queue itself is what was wrong.

use spanfate_model::cause::LossFactor;
use spanfate_model::exporter::defaults;
use spanfate_model::quantity::unit::MonoNs;

use crate::replay::arrivals::Arrivals;
use crate::replay::cycle::{CallParts, Cycle};
use crate::replay::factors::Rerun;
use crate::replay::processor::ReplaySettings;
use crate::statistics::quantile::at_share;

/// A call is slower than usual from so many times the usual time on, and this much, nanoseconds: a whole batch takes longer than a part.
const SLOWER: u64 = 2;
const SLACK: u64 = 5_000_000;
/// Fewest calls that say what is usual.
const FEW: usize = 5;
/// A request is later than usual from so many times the time of the fastest tenth on, and this much, nanoseconds.
const LATER: (u64, u64) = (4, 20_000_000);

/// When the first thing happened that a cause held up, of those that go on without a break until the first drop.
pub(crate) fn onset(
    cause: LossFactor,
    cycle: &Cycle,
    arrivals: &Arrivals,
    (first, last): (MonoNs, MonoNs),
) -> MonoNs {
    let part: fn(&CallParts) -> u64 = match cause {
        // The request of the first span that found no room had been due since then.
        LossFactor::Burst => return arrivals.intended(first).unwrap_or(first).min(first),
        LossFactor::SlowAnswer => |call| call.receiver,
        LossFactor::SlowNetwork => |call| call.network,
        LossFactor::SlowSerialising => |call| call.serialising,
        LossFactor::CpuStarved => |call| call.starved,
        LossFactor::ExportFailing => |call| call.failing,
    };
    let during = cycle.calls.iter().filter(|call| call.began <= last && call.ended >= first);
    let (sum, count) = during.fold((0_u64, 0_u64), |(sum, count), call| (sum + part(call), count + 1));
    let much = (sum / count.max(1) / 2).max(1);
    let open = cycle.calls.partition_point(|call| call.began <= first);
    let held = cycle.calls[..open].iter().rev().take_while(|call| part(call) >= much);
    held.last().map_or(first, |call| call.began)
}

/// Whether calls took no longer than usual while spans were dropped. Usual is what they took at other times; where there are none, what
/// the fastest quarter took.
pub(crate) fn are_usual(cycle: &Cycle, (first, last): (MonoNs, MonoNs)) -> bool {
    let time = |call: &CallParts| call.ended.saturating_sub(call.began);
    let is_during = |call: &&CallParts| call.began <= last && call.ended >= first;
    // A queue that runs full hands over whole batches.
    let mut during: Vec<u64> = cycle.large.iter().filter(is_during).map(time).collect();
    let mut other: Vec<u64> = cycle.calls.iter().filter(|call| !is_during(call)).map(time).collect();
    let usual = match other.len() {
        FEW.. => at_share(&mut other, 0.5),
        _ => at_share(&mut cycle.large.iter().map(time).collect::<Vec<_>>(), 0.25),
    };
    at_share(&mut during, 0.5) <= usual.saturating_mul(SLOWER).max(usual + SLACK)
}

/// Whether a queue that is shorter than the SDK's own dropped what that one would have held, while nothing was slower than usual.
pub(crate) fn is_small_queue(
    rerun: &Rerun<'_>,
    settings: ReplaySettings,
    (first, last): (MonoNs, MonoNs),
) -> bool {
    let usual = u64::from(defaults::QUEUE);
    let served = rerun.arrivals.served(first, last, 0.5);
    let (times, much) = LATER;
    let late = served > rerun.arrivals.typical.saturating_mul(times).max(much);
    settings.queue < usual
        && !late
        && are_usual(&rerun.cycle, (first, last))
        && rerun.with_settings(ReplaySettings { queue: usual, ..settings }).drops() == 0
}
