//! A collector as its user brings it: the program, and a configuration that is read and made ready for a place in a path.

pub(crate) mod own;
pub(crate) mod rewrite;
mod yaml;

/// Where a collector listens on this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HopPorts {
    pub(crate) grpc: u16,
    pub(crate) http: u16,
    pub(crate) metrics: u16,
}
