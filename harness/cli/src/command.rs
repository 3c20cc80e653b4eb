//! The subcommands, one file each.

mod analyze;
mod doctor;
mod hidden;
mod list;
mod plan;
mod receive;
mod report;
mod scenario;

use spanfate_model::verdict::ExitCode;

use crate::args::{Arguments, Command};
use crate::error::Error;
use crate::{scenario_file, show};

/// Runs a command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let color = arguments.color();
    match arguments.command {
        Command::Scenario(arguments) => scenario::run(&arguments, color),
        Command::Validate { files } => {
            for file in &files {
                scenario_file::load(file, color)?;
                show::note(&format!("{}: valid", file.display()));
            }
            Ok(ExitCode::Pass)
        }
        Command::Plan { selection, json } => plan::run(&selection, json, color),
        Command::List => list::run(),
        Command::Analyze { run, output } => analyze::run(&run, output, color),
        Command::Report { run, output } => report::run(&run, output),
        Command::Receive(arguments) => receive::run(arguments),
        Command::Doctor => doctor::run(color),
        Command::Guard => Ok(hidden::guard()),
        Command::Exec { parent, cpus, command } => Ok(hidden::exec(parent, cpus, command)),
    }
}
