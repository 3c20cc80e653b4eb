//! Who reads a contract and keeps what is wrong with it.

use spanfate_model::finding::contract::{Contract, ContractItem, ContractPlace, nearest};

use crate::lint::yaml::{BrokenYaml, YamlNode, YamlValue};

/// Errors that are told of one file.
const MOST_ERRORS: usize = 20;

#[derive(Default)]
pub(super) struct ContractReader {
    errors: Vec<BrokenYaml>,
}

/// Where a value stands; a contract has one file.
pub(super) fn place(node: &YamlNode) -> ContractPlace {
    ContractPlace { file: 0, line: node.line, column: node.column }
}

pub(super) fn at<T>(node: &YamlNode, value: T) -> ContractItem<T> {
    ContractItem { value, at: place(node) }
}

/// A value for people, short.
pub(super) fn shown(node: &YamlNode) -> String {
    match &node.value {
        YamlValue::Scalar { text, .. } if text.chars().count() > 60 => {
            format!("`{}…`", text.chars().take(60).collect::<String>())
        }
        YamlValue::Scalar { text, .. } => format!("`{text}`"),
        YamlValue::List(_) => "a list".to_owned(),
        YamlValue::Map(_) => "a map".to_owned(),
    }
}

impl ContractReader {
    pub(super) fn wrong(&mut self, node: &YamlNode, what: &str) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(BrokenYaml { line: node.line, column: node.column, what: what.to_owned() });
        }
    }

    pub(super) fn lacks(&mut self, node: &YamlNode, what: &str, key: &str) {
        // What is wrong within it says more.
        if !self.errors.iter().any(|error| error.line >= node.line) {
            self.wrong(node, &format!("{what} lacks `{key}`"));
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.errors.is_empty()
    }

    /// The contract, unless something is wrong with it; errors by their place.
    pub(super) fn done(mut self, contract: Contract) -> Result<Contract, Vec<BrokenYaml>> {
        self.errors.sort_by_key(|error| (error.line, error.column));
        if self.errors.is_empty() { Ok(contract) } else { Err(self.errors) }
    }

    /// The entries of a map that may have these keys; others are errors.
    pub(super) fn map<'a>(
        &mut self,
        node: &'a YamlNode,
        what: &str,
        known: &[&str],
    ) -> Vec<(&'a str, &'a YamlNode)> {
        let mut out = Vec::new();
        for (key, value) in self.entries(node, what) {
            let Some(name) = key.text() else { continue };
            if known.contains(&name) {
                out.push((name, value));
                continue;
            }
            let meant = nearest(name, known.iter().copied());
            let meant = meant.map_or_else(
                || format!("known are {}", known.join(", ")),
                |word| format!("did you mean `{word}`?"),
            );
            self.wrong(key, &format!("{what} has no key {}; {meant}", shown(key)));
        }
        out
    }

    /// The entries of a map, with those that are merged into it.
    pub(super) fn entries<'a>(
        &mut self,
        node: &'a YamlNode,
        what: &str,
    ) -> Vec<(&'a YamlNode, &'a YamlNode)> {
        if !matches!(node.value, YamlValue::Map(_)) {
            self.wrong(node, &format!("{what} is a map of keys and values, not {}", shown(node)));
            return Vec::new();
        }
        let mut out: Vec<(&YamlNode, &YamlNode)> = Vec::new();
        let mut merged = Vec::new();
        for (key, value) in node.pairs() {
            match key.text() {
                Some("<<") if value.list().is_empty() => merged.push(value),
                Some("<<") => merged.extend(value.list()),
                Some(_) => out.push((key, value)),
                None => self.wrong(key, "a key is a word, not a list or a map"),
            }
        }
        for (key, value) in merged.into_iter().flat_map(YamlNode::pairs) {
            if out.iter().all(|(own, _)| own.text() != key.text()) {
                out.push((key, value));
            }
        }
        out
    }

    /// The items of a list.
    pub(super) fn list<'a>(&mut self, node: &'a YamlNode, what: &str) -> &'a [YamlNode] {
        match &node.value {
            YamlValue::List(items) if !items.is_empty() => items,
            YamlValue::List(_) => {
                self.wrong(node, &format!("the list of {what} is empty; leave it out, or say which"));
                &[]
            }
            _ => {
                self.wrong(node, &format!("here is a list of {what}, `- …` each, not {}", shown(node)));
                &[]
            }
        }
    }

    /// Text that is not empty.
    pub(super) fn text(&mut self, node: &YamlNode, what: &str) -> Option<ContractItem<String>> {
        let text = node.text().filter(|text| !text.trim().is_empty() && !node.is_null());
        if text.is_none() {
            let not = if node.text().is_some() { "nothing".to_owned() } else { shown(node) };
            self.wrong(node, &format!("here is {what}, not {not}"));
        }
        text.map(|text| at(node, text.to_owned()))
    }

    /// Names, each once.
    pub(super) fn names(&mut self, node: &YamlNode, what: &str) -> Vec<ContractItem<String>> {
        let mut out: Vec<ContractItem<String>> = Vec::new();
        for one in self.list(node, "names") {
            let Some(name) = self.text(one, what) else { continue };
            if out.iter().any(|known| known.value == name.value) {
                self.wrong(one, &format!("`{}` is there twice", name.value));
            } else {
                out.push(name);
            }
        }
        out
    }
}
