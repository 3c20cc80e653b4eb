//! Files of claims, read and checked: each number once, each scenario and variant there, each claim judged by something.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spanfate_model::finding::claims::register::{
    ClaimsFile, ContractTest, InspectionTest, RegisteredClaim, RunAsked, RunTest,
};
use spanfate_model::scenario::figure::nearest;
use spanfate_run::host::project::Project;

use crate::error::Error;
use crate::scenario_file::{self, Misfit, typed, variant_names};
use crate::session::outside::contract::{GivenContract, given};

/// What is known while files are checked, so that nothing is looked up twice.
#[derive(Default)]
struct KnownClaims {
    /// The file of each number.
    numbers: BTreeMap<u32, String>,
    /// The variants of each scenario, or why it cannot be used.
    scenarios: BTreeMap<String, Result<Vec<String>, String>>,
}

/// The files that are given, or the project's own, in the order of their names.
pub(super) fn read(files: &[PathBuf], color: bool) -> Result<Vec<ClaimsFile>, Error> {
    let own;
    let files = if files.is_empty() {
        own = own_files()?;
        own.as_slice()
    } else {
        files
    };
    let mut known = KnownClaims::default();
    files.iter().map(|path| read_one(path, &mut known, color)).collect()
}

fn own_files() -> Result<Vec<PathBuf>, Error> {
    let folder = Project::find()?.claims();
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::Missing {
            what: "the folder of claims",
            name: folder.display().to_string(),
            hint: "; give a file with --file".to_owned(),
        });
    }
    Ok(files)
}

fn read_one(path: &Path, known: &mut KnownClaims, color: bool) -> Result<ClaimsFile, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::Missing {
            what: "the file of claims",
            name: path.display().to_string(),
            hint: String::new(),
        },
        _ => Error::Run(spanfate_run::RunError::File { action: "read", path: path.to_owned(), source }),
    })?;
    typed(path, &text, color, |file: &ClaimsFile| check(file, &path.display().to_string(), known))
}

fn check(file: &ClaimsFile, name: &str, known: &mut KnownClaims) -> Vec<Misfit> {
    let mut out = Vec::new();
    if file.claims.is_empty() {
        out.push(misfit(&["claim"], "there is no claim".to_owned(), "write at least one `[[claim]]`"));
    }
    for (at, claim) in file.claims.iter().enumerate() {
        let at = at.to_string();
        of_claim(claim, &at, name, known, &mut out);
        for (nth, test) in claim.runs.iter().enumerate() {
            of_run(test, &["claim", &at, "run", &nth.to_string()], known, &mut out);
        }
        for (nth, test) in claim.inspections.iter().enumerate() {
            of_inspection(test, &["claim", &at, "inspect", &nth.to_string()], &mut out);
        }
        for (nth, test) in claim.contracts.iter().enumerate() {
            of_contract(test, &["claim", &at, "contract", &nth.to_string()], known, &mut out);
        }
    }
    for (at, step) in file.steps.iter().enumerate() {
        let at = at.to_string();
        for number in step.claims.iter().filter(|number| !known.numbers.contains_key(number)) {
            let message = format!("no claim before it has the number {number}");
            out.push(misfit(&["step", &at, "claims"], message, "name the claims that are behind this step"));
        }
    }
    out
}

fn misfit(path: &[&str], message: String, help: &str) -> Misfit {
    let path = path.iter().map(|part| (*part).to_owned()).collect();
    Misfit { path, message, help: Some(help.to_owned()) }
}

fn no_condition(path: &[&str; 5]) -> Misfit {
    misfit(path, "a premise is a condition".to_owned(), "compare the figure with a bound")
}

fn of_claim(claim: &RegisteredClaim, at: &str, name: &str, known: &mut KnownClaims, out: &mut Vec<Misfit>) {
    if let Some(file) = known.numbers.insert(claim.number, name.to_owned()) {
        let message = format!("number {} stands twice; the other one is in {file}", claim.number);
        out.push(misfit(&["claim", at, "number"], message, "give each claim a number of its own"));
    }
    for (key, text) in [("says", &claim.says), ("section", &claim.section)] {
        if text.trim().is_empty() {
            out.push(misfit(&["claim", at, key], format!("`{key}` is empty"), "write a text"));
        }
    }
    if !claim.is_judged() && claim.not_testable.is_none() {
        let help = "add `run`, `inspect` or `contract`, or say in `not_testable` why nothing would tell";
        out.push(misfit(&["claim", at, "number"], "nothing judges this claim".to_owned(), help));
    }
    if claim.nearest.is_some() && claim.not_testable.is_none() {
        let message = "`nearest` stands with `not_testable` only".to_owned();
        out.push(misfit(
            &["claim", at, "nearest"],
            message,
            "a claim that can be tested needs no nearest question",
        ));
    }
}

