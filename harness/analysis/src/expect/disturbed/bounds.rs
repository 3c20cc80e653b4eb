//! Two values between which a figure lies.

use spanfate_model::scenario::expect::{Comparator, Condition};

/// What a figure would have been without disturbance lies between these.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Bounds {
    /// Not below.
    pub(crate) low: f64,
    /// Not above.
    pub(crate) high: f64,
}

impl Bounds {
    /// Nothing is known.
    pub(super) const ANY: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// The measured value is always among them.
    pub(super) const fn around(self, value: f64) -> Self {
        Self { low: self.low.min(value), high: self.high.max(value) }
    }

    /// Whether the figure is known to the last digit.
    pub(crate) fn is_exact(self) -> bool {
        self.low.total_cmp(&self.high).is_eq()
    }

    /// Whether a condition holds for all of them, or for none; `None` where it holds for some.
    pub(crate) fn meet(self, condition: &Condition) -> Option<bool> {
        let ends = (condition.holds(self.low), condition.holds(self.high));
        let between = || self.low < condition.bound && condition.bound < self.high;
        match (condition.comparison, ends) {
            (Comparator::Equals, (true, true)) if self.is_exact() => Some(true),
            (Comparator::Equals, (false, false)) if !between() => Some(false),
            (Comparator::Equals, _) => None,
            (_, (true, true)) => Some(true),
            (_, (false, false)) => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_for_all_or_for_none_or_is_open() {
        let cases = [
            ("<= 5", 0.0, 5.0, Some(true)),
            ("<= 5", 0.0, 6.0, None),
            ("<= 5", 6.0, 9.0, Some(false)),
            ("< 5", 0.0, 5.0, None),
            (">= 5", 5.0, f64::INFINITY, Some(true)),
            ("> 5", f64::NEG_INFINITY, 5.0, Some(false)),
            ("> 5", 5.0, 6.0, None),
            ("== 5", 5.0, 5.0, Some(true)),
            ("== 5", 4.0, 6.0, None),
            ("== 5", 5.0, 6.0, None),
            ("== 5", 6.0, 7.0, Some(false)),
            ("== 5", 1.0, 4.0, Some(false)),
        ];
        for (text, low, high, meets) in cases {
            let condition = Condition::try_from(format!("duplicates {text}")).unwrap();
            assert_eq!(Bounds { low, high }.meet(&condition), meets, "{text} in {low} to {high}");
        }
    }
}
