//! The Go fixture: built, configured, started, stopped (`docs/fixture-protocol.md`).

mod build;
mod config;
mod pick;
mod process;

pub use build::{BuildLine, build};
pub use config::{Setup, environment_of, scratch_bytes, write_config};
pub use process::{Running, Start};
