//! What commands other than `scenario` find out.

pub mod frontier;
pub mod index;
pub mod noise;
pub mod peek;
pub mod selftest;
