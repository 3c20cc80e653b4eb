//! Axes of plots that are drawn by hand: where a value lies, and round ticks.

/// Ratio of the largest to the smallest value from which on an axis is logarithmic.
const WIDE: f64 = 25.0;

/// An axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    /// Between ticks of an even axis; `None` on a logarithmic one.
    step: Option<f64>,
}

impl Scale {
    /// From nothing to the largest of some values, or logarithmic where they lie far apart.
    pub(crate) fn over(values: impl Iterator<Item = f64> + Clone) -> Self {
        let known = values.filter(|value| value.is_finite() && *value > 0.0);
        let high = known.clone().fold(0.0, f64::max);
        let low = known.fold(f64::INFINITY, f64::min);
        if high <= 0.0 {
            return Self::between(0.0, 1.0);
        }
        if high / low >= WIDE { Self::decades(low, high) } else { Self::between(0.0, high) }
    }

    /// Decades that hold both.
    pub(crate) fn decades(low: f64, high: f64) -> Self {
        let (low, high) = (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil()));
        Self { low, high: high.max(low * 10.0), step: None }
    }

    /// Evenly, from a round value below to a round value above.
    pub(crate) fn between(low: f64, high: f64) -> Self {
        let (low, high) = if high > low {
            (low, high)
        } else {
            (low - low.abs().max(1.0) * 0.1, low + low.abs().max(1.0) * 0.1)
        };
        let step = step(low, high);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step: Some(step) }
    }

    /// Whether it is logarithmic.
    pub(crate) const fn is_log(self) -> bool {
        self.step.is_none()
    }

    /// The values at its ends.
    pub(crate) const fn ends(self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Where a value lies, from 0 to 1.
    pub(crate) fn place(self, value: f64) -> f64 {
        let share = if self.is_log() {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Round values, ascending.
    pub(crate) fn ticks(self) -> Vec<f64> {
        let Some(step) = self.step else {
            let decades = (self.high / self.low).log10().round() as i32;
            return (0..=decades).map(|decade| self.low * 10f64.powi(decade)).collect();
        };
        let count = ((self.high - self.low) / step).round() as i32;
        (0..=count).map(|tick| round(self.low + f64::from(tick) * step, step)).collect()
    }
}

/// A step of 1, 2 or 5 that gives about four.
fn step(low: f64, high: f64) -> f64 {
    let raw = (high - low) / 4.0;
    let decade = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|n| n * decade).into_iter().find(|step| *step >= raw * 0.999).unwrap_or(raw)
}

/// Without the dust of floating point.
fn round(value: f64, step: f64) -> f64 {
    let value = (value / step).round() * step;
    if value.abs() < step * 1e-6 { 0.0 } else { value }
}

/// Decimals that a round number needs.
pub(crate) fn digits(value: f64) -> usize {
    let needed = (0..6u8).find(|digits| {
        let scaled = value * 10f64.powi(i32::from(*digits));
        (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1e-3)
    });
    usize::from(needed.unwrap_or(5))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_lies_on_its_axis_between_few_round_ticks(values in prop::collection::vec(0.0f64..1e9, 1..20)) {
            let scale = Scale::over(values.iter().copied());
            let ticks = scale.ticks();
            prop_assert!((2..=14).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.is_sorted());
            let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
            for value in values.into_iter().filter(|value| *value > 0.0) {
                prop_assert!(first <= value * 1.0001 && value <= last * 1.0001, "{value} of {ticks:?}");
            }
            prop_assert!(scale.place(first) <= 0.0 && scale.place(last) > 0.999);
        }

        #[test]
        fn an_even_axis_holds_both_ends(low in -1e6f64..1e6, length in 0.0f64..1e6) {
            let scale = Scale::between(low, low + length);
            let ticks = scale.ticks();
            prop_assert!((2..=8).contains(&ticks.len()), "{ticks:?}");
            let slack = (ticks[1] - ticks[0]) * 1e-6;
            prop_assert!(ticks[0] <= low + slack && ticks[ticks.len() - 1] >= low + length - slack);
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(Scale::over([3.0, 17.0].into_iter()).ticks(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(Scale::over([3.0, 170.0].into_iter()).ticks(), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(Scale::over(std::iter::empty()).ticks(), [0.0, 0.5, 1.0]);
        assert_eq!(Scale::between(-0.02, 0.08).ticks(), [-0.05, 0.0, 0.05, 0.1]);
    }
}
