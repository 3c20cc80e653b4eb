//! The law of the batch processor: one worker, so its ceiling is batch size over export time; queue and batch in flight
//! are only a buffer. Predicted beside measured.

use spanfate_model::exporter::Effective;
use spanfate_model::result::Prediction;
use spanfate_model::unit::MonoNs;

use crate::process::Process;

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
pub(crate) fn full_batch_ns(process: &Process<'_>, batch: u32, window: (MonoNs, MonoNs)) -> Option<f64> {
    let times: Vec<u64> = process
        .exports
        .values()
        .filter(|call| call.ended != 0 && call.spans >= batch && (window.0..=window.1).contains(&call.began))
        .map(|call| call.ended.saturating_sub(call.began))
        .collect();
    (!times.is_empty()).then(|| times.iter().map(|ns| *ns as f64).sum::<f64>() / times.len() as f64)
}

/// Predicted loss of the measured part. The buffer fills during the warm-up, so what is lost by the end of the warm-up is
/// taken off what is lost by the end of the load. No prediction for a processor that blocks, or without a full batch.
pub(crate) fn predict(process: &Process<'_>, effective: &Effective, offered: &Offered) -> Option<Prediction> {
    if effective.block || effective.batch == 0 {
        return None;
    }
    let export_ns = full_batch_ns(process, effective.batch, offered.window)?;
    let (r, b) = (offered.spans_per_s, f64::from(effective.batch));
    let ceiling = b / export_ns * 1e9;
    // Whole batches leave the queue, half a batch on average late; and the worker first waits b/r for its first one.
    let buffer = f64::from(effective.queue) + b / 2.0 - b / r.max(1.0) * ceiling;
    let lost_after = |seconds: f64| ((r - ceiling) * seconds - buffer).max(0.0);
    let lost = lost_after(offered.warmup_s + offered.measured_s) - lost_after(offered.warmup_s);
    let due = offered.spans_per_s * offered.measured_s;
    Some(Prediction {
        rate: if due > 0.0 { lost / due } else { 0.0 },
        spans_per_s: offered.spans_per_s,
        batch: effective.batch,
        queue: effective.queue,
        export_ms: (export_ns / 1e3).round() / 1e3,
        ceiling,
    })
}
