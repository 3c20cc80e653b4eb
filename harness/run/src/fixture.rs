//! The Go fixture: built, configured, started, stopped (`docs/fixture-protocol.md`).

mod build;
mod collectors;
mod config;
mod faults;
mod inspections;
mod own;
mod pick;
mod process;
mod ready;
mod sdk;
mod told;
mod toolchain;

pub use build::Programs;
pub(crate) use faults::{takes, takes_faults};

pub use config::{Setup, endpoint_of, environment_of, ledger_bytes, scratch_bytes, write_config};
pub use inspections::Inspector;
pub use own::{Own, executable_of, target_of, telemetry_of};
pub use process::{Probes, RunningService, Start, Starting, Switched};
pub use sdk::sdk_versions;
pub use toolchain::{BuildLine, Builder};
