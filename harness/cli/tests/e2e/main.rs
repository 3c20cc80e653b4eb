//! End to end: the real program, the real Go SDK, real processes, real signals.
#![expect(clippy::unwrap_used, clippy::panic, clippy::unused_self, reason = "a test that cannot go on fails")]

mod accounting;
mod advise;
mod attach;
mod books;
mod chain;
mod ci;
mod compare;
mod exits;
mod explain;
mod export;
mod faults;
mod hostile;
mod interruption;
mod kills;
mod lab;
mod loads;
mod paths;
mod peek;
mod probes;
mod receive;
mod relay;
mod scale;
mod schema;
mod sdks;
mod shelf;
mod station;
mod work;

#[path = "../../../run/tests/receiver/client.rs"]
mod client;
#[path = "../../../run/tests/receiver/message.rs"]
mod message;
#[path = "../../../analysis/examples/synthetic/world.rs"]
mod world;
