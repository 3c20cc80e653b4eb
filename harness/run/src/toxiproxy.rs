//! Toxiproxy: its real server as a child process, and a strict client for its HTTP interface (ADR 007).
//!
//! What to know of the server (v2.12.0): its random numbers cannot be seeded, `-seed` does nothing; `reset_peer` resets only
//! connections that were opened after it was added, older ones end in order; a toxic's toxicity is rolled per connection and
//! direction; removing a `timeout` ends the connections it held; bytes are counted when a connection has ended.

mod client;
mod metrics;
mod server;
mod toxic;

pub use client::{Client, Proxy, ToxiproxyProblem};
pub use metrics::ProxyBytes;
pub use server::Server;
pub use toxic::{Toxic, ToxicKind, ToxicStream};
