//! How long spans took, in bounded memory.

use hdrhistogram::Histogram;
use spanfate_model::finding::canary::CanaryDelays;

/// The longest delay that is told from longer ones, microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// Delays in two digits.
#[derive(Clone, Debug, Default)]
pub(super) struct DelayBooks {
    /// Made with the first delay.
    of: Option<Histogram<u32>>,
    sum_s: f64,
}

impl DelayBooks {
    /// A delay in nanoseconds.
    pub(super) fn add(&mut self, ns: u64) {
        self.sum_s += ns as f64 / 1e9;
        if self.of.is_none() {
            self.of = Histogram::new_with_bounds(1, LONGEST, 2).ok();
        }
        if let Some(of) = &mut self.of {
            of.saturating_record((ns / 1000).max(1));
        }
    }

    /// Those of another.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.sum_s += other.sum_s;
        match (&mut self.of, &other.of) {
            // Both have the same bounds.
            (Some(of), Some(others)) => drop(of.add(others)),
            (none, others) => none.clone_from(others),
        }
    }

    pub(super) fn shown(&self) -> Option<CanaryDelays> {
        let of = self.of.as_ref()?;
        let at = |share: f64| of.value_at_quantile(share) as f64 / 1e3;
        Some(CanaryDelays {
            count: of.len(),
            sum_s: self.sum_s,
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            max_ms: of.max() as f64 / 1e3,
        })
    }
}
