//! The law of the batch processor (`model::law`), fed with what was measured: predicted beside measured.

use spanfate_model::advice::law::Worker;
use spanfate_model::exporter::Effective;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::Prediction;

use crate::evidence::path::Path;

/// What the prediction is made from.
pub(crate) struct Offered {
    /// Spans per second that reach the processor.
    pub(crate) spans_per_s: f64,
    /// Warm-up, seconds.
    pub(crate) warmup_s: f64,
    /// Measured part, seconds.
    pub(crate) measured_s: f64,
    /// When the load began and ended.
    pub(crate) window: (MonoNs, MonoNs),
}

/// Mean time of the `ExportSpans` calls with a full batch that began within the load, nanoseconds.
pub(crate) fn full_batch_ns(path: &Path, batch: u32, window: (MonoNs, MonoNs)) -> Option<f64> {
    let times: Vec<u64> = path
        .exports
        .values()
        .filter(|call| call.ended != 0 && call.spans >= batch && (window.0..=window.1).contains(&call.began))
        .map(|call| call.ended.saturating_sub(call.began))
        .collect();
    (!times.is_empty()).then(|| times.iter().map(|ns| *ns as f64).sum::<f64>() / times.len() as f64)
}

/// Predicted loss of the measured part. The buffer fills during the warm-up, so what is lost by the end of the warm-up is
/// taken off what is lost by the end of the load. No prediction for a processor that blocks, or without a full batch.
pub(crate) fn predict(path: &Path, effective: &Effective, offered: &Offered) -> Option<Prediction> {
    if effective.block || effective.batch == 0 {
        return None;
    }
    let export_ns = full_batch_ns(path, effective.batch, offered.window)?;
    let worker = Worker::measured(effective.batch, effective.queue, export_ns / 1e9);
    Some(Prediction {
        rate: worker.loss(offered.spans_per_s, offered.warmup_s, offered.measured_s),
        spans_per_s: offered.spans_per_s,
        batch: effective.batch,
        queue: effective.queue,
        export_ms: (export_ns / 1e3).round() / 1e3,
        ceiling: worker.ceiling,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One worker, span by span: it takes a batch when one is there, and is busy for the export's time.
    fn simulate(offered: &Offered, batch: u64, queue: u64, export_s: f64) -> f64 {
        let (mut waiting, mut busy_until, mut lost) = (0, 0.0, 0.0);
        let spans = (offered.spans_per_s * (offered.warmup_s + offered.measured_s)) as u64;
        for span in 0..spans {
            let now = span as f64 / offered.spans_per_s;
            // An idle worker gathers its batch outside the queue; a busy one leaves the queue to fill.
            if now >= busy_until && waiting >= batch {
                waiting -= batch;
                busy_until = now.max(busy_until) + export_s;
            }
            let room = if now >= busy_until { queue + batch } else { queue };
            if waiting < room {
                waiting += 1;
            } else if now >= offered.warmup_s {
                lost += 1.0;
            }
        }
        lost
    }

    #[test]
    fn the_law_is_within_a_batch_of_a_simulated_worker() {
        let cases = [
            (5_000.0, 0.5, 4.0, 0.2, 512),
            (25_000.0, 1.0, 8.0, 0.033, 512),
            (25_000.0, 1.0, 8.0, 0.053, 512),
            (5_000.0, 1.0, 4.0, 0.01, 512),
            // Larger than the queue, as only code can set it.
            (6_000.0, 1.0, 30.0, 0.5, 4096),
            (25_000.0, 1.0, 30.0, 0.2, 3000),
            (4_000.0, 1.0, 30.0, 0.5, 4096),
        ];
        for (spans_per_s, warmup_s, measured_s, export_s, batch) in cases {
            let offered = Offered { spans_per_s, warmup_s, measured_s, window: (0, 0) };
            let law = Worker::measured(batch, 2048, export_s).lost(spans_per_s, warmup_s, measured_s);
            let worker = simulate(&offered, batch.into(), 2048, export_s);
            assert!(
                (law - worker).abs() <= f64::from(batch),
                "{spans_per_s}/s, {export_s} s, {batch}: law {law}, worker {worker}"
            );
        }
    }
}
