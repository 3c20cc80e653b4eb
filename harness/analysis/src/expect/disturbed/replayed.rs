//! What a queue loses where nobody takes time from the service: the evidence that a lower bound on a loss needs.

use spanfate_model::fault::{FaultKind, SlowSerialisation, Target};
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{FaultResult, ServiceResult, TrialResult};
use spanfate_model::scenario::Fault;

use super::bounds::Bounds;

/// Spans that are lost without stalls, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Counted {
    /// Spans that a full queue drops, at least.
    pub(super) dropped: u64,
}

/// An undisturbed load may take this share longer than planned, for its last requests take their time; a fault that is said to begin
/// with its measured part begins this much later at most.
const LATER: f64 = 0.1;
/// Answers that take longer, milliseconds, meet deadlines of the exporter: then a call takes as long as that.
const LONGEST_ANSWER_MS: f64 = 5000.0;

/// The spans that a trial would have lost to full queues without stalls, as far as it is known; `None` where nothing is.
///
/// What the script's own delays force is known without a replay: a worker that waits so long in each call makes so many calls, and
/// hands over a batch in each; what comes beyond that, and finds no room in the queue, is dropped on every machine. A replay of the
/// queue that a trial carries with it says more where it fits: the larger of both counts.
pub(super) fn still_lost_without_stalls(
    trial: &TrialResult,
    plan: &Plan,
    variant: &PlannedVariant,
) -> Option<Counted> {
    let forced: u64 = trial.services.iter().map(|service| forced(service, trial, plan, variant)).sum();
    // Of a span on several paths only the worst fate counts, and a replay speaks of one path.
    let one_each = trial.services.iter().all(|service| service.paths.is_empty());
    let fitting = trial.replays.iter().filter(|replay| replay.fits && one_each);
    let replayed: u64 = fitting.filter_map(|replay| replay.without_stalls.max(replay.given_back)).sum();
    let dropped = forced.max(replayed);
    (dropped > 0).then_some(Counted { dropped })
}

/// Between which values the gap between the loss and the law would be without disturbance.
///
/// A machine that loses nothing, and calls that the law lets lose nothing, lose nothing and are as fast at least where nobody takes
/// time. Else a replay that fits says by how much both move when time is given back.
pub(super) fn law_gap(trial: &TrialResult) -> Bounds {
    let predicted = trial.loss.predicted.as_ref();
    if trial.loss.lost == 0 && predicted.is_some_and(|prediction| prediction.rate <= 0.0) {
        return Bounds { low: 0.0, high: 0.0 };
    }
    let ([service], [replay]) = (trial.services.as_slice(), trial.replays.as_slice()) else {
        return Bounds::ANY;
    };
    match replay.law_gap.filter(|_| replay.fits && service.paths.is_empty()) {
        Some((low, high)) => {
            let nearest = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
            Bounds { low: nearest, high: low.abs().max(high.abs()) }
        }
        None => Bounds::ANY,
    }
}

/// Spans that a service loses because its calls cannot be shorter than the script says.
fn forced(service: &ServiceResult, trial: &TrialResult, plan: &Plan, variant: &PlannedVariant) -> u64 {
    // Calls that fail may be shorter, and a process that ends keeps nothing.
    let usual = service.paths.is_empty() && service.starts == 1 && service.exports.failed == 0;
    let Some(effective) = service.effective.as_ref().filter(|effective| usual && !effective.block) else {
        return 0;
    };
    let load = plan.load_of(variant);
    let lasting = load.lasting.nanos() as f64 / 1e6;
    let measured = (load.warmup.nanos() as f64 / 1e6, load.warmup.nanos() as f64 / 1e6 + lasting);
    let answer = variant.least_answer().nanos() as f64 / 1e6;
    let faults = variant.faults.iter().zip(&trial.faults);
    let per_span: f64 = faults.map(|(fault, acted)| slowed(fault, acted, service, measured)).sum();
    let call = answer + per_span * f64::from(effective.batch);
    if call <= 0.0 || answer > LONGEST_ANSWER_MS.min(effective.export_timeout_ms / 2.0) {
        return 0;
    }
    // One call was under way at the beginning, one at the end; before a late fault calls were shorter.
    let calls = (lasting * (1.0 + LATER) / call).ceil() + 2.0;
    let due = service.loss.due as f64;
    let before = if per_span > 0.0 { due * LATER } else { 0.0 };
    let kept = calls * f64::from(effective.batch) + f64::from(effective.queue) + before;
    (due - kept).max(0.0).floor() as u64
}

/// By how much a fault lengthens each call of a service for each of its spans, milliseconds, over the whole measured part.
fn slowed(fault: &Fault, acted: &FaultResult, service: &ServiceResult, measured: (f64, f64)) -> f64 {
    let FaultKind::SlowSerialisation(SlowSerialisation { per_span }) = fault.kind else { return 0.0 };
    let on = fault.on.as_ref().and_then(Target::service);
    let begun = measured.0 + (measured.1 - measured.0) * LATER;
    let whole = acted
        .windows
        .iter()
        .any(|window| window.from_ms <= begun && window.to_ms.is_none_or(|to| to >= measured.1));
    if whole && on.is_none_or(|name| name == service.service) { per_span.nanos() as f64 / 1e6 } else { 0.0 }
}
