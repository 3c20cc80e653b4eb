//! `spanfate export`: every span of a run as a row, written as it is judged.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;

use spanfate_analysis::{Exported, each_span};
use spanfate_export::{RowFormat, RowWriter};
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::verdict::ExitCode;
use spanfate_run::store;

use crate::args::{ExportArguments, RowsAs};
use crate::error::Error;
use crate::session::runs::{self, Held};
use crate::show;

/// Exports a run, or one trial of it.
pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode, Error> {
    let run = runs::open(&arguments.run)?;
    let plan = run.plan()?;
    let trials = run.begun(&plan, arguments.trial)?;
    let format = match &arguments.format {
        RowsAs { csv: true, .. } => RowFormat::Csv,
        RowsAs { parquet: true, .. } => RowFormat::Parquet,
        _ => RowFormat::Ndjson,
    };
    if format == RowFormat::Parquet && arguments.out.is_none() && io::stdout().is_terminal() {
        let what = "Parquet is no text for a terminal; write it to a file with --out";
        return Err(Error::Refused(what.to_owned()));
    }
    let export = Export { run: &run, plan: &plan, trials: &trials, format };
    match &arguments.out {
        None => match export.write(io::stdout().lock())?.and_then(|()| io::stdout().flush()) {
            // Who reads only the beginning has what was wanted.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            done => done.map_err(Error::Output)?,
        },
        Some(path) => export.to_file(path)?,
    }
    Ok(ExitCode::Pass)
}

struct Export<'a> {
    run: &'a Held,
    plan: &'a Plan,
    trials: &'a [PlannedTrial],
    format: RowFormat,
}

impl Export<'_> {
    /// Writes through a temporary name: a file of the right name is a whole one.
    fn to_file(&self, path: &Path) -> Result<(), Error> {
        let failed = |source| spanfate_run::RunError::ResultNotWritten { path: path.to_owned(), source };
        if store::is_stream(path) {
            let stream = File::options().write(true).open(path).map_err(failed)?;
            return Ok(self.write(stream)?.map_err(failed)?);
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let temporary = path.with_file_name(name);
        let written = self
            .write(File::create(&temporary).map_err(failed)?)
            .and_then(|done| Ok(done.and_then(|()| fs::rename(&temporary, path)).map_err(failed)?));
        written.inspect_err(|_| drop(fs::remove_file(&temporary)))
    }

    /// Writes all rows. The outer result is about what is read, the inner one about what is written.
    fn write(&self, mut to: impl Write) -> Result<io::Result<()>, Error> {
        let mut writer = match RowWriter::begin(&mut to, self.format) {
            Ok(writer) => writer,
            failed => return Ok(failed.map(drop)),
        };
        let mut done = Ok(());
        for planned in self.trials {
            if done.is_err() {
                return Ok(done);
            }
            let logs = self.run.logs(planned)?;
            let exported = each_span(self.plan, planned, &logs, &mut |row| {
                done = writer.row(row);
                if done.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            if done.is_ok() {
                say(planned.index, &exported);
            }
        }
        Ok(done.and_then(|()| writer.finish()))
    }
}

/// Says what the rows cannot.
fn say(trial: u16, exported: &Exported) {
    if !exported.witnessed {
        show::note(&format!(
            "trial {trial} has no process witness: {} rows are the spans that arrived; of {} more that must exist nobody \
             knows the ids",
            exported.rows, exported.without_id
        ));
    }
}
