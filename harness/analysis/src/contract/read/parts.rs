//! The values of a contract: shares, kinds, types of attributes.

use std::collections::BTreeMap;

use spanfate_model::finding::contract::{
    ArriveRule, AttributeRule, ContractInstrument, ContractItem, ContractKind, ContractShare, ContractValue,
    VALUE_TYPES, nearest,
};

use super::reader::{ContractReader, at, place, shown};
use crate::lint::yaml::{YamlNode, YamlValue};

const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];
const INSTRUMENTS: [&str; 4] = ["counter", "updowncounter", "gauge", "histogram"];
const ATTRIBUTE: [&str; 2] = ["type", "values"];
/// Longest value that may be listed, bytes: of values that are seen no more is kept.
const LONGEST_VALUE: usize = 200;

/// A share as text: `0.1 %`.
fn share_of(text: &str) -> Option<ContractShare> {
    let digits = text.strip_suffix('%')?;
    let digits = digits.strip_suffix(' ').unwrap_or(digits);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let percent: f64 = digits.parse().ok().filter(|_| plain)?;
    (percent <= 100.0).then_some(ContractShare(percent / 100.0))
}

/// A scalar with its type, as YAML has it.
fn value_of(node: &YamlNode) -> Option<ContractValue> {
    let YamlValue::Scalar { text, plain } = &node.value else { return None };
    let of = |of, text: String| Some(ContractValue { of, text });
    if !plain {
        return of("string", text.clone());
    }
    if let Ok(number) = text.parse::<i64>() {
        return of("int", number.to_string());
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    match text.parse::<f64>() {
        Ok(number) if numeric && number.is_finite() => of("double", format!("{number:?}")),
        _ if matches!(text.as_str(), "true" | "false") => of("boolean", text.clone()),
        _ if node.is_null() => None,
        _ => of("string", text.clone()),
    }
}

impl ContractReader {
    pub(super) fn share(&mut self, node: &YamlNode) -> Option<ContractItem<ContractShare>> {
        let share = node.text().and_then(share_of);
        if share.is_none() {
            self.wrong(node, &format!("{} is no share; write percent, for example \"0.1 %\"", shown(node)));
        }
        share.map(|share| at(node, share))
    }

    pub(super) fn arrive(&mut self, node: &YamlNode) -> Option<ContractItem<ArriveRule>> {
        let text = node.text().unwrap_or_default();
        let count = text.parse().ok().filter(|count| *count > 0).map(ArriveRule::Count);
        let rule = count.or_else(|| share_of(text).map(ArriveRule::Share));
        if rule.is_none() {
            let what = format!(
                "{} says neither how many spans must arrive nor which share; write `arrive: 1` or `arrive: \"99 %\"`",
                shown(node)
            );
            self.wrong(node, &what);
        }
        rule.map(|rule| at(node, rule))
    }

    /// One of some words.
    fn word(&mut self, node: &YamlNode, what: &str, words: &[&'static str]) -> Option<&'static str> {
        let written = node.text().unwrap_or_default();
        let found = words.iter().copied().find(|word| *word == written);
        if found.is_none() {
            let meant = nearest(written, words.iter().copied()).map_or_else(
                || format!("known are {}", words.join(", ")),
                |word| format!("did you mean `{word}`?"),
            );
            self.wrong(node, &format!("{} is no {what}; {meant}", shown(node)));
        }
        found
    }

    pub(super) fn kind(&mut self, node: &YamlNode) -> Option<ContractKind> {
        self.word(node, "kind of a span", &KINDS).map(ContractKind)
    }

    pub(super) fn instrument(&mut self, node: &YamlNode) -> Option<ContractItem<ContractInstrument>> {
        self.word(node, "instrument", &INSTRUMENTS).map(|word| at(node, ContractInstrument(word)))
    }

    pub(super) fn attributes(&mut self, node: &YamlNode) -> BTreeMap<String, AttributeRule> {
        let mut out = BTreeMap::new();
        for (key, value) in self.entries(node, "`attributes`") {
            if let (Some(name), Some(rule)) = (key.text(), self.attribute(key, value)) {
                out.insert(name.to_owned(), rule);
            }
        }
        out
    }

    fn attribute(&mut self, key: &YamlNode, node: &YamlNode) -> Option<AttributeRule> {
        let plain =
            AttributeRule { of: None, values: Vec::new(), open: false, optional: false, at: place(key) };
        if node.is_null() {
            return Some(plain);
        }
        if node.text().is_some() {
            let of = self.word(node, "type of an attribute", &VALUE_TYPES);
            return of.map(|of| AttributeRule { of: Some(of), ..plain });
        }
        let mut rule = plain;
        let mut listed: &[YamlNode] = &[];
        for (key, node) in self.map(node, "an attribute", &ATTRIBUTE) {
            match key {
                "type" => rule.of = self.word(node, "type of an attribute", &VALUE_TYPES),
                _ => listed = self.list(node, "values"),
            }
        }
        for one in listed {
            rule.values.extend(self.value(one, rule.of));
        }
        Some(rule)
    }

    /// A value that an attribute of that type may have.
    fn value(&mut self, node: &YamlNode, of: Option<&'static str>) -> Option<ContractValue> {
        let Some(value) = value_of(node) else {
            self.wrong(node, &format!("a value is text, a number, or true or false, not {}", shown(node)));
            return None;
        };
        if value.text.len() > LONGEST_VALUE {
            self.wrong(node, &format!("a value has at most {LONGEST_VALUE} bytes"));
            return None;
        }
        match (of, value.of) {
            (None | Some("any"), _) => Some(value),
            (Some(of), own) if of == own => Some(value),
            (Some("double"), "int") => {
                let number: f64 = value.text.parse().ok()?;
                Some(ContractValue { of: "double", text: format!("{number:?}") })
            }
            (Some("string"), _) => {
                self.wrong(
                    node,
                    &format!("{} is of type {} here; put it into quotes", shown(node), value.of),
                );
                None
            }
            (Some(of), own) => {
                self.wrong(
                    node,
                    &format!("{} is of type {own}, and the attribute of type {of}", shown(node)),
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent() {
        for (text, share) in [("0.1 %", 0.001), ("0%", 0.0), ("100 %", 1.0), ("12.5%", 0.125)] {
            assert!((share_of(text).unwrap().0 - share).abs() < 1e-12, "{text}");
        }
        for text in ["", "%", "1", "101 %", "-1 %", "1e1 %", "0.1  %", ".5 %", "5. %", "inf %", "nan%"] {
            assert_eq!(share_of(text), None, "{text}");
        }
    }
}
