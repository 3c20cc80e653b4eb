//! Whether the services lacked CPU at a time, from samples of ever-growing counters.

use spanfate_model::format::event::UsageSample;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::CpuWitness;

use crate::statistics::quantile::at_share;

/// A core of which this share is used has nothing left to give at once.
const BUSY: f64 = 0.8;
/// Threads that wait for a CPU for this share of the time lack it.
const WAITED: f64 = 0.1;
/// A quota that keeps threads from running for this share of the time.
const THROTTLED: f64 = 0.05;
/// A host that takes this share of the time leaves too little of it.
const STOLEN: f64 = 0.1;

/// The kernel counts the wait of a thread that a quota kept from running when it runs again, all of it at once: so many times as much as the time
/// between two looks is no wait of those that share a CPU. Where a quota lets it run in each period, it is so much more than usual all the time.
const AT_ONCE: f64 = 3.0;
/// Usual is what is waited in the calmest quarter of the looks.
const CALM: f64 = 0.25;
/// And it waited for most of the time in which its service did nothing. One that is stopped waits for nothing.
const HELD: f64 = 0.5;
/// Looks in half a second.
const STRETCH: usize = 5;

/// The counters of the services' CPU over a trial.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuLack {
    looks: Vec<CpuLook>,
    cores: f64,
}

/// A look at them, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct CpuLook {
    at: MonoNs,
    used: f64,
    waited: f64,
    throttled: f64,
    stolen: f64,
    quota: f64,
}

impl CpuLack {
    pub(crate) fn of(samples: &[UsageSample], cores: usize) -> Self {
        let look = |sample: &UsageSample| {
            let quota =
                [sample.fixture_quota, sample.harness_quota].into_iter().find(|quota| !quota.is_none());
            let quota = quota.unwrap_or_default();
            CpuLook {
                at: sample.at,
                used: sample.fixture_cpu_ns as f64,
                waited: sample.fixture_wait_ns as f64,
                throttled: quota.throttled_ns as f64,
                stolen: sample.core_steal_ns as f64,
                quota: quota.milli_cores as f64 / 1e3,
            }
        };
        Self { looks: samples.iter().map(look).collect(), cores: cores.max(1) as f64 }
    }

    /// The counters at a moment: between two looks, what lies between them.
    fn at(&self, at: MonoNs) -> CpuLook {
        let next = self.looks.partition_point(|look| look.at <= at);
        match (next.checked_sub(1).and_then(|last| self.looks.get(last)), self.looks.get(next)) {
            (Some(a), Some(b)) => {
                let share = (at - a.at) as f64 / (b.at - a.at).max(1) as f64;
                let between = |a: f64, b: f64| a + (b - a) * share;
                CpuLook {
                    at,
                    used: between(a.used, b.used),
                    waited: between(a.waited, b.waited),
                    throttled: between(a.throttled, b.throttled),
                    stolen: between(a.stolen, b.stolen),
                    quota: b.quota,
                }
            }
            (Some(only), None) | (None, Some(only)) => CpuLook { at, ..*only },
            (None, None) => CpuLook { at, ..CpuLook::default() },
        }
    }

    /// What the services used and lacked from one moment to another, at least as far apart as two looks.
    pub(crate) fn between(&self, from: MonoNs, to: MonoNs) -> CpuWitness {
        let known = |at: MonoNs| self.looks.last().map_or(0, |last| at.min(last.at));
        let (a, b) = (self.at(known(from)), self.at(known(to)));
        let time = (b.at - a.at).max(1) as f64;
        let cores = if b.quota > 0.0 { b.quota.min(self.cores) } else { self.cores };
        CpuWitness {
            used: (b.used - a.used) / time,
            cores,
            waited: (b.waited - a.waited) / time,
            throttled_ms: (b.throttled - a.throttled) / 1e6,
            ..CpuWitness::default()
        }
    }

    /// Whether they lacked CPU around a time. What a thread waited is counted when it runs again, so it may stand in the look behind only.
    pub(crate) fn is_lacking(&self, from: MonoNs, to: MonoNs) -> bool {
        let Some((before, after)) = self.around(from, to) else { return false };
        let (first, last) = (self.looks[before], self.looks[after]);
        let behind = self.looks[(after + 1).min(self.looks.len() - 1)];
        let time = (last.at - first.at).max(1) as f64;
        let waits = |until: CpuLook| {
            let what = self.between(first.at, until.at);
            let time = (until.at - first.at).max(1) as f64;
            what.waited >= WAITED || what.throttled_ms * 1e6 / time >= THROTTLED
        };
        let what = self.between(first.at, last.at);
        what.used >= BUSY * what.cores
            || (last.stolen - first.stolen) / time >= STOLEN * self.cores
            || waits(last)
            || waits(behind)
    }

