//! The attributes of a registry: defined once, referred to by signals and groups.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::finding::contract::{AttributeRule, ContractPlace, ContractValue, VALUE_TYPES};

use super::{LeftOutKinds, RegistryFile};
use crate::lint::yaml::{YamlNode, YamlValue};

/// An attribute as it is defined.
struct AttributeDefinition {
    of: Option<&'static str>,
    values: Vec<ContractValue>,
    /// It stands for all that begin with it.
    template: bool,
}

/// All of them, with the groups that signals share.
pub(super) struct RegistryAttributes<'a> {
    defined: BTreeMap<&'a str, AttributeDefinition>,
    /// Groups of both versions, by id.
    groups: BTreeMap<&'a str, (&'a RegistryFile, &'a YamlNode)>,
}

/// A reference to an attribute.
struct AttributeReference {
    required: bool,
    at: ContractPlace,
}

fn text<'a>(node: &'a YamlNode, key: &str) -> Option<&'a str> {
    node.get(key).and_then(YamlNode::text)
}

impl<'a> RegistryAttributes<'a> {
    pub(super) fn new(files: &'a [RegistryFile], left_out: &mut LeftOutKinds) -> Self {
        let mut out = Self { defined: BTreeMap::new(), groups: BTreeMap::new() };
        for file in files {
            for group in file.groups() {
                out.groups.extend(text(group, "id").map(|id| (id, (file, group))));
                for node in group.get("attributes").map_or(&[][..], YamlNode::list) {
                    out.define(file, node, "id", left_out);
                }
            }
            for group in file.list("attribute_groups") {
                out.groups.extend(text(group, "id").map(|id| (id, (file, group))));
            }
            for node in file.list("attributes") {
                out.define(file, node, "key", left_out);
            }
        }
        out
    }

    fn define(&mut self, file: &RegistryFile, node: &'a YamlNode, key: &str, left_out: &mut LeftOutKinds) {
        let (Some(name), Some(of)) = (text(node, key), node.get("type")) else { return };
        let mut definition = AttributeDefinition { of: None, values: Vec::new(), template: false };
        match of.text() {
            Some(word) if word.starts_with("template[") => definition.template = true,
            Some(word) => {
                definition.of = VALUE_TYPES.into_iter().find(|known| *known == word);
                if definition.of.is_none() {
                    left_out.note(format!("the type `{word}`, which is not known here"), file.place(of));
                }
            }
            None => {
                let members = of.get("members").map_or(&[][..], YamlNode::list);
                definition.values = members.iter().filter_map(member).collect();
                definition.of = definition.values.first().map(|value| value.of);
            }
        }
        self.defined.insert(name, definition);
    }

    /// The rules of the attributes that a span refers to, with those of the groups that it extends or refers to.
    pub(super) fn rules(
        &self,
        file: &'a RegistryFile,
        node: &'a YamlNode,
        left_out: &mut LeftOutKinds,
    ) -> BTreeMap<String, AttributeRule> {
        let mut found = BTreeMap::new();
        self.collect(file, node, &mut BTreeSet::new(), &mut found, left_out);
        let mut out = BTreeMap::new();
        for (name, AttributeReference { required, at }) in found {
            let rule = AttributeRule { of: None, values: Vec::new(), open: true, optional: !required, at };
            match self.defined.get(name) {
                Some(definition) if definition.template => {
                    left_out.note("a template of attributes: which names it stands for is open", at);
                }
                Some(AttributeDefinition { of, values, .. }) => {
                    out.insert(name.to_owned(), AttributeRule { of: *of, values: values.clone(), ..rule });
                }
                None => {
                    left_out.note("an attribute of another registry: its type is not judged", at);
                    out.insert(name.to_owned(), rule);
                }
            }
        }
        out
    }

    /// A signal's own references come before those of groups, and these before those of what it extends.
    fn collect(
        &self,
        file: &'a RegistryFile,
        node: &'a YamlNode,
        met: &mut BTreeSet<&'a str>,
        found: &mut BTreeMap<&'a str, AttributeReference>,
        left_out: &mut LeftOutKinds,
    ) {
        let references = node.get("attributes").map_or(&[][..], YamlNode::list);
        let groups = references.iter().filter_map(|one| one.get("ref_group"));
        for named in node.get("extends").into_iter().chain(groups) {
            let Some(id) = named.text() else { continue };
            // One that was met stands already; a circle ends here, too.
            match self.groups.get(id) {
                Some(&(file, group)) if met.insert(id) => self.collect(file, group, met, found, left_out),
                Some(_) => {}
                None => left_out
                    .note(format!("the group `{id}`, which is not in this registry"), file.place(named)),
            }
        }
        for one in references {
            let Some(name) = text(one, "ref").or_else(|| text(one, "id")) else { continue };
            let level = one.get("requirement_level");
            let inherited = found.get(name).is_some_and(|known| known.required);
            let required = level.map_or(inherited, |level| level.text() == Some("required"));
            found.insert(name, AttributeReference { required, at: file.place(one) });
        }
    }
}

/// A member of an enumeration.
fn member(node: &YamlNode) -> Option<ContractValue> {
    let YamlValue::Scalar { text, plain } = &node.get("value")?.value else { return None };
    let of = match text.parse::<i64>() {
        Ok(_) if *plain => "int",
        _ if *plain && matches!(text.as_str(), "true" | "false") => "boolean",
        _ => "string",
    };
    Some(ContractValue { of, text: text.clone() })
}
