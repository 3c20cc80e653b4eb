//! What was lost, where, and what that does to traces.

pub(crate) mod amount;
pub(crate) mod breakdown;
pub(crate) mod causes;
pub(crate) mod damage;
pub(crate) mod ends;
pub(crate) mod engines;
pub(crate) mod explained;
pub(crate) mod fates;
pub(crate) mod hops;
mod path;
pub(crate) mod paths;
pub(crate) mod services;
pub(crate) mod silent;
pub(crate) mod stages;
