//! A scenario file, from text to a checked [`Scenario`], with every mistake shown where it stands.

mod check;
mod diagnose;
mod doubts;
mod mend;
mod overrides;
pub(crate) mod parse;
mod render;
mod replay;
mod sweep;
mod syntax;
mod table;
mod takes;
#[cfg(test)]
mod tests;
mod typed;

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use spanfate_model::plan::Plan;
use spanfate_model::scenario::Scenario;
use spanfate_model::scenario::figure::nearest;
use spanfate_run::host::project::Project;

use crate::error::Error;
pub(crate) use overrides::Override;
use parse::Parsed;
use render::Source;
pub(crate) use typed::{Misfit, typed};

/// Something that is wrong with a scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Diagnostic {
    /// Where, in bytes.
    pub(crate) span: Option<Range<usize>>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

/// A scenario as it was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) scenario: Scenario,
    /// What it comes to.
    pub(crate) plan: Plan,
    pub(crate) text: String,
    /// The file's folder: paths in the scenario begin there.
    pub(crate) folder: PathBuf,
    /// What is valid in it and hardly meant so, ready to be shown.
    pub(crate) warnings: Option<String>,
}

/// Finds and reads a scenario. A path works; a bare name, or one with the name of a folder
/// there before it, is looked up in `scenarios/`, with or without `.toml`.
pub(crate) fn load(name: &Path, color: bool) -> Result<Loaded, Error> {
    load_with(name, &[], color)
}

/// The same, with what the command line sets in place of the file.
pub(crate) fn load_with(name: &Path, overrides: &[Override], color: bool) -> Result<Loaded, Error> {
    let path = find(name)?;
    let text = std::fs::read_to_string(&path).map_err(|source| {
        Error::Run(spanfate_run::RunError::File { action: "read", path: path.clone(), source })
    })?;
    let folder = folder_of(&path)?;
    read(&Source { path: &path, text: &text, overrides }, folder, color)
}

/// Checks a scenario that was made of the command line; `called` is its name in diagnostics.
pub(crate) fn of_text(called: &str, text: &str, folder: PathBuf, color: bool) -> Result<Loaded, Error> {
    let source = Source { path: Path::new(called), text, overrides: &[] };
    read(&source, folder, color).map_err(|error| match error {
        Error::Scenario(text) => Error::Given(text),
        other => other,
    })
}

/// Checks a scenario that is there as text.
fn read(source: &Source<'_>, folder: PathBuf, color: bool) -> Result<Loaded, Error> {
    match parse::read(source.text, &folder, source.overrides) {
        Ok(Parsed { scenario, plan, warnings }) => {
            let warnings = (!warnings.is_empty()).then(|| render::doubts(source, &warnings, color));
            Ok(Loaded { scenario, plan, text: source.text.to_owned(), folder, warnings })
        }
        Err(diagnostics) => {
            let text = render::mistakes(source, &diagnostics, color);
            let given = |one: &Diagnostic| one.span.as_ref().is_some_and(|at| at.start > source.text.len());
            // A file is not to blame for what the command line makes of it.
            Err(if diagnostics.iter().all(given) { Error::Given(text) } else { Error::Scenario(text) })
        }
    }
}

fn folder_of(path: &Path) -> Result<PathBuf, Error> {
    let whole = std::fs::canonicalize(path).map_err(|source| {
        Error::Run(spanfate_run::RunError::File { action: "find", path: path.to_owned(), source })
    })?;
    Ok(whole.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned))
}

/// The plan of a scenario that was changed after it was read, or what is wrong with it now.
pub(crate) fn resolve(scenario: &Scenario) -> Result<Plan, String> {
    let problem = |mut all: Vec<check::Problem>| all.swap_remove(0).message;
    check::check(scenario).map_err(problem)
}

pub(crate) use check::variant_names;

fn find(name: &Path) -> Result<PathBuf, Error> {
    if name.is_file() {
        return Ok(name.to_owned());
    }
    let folder = Project::find()?.scenarios();
    let bare = name.components().all(|part| matches!(part, Component::Normal(_)));
    let with_ending = folder.join(format!("{}.toml", name.display()));
    let found = [folder.join(name), with_ending].into_iter().find(|path| bare && path.is_file());
    found.ok_or_else(|| {
        let known = all(&folder);
        let stem = name.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let hint = match nearest(&stem, known.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean `{near}`?"),
            // All of them would be a page of names.
            None => "; give the path of a file, or a name that `spanfate list` shows".to_owned(),
        };
        Error::Missing { what: "scenario", name: name.display().to_string(), hint }
    })
}

/// Names of the scenarios in a folder, sorted.
pub(crate) fn all(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}
