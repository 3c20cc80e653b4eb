//! How far the loss of a replay lies from what the law of the batch processor predicts of the same calls.

use spanfate_model::advice::law::Worker;
use spanfate_model::quantity::unit::MonoNs;

use crate::replay::processor::{ReplayOutcome, ReplaySettings};

/// The parts of a load, as moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadParts {
    /// When its warm-up begins.
    pub(crate) began: MonoNs,
    /// When its measured part begins.
    pub(crate) measured_from: MonoNs,
    /// When it ends, as planned.
    pub(crate) until: MonoNs,
    /// How long the receiver leaves each call unanswered, by the script, nanoseconds: on a quiet machine, too.
    pub(crate) least_answer: u64,
}

impl LoadParts {
    /// The loss of the measured part less the predicted one, both shares of the spans that came. `None` for what the law does not
    /// speak of, as for measured trials: a queue that blocks, or one without a full batch.
    pub(crate) fn law_gap(
        &self,
        outcome: &ReplayOutcome,
        arrivals: &[MonoNs],
        settings: ReplaySettings,
    ) -> Option<f64> {
        let seconds = |from: MonoNs, to: MonoNs| to.saturating_sub(from) as f64 / 1e9;
        let first = arrivals.partition_point(|at| *at < self.measured_from);
        let due = arrivals.len() - first;
        if settings.blocks || due == 0 || self.until <= self.measured_from {
            return None;
        }
        let full = outcome.calls.iter().filter(|call| {
            call.spans >= settings.batch
                && call.ended != MonoNs::MAX
                && (self.began..=self.until).contains(&call.began)
        });
        let times: Vec<f64> = full.map(|call| call.ended.saturating_sub(call.began) as f64 / 1e9).collect();
        let mean = (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64)?;
        let setting = |value: u64| u32::try_from(value).ok();
        let worker = Worker::measured(setting(settings.batch)?, setting(settings.queue)?, mean);
        let rate = arrivals.len() as f64 / seconds(self.began, self.until);
        let (warmup, measured) =
            (seconds(self.began, self.measured_from), seconds(self.measured_from, self.until));
        Some(outcome.drops_from(first) as f64 / due as f64 - worker.loss(rate, warmup, measured))
    }
}
