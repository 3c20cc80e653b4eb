//! Distributions of times: HDR histograms, three significant digits.

use hdrhistogram::Histogram;
use spanfate_model::books::breakdown::Spread;
use spanfate_model::result::Quantiles;

/// Longest time that keeps its place: ten minutes. Longer ones count as this.
const LONGEST_NS: u64 = 600_000_000_000;

/// Quantiles at which a curve is drawn: dense towards the tail.
const CURVE: [f64; 18] =
    [0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9999, 1.0];

/// The value at a share of values, which it sorts.
pub(crate) fn at_share(values: &mut [u64], share: f64) -> u64 {
    values.sort_unstable();
    let place = (values.len().saturating_sub(1) as f64 * share) as usize;
    values.get(place).copied().unwrap_or_default()
}

/// A distribution that was collected: nanoseconds, rising, and how often each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Recorded(Vec<(u64, u64)>);

/// A distribution being collected.
#[derive(Clone)]
pub(crate) struct Times(Option<Histogram<u64>>);

impl Times {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).ok())
    }

    /// A seventh of the memory, for places that need many: two significant digits.
    pub(crate) fn coarse() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 2).ok())
    }

    /// Adds all values of another distribution of the same precision.
    pub(crate) fn merge(&mut self, other: &Self) {
        if let (Some(own), Some(other)) = (&mut self.0, &other.0) {
            // Both have the same bounds, so every value has its place.
            own.add(other).ok();
        }
    }

    /// The values, rising, and how often each was seen: what is kept of a trial until its run is concluded. A histogram of
    /// mostly empty places would take half a megabyte.
    pub(crate) fn recorded(&self) -> Recorded {
        let values = self.0.iter().flat_map(Histogram::iter_recorded);
        Recorded(values.map(|place| (place.value_iterated_to(), place.count_at_value())).collect())
    }

    /// Adds what another distribution of the same precision recorded. Each value falls into the place it came from.
    pub(crate) fn add(&mut self, recorded: &Recorded) {
        if let Some(histogram) = &mut self.0 {
            for (ns, count) in &recorded.0 {
                histogram.saturating_record_n(*ns, *count);
            }
        }
    }

    /// The distribution in short; `None` without values.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        let at = |q: f64| millis(histogram.value_at_quantile(q).min(histogram.max()));
        Some(Spread {
            count: histogram.len(),
            mean: millis(histogram.mean() as u64),
            p50: at(0.5),
            p99: at(0.99),
            max: millis(histogram.max()),
        })
    }

    pub(crate) fn record(&mut self, ns: u64) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(ns.max(1));
        }
    }

    /// The quantiles in milliseconds; `None` without values.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        let at = |q: f64| millis(histogram.value_at_quantile(q).min(histogram.max()));
        Some(Quantiles {
            count: histogram.len(),
            mean: millis(histogram.mean() as u64),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: millis(histogram.max()),
            curve: CURVE.iter().map(|q| (*q, at(*q))).collect(),
        })
    }
}

/// Nanoseconds as milliseconds, to the microsecond: more digits are noise in a result file.
pub(crate) fn millis(ns: u64) -> f64 {
    (ns as f64 / 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_keep_three_digits() {
        let mut times = Times::new();
        assert!(times.quantiles().is_none());
        (1..=1000).for_each(|i| times.record(i * 1_000_000));
        let q = times.quantiles().unwrap();
        assert!(
            (q.p50 - 500.0).abs() < 1.0 && (q.p99 - 990.0).abs() < 1.0 && (q.max - 1000.0).abs() < 1.0,
            "{q:?}"
        );
        assert!(q.curve.is_sorted_by(|a, b| a.1 <= b.1));
    }

    proptest! {
        /// In whatever parts values come, together they are the distribution of all of them.
        #[test]
        fn merging_parts_gives_the_whole(parts in prop::collection::vec(prop::collection::vec(0..u64::MAX, 0..40), 0..5)) {
            let (mut whole, mut merged) = (Times::new(), Times::new());
            for part in &parts {
                let mut one = Times::new();
                for ns in part {
                    one.record(*ns);
                    whole.record(*ns);
                }
                merged.add(&one.recorded());
            }
            prop_assert_eq!(merged.quantiles(), whole.quantiles());
            prop_assert_eq!(merged.recorded(), whole.recorded());
        }
    }
}
