//! The same arrivals and exports with other settings: what would help, and what other variants have set.

use spanfate_model::exporter::Exporter;
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::TriedSettings;
use spanfate_model::scenario::Service;

use crate::replay::factors::Rerun;
use crate::replay::processor::ReplaySettings;

/// By how much settings are multiplied when others are looked for.
const BATCHES: [u64; 4] = [1, 2, 4, 8];
const QUEUES: [u64; 6] = [1, 2, 4, 8, 16, 32];
/// Where less is set: the SDK's defaults, and more.
const USUAL_BATCHES: [u64; 2] = [512, 2048];
const USUAL_QUEUES: [u64; 3] = [2048, 8192, 32_768];
/// Most settings of other variants that are tried.
const OTHERS: usize = 16;

impl Rerun<'_> {
    /// The smallest larger settings that drop nothing, or else those that drop least. The measured part begins at that moment.
    pub(crate) fn remedy(&self, from: MonoNs) -> Option<TriedSettings> {
        let now = self.as_measured().0;
        let larger = |now: u64, times: &[u64], usual: &[u64]| {
            let usual = usual.iter().copied().filter(|usual| *usual > now);
            times.iter().map(|times| now * times).chain(usual).collect::<Vec<u64>>()
        };
        let queues = larger(now.queue, &QUEUES, &USUAL_QUEUES);
        let batches = larger(now.batch, &BATCHES, &USUAL_BATCHES).into_iter();
        let all = batches.flat_map(|batch| queues.iter().map(move |queue| (batch, *queue)));
        let sound = |pair: &(u64, u64)| pair.0 == now.batch || pair.0 * 2 <= pair.1;
        let mut pairs: Vec<(u64, u64)> =
            all.filter(|pair| sound(pair) && *pair != (now.batch, now.queue)).collect();
        pairs.sort_by_key(|(batch, queue)| (batch + queue, *batch));
        pairs.dedup();
        let mut best: Option<TriedSettings> = None;
        for pair in pairs {
            let tried = self.tried(pair, from);
            if best.is_none_or(|best| tried.dropped < best.dropped) {
                best = Some(tried);
            }
            if tried.dropped == 0 {
                break;
            }
        }
        best
    }

    /// Drops with another batch and queue, of the same arrivals.
    pub(crate) fn tried(&self, (batch, queue): (u64, u64), from: MonoNs) -> TriedSettings {
        let (now, arrivals) = self.as_measured();
        let outcome = self.with_settings(ReplaySettings { batch, queue, ..now });
        let measured = outcome.drops_from(arrivals.partition_point(|at| *at < from));
        TriedSettings { batch, queue, dropped: outcome.drops(), measured }
    }

    /// Drops if two workers shared the queue, which the SDK does not have.
    pub(crate) fn two_workers(&self) -> u64 {
        let now = self.as_measured().0;
        self.with_settings(ReplaySettings { workers: 2, ..now }).drops()
    }
}

/// The batches and queues of other variants that differ from one in nothing else that the exporter of a service has.
pub(crate) fn of_others(plan: &Plan, own: &PlannedVariant, service: &Service) -> Vec<(u64, u64)> {
    let rest = |exporter: Exporter| Exporter { batch: None, queue: None, ..exporter };
    let buffer = |exporter: &Exporter| {
        (u64::from(exporter.batch_or_default()), u64::from(exporter.queue_or_default()))
    };
    let now = plan.exporter_of(own, service);
    let all = plan.variants.iter().map(|variant| plan.exporter_of(variant, service));
    let mut out: Vec<(u64, u64)> = all
        .filter(|other| rest(*other) == rest(now) && buffer(other) != buffer(&now))
        .map(|other| buffer(&other))
        .collect();
    out.sort_unstable();
    out.dedup();
    out.truncate(OTHERS);
    out
}
