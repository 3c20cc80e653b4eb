//! A trial without its fault log: what is left for an answer that must not know what was done.

use spanfate_model::format::event::EventKind;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::plan::Plan;

/// Takes out of a plan and a trial's logs what says that there were faults: those of the plan, the events of their injector, and whom it
/// ended.
pub fn blinded(mut plan: Plan, mut logs: TrialLogs) -> (Plan, TrialLogs) {
    plan.variants.iter_mut().for_each(|variant| variant.faults.clear());
    logs.events.retain(|event| {
        !matches!(
            event.kind,
            EventKind::FaultApplied
                | EventKind::FaultConfirmed
                | EventKind::FaultCleared
                | EventKind::FaultMissed
        )
    });
    logs.manifest
        .processes
        .iter_mut()
        .filter_map(|process| process.end.as_mut())
        .for_each(|end| end.fault = None);
    (plan, logs)
}