    /// Whether a service that did nothing for a time was kept from running by a quota, rather than stopped; spans came to it from one moment to
    /// another.
    pub(crate) fn was_held(&self, (from, to): (MonoNs, MonoNs), came: (MonoNs, MonoNs)) -> bool {
        let next = self.looks.partition_point(|look| look.at <= to);
        // What it waited is counted in the look behind it at the latest.
        let Some(last) = self.looks.get((next + 1).min(self.looks.len().saturating_sub(1))) else {
            return false;
        };
        let time = to.saturating_sub(from) as f64;
        let waited = last.waited - self.at(from).waited;
        let mut within = self.pairs().filter(|(before, after)| after.at > from && before.at < last.at);
        // Once it runs again it waits for its share of a CPU as well, with what had waited for it.
        let leaps = |(before, after): (&CpuLook, &CpuLook)| {
            let more = after.waited - before.waited;
            more >= AT_ONCE * (after.at - before.at) as f64 && more >= HELD * time
        };
        let meanwhile = self.at(to).waited - self.at(from).waited;
        let more = || meanwhile - self.usually_waited(came) * time >= HELD * time;
        waited >= HELD * time && (within.any(leaps) || more())
    }

    /// What is waited in the calm looks between two moments, as a share of the time.
    fn usually_waited(&self, (from, to): (MonoNs, MonoNs)) -> f64 {
        let inside = self.pairs().filter(|(before, after)| before.at >= from && after.at <= to);
        // In millionths, so that they can be put in order.
        let share = |(before, after): (&CpuLook, &CpuLook)| {
            ((after.waited - before.waited) * 1e6 / (after.at - before.at).max(1) as f64) as u64
        };
        at_share(&mut inside.map(share).collect::<Vec<_>>(), CALM) as f64 / 1e6
    }

    fn pairs(&self) -> impl Iterator<Item = (&CpuLook, &CpuLook)> {
        self.looks.iter().zip(self.looks.iter().skip(1))
    }

    /// The looks that a time lies between, by their places.
    fn around(&self, from: MonoNs, to: MonoNs) -> Option<(usize, usize)> {
        let after = self.looks.partition_point(|look| look.at < to).min(self.looks.len().checked_sub(1)?);
        let before = self.looks.partition_point(|look| look.at <= from).saturating_sub(1);
        (before < after).then_some((before, after))
    }

    /// CPU time that they used from one moment to another, nanoseconds.
    pub(crate) fn used(&self, from: MonoNs, to: MonoNs) -> f64 {
        self.between(from, to).used * to.saturating_sub(from) as f64
    }

    /// Times of half a second, one after the other.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = (MonoNs, MonoNs)> + '_ {
        self.looks.iter().zip(self.looks.iter().skip(STRETCH)).map(|(first, last)| (first.at, last.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn what_is_waited_may_be_counted_in_the_look_behind() {
        // A quota whose periods are as long as the looks are apart: two of its waits end in one of them, and none in the next.
        let look = |(place, waited): (usize, u64)| UsageSample {
            at: (place as u64 + 1) * 100 * MS,
            fixture_wait_ns: waited * MS,
            fixture_cpu_ns: (place as u64 + 1) * 60 * MS,
            ..UsageSample::default()
        };
        let lack =
            |waited: [u64; 5]| CpuLack::of(&waited.into_iter().enumerate().map(look).collect::<Vec<_>>(), 1);
        assert!(lack([0, 70, 224, 228, 300]).is_lacking(310 * MS, 360 * MS));
        assert!(!lack([0, 70, 224, 228, 231]).is_lacking(310 * MS, 360 * MS));
    }

    #[test]
    fn what_a_quota_held_waited_all_at_once_and_what_was_stopped_waited_for_nothing() {
        // A look each 100 ms, with what threads waited in it.
        let lack = |waits: &[u64]| {
            let look = |(place, _): (usize, &u64)| UsageSample {
                at: (place as u64 + 1) * 100 * MS,
                fixture_wait_ns: waits[..=place].iter().sum::<u64>() * MS,
                ..UsageSample::default()
            };
            CpuLack::of(&waits.iter().enumerate().map(look).collect::<Vec<_>>(), 1)
        };
        let held = |waits: &[u64]| lack(waits).was_held((320 * MS, 880 * MS), (100 * MS, 1100 * MS));
        assert!(held(&[0, 2, 1, 0, 0, 0, 0, 0, 510, 4, 1]));
        // It runs again in the last look before, or is counted in the first one after.
        assert!(held(&[0, 2, 1, 0, 0, 0, 0, 0, 0, 510, 1]));
        assert!(!held(&[0, 2, 1, 0, 0, 0, 0, 0, 40, 90, 1]));
        // On a busy machine others wait all the time, and none of them for longer than that.
        assert!(!held(&[60, 80, 90, 80, 70, 90, 80, 90, 150, 160, 90]));
        // A quota lets it run for a moment in each period: one thread more waits all the time.
        assert!(held(&[80, 110, 90, 150, 210, 215, 220, 215, 210, 200, 90]));
        // Who shares a CPU waits as before, or less, while another one is stopped.
        assert!(!held(&[80, 110, 90, 70, 60, 65, 60, 60, 65, 210, 190]));
        // What was stopped has much to do then, and many that wait for it.
        assert!(!held(&[50, 60, 55, 1, 0, 0, 0, 0, 100, 270, 60]));
        assert!(!CpuLack::default().was_held((0, MS), (0, MS)));
    }
}
