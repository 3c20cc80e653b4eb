//! Designs that a command measures: which there are, and what a file that one of them wrote says.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use spanfate_analysis::is_undisturbed;
use spanfate_model::finding::designs::command::{
    DesignCommand, DesignCommands, DesignFigure, DesignMeasurement, MeasuredContender, MeasuredRepeat,
};
use spanfate_model::finding::designs::{DesignContender, DesignRun};
use spanfate_run::RunError;
use spanfate_run::host::project::Project;

use super::{known, mixed};
use crate::error::Error;
use crate::scenario_file::{Misfit, typed};

/// The file that lists them, in `go-fixtures/`.
const FILE: &str = "designs.toml";
/// Most bytes of what a command writes.
const MOST_BYTES: u64 = 8 << 20;

/// Every command that measures a design.
pub(super) fn standing(color: bool) -> Result<Vec<DesignCommand>, Error> {
    let path = Project::find()?.fixtures().join(FILE);
    let text = fs::read_to_string(&path).map_err(|source| unread(&path, source))?;
    Ok(typed(&path, &text, color, misfits)?.commands)
}

fn unread(path: &Path, source: std::io::Error) -> Error {
    Error::Run(RunError::File { action: "read", path: path.to_owned(), source })
}

fn misfits(file: &DesignCommands) -> Vec<Misfit> {
    let mut out = Vec::new();
    let mut misfit = |at: usize, key: &str, message: String, help: &str| {
        let path = vec!["command".to_owned(), at.to_string(), key.to_owned()];
        out.push(Misfit { path, message, help: Some(help.to_owned()) });
    };
    for (at, command) in file.commands.iter().enumerate() {
        let DesignCommand { name, design, asks, run, sentence } = command;
        let texts =
            [("name", name), ("design", design), ("asks", asks), ("run", run), ("sentence", sentence)];
        for (key, text) in texts {
            if text.trim().is_empty() || text.contains('\n') {
                misfit(at, key, format!("`{key}` is no line of text"), "write one line");
            }
        }
        if file.commands[..at].iter().any(|before| before.name == *name) {
            misfit(at, "name", format!("`{name}` stands twice"), "give each command a name of its own");
        }
    }
    out
}

/// What tells a result of a run from what a command wrote.
#[derive(Deserialize)]
struct WithPlan {
    #[serde(default)]
    plan: Option<IgnoredAny>,
}

/// The text of a file that a command wrote; `None` for a run.
pub(super) fn written(name: &Path) -> Result<Option<String>, Error> {
    if !name.is_file() {
        return Ok(None);
    }
    let failed = |source| unread(name, source);
    let mut bytes = Vec::new();
    let file = fs::File::open(name).map_err(failed)?;
    // The beginning of a result of a run says so, however long it is.
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Ok(None);
    }
    let is_run = serde_json::from_slice::<WithPlan>(&bytes).is_ok_and(|found| found.plan.is_some());
    let text = String::from_utf8(bytes).map_err(|error| {
        Error::Scenario(format!("{}: byte {} is no UTF-8", name.display(), error.utf8_error().valid_up_to()))
    })?;
    Ok((!is_run).then_some(text))
}

/// What a command measured, with its name; it must still be the command that stands there.
pub(super) fn measured(
    name: &Path,
    text: &str,
    commands: &[DesignCommand],
) -> Result<(String, DesignRun), Error> {
    let name = name.display();
    let measurement: DesignMeasurement = serde_json::from_str(text).map_err(|error| {
        // The text of the error ends with its place, which stands in front here.
        let (line, column) = (error.line(), error.column());
        let said = error.to_string().replace(&format!(" at line {line} column {column}"), "");
        Error::Scenario(format!("{name}:{line}:{column}: {said}; a command writes it with -json"))
    })?;
    measurement.check().map_err(|unfit| Error::Scenario(format!("{name}: {} {}", unfit.at, unfit.what)))?;
    let Some(command) = commands.iter().find(|command| command.name == measurement.name) else {
        let known: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
        return Err(Error::Unsuited(format!(
            "{name} was measured by `{}`, which is not in go-fixtures/{FILE}; there are {}",
            measurement.name,
            known.join(", ")
        )));
    };
    if measurement.command != command.run {
        return Err(Error::Unsuited(format!(
            "{name} was measured by `{}`, and go-fixtures/{FILE} has another command line today; measure again: {}",
            measurement.command, command.run
        )));
    }
    let contender = |one: &MeasuredContender| contender(one, &measurement);
    let run = DesignRun {
        plan: mixed(command.run.as_bytes()),
        sdk: measurement.sdk.clone(),
        machine: Some(measurement.machine.clone()),
        contenders: measurement.contenders.iter().map(contender).collect(),
        figures: measurement.figures.clone(),
    };
    Ok((command.name.clone(), run))
}

fn contender(of: &MeasuredContender, measurement: &DesignMeasurement) -> DesignContender {
    let one = |figure: &DesignFigure| {
        let values = of.values.get(&figure.name)?.iter().zip(&measurement.repeats);
        let valid = |repeat: &MeasuredRepeat| {
            !figure.unit.is_clocked() || is_undisturbed(repeat.stolen, repeat.others)
        };
        let values: Vec<_> = values.filter_map(|(value, repeat)| Some(((*value)?, valid(repeat)))).collect();
        Some((figure.name.clone(), known(&values)?))
    };
    let figures: BTreeMap<_, _> = measurement.figures.iter().filter_map(one).collect();
    DesignContender { name: of.name.clone(), figures }
}

#[cfg(test)]
mod tests;
