//! The spans and metrics of a registry as rules.

use spanfate_model::finding::contract::{
    Contract, ContractInstrument, ContractItem, ContractKind, MetricRule, SpanRule,
};

use super::attributes::RegistryAttributes;
use super::{LeftOutKinds, RegistryFile};
use crate::lint::yaml::YamlNode;

/// Lists of the second version that are not made rules, and what is in them.
const OTHER_LISTS: [(&str, &str); 7] = [
    ("events", "an event: fields of log records are not told apart by event"),
    ("entities", "an entity: attributes of resources are not judged"),
    ("span_refinements", "a refinement of a span"),
    ("metric_refinements", "a refinement of a metric"),
    ("event_refinements", "a refinement of an event"),
    ("entity_refinements", "a refinement of an entity"),
    ("imports", "an import of another registry"),
];

pub(super) fn signals<'a>(
    file: &'a RegistryFile,
    attributes: &RegistryAttributes<'a>,
    to: &mut Contract,
    left_out: &mut LeftOutKinds,
) {
    for group in file.groups() {
        match text(group, "type").unwrap_or("span") {
            "span" => to.spans.extend(span(file, group, attributes, left_out)),
            "metric" => to.metrics.extend(metric(file, group, "metric_name", left_out)),
            "attribute_group" => {}
            "event" => left_out.note(OTHER_LISTS[0].1, file.place(group)),
            "resource" | "entity" => left_out.note(OTHER_LISTS[1].1, file.place(group)),
            other => left_out.note(format!("a group of type `{other}`"), file.place(group)),
        }
    }
    to.spans.extend(file.list("spans").iter().filter_map(|node| span(file, node, attributes, left_out)));
    to.metrics.extend(file.list("metrics").iter().filter_map(|node| metric(file, node, "name", left_out)));
    for (key, what) in OTHER_LISTS {
        let Some(node) = file.root.get(key).filter(|_| file.is_second() || key == "imports") else {
            continue;
        };
        let items = node.list();
        for one in items {
            left_out.note(what, file.place(one));
        }
        if items.is_empty() && !node.is_null() {
            left_out.note(what, file.place(node));
        }
    }
}

fn text<'a>(node: &'a YamlNode, key: &str) -> Option<&'a str> {
    node.get(key).and_then(YamlNode::text)
}

/// Whether it must be there. Weaver's own levels of signals are `recommended` and `opt_in`; what must be there is said in an
/// annotation, which Weaver hands through.
fn is_required(node: &YamlNode) -> bool {
    let annotated = node.at(&["annotations", "spanfate", "required"]).and_then(YamlNode::text);
    text(node, "requirement_level") == Some("required") || annotated == Some("true")
}

fn span<'a>(
    file: &'a RegistryFile,
    node: &'a YamlNode,
    attributes: &RegistryAttributes<'a>,
    left_out: &mut LeftOutKinds,
) -> Option<SpanRule> {
    let called = text(node, "id").or_else(|| text(node, "type")).unwrap_or("without an id");
    let annotated = node.at(&["annotations", "spanfate", "name"]);
    let noted = node.at(&["name", "note"]).filter(|note| {
        note.text().is_some_and(|text| !text.trim().is_empty() && !text.contains(['{', '\n']))
    });
    let Some((name, at)) = annotated.or(noted).and_then(|node| Some((node.text()?.trim(), node))) else {
        let what = format!(
            "the span `{called}`: a registry has no name for it that could be compared; say it in `annotations.spanfate.name`"
        );
        left_out.note(what, file.place(node));
        return None;
    };
    let kinds = ["internal", "server", "client", "producer", "consumer"];
    let kind = text(node, "span_kind").or_else(|| text(node, "kind"));
    Some(SpanRule {
        name: ContractItem { value: name.to_owned(), at: file.place(at) },
        service: None,
        kind: kinds.into_iter().find(|known| Some(*known) == kind).map(ContractKind),
        arrive: None,
        loss: None,
        attributes: attributes.rules(file, node, left_out),
        optional: !is_required(node),
    })
}

fn metric(
    file: &RegistryFile,
    node: &YamlNode,
    key: &str,
    left_out: &mut LeftOutKinds,
) -> Option<MetricRule> {
    let item = |key: &str| {
        let node = node.get(key)?;
        Some(ContractItem { value: node.text()?.to_owned(), at: file.place(node) })
    };
    let Some(name) = item(key) else {
        left_out.note("a metric without a name", file.place(node));
        return None;
    };
    if node.get("attributes").is_some_and(|all| !all.list().is_empty()) {
        left_out.note("the attributes of a metric: points are not looked into", file.place(node));
    }
    let instruments = ["counter", "updowncounter", "gauge", "histogram"];
    let instrument = item("instrument").and_then(|item| {
        let known = instruments.into_iter().find(|known| *known == item.value)?;
        Some(ContractItem { value: ContractInstrument(known), at: item.at })
    });
    Some(MetricRule { name, unit: item("unit"), instrument, optional: !is_required(node) })
}
