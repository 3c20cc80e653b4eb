//! Processes that the harness starts, and how none of them outlives it.

pub(crate) mod cgroups;
pub(crate) mod child;
pub mod guard;
pub mod interrupt;
pub(crate) mod own;
pub mod shim;
pub(crate) mod strays;
