//! Resources in the measured part, from samples of ever-growing counters.

use spanfate_model::format::event::{QuotaCount, UsageSample};
use spanfate_model::format::slots::RuntimeSample;
use spanfate_model::limits::QuotaFigures;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{Allocations, UsageFigures};

use crate::evidence::process::Process;
use crate::statistics::quantile::millis;

/// The figures of a window. `cores` is how many cores the fixture has, `neighbours_ns` what faults' own neighbours took of them in
/// it.
pub(crate) fn figures(
    samples: &[UsageSample],
    processes: &[Process<'_>],
    window: (MonoNs, MonoNs),
    cores: usize,
    neighbours_ns: u64,
) -> UsageFigures {
    let inside: Vec<&UsageSample> =
        samples.iter().filter(|s| (window.0..=window.1).contains(&s.at)).collect();
    let (Some(first), Some(last)) = (inside.first(), inside.last()) else { return UsageFigures::default() };
    let elapsed = last.at.saturating_sub(first.at).max(1) as f64;
    let share = |from: u64, to: u64| round(to.saturating_sub(from) as f64 / elapsed);
    let fixture_cpu = share(first.fixture_cpu_ns, last.fixture_cpu_ns);
    let core_time = cores.max(1) as f64;
    let busy = core_time - share(first.core_idle_ns, last.core_idle_ns);
    let (gc_cycles, stopped_ms) = runtime(processes, window);
    UsageFigures {
        samples: inside.len() as u64,
        fixture_cpu,
        fixture_wait: share(first.fixture_wait_ns, last.fixture_wait_ns),
        fixture_rss: inside.iter().map(|sample| sample.fixture_rss).max().unwrap_or_default(),
        harness_cpu: share(first.harness_cpu_ns, last.harness_cpu_ns),
        // A neighbour that a fault puts there is no stranger.
        foreign: round((busy - fixture_cpu - neighbours_ns as f64 / elapsed).max(0.0) / core_time),
        steal: round(share(first.core_steal_ns, last.core_steal_ns) / core_time),
        pressure: share(first.pressure_ns, last.pressure_ns),
        harness_quota: quota(&inside, |sample| sample.harness_quota),
        fixture_quota: quota(&inside, |sample| sample.fixture_quota),
        gc_cycles,
        stopped_ms,
        allocations: allocations(looks(processes, window)),
    }
}

/// What a quota did between the first and the last sample that know of one.
fn quota(samples: &[&UsageSample], pick: fn(&UsageSample) -> QuotaCount) -> Option<QuotaFigures> {
    let mut known = samples.iter().map(|sample| pick(sample)).filter(|count| !count.is_none());
    let first = known.next()?;
    let last = known.next_back().unwrap_or(first);
    Some(QuotaFigures {
        cores: last.milli_cores as f64 / 1000.0,
        periods: last.periods.saturating_sub(first.periods),
        throttled: last.throttled.saturating_sub(first.throttled),
        throttled_ms: millis(last.throttled_ns.saturating_sub(first.throttled_ns)),
    })
}

/// The first and the last look at the runtime within a window, of each process that has two.
fn looks<'a>(
    processes: &'a [Process<'_>],
    window: (MonoNs, MonoNs),
) -> impl Iterator<Item = (&'a RuntimeSample, &'a RuntimeSample)> {
    processes.iter().filter_map(move |process| {
        let mut inside = process.runtime.iter().filter(|(at, _)| (window.0..=window.1).contains(at));
        let ((_, first), (_, last)) = (inside.next()?, inside.next_back()?);
        Some((first, last))
    })
}

fn runtime(processes: &[Process<'_>], window: (MonoNs, MonoNs)) -> (u64, f64) {
    let mut out = (0, 0.0);
    for (first, last) in looks(processes, window) {
        out.0 += last.gc_cycles.saturating_sub(first.gc_cycles);
        out.1 += millis(last.stopped_ns.saturating_sub(first.stopped_ns));
    }
    out
}

/// What was allocated, and for how many spans; nothing where a process does not say.
fn allocations<'a>(
    looks: impl Iterator<Item = (&'a RuntimeSample, &'a RuntimeSample)>,
) -> Option<Allocations> {
    let mut out = Allocations::default();
    for (first, last) in looks {
        if first.allocated == 0 {
            return None;
        }
        out.objects += last.allocated.saturating_sub(first.allocated);
        out.bytes += last.allocated_bytes.saturating_sub(first.allocated_bytes);
        out.spans += last.spans.saturating_sub(first.spans);
    }
    let per_span = |count: u64| round(count as f64 / out.spans as f64);
    (out.spans > 0).then(|| Allocations {
        per_span: per_span(out.objects),
        bytes_per_span: per_span(out.bytes),
        ..out
    })
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [[(u64, u64); 2]], Option<(u64, u64, f64)>);

    #[test]
    fn allocations_of_all_processes_are_set_against_their_spans() {
        let look = |allocated, spans| RuntimeSample {
            allocated,
            allocated_bytes: allocated * 100,
            spans,
            ..RuntimeSample::default()
        };
        // Objects and spans at the first and at the last look, process by process; objects, spans and their ratio.
        let cases: [Case; 6] = [
            (&[], None),
            (&[[(10, 5), (10, 5)]], None),
            (&[[(0, 5), (0, 9)]], None),
            (&[[(10, 5), (40, 15)]], Some((30, 10, 3.0))),
            (&[[(10, 5), (40, 15)], [(1, 0), (3, 2)]], Some((32, 12, 2.6667))),
            (&[[(10, 5), (40, 15)], [(0, 0), (0, 2)]], None),
        ];
        for (processes, expected) in cases {
            let looks: Vec<[RuntimeSample; 2]> =
                processes.iter().map(|both| both.map(|(allocated, spans)| look(allocated, spans))).collect();
            let found = allocations(looks.iter().map(|[first, last]| (first, last)));
            assert_eq!(found.map(|a| (a.objects, a.spans, a.per_span)), expected, "{processes:?}");
            assert!(found.is_none_or(|a| a.bytes == a.objects * 100), "{processes:?}");
        }
    }

    #[test]
    fn a_quota_counts_from_the_first_sample_to_the_last_that_know_of_it() {
        let none = UsageSample::default();
        let with = |throttled, periods| UsageSample {
            harness_quota: QuotaCount {
                milli_cores: 1500,
                periods,
                throttled,
                throttled_ns: throttled * 1_000_000,
            },
            ..none
        };
        let samples = [none, with(3, 10), with(5, 11), with(87, 131), none];
        let found = quota(&samples.iter().collect::<Vec<_>>(), |sample| sample.harness_quota).unwrap();
        assert_eq!((found.periods, found.throttled, found.cores), (121, 84, 1.5));
        assert!((found.throttled_ms - 84.0).abs() < 1e-9);
        assert_eq!(quota(&[&none, &none], |sample| sample.harness_quota), None);
        let once = quota(&[&with(7, 9)], |sample| sample.harness_quota).unwrap();
        assert_eq!((once.periods, once.throttled), (0, 0));
    }
}
