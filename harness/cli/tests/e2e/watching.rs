//! Programs and clients that are not ours: probes, and the receiver alone.

pub(crate) mod attach;
mod canary;
mod contract;
mod hostile;
mod live;
pub(crate) mod peek;
pub(crate) mod probes;
mod public;
mod receive;
mod relay;
mod shell;
pub(crate) mod station;
