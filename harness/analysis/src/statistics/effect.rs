//! What is compared and how a change is named.

use spanfate_model::result::change::Change;

/// How candidate and baseline are set against each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EffectScale {
    /// By their ratio, averaged as its logarithm: times, CPU, bytes. All values must be above 0. Effects are `ratio - 1`.
    Ratio,
    /// By their difference: loss rates and other figures that may be 0. Effects are in the unit of the figure.
    Difference,
}

/// Which way is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BetterSide {
    /// Less is better.
    Less,
    /// More is better.
    More,
    /// Neither: a change is only named.
    Neither,
}

impl BetterSide {
    /// The name of a proven change.
    pub(super) fn name(self, effect: f64) -> Change {
        match self {
            Self::Neither => Change::Different,
            Self::Less if effect < 0.0 => Change::Better,
            Self::More if effect > 0.0 => Change::Better,
            Self::Less | Self::More => Change::Worse,
        }
    }
}

/// How a metric is compared.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EffectMeasure {
    /// Ratio or difference.
    pub scale: EffectScale,
    /// Which way is better.
    pub direction: BetterSide,
    /// The smallest effect that matters, as [`Scale`] counts effects: 0.03 is 3 % of a ratio.
    pub smallest: f64,
}

/// A comparison, judged.
#[derive(Clone, PartialEq, Debug)]
pub struct JudgedEffect {
    /// The mean effect: `ratio - 1`, or the difference, of candidate to baseline.
    pub effect: Option<f64>,
    /// Its 95 % interval: t over pairs; of two runs Welch's, widened by the drift between them.
    pub interval: Option<(f64, f64)>,
    /// The p value of the exact paired test.
    pub p: Option<f64>,
    /// The p value after Holm over all gating metrics.
    pub adjusted: Option<f64>,
    /// The smallest effect that these pairs would have shown, in 4 of 5 cases.
    pub detectable: Option<f64>,
    /// What is proven.
    pub change: Change,
    /// Why nothing is proven; only with [`Change::Inconclusive`].
    pub reason: Option<String>,
}

impl JudgedEffect {
    /// Nothing can be said.
    pub(super) fn unusable(reason: String) -> Self {
        Self {
            effect: None,
            interval: None,
            p: None,
            adjusted: None,
            detectable: None,
            change: Change::Inconclusive,
            reason: Some(reason),
        }
    }
}

impl EffectMeasure {
    /// What forbids using this measure.
    pub(super) fn fault(&self) -> Option<String> {
        let fine = self.smallest.is_finite() && self.smallest >= 0.0;
        (!fine)
            .then(|| format!("the smallest effect that matters is {}: give one of 0 or more", self.smallest))
    }

    /// A value as it is averaged; a reason where it cannot be.
    pub(super) fn place(&self, value: f64) -> Result<f64, String> {
        match self.scale {
            _ if !value.is_finite() => Err("a value is not a finite number".to_owned()),
            EffectScale::Difference => Ok(value),
            EffectScale::Ratio if value > 0.0 => Ok(value.ln()),
            EffectScale::Ratio => Err(format!(
                "a value is {value}, and only values above 0 have a ratio: compare by difference"
            )),
        }
    }

    /// An averaged change as an effect.
    pub(super) fn effect(&self, change: f64) -> f64 {
        match self.scale {
            EffectScale::Ratio => change.exp_m1(),
            EffectScale::Difference => change,
        }
    }

    /// An effect in words.
    pub(super) fn show(&self, effect: f64) -> String {
        match self.scale {
            EffectScale::Ratio => format!("{:.1} %", effect * 100.0),
            // Two digits that count, wherever they begin.
            EffectScale::Difference => {
                let decimals = if effect == 0.0 { 0.0 } else { 1.0 - effect.abs().log10().floor() };
                format!("{effect:.*}", decimals.clamp(0.0, 12.0) as usize)
            }
        }
    }

    /// Whether a whole interval is smaller than what matters.
    pub(super) fn is_small(&self, (low, high): (f64, f64)) -> bool {
        low >= -self.smallest && high <= self.smallest
    }
}

/// Compares counters that the seed fixes (spans by fate, bytes per span, allocations): where no trial of an arm differs from
/// its others there is no noise, and any difference is a change. `None` where an arm varies, holds a value that is not
/// finite, or has fewer than two trials, which cannot show that there is no noise; then compare by pairs.
pub fn exact(base: &[f64], candidate: &[f64], direction: BetterSide) -> Option<Change> {
    let (base, candidate) = (constant(base)?, constant(candidate)?);
    // Bit for bit is meant: there is no noise to allow for.
    let same = base.total_cmp(&candidate).is_eq() || base - candidate == 0.0;
    Some(if same { Change::Same } else { direction.name(candidate - base) })
}

fn constant(arm: &[f64]) -> Option<f64> {
    let (first, rest) = arm.split_first()?;
    let still = rest.iter().all(|value| value.total_cmp(first).is_eq());
    (!rest.is_empty() && first.is_finite() && still).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_without_noise_are_compared_exactly() {
        use BetterSide::{Less, More, Neither};
        let check = |base: &[f64], candidate: &[f64], direction: BetterSide, change: Option<Change>| {
            assert_eq!(exact(base, candidate, direction), change, "{base:?} {candidate:?}");
        };
        check(&[5.0, 5.0], &[5.0, 5.0, 5.0], Less, Some(Change::Same));
        check(&[0.0, 0.0], &[-0.0, -0.0], Less, Some(Change::Same));
        check(&[5.0, 5.0], &[6.0, 6.0], Less, Some(Change::Worse));
        check(&[5.0, 5.0], &[6.0, 6.0], More, Some(Change::Better));
        check(&[5.0, 5.0], &[4.0, 4.0], Neither, Some(Change::Different));
        check(&[5.0, 6.0], &[6.0, 6.0], Less, None);
        check(&[5.0], &[6.0], Less, None);
        check(&[], &[], Less, None);
        check(&[f64::NAN, f64::NAN], &[1.0, 1.0], Less, None);
    }

    #[test]
    fn effects_are_shown_in_two_digits() {
        let measure = |scale| EffectMeasure { scale, direction: BetterSide::Less, smallest: 0.03 };
        assert_eq!(measure(EffectScale::Ratio).show(0.0312), "3.1 %");
        let show = |effect| measure(EffectScale::Difference).show(effect);
        assert_eq!((show(0.001_234), show(12.34), show(0.0)), ("0.0012".into(), "12".into(), "0".into()));
    }
}
