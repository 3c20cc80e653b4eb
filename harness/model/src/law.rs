//! The law of the batch processor: one worker, so its ceiling is batch size over export time; queue and batch in flight are only
//! a buffer.

/// A batch processor, as far as the law knows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Worker {
    /// Spans per export.
    pub batch: f64,
    /// Queue length, spans.
    pub queue: f64,
    /// Batch over export time, spans per second.
    pub ceiling: f64,
}

impl Worker {
    /// Spans lost in the measured part of a load of so many spans per second. The buffer fills during the warm-up, so what is lost
    /// by the end of the warm-up is taken off what is lost by the end of the load.
    pub fn lost(self, spans_per_s: f64, warmup_s: f64, measured_s: f64) -> f64 {
        let Self { batch, queue, ceiling } = self;
        // Whole batches leave the queue, half a batch on average late; and the worker first waits b/r for its first one.
        let buffer = queue + batch / 2.0 - batch / spans_per_s.max(1.0) * ceiling;
        let lost_after = |seconds: f64| ((spans_per_s - ceiling) * seconds - buffer).max(0.0);
        lost_after(warmup_s + measured_s) - lost_after(warmup_s)
    }

    /// The share of the spans of the measured part that is lost.
    pub fn loss(self, spans_per_s: f64, warmup_s: f64, measured_s: f64) -> f64 {
        let due = spans_per_s * measured_s;
        if due > 0.0 { self.lost(spans_per_s, warmup_s, measured_s) / due } else { 0.0 }
    }
}
