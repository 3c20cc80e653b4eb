//! What the commands say, and with which exit code.

mod advise;
mod ci;
pub(crate) mod claims;
mod collectors;
pub(crate) mod compare;
pub(crate) mod contract;
mod diff;
mod exits;
mod explain;
mod export;
mod logs;
mod outside;
mod schema;
pub(crate) mod sdks;
mod shelf;
