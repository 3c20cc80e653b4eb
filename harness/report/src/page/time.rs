//! What happened when, and how slow it was.

pub(crate) mod faults;
pub(crate) mod latency;
pub(crate) mod probes;
pub(crate) mod timeline;
