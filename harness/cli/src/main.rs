//! Spanfate: every span gets exactly one fate.

mod args;
mod command;
mod error;
mod outcome;
mod scenario_file;
mod session;
mod show;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return args::usage(&error),
    };
    let color = arguments.color();
    match command::run(arguments) {
        Ok(code) => ExitCode::from(code.number()),
        Err(error) => {
            show::error(&error, color);
            ExitCode::from(error.exit().number())
        }
    }
}
