//! Steps being gathered.

use spanfate_model::explain::Step;
use spanfate_model::unit::MonoNs;
use spanfate_model::witness::Witness;

use crate::quantile::millis;

/// What witnesses say, in any order.
#[derive(Default)]
pub(super) struct Steps(Vec<(MonoNs, Option<Witness>, String)>);

impl Steps {
    /// Adds what a witness says; what never happened has no time and is left out.
    pub(super) fn say(&mut self, at: MonoNs, witness: Option<Witness>, what: impl Into<String>) {
        if at != 0 {
            self.0.push((at, witness, what.into()));
        }
    }

    /// From the first to the last of them.
    pub(super) fn reach(&self) -> Option<(MonoNs, MonoNs)> {
        let times = || self.0.iter().map(|(at, ..)| *at);
        Some((times().min()?, times().max()?))
    }

    /// The steps by time; what happened at the same time stays in the order in which it was said.
    pub(super) fn finish(mut self, began: MonoNs) -> Vec<Step> {
        self.0.sort_by_key(|(at, ..)| *at);
        let step = |(at, witness, what)| Step { at_ms: since(at, began), witness, what };
        self.0.into_iter().map(step).collect()
    }
}

/// Milliseconds from a moment, negative before it.
pub(super) fn since(at: MonoNs, began: MonoNs) -> f64 {
    if at >= began { millis(at - began) } else { -millis(began - at) }
}
