//! The verdict over pairs: a change needs a proof and a size, "the same" needs an interval that leaves no room, and
//! everything else is inconclusive.

use spanfate_model::result::change::Change;

use super::detectable::detectable;
use super::effect::{EffectMeasure, JudgedEffect};
use super::holm::holm;
use super::interval::{mean, t_interval};
use super::sign_flip::{MOST_PAIRS, least_pairs, sign_flip};

/// A gating metric, measured in pairs of trials that ran side by side, in random order within each pair.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    /// Baseline and candidate of each pair.
    pub pairs: Vec<(f64, f64)>,
    /// How they are compared.
    pub measure: EffectMeasure,
}

/// How sure [`Judged::detectable`] is.
const POWER: f64 = 0.8;

/// Judges all gating metrics of a comparison together, in the order given. `alpha` is the chance of any false alarm among
/// them; at one of several looks it is that look's part.
///
/// Worse or better: Holm's adjusted p of the exact paired test is at most `alpha`, and the effect is at least the smallest
/// that matters. Same: the whole 95 % t interval is smaller than that. A metric that cannot be used still counts among
/// them, so that leaving out values never makes the others significant.
pub fn judge(gates: &[Gate], alpha: f64) -> Vec<JudgedEffect> {
    let least = least_pairs(gates.len(), alpha, 1);
    let changes: Vec<Result<Vec<f64>, String>> =
        gates.iter().map(|gate| changes(gate, least, gates.len(), alpha)).collect();
    let p: Vec<Option<f64>> = changes.iter().map(|c| c.as_ref().ok().and_then(|c| sign_flip(c))).collect();
    let adjusted = holm(&p.iter().map(|p| p.unwrap_or(1.0)).collect::<Vec<_>>());
    let each = alpha / gates.len().max(1) as f64;
    let rows = gates.iter().zip(changes).zip(p.into_iter().zip(adjusted));
    rows.map(|((gate, changes), (p, adjusted))| {
        let changes = match changes {
            Ok(changes) => changes,
            Err(reason) => return JudgedEffect::unusable(reason),
        };
        let effect = |change: f64| gate.measure.effect(change);
        let (Some(p), Some((low, high))) = (p, t_interval(&changes, 0.95)) else {
            return JudgedEffect::unusable("values are too far apart to be compared".to_owned());
        };
        let judged = JudgedEffect {
            effect: Some(effect(mean(&changes))),
            interval: Some((effect(low), effect(high))),
            p: Some(p),
            adjusted: Some(adjusted),
            // After Holm's first step, the hardest.
            detectable: detectable(&changes, each, POWER).map(effect),
            change: Change::Inconclusive,
            reason: None,
        };
        name(judged, &gate.measure, changes.len(), alpha)
    })
    .collect()
}

/// What each pair says, as it is averaged; a reason where the pairs cannot be used.
fn changes(gate: &Gate, least: Option<usize>, gates: usize, alpha: f64) -> Result<Vec<f64>, String> {
    let pairs = gate.pairs.len();
    if let Some(fault) = gate.measure.fault() {
        return Err(fault);
    }
    let least = least.ok_or_else(|| {
        format!("no number of pairs can prove anything at alpha {alpha} and {gates} metrics")
    })?;
    if pairs < least {
        return Err(format!(
            "{pairs} pairs can prove nothing at alpha {alpha} and {gates} metrics, whatever they say: run at least {least}"
        ));
    }
    if pairs > MOST_PAIRS {
        return Err(format!("the exact test takes up to {MOST_PAIRS} pairs, not {pairs}: run fewer"));
    }
    let place = |at: usize, value: f64| {
        gate.measure.place(value).map_err(|reason| format!("pair {}: {reason}", at + 1))
    };
    let change =
        |(at, (base, candidate)): (usize, &(f64, f64))| Ok(place(at, *candidate)? - place(at, *base)?);
    gate.pairs.iter().enumerate().map(change).collect()
}

fn name(mut judged: JudgedEffect, measure: &EffectMeasure, pairs: usize, alpha: f64) -> JudgedEffect {
    let (Some(effect), Some(interval), Some(adjusted)) = (judged.effect, judged.interval, judged.adjusted)
    else {
        return judged;
    };
    if !(effect.is_finite() && interval.0.is_finite() && interval.1.is_finite()) {
        return JudgedEffect::unusable("values are too far apart to be compared".to_owned());
    }
    judged.detectable = judged.detectable.filter(|change| change.is_finite());
    let proven = adjusted <= alpha;
    if proven && effect.abs() >= measure.smallest && effect != 0.0 {
        judged.change = measure.direction.name(effect);
    } else if measure.is_small(interval) {
        judged.change = Change::Same;
    } else {
        judged.reason = Some(doubt(&judged, effect, proven, measure, pairs));
    }
    judged
}

fn doubt(judged: &JudgedEffect, effect: f64, proven: bool, measure: &EffectMeasure, pairs: usize) -> String {
    let smallest = measure.show(measure.smallest);
    if proven {
        return format!(
            "the change of {} is proven and smaller than {smallest}, but it may be as large as that: run more pairs",
            measure.show(effect)
        );
    }
    let shown = judged.detectable.map_or_else(
        || "no change that can be written".to_owned(),
        |change| format!("a change of {}", measure.show(change)),
    );
    format!(
        "{pairs} pairs with this spread would show {shown}, and {smallest} matters: run more pairs on a quieter machine"
    )
}

#[cfg(test)]
#[path = "judge/tests.rs"]
mod tests;
