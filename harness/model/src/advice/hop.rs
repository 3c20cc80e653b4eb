//! Which settings an exporter of a collector needs for what comes to it: the capacity model of its consumers and its queue. It stands
//! here and nowhere else; `lint`, `advise`, `frontier` and `peek` ask it.

pub mod lines;
mod plan;
mod settings;
#[cfg(test)]
mod tests;

pub use plan::{HopChoice, HopPlan, HopShortfall, NamedHopPlan, plan};
pub use settings::{HopDemand, HopOutlook, HopSettings, OwnBatch, ProcessorBatch};
