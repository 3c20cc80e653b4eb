//! What others took of the services' cores, from samples of ever-growing counters.

use spanfate_model::format::event::{QuotaCount, UsageSample};
use spanfate_model::quantity::unit::MonoNs;

/// A quota that holds a service back for this share of the time has been used up in it.
const USED_UP: f64 = 0.5;

/// Time that others took until each look, nanoseconds, never falling.
#[derive(Clone, Debug, Default)]
pub(crate) struct TakenTime {
    looks: Vec<(MonoNs, f64)>,
}

impl TakenTime {
    /// Other work and the hypervisor, on so many cores, and what a quota held back. Where a fault of the scenario set a quota on the services,
    /// theirs is nobody else's doing; and a service that it held back for most of the time had used it up, whatever others took: it was
    /// late for what it got, but got all of it.
    pub(crate) fn of(samples: &[UsageSample], cores: usize, own_quota: bool) -> Self {
        let held = |quota: QuotaCount| quota.throttled_ns as f64;
        let taken = |sample: &UsageSample| {
            let busy = sample.at as f64 * cores.max(1) as f64 - sample.core_idle_ns as f64;
            let fixture = if own_quota { 0.0 } else { held(sample.fixture_quota) };
            busy - sample.fixture_cpu_ns as f64 + fixture + held(sample.harness_quota)
        };
        let used_up = |before: &UsageSample, sample: &UsageSample| {
            let throttled = held(sample.fixture_quota) - held(before.fixture_quota);
            own_quota && throttled >= USED_UP * sample.at.saturating_sub(before.at) as f64
        };
        let first = samples.first().map_or(0.0, taken);
        let (mut most, mut spared) = (0.0_f64, 0.0);
        let look = |(before, sample): (&UsageSample, &UsageSample)| {
            if used_up(before, sample) {
                spared += taken(sample) - taken(before);
            }
            // Counters of different resolution may go back by a tick.
            most = most.max(taken(sample) - spared - first);
            (sample.at, most)
        };
        // The first look has none before it.
        Self { looks: samples.iter().take(1).chain(samples).zip(samples).map(look).collect() }
    }

    /// Until a moment: between two looks, what lies between them.
    fn until(&self, at: MonoNs) -> f64 {
        let next = self.looks.partition_point(|look| look.0 <= at);
        match (next.checked_sub(1).and_then(|last| self.looks.get(last)), self.looks.get(next)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (at - a.0) as f64 / (b.0 - a.0).max(1) as f64,
            (Some(only), None) | (None, Some(only)) => only.1,
            (None, None) => 0.0,
        }
    }

    /// From one moment to another, nanoseconds.
    pub(crate) fn between(&self, from: MonoNs, to: MonoNs) -> f64 {
        (self.until(to.max(from)) - self.until(from)).max(0.0)
    }

    /// The share of the time from one moment to another. Without looks all of it may have been taken.
    pub(crate) fn share(&self, from: MonoNs, to: MonoNs) -> f64 {
        if self.looks.len() < 2 {
            1.0
        } else {
            self.between(from, to) / (to.saturating_sub(from)).max(1) as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Looks each 100 ms; so many milliseconds of each are throttled and stolen.
    fn samples(each: &[(u64, u64)]) -> Vec<UsageSample> {
        let (mut throttled, mut idle) = (0, 0);
        let look = |(place, (held, stolen)): (usize, &(u64, u64))| {
            throttled += held * MS;
            idle += (100 - stolen) * MS;
            let at = (place as u64 + 1) * 100 * MS;
            let fixture_quota = QuotaCount { throttled_ns: throttled, ..QuotaCount::default() };
            UsageSample { at, core_idle_ns: idle, fixture_quota, ..UsageSample::default() }
        };
        each.iter().enumerate().map(look).collect()
    }

    #[test]
    fn nobody_takes_from_a_service_that_uses_its_own_quota_up() {
        let seen = samples(&[(0, 0), (90, 30), (40, 30), (0, 30)]);
        let taken = |own| TakenTime::of(&seen, 1, own).between(100 * MS, 400 * MS) / MS as f64;
        // Of the first of the three it was held back for most; then it may have got less than its quota.
        assert_eq!((taken(true), taken(false)), (60.0, 90.0 + 130.0));
    }
}