fn of_run(test: &RunTest, path: &[&str; 4], known: &mut KnownClaims, out: &mut Vec<Misfit>) {
    let [claim, at, run, nth] = *path;
    let variants =
        known.scenarios.entry(test.scenario.clone()).or_insert_with(|| variants_of(&test.scenario));
    let variants = match variants {
        Ok(variants) => variants,
        Err(why) => {
            let path = [claim, at, run, nth, "scenario"];
            return out.push(misfit(&path, why.clone(), "`spanfate list` shows all scenarios"));
        }
    };
    if test.premise && matches!(test.that, RunAsked::Shows(_)) {
        out.push(no_condition(&[claim, at, run, nth, "that"]));
    }
    if test.variants.as_ref().is_some_and(Vec::is_empty) {
        let path = [claim, at, run, nth, "variants"];
        out.push(misfit(&path, "it names no variant".to_owned(), "leave `variants` out for all of them"));
    }
    for name in test.variants.iter().flatten().filter(|name| !variants.contains(name)) {
        let help = match nearest(name, variants.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", variants.join(", ")),
        };
        let path = [claim, at, run, nth, "variants"];
        out.push(misfit(&path, format!("`{}` has no variant `{name}`", test.scenario), &help));
    }
}

fn of_inspection(test: &InspectionTest, path: &[&str; 4], out: &mut Vec<Misfit>) {
    let [claim, at, inspect, nth] = *path;
    let (name, takes) = (test.name.as_str(), test.name.takes());
    if test.premise && test.that.test.is_none() {
        out.push(no_condition(&[claim, at, inspect, nth, "that"]));
    }
    match &test.of {
        None if !takes.is_empty() => {
            let message = format!("`{name}` is asked about something");
            let help = format!("write `of = \"{takes}\"`");
            out.push(misfit(&[claim, at, inspect, nth, "name"], message, &help));
        }
        Some(_) if takes.is_empty() => {
            let message = format!("`{name}` is asked about nothing");
            out.push(misfit(&[claim, at, inspect, nth, "of"], message, "leave `of` out"));
        }
        _ => {}
    }
}

fn of_contract(test: &ContractTest, path: &[&str; 4], known: &mut KnownClaims, out: &mut Vec<Misfit>) {
    let [claim, at, contract, nth] = *path;
    let scenario =
        known.scenarios.entry(test.scenario.clone()).or_insert_with(|| variants_of(&test.scenario));
    if let Err(why) = scenario {
        let path = [claim, at, contract, nth, "scenario"];
        out.push(misfit(&path, why.clone(), "`spanfate list` shows all scenarios"));
    }
    if !["kept", "broken", "open"].contains(&test.that.figure.as_str()) {
        let message = format!("a contract has no figure `{}`", test.that.figure);
        let help =
            "ask for the number of rules that are `kept`, `broken` or `open`, for example `broken > 0`";
        out.push(misfit(&[claim, at, contract, nth, "that"], message, help));
    }
    if test.premise && test.that.test.is_none() {
        out.push(no_condition(&[claim, at, contract, nth, "that"]));
    }
    if let Err(error) = contract_of(test) {
        let help = "name a file in `scenarios/`, or give its whole path";
        out.push(misfit(&[claim, at, contract, nth, "file"], error.to_string(), help));
    }
}

/// The contract that a test names.
pub(super) fn contract_of(test: &ContractTest) -> Result<GivenContract, Error> {
    given(&Project::find()?.scenarios().join(&test.file))
}

/// The variants of a scenario, or what is wrong with it.
fn variants_of(name: &str) -> Result<Vec<String>, String> {
    match scenario_file::load(Path::new(name), false) {
        Ok(loaded) => {
            let names = variant_names(&loaded.scenario);
            Ok(names.into_iter().map(str::to_owned).collect())
        }
        Err(Error::Scenario(_)) => {
            Err(format!("the scenario `{name}` is not valid; see `spanfate validate {name}`"))
        }
        Err(error) => Err(error.to_string()),
    }
}
