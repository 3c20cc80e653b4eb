//! A scenario file, from text to a checked [`Scenario`], with every mistake shown where it stands.

mod check;
mod mend;
pub(crate) mod parse;
mod render;
mod replay;
mod sweep;

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use spanfate_model::plan::Plan;
use spanfate_model::scenario::Scenario;
use spanfate_model::scenario::figure::nearest;
use spanfate_run::host::project::Project;

use crate::error::Error;

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
}

/// Finds and reads a scenario. A path works; a bare name, or one with the name of a folder
/// there before it, is looked up in `scenarios/`, with or without `.toml`.
pub(crate) fn load(name: &Path, color: bool) -> Result<Loaded, Error> {
    let path = find(name)?;
    let text = std::fs::read_to_string(&path).map_err(|source| {
        Error::Run(spanfate_run::RunError::File { action: "read", path: path.clone(), source })
    })?;
    let folder = folder_of(&path)?;
    match parse::parse(&text, &folder) {
        Ok((scenario, plan)) => Ok(Loaded { scenario, plan, text, folder }),
        Err(diagnostics) => Err(Error::Scenario(render::render(&path, &text, &diagnostics, color))),
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
            None => format!("; scenarios/ has: {}", known.join(", ")),
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
