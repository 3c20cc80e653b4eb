//! Contracts: read from where they are, and held against a run, a file of spans, or what comes to a receiver.

mod evidence;
mod received;

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use spanfate_analysis::contract::{
    self, ContractEvidence, HowToSee, RegistryText, is_contract, read_registry,
};
use spanfate_analysis::lint::BrokenYaml;
use spanfate_model::finding::contract::{Contract, ContractResult};
use spanfate_run::store;

pub(crate) use self::evidence::{of_file, of_run};
pub(crate) use self::received::{ContractStation, ReceivedNews, receive};
use crate::error::Error;

/// Most bytes of a file of a contract.
const MOST_BYTES: u64 = 1 << 20;
/// Most files of a registry, and folders in each other.
const MOST_FILES: usize = 2_000;
const DEEPEST: usize = 16;

/// How more is seen of a run.
const OF_RUN: HowToSee = HowToSee {
    whole_spans: "not_kept: the run kept no whole spans; run it with `[receiver] keep = \"spans\"`",
    signals: "not_kept: the run kept no metrics and log records; run it with `[receiver] keep = \"all\"`",
    created: "no witness says what was created; run it with a witness, or under `--attach`",
};

/// How more is seen of what only comes.
const OF_ARRIVALS: HowToSee = HowToSee {
    whole_spans: "not_kept: nothing was kept of the spans",
    signals: "not_kept: metrics and log records were not looked at; use `--receive` or `--attach`",
    created: "what only arrives does not tell what was created; start the program with `--attach`",
};

/// A contract as it was given.
pub(crate) struct GivenContract {
    pub(crate) contract: Contract,
    /// What to call it.
    pub(crate) name: String,
}

/// Reads a contract: a file, or the folder of a registry of Weaver.
pub(crate) fn given(path: &Path) -> Result<GivenContract, Error> {
    let name = path.display().to_string();
    if path.is_dir() {
        let texts = registry(path)?;
        if texts.is_empty() {
            let what = format!("{name} holds no YAML file; give the folder of a registry, or a contract");
            return Err(Error::Unsuited(what));
        }
        let contract = read_registry(&texts).map_err(|(file, broken)| wrong(&file, &[broken]))?;
        return Ok(GivenContract { contract, name });
    }
    let text = text(path)?;
    if !is_contract(&text)
        && text.lines().any(|line| line.starts_with("groups:") || line.starts_with("file_format:"))
    {
        let of_file = [RegistryText { file: name.clone(), text }];
        let contract = read_registry(&of_file).map_err(|(file, broken)| wrong(&file, &[broken]))?;
        return Ok(GivenContract { contract, name });
    }
    let contract = contract::read(&name, &text).map_err(|all| wrong(&name, &all))?;
    Ok(GivenContract { contract, name })
}

/// What is wrong, a line each, with its place.
fn wrong(file: &str, all: &[BrokenYaml]) -> Error {
    let line = |broken: &BrokenYaml| format!("{file}:{}:{}: {}", broken.line, broken.column, broken.what);
    Error::Scenario(all.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// The text of a file of a contract.
fn text(path: &Path) -> Result<String, Error> {
    let name = path.display().to_string();
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => Error::Missing {
            what: "contract",
            name: name.clone(),
            hint: "; `spanfate contract init RUN > .obsrv.yml` writes one to begin with".to_owned(),
        },
        _ => Error::Run(spanfate_run::RunError::File { action: "read", path: path.to_owned(), source }),
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    let place = |at: usize| {
        let before = &bytes[..at];
        let line = before.split(|byte| *byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        (line as u32, column as u32)
    };
    let broken = |at: usize, what: String| {
        let (line, column) = place(at);
        wrong(&name, &[BrokenYaml { line, column, what }])
    };
    if bytes.len() as u64 > MOST_BYTES {
        let what = format!("the file goes on beyond {} MiB; no contract has so much", MOST_BYTES >> 20);
        return Err(broken(MOST_BYTES as usize, what));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(broken(error.valid_up_to(), "this is no text in UTF-8".to_owned())),
    }
}

/// The files of a registry, by name.
fn registry(folder: &Path) -> Result<Vec<RegistryText>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let failed = |source| spanfate_run::RunError::File { action: "list", path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if kind.is_dir() && depth < DEEPEST {
                folders.push((path, depth + 1));
            } else if kind.is_file() && is_yaml(&path) {
                found.push(path);
            }
            if found.len() + folders.len() > MOST_FILES {
                let what = format!(
                    "{} holds more than {MOST_FILES} files; give the folder of one registry",
                    folder.display()
                );
                return Err(Error::Unsuited(what));
            }
        }
    }
    found.sort();
    let read = |path: PathBuf| Ok(RegistryText { file: path.display().to_string(), text: text(&path)? });
    found.into_iter().map(read).collect()
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Holds a contract against what was seen.
pub(crate) fn judged(given: &GivenContract, evidence: &ContractEvidence, against: &str) -> ContractResult {
    contract::judge(&given.contract, &given.name, evidence, against)
}

/// Writes test results.
pub(crate) fn publish(found: &ContractResult, path: &Path) -> Result<(), Error> {
    Ok(store::write_bytes(path, spanfate_report::contract_junit(found).as_bytes())?)
}
