//! What others took of the services' cores, from samples of ever-growing counters.

use spanfate_model::format::event::{QuotaCount, UsageSample};
use spanfate_model::quantity::unit::MonoNs;

/// Time that others took until each look, nanoseconds, never falling.
#[derive(Clone, Debug, Default)]
pub(crate) struct TakenTime {
    looks: Vec<(MonoNs, f64)>,
}

impl TakenTime {
    /// Other work and the hypervisor, on so many cores, and what a quota held back. Where a fault of the scenario set a quota on the services,
    /// theirs is nobody else's doing.
    pub(crate) fn of(samples: &[UsageSample], cores: usize, own_quota: bool) -> Self {
        let held = |quota: QuotaCount| quota.throttled_ns as f64;
        let taken = |sample: &UsageSample| {
            let busy = sample.at as f64 * cores.max(1) as f64 - sample.core_idle_ns as f64;
            let fixture = if own_quota { 0.0 } else { held(sample.fixture_quota) };
            busy - sample.fixture_cpu_ns as f64 + fixture + held(sample.harness_quota)
        };
        let first = samples.first().map_or(0.0, taken);
        let mut most = 0.0_f64;
        let look = |sample: &UsageSample| {
            // Counters of different resolution may go back by a tick.
            most = most.max(taken(sample) - first);
            (sample.at, most)
        };
        Self { looks: samples.iter().map(look).collect() }
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
