//! What is written while a run goes on: raw logs, events, manifests, and where in a results directory they lie.

pub mod event;
#[cfg(test)]
pub(crate) mod golden;
pub mod layout;
pub mod manifest;
pub mod probe;
pub mod raw;
pub mod slots;
pub mod wire;
