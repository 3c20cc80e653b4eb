//! A figure of a trial on a disturbed machine: between which values it would have been had nobody taken time from the service. A
//! condition that holds for all of these holds, one that holds for none fails, and everything else is open. The more is taken, the
//! wider they lie apart; so more disturbance never makes a pass of a failure, nor of an open question (ADR 016).

mod bounds;
mod fates;
mod replayed;
mod rule;
mod script;

use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{Basis, TrialResult, Validity};
use spanfate_model::scenario::figure::{Figure, TraceState};

pub(crate) use bounds::Bounds;
use rule::Hidden;
pub(crate) use rule::{DisturbanceMakes, rule_of};
use script::TrialScript;

/// Whether what spoils a figure of a trial has a known direction: only time was taken, by others or by a quota, and all faults
/// reached their dose. Where the load did not start, a witness has a gap, or a limit of ours was met, nothing follows.
pub(crate) fn is_only_disturbed(trial: &TrialResult, basis: Basis) -> bool {
    let spoilt = || trial.validity.iter().filter(|mark| mark.figure.is(&basis) && !mark.valid);
    let by_time = spoilt().next().is_some() && spoilt().all(Validity::is_of_others);
    by_time && trial.is_valid(Basis::Accounting) && trial.faults.iter().all(|fault| fault.bit)
}

/// Between which values a figure would have been on an undisturbed machine; `None` where it was not measured.
pub(crate) fn bounds_of(
    figure: Figure,
    measured: Option<f64>,
    trial: &TrialResult,
    arm: PlannedArm<'_>,
) -> Option<Bounds> {
    let value = measured?;
    let script = TrialScript::of(trial, arm.plan, arm.variant);
    let bounds = match figure {
        // The load was less than the service was to bear.
        _ if script.is_unserved() && rule_of(figure).made != DisturbanceMakes::Nothing => Bounds::ANY,
        Figure::Fate(fate) => fates::one(fate, value, &script),
        Figure::Fates(group) => fates::group(group, value, &script),
        Figure::LossLawGap => replayed::law_gap(trial),
        _ => plain(figure, value, &script),
    };
    Some(bounds.around(value))
}

/// The plan of a variant's trials.
#[derive(Clone, Copy)]
pub(crate) struct PlannedArm<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// Its variant.
    pub(crate) variant: &'a PlannedVariant,
}

impl<'a> PlannedArm<'a> {
    /// That of a variant, if the plan has it.
    pub(crate) fn of(plan: &'a Plan, variant: &str) -> Option<Self> {
        plan.variants.iter().find(|planned| planned.name == variant).map(|variant| Self { plan, variant })
    }
}

/// A figure that is no fate, by the table of rules.
fn plain(figure: Figure, value: f64, script: &TrialScript<'_>) -> Bounds {
    let rule = rule_of(figure);
    let scripted = match figure {
        Figure::RequestsFailed => script.failed_requests(),
        Figure::ExportsFailed => script.failed_exports(),
        Figure::SpansReceived => script.lost() - script.by_machine(),
        Figure::Traces(TraceState::Complete) => script.damaged(),
        // Each lost span damages one trace at most.
        Figure::Traces(TraceState::Headless | TraceState::Torn | TraceState::Absent) => {
            (value - script.by_machine()).max(0.0)
        }
        _ => value,
    };
    let low = match rule.made {
        DisturbanceMakes::Nothing => value,
        DisturbanceMakes::AtEdges => value - script.edge(scripted),
        DisturbanceMakes::BeyondScript => script.edge_low(scripted),
        DisturbanceMakes::BeyondReplay => fates::least_loss_rate(script),
        DisturbanceMakes::TimeTaken => value - script.taken_ms() * 1e6,
        DisturbanceMakes::Anything => f64::NEG_INFINITY,
    };
    let high = match (rule.hidden, figure) {
        (Hidden::Nothing, _) => value,
        (Hidden::AtEdges, Figure::LossRate) => fates::most_loss_rate(value, script),
        (Hidden::AtEdges, _) => value + script.edge(scripted),
        (Hidden::BehindLoss, Figure::SpansReceived) => value + fates::mendable(script),
        // Who was lost was not late.
        (Hidden::BehindLoss, Figure::Delay(_)) if script.by_machine() > 0.0 => f64::INFINITY,
        (Hidden::BehindLoss, Figure::Delay(_)) => value,
        (Hidden::BehindLoss, Figure::Kept(_)) if script.by_machine() > 0.0 => 1.0,
        (Hidden::BehindLoss, Figure::Kept(_)) => value,
        (Hidden::BehindLoss, _) => value + script.edge(value) + script.damaged_by_machine(),
        (Hidden::BeyondReplay | Hidden::UpToCapacity | Hidden::Anything, _) => f64::INFINITY,
    };
    Bounds { low, high }
}
