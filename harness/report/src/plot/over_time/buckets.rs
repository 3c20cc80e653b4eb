//! Slices of a timeline put together, so that a line or a table does not have too many of them.

use spanfate_model::result::{Slice, TrialResult};

/// Slices put together: what is counted is added up, of what is a height the highest stays.
pub(crate) struct Buckets {
    pub(crate) seconds: f64,
    pub(crate) slices: Vec<Slice>,
}

impl Buckets {
    /// At most `most` buckets of a trial.
    pub(crate) fn of(trial: &TrialResult, most: usize) -> Self {
        let slices = &trial.timeline;
        let step = match slices.as_slice() {
            [first, second, ..] => (second.at_ms - first.at_ms).max(1.0),
            _ => 250.0,
        };
        let size = slices.len().div_ceil(most.max(1)).max(1);
        Self { seconds: step * size as f64 / 1000.0, slices: slices.chunks(size).map(merge).collect() }
    }

    /// A line: seconds at the middle of each bucket, and the value.
    pub(in crate::plot) fn line(&self, value: impl Fn(&Slice) -> f64) -> Vec<(f64, f64)> {
        self.slices.iter().map(|s| (s.at_ms / 1000.0 + self.seconds / 2.0, value(s))).collect()
    }
}

fn merge(slices: &[Slice]) -> Slice {
    let mut out = slices.first().cloned().unwrap_or_default();
    for slice in slices.iter().skip(1) {
        out.created += slice.created;
        out.received += slice.received;
        out.lost += slice.lost;
        for (fate, lost) in &slice.lost_by {
            *out.lost_by.entry(*fate).or_insert(0) += lost;
        }
        out.queue = out.queue.max(slice.queue);
        out.requests += slice.requests;
        out.export_ms = out.export_ms.max(slice.export_ms);
        out.in_flight = out.in_flight.max(slice.in_flight);
        out.fixture_cpu = out.fixture_cpu.max(slice.fixture_cpu);
        out.gc_cycles += slice.gc_cycles;
        out.stopped_ms += slice.stopped_ms;
        out.heap = out.heap.max(slice.heap);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use spanfate_model::fate::Fate;

    use super::*;

    fn slice() -> impl Strategy<Value = Slice> {
        (prop::array::uniform6(0_u64..1_000_000), prop::array::uniform4(0_u32..10_000)).prop_map(
            |(counts, heights)| Slice {
                created: counts[0],
                received: counts[1],
                lost: counts[2],
                lost_by: BTreeMap::from([(Fate::DroppedQueueFull, counts[2])]),
                queue: counts[3],
                requests: counts[4],
                heap: counts[5],
                export_ms: f64::from(heights[0]),
                fixture_cpu: f64::from(heights[1]),
                stopped_ms: f64::from(heights[2]),
                in_flight: u64::from(heights[3]),
                gc_cycles: u64::from(heights[2]),
                ..Slice::default()
            },
        )
    }

    proptest! {
        #[test]
        fn fewer_buckets_keep_sums_and_peaks(slices in prop::collection::vec(slice(), 1..200), size in 1_usize..50) {
            let merged: Vec<Slice> = slices.chunks(size).map(merge).collect();
            let counts: [fn(&Slice) -> u64; 6] =
                [|s| s.created, |s| s.received, |s| s.lost, |s| s.requests, |s| s.gc_cycles, |s| s.lost_by.values().sum()];
            for count in counts {
                prop_assert_eq!(merged.iter().map(count).sum::<u64>(), slices.iter().map(count).sum::<u64>());
            }
            let peaks: [fn(&Slice) -> u64; 3] = [|s| s.queue, |s| s.in_flight, |s| s.heap];
            for peak in peaks {
                prop_assert_eq!(merged.iter().map(peak).max(), slices.iter().map(peak).max());
            }
            let high = |of: fn(&Slice) -> f64, all: &[Slice]| all.iter().map(of).fold(0.0, f64::max);
            prop_assert_eq!(high(|s| s.export_ms, &merged).to_bits(), high(|s| s.export_ms, &slices).to_bits());
            prop_assert_eq!(high(|s| s.fixture_cpu, &merged).to_bits(), high(|s| s.fixture_cpu, &slices).to_bits());
            let stopped = |all: &[Slice]| all.iter().map(|s| s.stopped_ms).sum::<f64>();
            prop_assert!((stopped(&merged) - stopped(&slices)).abs() < 1e-6);
        }
    }
}
