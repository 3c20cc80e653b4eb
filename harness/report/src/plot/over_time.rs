//! Plots over time: lanes on one axis, and faults behind them.

pub(crate) mod buckets;
pub(crate) mod lane;
pub(crate) mod queue;
pub(crate) mod shade;
pub(crate) mod timeline;
