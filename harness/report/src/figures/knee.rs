//! Where loss begins, with what is needed to draw it: loss by offered rate, for configurations that ran at several rates; or by how
//! much of the ceiling was asked for, where all ran at one.

use spanfate_model::advice::law::Worker;
use spanfate_model::result::{Begin, LossAlong, LossBegins, RunResult, VariantResult};

/// A variant at one place of the axis.
pub(crate) struct KneePlace<'a> {
    /// Requests per second, or the rate as a share of the ceiling.
    pub(crate) x: f64,
    pub(crate) variant: &'a VariantResult,
}

impl KneePlace<'_> {
    /// Each trial's loss rate, and whether it counts.
    pub(crate) fn trials(&self) -> impl Iterator<Item = (f64, bool)> {
        self.variant.trials.iter().map(|trial| (trial.loss.rate, trial.is_conclusive()))
    }
}

/// One configuration.
pub(crate) struct KneeLine<'a> {
    pub(crate) name: &'a str,
    /// Its places, ascending.
    pub(crate) places: Vec<KneePlace<'a>>,
    /// Where its loss begins.
    pub(crate) begin: Begin,
    /// The law's curve: place and loss rate.
    pub(crate) law: Vec<(f64, f64)>,
    /// Where the ceiling lies; on an axis of rates also in spans per second.
    pub(crate) ceiling: Option<(f64, f64)>,
}

/// Every configuration that ran at two rates or more, in the plan's order.
pub(crate) fn by_rate(result: &RunResult) -> Vec<KneeLine<'_>> {
    let lines = result.insights.begins.iter().filter(|line| line.along == LossAlong::Rate);
    lines.map(|line| of_rates(result, line)).collect()
}

/// All variants without faults that the law speaks of, by the rate they were asked for as a share of their ceiling; `None` where
/// there are not two.
pub(crate) fn by_share(result: &RunResult) -> Option<KneeLine<'_>> {
    let line = result.insights.begins.iter().find(|line| line.along == LossAlong::ShareOfCeiling)?;
    let end = line.places.last()?.at.max(1.2);
    // For ever: without the buffer, whose part depends on the length of the trial.
    let curve = |n: i32| {
        let x = end * f64::from(n) / 120.0;
        (x, (1.0 - 1.0 / x.max(1.0)).max(0.0))
    };
    let law = (0..=120).map(curve).collect();
    Some(KneeLine { law, ceiling: Some((1.0, 0.0)), ..bare(result, line) })
}

fn bare<'a>(result: &'a RunResult, line: &'a LossBegins) -> KneeLine<'a> {
    let place = |place: &'a spanfate_model::result::LossPlace| {
        Some(KneePlace { x: place.at, variant: result.variant(&place.variant)? })
    };
    KneeLine {
        name: &line.configuration,
        places: line.places.iter().filter_map(place).collect(),
        begin: line.begin,
        law: Vec::new(),
        ceiling: None,
    }
}

fn of_rates<'a>(result: &'a RunResult, line: &'a LossBegins) -> KneeLine<'a> {
    let mut out = bare(result, line);
    let ends = line.places.first().zip(line.places.last()).map(|(low, high)| (low.at, high.at));
    if let Some((law, (low, high))) = line.law.as_ref().zip(ends) {
        let worker =
            Worker { batch: f64::from(law.batch), queue: f64::from(law.queue), ceiling: law.ceiling };
        let curve = |rate: f64| (rate, worker.loss(rate * law.per_request, law.warmup_s, law.measured_s));
        out.law = (0..=60).map(|n| curve(low + (high - low) * f64::from(n) / 60.0)).collect();
        out.ceiling = Some((law.ceiling / law.per_request, law.ceiling));
    }
    out
}
