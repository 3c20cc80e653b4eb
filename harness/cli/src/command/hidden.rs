//! The parts of this program that run as other processes.

use std::ffi::OsString;

use spanfate_model::verdict::ExitCode;
use spanfate_run::guard;
use spanfate_run::shim::{Become, become_program};

use crate::show;

/// The guard process.
pub(super) fn guard() -> ExitCode {
    guard::serve(std::io::stdin().lock());
    ExitCode::Pass
}

/// A child on its way to its program; comes back only when it cannot get there.
pub(super) fn exec(parent: u32, cpus: Vec<u32>, command: Vec<OsString>) -> ExitCode {
    let error = become_program(&Become { cpus, parent, command });
    show::note(&format!("error: could not start the program: {error}"));
    ExitCode::HarnessError
}
