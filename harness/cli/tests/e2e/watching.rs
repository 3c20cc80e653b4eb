//! Programs and clients that are not ours: probes, and the receiver alone.

mod attach;
mod hostile;
mod peek;
pub(crate) mod probes;
mod receive;
mod relay;
pub(crate) mod station;
