//! What the commands say, and with which exit code.

mod advise;
mod ci;
mod claims;
mod collectors;
mod compare;
pub(crate) mod contract;
mod diff;
mod exits;
mod explain;
mod export;
mod logs;
mod outside;
mod schema;
mod sdks;
mod shelf;
