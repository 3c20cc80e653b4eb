//! Scenarios, run to their end or cut short.

mod accounting;
mod blame;
mod books;
mod causes;
mod chain;
mod disturbed;
mod engines;
pub(crate) mod faults;
mod hops;
mod interruption;
mod kills;
mod limits;
mod loads;
mod matrix;
mod paths;
mod quotas;
mod remedies;
mod sampling;
mod scale;
mod work;
