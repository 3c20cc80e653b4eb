//! The Go fixture: built, configured, started, stopped (`docs/fixture-protocol.md`).

mod build;
mod config;
mod faults;
mod own;
mod pick;
mod process;
mod sdk;

pub use build::{BuildLine, Builder, Programs};
pub(crate) use faults::{takes, takes_faults};

pub use config::{Setup, endpoint_of, environment_of, scratch_bytes, write_config};
pub use own::{Own, executable_of, target_of};
pub use process::{Probes, Running, Start, Starting, Switched};
pub use sdk::sdk_versions;
