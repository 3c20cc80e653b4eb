//! The capacity model of the batch processor: one worker, so its ceiling is batch size over export time; queue and batch in
//! flight are only a buffer. It stands here and nowhere else.

/// A batch processor, as far as the capacity model knows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Worker {
    /// Spans per export.
    pub batch: f64,
    /// Queue length, spans.
    pub queue: f64,
    /// Batch over export time, spans per second.
    pub ceiling: f64,
}

/// What one worker can export per second that takes so many spans at a time, for so many seconds.
pub fn ceiling(batch: f64, export_s: f64) -> f64 {
    batch / export_s.max(f64::MIN_POSITIVE)
}

impl Worker {
    /// One that was measured: an export of a full batch takes so many seconds.
    pub fn measured(batch: u32, queue: u32, export_s: f64) -> Self {
        let batch = f64::from(batch);
        Self { batch, queue: f64::from(queue), ceiling: ceiling(batch, export_s) }
    }

    /// Spans lost in the measured part of a load of so many spans per second. The buffer fills during the warm-up, so what is lost
    /// by the end of the warm-up is taken off what is lost by the end of the load.
    pub fn lost(self, spans_per_s: f64, warmup_s: f64, measured_s: f64) -> f64 {
        let lost_after = |seconds: f64| self.overflow(spans_per_s, seconds).max(0.0);
        lost_after(warmup_s + measured_s) - lost_after(warmup_s)
    }

    /// The share of the spans of the measured part that is lost.
    pub fn loss(self, spans_per_s: f64, warmup_s: f64, measured_s: f64) -> f64 {
        let due = spans_per_s * measured_s;
        if due > 0.0 { self.lost(spans_per_s, warmup_s, measured_s) / due } else { 0.0 }
    }

    /// The highest rate, in spans per second, at which nothing is lost within so many seconds: the worker's ceiling, and what the
    /// queue buffers on top of it.
    pub fn carried(self, seconds: f64) -> f64 {
        let (mut low, mut high) =
            (self.ceiling, self.ceiling + (self.queue + self.batch) / seconds.max(1e-3));
        for _ in 0..60 {
            let middle = low.midpoint(high);
            if self.overflow(middle, seconds) > 0.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// The longest time without any export that the queue outlasts at a rate, in seconds. Half a batch waits in it already; the
    /// batch in flight is held by the exporter.
    pub fn outlasts(self, spans_per_s: f64) -> f64 {
        (self.queue - self.batch / 2.0).max(0.0) / spans_per_s.max(f64::MIN_POSITIVE)
    }

    /// Spans that have come after so many seconds, less those exported and those that the buffer holds; below 0 there is room.
    fn overflow(self, spans_per_s: f64, seconds: f64) -> f64 {
        let Self { batch, queue, ceiling } = self;
        // Whole batches leave the queue, half a batch on average late; and the worker first waits b/r for its first one.
        let buffer = queue + batch / 2.0 - batch / spans_per_s.max(1.0) * ceiling;
        (spans_per_s - ceiling) * seconds - buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_is_the_limit_of_what_loses_nothing() {
        for (batch, queue, ceiling, seconds) in
            [(512.0, 2048.0, 16_000.0, 5.0), (512.0, 2048.0, 16_000.0, 60.0), (64.0, 64.0, 900.0, 3.0)]
        {
            let worker = Worker { batch, queue, ceiling };
            let limit = worker.carried(seconds);
            assert!(worker.lost(limit * 0.999, 0.0, seconds) <= 0.0);
            assert!(worker.lost(limit * 1.001, 0.0, seconds) > 0.0);
            assert!(limit >= ceiling);
        }
    }
}
