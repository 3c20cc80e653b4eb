//! The books held against worlds of known truth: made log by log, concluded by the real code, never by another copy of it. One
//! binary, because each costs its linking.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

mod doses;
mod ends;
mod explain;
mod fit;
mod fronts;
mod histories;
mod laws;
mod names;
mod paths;
mod probes;
mod relay;
mod reworded;
mod spoilt;
mod timeline;
mod trials;
mod unnumbered;
mod unwitnessed;
mod wrapped;
