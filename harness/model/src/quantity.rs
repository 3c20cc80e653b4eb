//! Quantities, ids, times and bytes: what every other module is written with.

pub mod digits;
pub mod id;
pub(crate) mod le;
pub mod stamp;
pub(crate) mod text;
pub mod unit;
