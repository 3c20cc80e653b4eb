//! `spanfate list`.

use std::fs;
use std::path::{Path, PathBuf};

use spanfate_model::fault::FaultKind;
use spanfate_model::plan::Plan;
use spanfate_model::scenario::Scenario;
use spanfate_model::verdict::ExitCode;
use spanfate_run::host::project::Project;

use crate::error::Error;
use crate::scenario_file::{self, Loaded};
use crate::show;

/// Head of the table in `scenarios/README.md`.
const HEAD: &str = "| scenario | question | load | variants | faults | length |\n|---|---|---|---|---|---|\n";

/// Prints every scenario in `scenarios/` and its folders. As text, a broken one is named as broken; as a table it is an error.
pub(in crate::command) fn run(markdown: bool, color: bool) -> Result<ExitCode, Error> {
    let folder = Project::find()?.scenarios();
    let mut out = if markdown { HEAD.to_owned() } else { String::new() };
    for path in below(&folder) {
        let shown = path.strip_prefix(&folder).unwrap_or(&path);
        match scenario_file::load(&path, color) {
            Ok(loaded) if markdown => out += &row(shown, &loaded),
            Ok(loaded) => out += &line(shown, &loaded.plan),
            Err(error) if markdown => return Err(error),
            Err(_) => {
                out += &format!(
                    "{:<22} is not valid; see `spanfate validate {}`\n",
                    stem(shown),
                    path.display()
                );
            }
        }
    }
    show::data(&out)?;
    Ok(ExitCode::Pass)
}

/// The scenario files of a folder by name, then those of each folder in it. A folder that cannot be read has none.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.path();
        // The type of the entry itself: a link to a folder above would never end.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(path);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    folders.sort();
    files.extend(folders.iter().flat_map(|folder| below(folder)));
    files
}

fn stem(path: &Path) -> String {
    path.with_extension("").display().to_string()
}

fn line(path: &Path, plan: &Plan) -> String {
    let length = show::about(plan.estimated_seconds(&plan.trials));
    let (name, variants) = (stem(path), plan.variants.len());
    format!("{name:<22} {variants:>2} variants, about {length:>6}   {}\n", plan.description)
}

fn row(path: &Path, loaded: &Loaded) -> String {
    let plan = &loaded.plan;
    format!(
        "| `{}` | {} | {} | {} | {} | {} |\n",
        path.display(),
        // A bar would end the cell.
        plan.description.replace('|', "\\|"),
        plan.load,
        plan.variants.len(),
        kinds(&loaded.scenario),
        show::about(plan.estimated_seconds(&plan.trials)),
    )
}

/// The kinds of a scenario's faults, each once, in the order in which the file has them.
fn kinds(scenario: &Scenario) -> String {
    let mut out: Vec<String> = Vec::new();
    for fault in &scenario.fault {
        let name = match &fault.kind {
            FaultKind::Answer(answer) => format!("`answer` {}", answer.name()),
            kind => format!("`{}`", kind.name()),
        };
        if !out.contains(&name) {
            out.push(name);
        }
    }
    if out.is_empty() { "–".to_owned() } else { out.join(", ") }
}
