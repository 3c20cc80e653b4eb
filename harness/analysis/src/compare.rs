//! Several arms, cells or values held against each other.

pub mod comparison;
pub mod frontier;
pub mod selftest;
pub(crate) mod sweep;
