//! Which settings a batch processor needs for what it is offered: pure arithmetic on the law of the batch processor
//! (`docs/glossary.md`), with the memory they cost.

pub mod demand;
pub mod lines;
pub mod observed;
pub mod plan;
pub mod retry;
pub mod settings;
pub mod why;

use serde::Serialize;

/// The variable that sets the batch.
pub const BATCH_VARIABLE: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
/// The variable that sets the queue.
pub const QUEUE_VARIABLE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
/// The variable that bounds an export with all its retries.
pub const EXPORT_TIMEOUT_VARIABLE: &str = "OTEL_BSP_EXPORT_TIMEOUT";
/// The variable that sets the exporter's own bound.
pub const EXPORTER_TIMEOUT_VARIABLE: &str = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";

/// Queue of the SDK's defaults; less is not advised.
const LEAST_QUEUE: u32 = 2048;
/// Batch of the SDK's defaults; less is not advised.
const LEAST_BATCH: u32 = 512;
/// The largest batch that is advised: gRPC receivers refuse a message above 4 MiB by default.
const MOST_BATCH: u32 = 8192;
/// From this batch on that bound may be met.
const LARGE_BATCH: u32 = 4096;
/// The longest queue that is advised, 1.4 GiB of spans.
const MOST_QUEUE: u32 = 1 << 20;
/// So much more than what is offered the worker must be able to export.
pub const MARGIN: f64 = 1.25;
/// So many batches fit into the queue.
const BATCHES: u32 = 4;
/// What the queue outlasts without an export, seconds.
const OUTAGE_S: f64 = 1.0;
/// Queues are advised in steps of so many spans.
const STEP: u32 = 1024;
/// Memory of a span in the queue, bytes: growth of the resident set, garbage included; measured in `docs/performance.md`.
pub const SPAN_BYTES: u64 = 1400;

/// What is known of a batch processor.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Situation {
    /// Spans offered per second.
    pub offered: f64,
    /// Time of an export, seconds.
    pub round_trip_s: f64,
    /// Spans per export at most, now.
    pub batch: u32,
    /// Length of the queue, now.
    pub queue: u32,
    /// Spans have been dropped, or wait for room: whatever the mean rates say, the queue was too short.
    pub overran: bool,
}

/// What to set.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Advice {
    /// Spans per export at most.
    pub batch: u32,
    /// Length of the queue.
    pub queue: u32,
    /// What the worker can export per second then, if an export takes no longer.
    pub ceiling_per_s: f64,
    /// Memory of that queue when it is full, bytes.
    pub memory_bytes: u64,
    /// What the queue that is there takes of that already, bytes.
    pub memory_now_bytes: u64,
    /// The ceiling has the margin over what is offered. If not, no advised batch has it: more than one batch processor, a
    /// faster receiver or sampling is needed.
    pub suffices: bool,
    /// The batch is so large that a receiver's limit of a message may be met.
    pub large: bool,
}

/// What to set where something is wrong; `None` where nothing needs to change, or nothing can be said.
pub fn advise(now: &Situation) -> Option<Advice> {
    let sound = now.offered.is_finite() && now.round_trip_s.is_finite() && now.round_trip_s > 0.0;
    if !sound || now.batch == 0 || (!now.overran && carries(now, now.batch)) {
        return None;
    }
    // Never less than there is: somebody had a reason.
    let mut batch = now.batch.max(LEAST_BATCH);
    if !carries(now, batch) {
        batch = batch.next_power_of_two();
        while batch < MOST_BATCH && !carries(now, batch) {
            batch *= 2;
        }
        batch = batch.min(MOST_BATCH.max(now.batch));
    }
    let outage = (now.offered * OUTAGE_S).ceil().clamp(0.0, f64::from(MOST_QUEUE)) as u32;
    let most = MOST_QUEUE.max(batch).max(now.queue);
    let queue = LEAST_QUEUE.max(batch.saturating_mul(BATCHES)).max(outage.next_multiple_of(STEP)).min(most);
    let queue = queue.max(now.queue);
    let suffices = carries(now, batch);
    // A longer queue helps no worker that is too slow, and one that is long enough needs no change.
    let same = (batch, queue) == (now.batch, now.queue);
    (!same || !suffices).then(|| Advice {
        batch,
        queue,
        ceiling_per_s: f64::from(batch) / now.round_trip_s,
        memory_bytes: u64::from(queue) * SPAN_BYTES,
        memory_now_bytes: u64::from(now.queue) * SPAN_BYTES,
        suffices,
        large: batch >= LARGE_BATCH && batch > now.batch,
    })
}

