//! Reads a registry of Weaver, version 1 (`groups`) and 2 (`file_format: definition/2`), as a contract: spans and metrics with what they
//! must have. What of it cannot be judged is listed.

mod attributes;
mod signals;

use std::collections::BTreeMap;

use spanfate_model::finding::contract::{Contract, ContractPlace, NotTaken};

use self::attributes::RegistryAttributes;
use self::signals::signals;
use crate::lint::yaml::{self, BrokenYaml, YamlNode};

/// A file of a registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryText {
    /// Its name.
    pub file: String,
    /// What is in it.
    pub text: String,
}

/// A file that was read.
struct RegistryFile {
    number: u32,
    root: YamlNode,
}

impl RegistryFile {
    fn place(&self, node: &YamlNode) -> ContractPlace {
        ContractPlace { file: self.number, line: node.line, column: node.column }
    }

    /// Whether it is of the second version.
    fn is_second(&self) -> bool {
        self.root
            .get("file_format")
            .and_then(YamlNode::text)
            .is_some_and(|text| text.starts_with("definition/2"))
    }

    /// Its groups of the first version.
    fn groups(&self) -> &[YamlNode] {
        self.root.get("groups").map_or(&[], YamlNode::list)
    }

    /// A list of the second version.
    fn list(&self, key: &str) -> &[YamlNode] {
        if self.is_second() { self.root.get(key).map_or(&[], YamlNode::list) } else { &[] }
    }
}

/// Reads the files of a registry; an error names the file. Nothing of it needs another registry: what is defined there is listed.
pub fn read_registry(texts: &[RegistryText]) -> Result<Contract, (String, BrokenYaml)> {
    let mut files = Vec::new();
    for (number, RegistryText { file, text }) in texts.iter().enumerate() {
        let root = yaml::read(text).map_err(|broken| (file.clone(), broken))?;
        files.extend(root.map(|root| RegistryFile { number: number as u32, root }));
    }
    if !files.iter().any(|file| file.is_second() || file.root.get("groups").is_some()) {
        let what =
            "no file of the folder is one of a registry: they have `groups`, or `file_format: definition/2`";
        let file = texts.first().map_or_else(|| "the folder".to_owned(), |text| text.file.clone());
        return Err((file, BrokenYaml { line: 1, column: 1, what: what.to_owned() }));
    }
    let mut left_out = LeftOutKinds::default();
    for file in &files {
        manifest(file, &mut left_out);
    }
    let attributes = RegistryAttributes::new(&files, &mut left_out);
    let mut contract = Contract {
        version: 1,
        files: texts.iter().map(|text| text.file.clone()).collect(),
        ..Contract::default()
    };
    for file in &files {
        signals(file, &attributes, &mut contract, &mut left_out);
    }
    contract.not_taken = left_out.all(&contract.files);
    Ok(contract)
}

/// What a manifest says of other registries.
fn manifest(file: &RegistryFile, left_out: &mut LeftOutKinds) {
    for one in file.root.get("dependencies").map_or(&[][..], YamlNode::list) {
        left_out.note("another registry that this one depends on: it is not read", file.place(one));
    }
}

/// What was not made a rule, by what it is: how often, and where first.
#[derive(Default)]
struct LeftOutKinds(BTreeMap<String, (u64, ContractPlace)>);

impl LeftOutKinds {
    fn note(&mut self, what: impl Into<String>, at: ContractPlace) {
        self.0.entry(what.into()).or_insert((0, at)).0 += 1;
    }

    fn all(self, files: &[String]) -> Vec<NotTaken> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_by_key(|(_, (_, at))| *at);
        let one = |(what, (count, at)): (String, (u64, ContractPlace))| NotTaken {
            file: files.get(at.file as usize).cloned().unwrap_or_default(),
            line: at.line,
            what: if count == 1 { what } else { format!("{what} ({count} times)") },
        };
        all.into_iter().map(one).collect()
    }
}
