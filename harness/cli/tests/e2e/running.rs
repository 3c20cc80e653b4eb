//! Scenarios, run to their end or cut short.

pub(crate) mod accounting;
pub(crate) mod blame;
mod books;
mod causes;
mod chain;
pub(crate) mod disturbed;
pub(crate) mod engines;
pub(crate) mod faults;
pub(crate) mod hops;
pub(crate) mod interruption;
mod kills;
pub(crate) mod limits;
mod loads;
mod matrix;
mod paths;
mod quotas;
pub(crate) mod remedies;
pub(crate) mod sampling;
mod scale;
mod work;
