//! `spanfate completions`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use spanfate_model::verdict::ExitCode;

use crate::args::Arguments;
use crate::error::Error;
use crate::show;

/// Prints a shell's completion script.
pub(in crate::command) fn run(shell: Shell) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "spanfate", &mut script);
    show::data(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Pass)
}
