//! What single sections of a page say, and the terminal beside them.

mod answers;
pub(crate) mod cells;
mod change;
mod configured;
pub(crate) mod faults;
mod knee;
mod latency;
mod paths;
mod stages;
mod timeline;
pub(crate) mod traces;
