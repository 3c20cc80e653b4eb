//! The books of a trial: every span judged, counted and asserted.

pub(crate) mod at_hops;
pub(crate) mod breakdown;
pub(crate) mod damage;
pub(crate) mod fate;
pub(crate) mod kept;
pub(crate) mod logs;
pub(crate) mod lost;
pub(crate) mod paths;
pub(crate) mod reconcile;
pub(crate) mod rows;
pub(crate) mod standings;
pub(crate) mod tally;
pub(crate) mod timeline;
pub(crate) mod unseen;
pub(crate) mod unwitnessed;
pub(crate) mod walk;
pub(crate) mod window;
