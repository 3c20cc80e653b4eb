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
/// Spans that come so many times as fast as calls take them fill any queue in time.
const TOO_FAST: f64 = 1.5;
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
    let mut other: Vec<u64> = cycle.calls.iter().filter(|call| !is_during(call)).map(time).collect();
    let usual = match other.len() {
        FEW.. => at_share(&mut other, 0.5),
        _ => at_share(&mut cycle.large.iter().map(time).collect::<Vec<_>>(), 0.25),
    };
    let most = usual.saturating_mul(SLOWER).max(usual + SLACK);
    // A queue that runs full hands over whole batches. A timer that was due during a call hands over a single span after it: such a
    // call says nothing where it is quick, and as much as any other where it is slow.
    let of_size = cycle.large.iter().chain(cycle.small.iter().filter(|&call| time(call) > most));
    let mut during: Vec<u64> = of_size.filter(is_during).map(time).collect();
    at_share(&mut during, 0.5) <= most
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
        && !is_overrun(&rerun.cycle, settings.batch, rerun.as_measured().1)
        && are_usual(&rerun.cycle, (first, last))
        && rerun.with_settings(ReplaySettings { queue: usual, ..settings }).drops() == 0
}

/// Whether spans came faster than calls take them over the whole trial, so that a longer queue would have run full later.
fn is_overrun(cycle: &Cycle, batch: u64, arrivals: &[MonoNs]) -> bool {
    let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) else { return false };
    if cycle.large.len() < FEW {
        return false;
    }
    let times = cycle.large.iter().map(|call| call.ended.saturating_sub(call.began));
    let call = at_share(&mut times.collect::<Vec<_>>(), 0.5) as f64;
    let per_call = arrivals.len() as f64 * call / (last - first).max(1) as f64;
    per_call > TOO_FAST * batch as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Calls of so many spans, by when they began and how long they took, milliseconds.
    fn cycle(calls: &[(u64, u64, u64)]) -> Cycle {
        let one = |(began, took, spans): &(u64, u64, u64)| CallParts {
            began: began * MS,
            ended: (began + took) * MS,
            spans: *spans,
            ..CallParts::default()
        };
        let usual = (0..10).map(|at| (at * 100, 4, 100));
        Cycle::of_calls(usual.collect::<Vec<_>>().iter().chain(calls).map(one).collect(), 100)
    }

    #[test]
    fn a_slow_call_of_a_single_span_is_as_slow_as_one_of_a_whole_batch() {
        let usual = |calls: &[(u64, u64, u64)]| are_usual(&cycle(calls), (1500 * MS, 2000 * MS));
        assert!(usual(&[(1500, 4, 100), (1600, 4, 100)]));
        assert!(!usual(&[(1500, 260, 100), (1760, 260, 100)]));
        // The queue is full, and for want of a turn of its timer the worker hands over one span at a time.
        assert!(!usual(&[(1400, 260, 1), (1660, 260, 1)]));
        assert!(usual(&[(1500, 4, 100), (1510, 2, 1), (1600, 4, 100), (1610, 2, 1)]));
        // One that was held up among many that were not.
        assert!(usual(&[(1500, 4, 100), (1520, 4, 100), (1540, 60, 1), (1620, 4, 100)]));
    }

    #[test]
    fn what_comes_faster_than_calls_take_it_fills_any_queue() {
        // Ten calls of 4 ms, each of 100 spans at most: 25,000 spans/s.
        let at = |distance_us: u64| (0..1000).map(|at| at * distance_us * 1000).collect::<Vec<MonoNs>>();
        assert!(!is_overrun(&cycle(&[]), 100, &at(40)) && is_overrun(&cycle(&[]), 100, &at(20)));
        assert!(!is_overrun(&cycle(&[]), 100, &[]));
    }
}
