//! Steps being gathered.

use spanfate_model::books::explain::ExplainStep;
use spanfate_model::fate::witness::Witness;
use spanfate_model::quantity::unit::MonoNs;

use crate::statistics::quantile::millis;

/// What witnesses say, in any order.
#[derive(Default)]
pub(super) struct Steps {
    said: Vec<(MonoNs, Option<Witness>, String, Option<String>)>,
    /// The path that what is said now is about, where there are several.
    path: Option<String>,
}

impl Steps {
    /// Adds what a witness says; what never happened has no time and is left out.
    pub(super) fn say(&mut self, at: MonoNs, witness: Option<Witness>, what: impl Into<String>) {
        if at != 0 {
            self.said.push((at, witness, what.into(), self.path.clone()));
        }
    }

    /// What follows is about one of several paths, or about none of them.
    pub(super) fn about(&mut self, path: Option<&str>) {
        self.path = path.map(str::to_owned);
    }

    /// From the first to the last of them.
    pub(super) fn reach(&self) -> Option<(MonoNs, MonoNs)> {
        let times = || self.said.iter().map(|(at, ..)| *at);
        Some((times().min()?, times().max()?))
    }

    /// The steps by time; what happened at the same time stays in the order in which it was said.
    pub(super) fn finish(mut self, began: MonoNs) -> Vec<ExplainStep> {
        self.said.sort_by_key(|(at, ..)| *at);
        let step = |(at, witness, what, path)| ExplainStep { at_ms: since(at, began), witness, what, path };
        self.said.into_iter().map(step).collect()
    }
}

/// Milliseconds from a moment, negative before it.
pub(super) fn since(at: MonoNs, began: MonoNs) -> f64 {
    if at >= began { millis(at - began) } else { -millis(began - at) }
}