/// Whether a batch of that size has the margin.
fn carries(now: &Situation, batch: u32) -> bool {
    f64::from(batch) / now.round_trip_s >= MARGIN * now.offered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn situation() -> impl Strategy<Value = Situation> {
        let rates = (0.0..1e6_f64, 1e-4..60.0_f64);
        (rates, 1u32..20_000, 1u32..2_000_000, any::<bool>()).prop_map(
            |((offered, round_trip_s), batch, queue, overran)| Situation {
                offered,
                round_trip_s,
                batch,
                queue,
                overran,
            },
        )
    }

    proptest! {
        #[test]
        fn what_suffices_has_the_margin_and_what_does_not_is_at_the_cap(now in situation()) {
            if let Some(advice) = advise(&now) {
                prop_assert_eq!(advice.suffices, advice.ceiling_per_s >= 1.25 * now.offered);
                prop_assert!(advice.suffices || advice.batch >= 8192);
                prop_assert!(advice.batch <= 8192.max(now.batch));
            }
        }

        #[test]
        fn nothing_is_made_smaller_and_the_batch_fits_the_queue(now in situation()) {
            if let Some(advice) = advise(&now) {
                prop_assert!(advice.batch >= now.batch && advice.queue >= now.queue);
                prop_assert!(advice.queue >= advice.batch && advice.memory_bytes >= advice.memory_now_bytes);
                let outage = now.offered.min(1_048_576.0);
                prop_assert!(f64::from(advice.queue) >= outage);
            }
        }

        #[test]
        fn who_follows_the_advice_gets_no_other(now in situation()) {
            if let Some(advice) = advise(&now) {
                let then = Situation { batch: advice.batch, queue: advice.queue, ..now };
                let again = advise(&then);
                prop_assert!(again.is_none() || !advice.suffices, "{again:?}");
                prop_assert!(again.is_none_or(|again| (again.batch, again.queue) == (advice.batch, advice.queue)));
            }
        }

        #[test]
        fn where_nothing_is_wrong_nothing_is_advised(now in situation()) {
            let ample = f64::from(now.batch) / now.round_trip_s >= 1.25 * now.offered;
            prop_assert_eq!(advise(&Situation { overran: false, ..now }).is_none(), ample);
        }
    }

    #[test]
    fn the_smallest_batch_that_carries_is_taken() {
        let now =
            Situation { offered: 24_812.0, round_trip_s: 0.038, batch: 512, queue: 2048, overran: true };
        let advice = advise(&now).unwrap();
        assert_eq!((advice.batch, advice.queue, advice.suffices), (2048, 25_600, true));
        let hopeless = Situation { offered: 400_000.0, round_trip_s: 1.0, ..now };
        let advice = advise(&hopeless).unwrap();
        assert_eq!((advice.batch, advice.suffices, advice.large), (8192, false, true));
        // A burst overran a worker that is fast enough: only the queue grows.
        let burst = Situation { offered: 5_000.0, round_trip_s: 0.005, ..now };
        let advice = advise(&burst).unwrap();
        assert_eq!((advice.batch, advice.queue), (512, 5_120));
        for senseless in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
            assert_eq!(advise(&Situation { round_trip_s: senseless, ..now }), None);
        }
    }
}
