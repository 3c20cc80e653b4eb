//! End to end: the real program, the real Go SDK, real processes, real signals.
#![expect(clippy::unwrap_used, clippy::panic, clippy::unused_self, reason = "a test that cannot go on fails")]

mod alone;
mod engine;
mod lab;
mod running;
mod telling;
mod turn;
mod watching;
