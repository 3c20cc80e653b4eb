//! The faults in a span's life.

use std::collections::BTreeSet;

use spanfate_model::books::explain::ActingFault;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::scenario::Fault;

use super::ExplainedCase;
use super::steps::{Steps, since};
use super::words::lasting;
use crate::evidence::excuse::Acted;

/// The faults of a trial: what was planned, and when each acted.
#[derive(Clone, Copy)]
pub(super) struct Faults<'a> {
    pub(super) planned: &'a [Fault],
    pub(super) acted: &'a [Acted],
    /// Start of the load.
    pub(super) began: MonoNs,
}

/// A fault at the moment of a decision.
pub(super) struct FaultAtDecision<'a> {
    number: usize,
    fault: &'a Fault,
    window: Option<&'a Acted>,
    /// A witness noted that it acted on this span or on its request.
    touched: bool,
    /// How long it had acted, if that is known.
    since: Option<u64>,
}

impl<'a> Faults<'a> {
    /// The steps of faults that began or ended within a span's life.
    pub(super) fn tell(&self, (from, to): (MonoNs, MonoNs), steps: &mut Steps) {
        for acted in self.acted {
            let Some(fault) = self.planned.get(acted.fault) else { continue };
            let what = named(fault);
            if (from..=to).contains(&acted.from) {
                let verb = if fault.kind.is_moment() { "struck" } else { "began" };
                steps.say(acted.from, None, format!("{what} {verb}"));
            }
            if (from..=to).contains(&acted.to) && !fault.kind.is_moment() {
                steps.say(acted.to, None, format!("{what} ended"));
            }
        }
    }

    /// The faults that acted when a case was decided, or that a witness noted on the span itself.
    pub(super) fn acting(&self, case: &ExplainedCase<'_>) -> Vec<FaultAtDecision<'a>> {
        let decided = case.decided;
        // An export that failed was under way for a time; a fault may have struck at its beginning.
        let from = match case.made.and_then(|made| made.export()) {
            Some((_, call)) if call.ended == decided => call.began,
            _ => decided,
        };
        let touched = case.touched_by();
        let within = |acted: &&Acted| acted.from != 0 && acted.from <= decided && acted.to > from;
        let moment =
            |acted: &&Acted| self.planned.get(acted.fault).is_some_and(|fault| fault.kind.is_moment());
        let windows = self.acted.iter().filter(|acted| within(acted) && !moment(acted));
        let numbers: BTreeSet<usize> =
            windows.clone().map(|acted| acted.fault).chain(touched.iter().copied()).collect();
        let one = |number: usize| {
            let window = self.acted.iter().rfind(|acted| acted.fault == number && within(acted));
            let since = window.filter(|acted| !moment(acted)).map(|acted| decided - acted.from);
            Some(FaultAtDecision {
                number,
                fault: self.planned.get(number)?,
                window,
                touched: touched.contains(&number),
                since,
            })
        };
        numbers.into_iter().filter_map(one).collect()
    }

    /// Acting faults as they are written down.
    pub(super) fn written(&self, acting: &[FaultAtDecision<'_>]) -> Vec<ActingFault> {
        let one = |acting: &FaultAtDecision<'_>| {
            let time = |at: MonoNs| (at != MonoNs::MAX).then(|| since(at, self.began));
            let moment = acting.fault.kind.is_moment();
            let end = |acted: &Acted| if moment { acted.from } else { acted.to };
            ActingFault {
                number: acting.number,
                name: acting.fault.title().to_owned(),
                kind: acting.fault.kind.name().to_owned(),
                on: acting.fault.on.as_ref().map(ToString::to_string).unwrap_or_default(),
                from_ms: acting.window.and_then(|acted| time(acted.from)),
                to_ms: acting.window.and_then(|acted| time(end(acted))),
            }
        };
        acting.iter().map(one).collect()
    }
}

/// What a verdict adds about faults; it does not claim that they are the cause.
pub(super) fn clause(acting: &[FaultAtDecision<'_>]) -> String {
    let one = |acting: &FaultAtDecision<'_>| {
        let name = acting.fault.title();
        match (acting.since, acting.touched) {
            _ if acting.fault.kind.is_moment() => format!("; the fault `{name}` struck then"),
            (_, true) => format!("; the fault `{name}` acted on it"),
            (Some(since), false) => format!("; the fault `{name}` had acted for {}", lasting(since)),
            (None, false) => format!("; the fault `{name}` acted"),
        }
    };
    acting.iter().map(one).collect()
}

fn named(fault: &Fault) -> String {
    let on = fault.on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
    let (title, kind) = (fault.title(), fault.kind.name());
    let kind = if title == kind { String::new() } else { format!(" ({kind})") };
    format!("the fault `{title}`{kind}{on}")
}
