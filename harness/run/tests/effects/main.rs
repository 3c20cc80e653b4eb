//! The parts of `run` that one can watch alone: the receiver, the load, and how raw logs come home.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

mod backend;
mod collector;
mod load;
mod receiver;
mod store;
