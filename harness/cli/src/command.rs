//! The subcommands, one file each.

mod about;
mod advise;
mod analyze;
mod attach;
mod bisect;
mod canary;
mod claims;
mod compare;
mod explain;
mod export;
mod frontier;
mod hidden;
mod peek;
mod receive;
mod report;
mod resume;
mod scenario;
mod selftest;
mod try_out;
mod why;

use spanfate_model::verdict::ExitCode;
use spanfate_run::process::shim::Become;

use crate::args::{Arguments, Command, ValidateArguments};
use crate::error::Error;
use crate::{scenario_file, show};

/// Runs a command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let color = arguments.color();
    match arguments.command {
        Command::Scenario(arguments) => scenario::run(&arguments, color),
        Command::Try(arguments) => try_out::run(&arguments, color),
        Command::Validate(arguments) => validate(&arguments, color),
        Command::Plan(arguments) => about::plan::run(&arguments, color),
        Command::List { markdown } => about::list::run(markdown, color),
        Command::New(arguments) => about::new::run(&arguments),
        Command::Analyze { run, output } => analyze::run(&run, &output, color),
        Command::Compare(arguments) => compare::run(&arguments, color),
        Command::Diff(arguments) => about::diff::run(&arguments, color),
        Command::Bisect(arguments) => bisect::run(&arguments, color),
        Command::Frontier(arguments) => frontier::run(&arguments, color),
        Command::Resume(arguments) => resume::run(&arguments, color),
        Command::Report(arguments) => report::run(arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments, color),
        Command::Why(arguments) => why::run(&arguments, color),
        Command::Completions { shell } => about::completions::run(shell),
        Command::Schema { format } => about::schema::run(format),
        Command::Peek(arguments) => peek::run(&arguments),
        Command::Advise(arguments) => advise::run(&arguments, color),
        Command::Attach(arguments) => attach::run(&arguments, color),
        Command::Contract(arguments) => about::contract::run(&arguments, color),
        Command::Designs { figures, runs } => about::designs::run(&figures, &runs, color),
        Command::Lint(arguments) => about::lint::run(&arguments, color),
        Command::Logs(arguments) => about::logs::run(&arguments, color),
        Command::Canary(arguments) => canary::run(&arguments, color),
        Command::Receive(arguments) => receive::run(arguments),
        Command::Claims(arguments) => claims::run(&arguments, color),
        Command::Selftest(arguments) => selftest::run(&arguments, color),
        Command::Doctor => about::doctor::run(color),
        Command::Reference => about::reference::run(),
        Command::Guard => Ok(hidden::guard()),
        Command::Exec { parent, cpus, hold, unprivileged, descriptors, command } => {
            Ok(hidden::exec(&Become { cpus, parent, hold, unprivileged, descriptors, command }))
        }
        Command::Spin { share } => spanfate_run::host::spin::spin(share),
    }
}

/// Looks at every file; the first error decides the exit code.
fn validate(arguments: &ValidateArguments, color: bool) -> Result<ExitCode, Error> {
    let overrides = arguments.overrides.all();
    let mut first = None;
    for file in &arguments.files {
        match scenario_file::load_with(file, &overrides, color) {
            Ok(loaded) => {
                loaded.warnings.iter().for_each(|text| show::note(text));
                show::note(&format!("{}: valid ({})", file.display(), loaded.plan.load));
            }
            Err(error) if first.is_none() => first = Some(error),
            Err(error) => show::error(&error, color),
        }
    }
    first.map_or(Ok(ExitCode::Pass), Err)
}
