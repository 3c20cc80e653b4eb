//! How variants differ, what each costs, and what to choose.

pub(crate) mod change;
pub(crate) mod cost;
pub(crate) mod knee;
pub(crate) mod pareto;
pub(crate) mod settings;
pub(crate) mod survival;
