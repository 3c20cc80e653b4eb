//! What tests of several crates share: clients and messages made by hand, and worlds of known truth on disk. Only tests and
//! examples depend on it.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "helpers of tests may panic as tests do")]

pub mod client;
pub mod message;
pub mod server;
pub mod world;
