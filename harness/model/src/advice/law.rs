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
        let sustained = self.sustained();
        let (mut low, mut high) = (sustained, self.ceiling + (self.queue + self.batch) / seconds.max(1e-3));
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

    /// The highest rate at which nothing is lost in the long run. A batch that is larger than the queue, which only code can set,
    /// is never waiting whole when the worker comes back: then the queue must hold all that comes during an export.
    fn sustained(self) -> f64 {
        self.ceiling * (self.queue / self.batch.max(1.0)).min(1.0)
    }

    /// What the worker exports per second of so many that come: having taken all of a queue that is shorter than a batch, it
    /// waits for the rest of it.
    fn exported(self, spans_per_s: f64) -> f64 {
        let rest_s = (self.batch - self.queue).max(0.0) / spans_per_s.max(1.0);
        ceiling(self.batch, self.batch / self.ceiling.max(f64::MIN_POSITIVE) + rest_s)
    }

    /// Spans that have come after so many seconds, less those exported and those that the buffer holds; below 0 there is room.
    fn overflow(self, spans_per_s: f64, seconds: f64) -> f64 {
        let Self { batch, queue, .. } = self;
        let exported = self.exported(spans_per_s);
        // Whole batches leave the queue, half a batch on average late. One that is larger than the queue is gathered anew each time.
        let held = if batch > queue { batch } else { queue + batch / 2.0 };
        // The worker first waits b/r for its first batch.
        let buffer = held - batch / spans_per_s.max(1.0) * exported;
        (spans_per_s - exported) * seconds - buffer
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

    #[test]
    fn a_batch_larger_than_its_queue_waits_for_what_the_queue_could_not_hold() {
        // An export takes 0.5 s; meanwhile the queue holds 2,048.
        let worker = Worker::measured(4096, 2048, 0.5);
        assert!(worker.carried(1e6) < 4_100.0 && worker.carried(1e6) > 4_090.0);
        assert!(worker.lost(4_000.0, 0.0, 60.0) <= 0.0);
        // Of 6,000/s 3,000 come during an export, 952 too many; the worker then waits 0.3413 s for the rest of its batch.
        let cycle = 0.5 + 2_048.0 / 6_000.0;
        let lost = worker.lost(6_000.0, 60.0, 60.0) / 60.0;
        assert!((lost - 952.0 / cycle).abs() < 1.0, "{lost}");
        // By its variables the SDK would not have taken it.
        assert!(Worker::measured(512, 2048, 0.5).lost(6_000.0, 60.0, 60.0) / 60.0 > 4_900.0);
    }
}
