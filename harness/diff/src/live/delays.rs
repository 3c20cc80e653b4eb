//! How late verdicts came, in bounded memory.

use hdrhistogram::Histogram;
use spanfate_model::finding::diff::LiveDelays;

/// The longest delay that is told from longer ones, microseconds: a day.
const LONGEST: u64 = 86_400_000_000;

/// Delays in three digits.
#[derive(Debug, Default)]
pub(super) struct VerdictDelays {
    /// Made with the first delay.
    of: Option<Histogram<u64>>,
    verdicts: u64,
    longest: u64,
}

impl VerdictDelays {
    /// A delay in nanoseconds.
    pub(super) fn add(&mut self, ns: u64) {
        self.verdicts += 1;
        self.longest = self.longest.max(ns);
        if self.of.is_none() {
            self.of = Histogram::new_with_bounds(1, LONGEST, 3).ok();
        }
        if let Some(of) = &mut self.of {
            of.saturating_record(ns.div_ceil(1000).max(1));
        }
    }

    pub(super) fn shown(&self) -> LiveDelays {
        let Some(of) = &self.of else { return LiveDelays::default() };
        let max_ms = self.longest as f64 / 1e6;
        // The histogram rounds up.
        let at = |share: f64| (of.value_at_quantile(share) as f64 / 1e3).min(max_ms);
        LiveDelays {
            verdicts: self.verdicts,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            max_ms,
            ..LiveDelays::default()
        }
    }
}
