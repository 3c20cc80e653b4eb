//! How many spans would have had a fate without disturbance.

use spanfate_model::fate::{ExitWay, Fate, FateClass};

use super::bounds::Bounds;
use super::rule::{DisturbanceMakes, Hidden, rule_of};
use super::script::{ScriptedEnd, TrialScript};
use spanfate_model::scenario::figure::Figure;

/// Of one fate.
pub(super) fn one(fate: Fate, value: f64, script: &TrialScript<'_>) -> Bounds {
    let high = match rule_of(Figure::Fate(fate)).hidden {
        Hidden::UpToCapacity => capacity(fate, value, script),
        Hidden::BehindLoss => value + more(fate, value, script) + displaced(fate, value, script),
        Hidden::BeyondReplay | Hidden::Anything => f64::INFINITY,
        Hidden::Nothing | Hidden::AtEdges => value + more(fate, value, script),
    };
    Bounds { low: least(fate, value, script), high }
}

/// Of fates that differ in their reason only.
pub(super) fn group(group: &str, value: f64, script: &TrialScript<'_>) -> Bounds {
    let of_it = || Fate::all().into_iter().filter(|fate| fate.is_in(group));
    let low = of_it().map(|fate| least(fate, script.count(fate), script)).sum();
    let high = |fate: Fate| {
        let count = script.count(fate);
        match rule_of(Figure::Fate(fate)).hidden {
            Hidden::BeyondReplay | Hidden::Anything => f64::INFINITY,
            _ => count + more(fate, count, script),
        }
    };
    let behind = of_it().map(|fate| displaced(fate, script.count(fate), script)).fold(0.0, f64::max);
    // All ways out of a queue share what it holds.
    let ends = |fate: &Fate| rule_of(Figure::Fate(*fate)).hidden == Hidden::UpToCapacity;
    let at_once: f64 = of_it().filter(ends).map(|fate| script.count(fate)).sum();
    let held = of_it().filter(ends).map(|fate| capacity(fate, at_once, script)).fold(0.0, f64::max);
    let rest: f64 = of_it().filter(|fate| !ends(fate)).map(high).sum();
    Bounds { low, high: held + rest + behind }.around(value)
}

/// Lost spans that may not have been lost without disturbance.
pub(super) fn mendable(script: &TrialScript<'_>) -> f64 {
    let lost = script.fates().filter(|(fate, _)| fate.class() == FateClass::Lost);
    lost.map(|(fate, count)| count.total as f64 - least(fate, count.total as f64, script)).sum()
}

/// The least share of the spans that should have arrived that is lost without disturbance.
pub(super) fn least_loss_rate(script: &TrialScript<'_>) -> f64 {
    let lost = script.fates().filter(|(fate, _)| fate.class() == FateClass::Lost);
    let least: f64 = lost.map(|(fate, count)| least(fate, count.total as f64, script)).sum();
    (least - script.lost_before()).max(0.0) / script.due().max(1.0)
}

/// The largest.
pub(super) fn most_loss_rate(rate: f64, script: &TrialScript<'_>) -> f64 {
    if script.end() == ScriptedEnd::AtMoment {
        return 1.0;
    }
    let lost = script.fates().filter(|(fate, _)| fate.class() == FateClass::Lost);
    let more: f64 = lost.map(|(fate, count)| more(fate, count.total as f64, script)).sum();
    rate + more / script.due().max(1.0)
}

/// How few.
fn least(fate: Fate, value: f64, script: &TrialScript<'_>) -> f64 {
    match (rule_of(Figure::Fate(fate)).made, fate) {
        (DisturbanceMakes::Nothing, _) => value,
        (DisturbanceMakes::AtEdges, Fate::Received) => {
            value - script.edge(script.lost() - script.by_machine())
        }
        (DisturbanceMakes::AtEdges, _) => script.edge_low(value),
        (DisturbanceMakes::BeyondReplay, Fate::DroppedQueueFull | Fate::LostBeforeReceiver) => {
            script.still_dropped().min(value)
        }
        (DisturbanceMakes::BeyondScript, Fate::RejectedPartial) if script.rejects_by_number() => value,
        (DisturbanceMakes::BeyondScript, Fate::RejectedPartial | Fate::ExportFailed(_))
            if script.is_scripted(fate) =>
        {
            (script.edge_low(value) - script.cut()).max(value.min(1.0))
        }
        (
            DisturbanceMakes::BeyondScript,
            Fate::EndedAfterShutdown | Fate::BlockedInEnd | Fate::CutOffAtExit,
        ) if script.is_scripted(fate) => script.edge_low(value),
        (DisturbanceMakes::BeyondScript, _) if script.is_scripted(fate) => value,
        // A process ends at a moment that only the script chose, and its queue is hardly ever empty.
        (DisturbanceMakes::BeyondScript, Fate::LostInQueueAtExit(_))
            if script.end() == ScriptedEnd::AtMoment && script.is_fed() =>
        {
            value.min(1.0)
        }
        (DisturbanceMakes::BeyondScript | DisturbanceMakes::BeyondReplay, _) => 0.0,
        (DisturbanceMakes::TimeTaken | DisturbanceMakes::Anything, _) => f64::NEG_INFINITY,
    }
}

/// How many more a script may have caused.
fn more(fate: Fate, value: f64, script: &TrialScript<'_>) -> f64 {
    match fate {
        Fate::Received | Fate::NotSampled(_) | Fate::NoProcessor | Fate::NoExporter | Fate::Filtered(_) => {
            0.0
        }
        Fate::RejectedPartial if script.rejects_by_number() => 0.0,
        Fate::RejectedPartial | Fate::ExportFailed(_) if value > 0.0 && script.is_scripted(fate) => {
            script.edge(value) + script.cut()
        }
        _ if script.end() == ScriptedEnd::InState && script.is_scripted(fate) => 0.0,
        _ => script.edge(value),
    }
}

/// How many may be hidden behind spans that the machine lost in another way first.
fn displaced(fate: Fate, value: f64, script: &TrialScript<'_>) -> f64 {
    let own = if script.is_scripted(fate) { 0.0 } else { value };
    match fate {
        Fate::Received => mendable(script),
        Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline) => script.count(Fate::DroppedQueueFull),
        // Without disturbance calls are only faster.
        Fate::ExportFailed(_) if script.no_export_failed() => 0.0,
        _ if rule_of(Figure::Fate(fate)).hidden == Hidden::BehindLoss => (script.by_machine() - own).max(0.0),
        _ => 0.0,
    }
}

/// How many there may be where the script ends processes.
fn capacity(fate: Fate, value: f64, script: &TrialScript<'_>) -> f64 {
    if script.end() != ScriptedEnd::AtMoment {
        return value;
    }
    let (held, batches, processes) = script.capacity();
    match fate {
        Fate::LostInQueueAtExit(_) => value.max(held),
        Fate::LostInFlightAtExit => value.max(batches),
        Fate::InEndAtExit => value.max(processes),
        _ => f64::INFINITY,
    }
}
