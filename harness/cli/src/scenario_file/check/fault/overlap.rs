//! Faults that cannot act at the same time: one would keep the other from happening, or undo it.

use spanfate_model::fault::{At, Family, FaultKind};
use spanfate_model::plan::Plan;
use spanfate_model::scenario::{Fault, Scenario};

use super::{Checked, having};
use crate::scenario_file::check::Problems;

pub(super) fn check(out: &mut Problems, scenario: &Scenario, plan: &Plan, all: &[Checked<'_>]) {
    let load = |index: &usize| {
        let load = plan.variants.get(*index).map(|variant| plan.load_of(variant))?;
        load.closed.is_none().then(|| load.warmup.nanos() + load.lasting.nanos())
    };
    for (place, second) in all.iter().enumerate() {
        for first in &all[..place] {
            let Some(why) = contradiction(first, second) else { continue };
            let shared = having(scenario, second.fault).into_iter();
            let shared = shared.filter(|index| having(scenario, first.fault).contains(index));
            let meets = shared
                .filter_map(|index| load(&index))
                .any(|length| overlap(first.fault, second.fault, length));
            if meets {
                let other = first.index.parse::<usize>().map_or(0, |index| index + 1);
                let message = format!("it overlaps fault {other} (`{}`): {why}", first.fault.title());
                second.add(
                    out,
                    "",
                    message,
                    "move one of them, shorten it, or give them different `variants`",
                );
            }
        }
    }
}

/// Why two faults cannot act together, if they cannot.
fn contradiction(a: &Checked<'_>, b: &Checked<'_>) -> Option<&'static str> {
    let (one, other) = (&a.fault.kind, &b.fault.kind);
    if a.on != b.on {
        return None;
    }
    match (one.family(), other.family()) {
        (Family::Network, Family::Network)
            if matches!(one, FaultKind::Down) || matches!(other, FaultKind::Down) =>
        {
            Some("a link that is down carries nothing that the other could act on")
        }
        (Family::Network, Family::Network) if one.name() == other.name() && one != other => {
            Some("two of a kind on one link cannot be told apart")
        }
        (Family::Process, Family::Process) if one.name() == other.name() && !one.is_moment() => {
            Some("two of a kind on one process cannot be told apart")
        }
        (Family::Process, Family::Process | Family::Code) | (Family::Code, Family::Process)
            if gone(one) || gone(other) =>
        {
            Some("a process that has ended, or is stopped, does nothing more")
        }
        (Family::Code, Family::Code) if one.name() == other.name() && is_setting(one) => {
            Some("each sets the same thing and puts it back at its own end")
        }
        (Family::Receiver, Family::Receiver) if a.fault.requests.is_none() && b.fault.requests.is_none() => {
            Some("the receiver answers a request in one way only")
        }
        _ => None,
    }
}

/// Whether nothing else can happen in the process while the fault acts.
const fn gone(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::Pause) || (kind.is_moment() && matches!(kind.ends_process(), Some(None)))
}

const fn is_setting(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Gc(_)
            | FaultKind::ClockStep(_)
            | FaultKind::SlowSerialisation(_)
            | FaultKind::LruLocked(_)
            | FaultKind::PoolExhausted(_)
    )
}

/// Whether two faults act at the same time in a load of that length, as far as their times say. Times that are drawn count with
/// all they may become; what begins by a state is not known before. One that ends where the other begins does not overlap it.
fn overlap(a: &Fault, b: &Fault, load: u64) -> bool {
    let spans = |fault: &Fault| -> Vec<(u64, u64)> {
        let slack = fault.at.map_or(0, |at| at.to.nanos() - at.from.nanos());
        let earliest = Fault { at: fault.at.map(|at| At { to: at.from, ..at }), ..fault.clone() };
        let end = |from: u64, to: u64| match (fault.kind.is_moment(), fault.kind.ends_process()) {
            // It is gone until it is back.
            (true, Some(Some(restart))) => from.saturating_add(restart.nanos()),
            (true, Some(None)) => u64::MAX,
            (_, _) => to,
        };
        let windows = earliest.windows(0, 0, load).into_iter();
        windows.map(|w| (w.from, end(w.from, w.to).saturating_add(slack).max(w.from + 1))).collect()
    };
    let (left, right) = (spans(a), spans(b));
    left.iter().any(|one| right.iter().any(|other| one.0 < other.1 && other.0 < one.1))
}
