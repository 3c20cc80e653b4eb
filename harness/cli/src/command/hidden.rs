//! The parts of this program that run as other processes.

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::guard;
use spanfate_run::process::shim::{Become, become_program};

use crate::show;

/// The guard process.
pub(super) fn guard() -> ExitCode {
    guard::serve(std::io::stdin().lock());
    ExitCode::Pass
}

/// A child on its way to its program; comes back only when it cannot get there.
pub(super) fn exec(what: &Become) -> ExitCode {
    let error = become_program(what);
    show::note(&format!("error: could not start the program: {error}"));
    ExitCode::HarnessError
}
