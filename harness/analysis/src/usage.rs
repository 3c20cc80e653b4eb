//! Resources in the measured part, from samples of ever-growing counters.

use spanfate_model::event::UsageSample;
use spanfate_model::result::UsageFigures;
use spanfate_model::unit::MonoNs;

use crate::process::Process;
use crate::quantile::millis;

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
        gc_cycles,
        stopped_ms,
    }
}

fn runtime(processes: &[Process<'_>], window: (MonoNs, MonoNs)) -> (u64, f64) {
    let mut out = (0, 0.0);
    for process in processes {
        let mut inside = process.runtime.iter().filter(|(at, _)| (window.0..=window.1).contains(at));
        if let (Some((_, first)), Some((_, last))) = (inside.next(), inside.next_back()) {
            out.0 += last.gc_cycles.saturating_sub(first.gc_cycles);
            out.1 += millis(last.stopped_ns.saturating_sub(first.stopped_ns));
        }
    }
    out
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
