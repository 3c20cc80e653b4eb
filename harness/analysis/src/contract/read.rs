//! Reads a contract (`.obsrv.yml`), strictly: what it does not know is an error with its place. All errors are told at once.

mod parts;
mod reader;

use spanfate_model::finding::contract::{
    Contract, ContractAlert, ContractItem, LogRule, MetricRule, SpanRule,
};

use self::reader::ContractReader;
use crate::lint::yaml::{self, BrokenYaml, YamlNode};

pub(super) const ROOT: [&str; 7] = ["version", "service", "loss", "spans", "metrics", "logs", "alert"];
pub(super) const SPAN: [&str; 6] = ["name", "service", "kind", "arrive", "loss", "attributes"];
pub(super) const METRIC: [&str; 3] = ["name", "unit", "instrument"];
pub(super) const LOGS: [&str; 1] = ["fields"];
pub(super) const ALERT: [&str; 2] = ["template", "fields"];

/// The version that is read.
const VERSION: u32 = 1;

/// Whether a file may be a contract: `version` is a key of no registry.
pub fn is_contract(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("version:"))
}

/// Reads the text of a contract in a file of that name.
pub fn read(file: &str, text: &str) -> Result<Contract, Vec<BrokenYaml>> {
    let empty = || {
        let what = "there is nothing in it; `spanfate contract init RUN` writes one to begin with";
        vec![BrokenYaml { line: 1, column: 1, what: what.to_owned() }]
    };
    let root = yaml::read(text).map_err(|broken| vec![broken])?.ok_or_else(empty)?;
    if root.is_null() {
        return Err(empty());
    }
    let mut reader = ContractReader::default();
    let contract = contract(&mut reader, &root);
    reader.done(Contract { files: vec![file.to_owned()], ..contract })
}

fn contract(reader: &mut ContractReader, root: &YamlNode) -> Contract {
    let mut out = Contract::default();
    for (key, node) in reader.map(root, "a contract", &ROOT) {
        match key {
            "version" => {
                out.version = VERSION;
                if node.text() != Some("1") {
                    reader.wrong(node, "this program reads version 1 of contracts; write `version: 1`");
                }
            }
            "service" => out.service = reader.text(node, "the name of a service"),
            "loss" => out.loss = reader.share(node),
            "spans" => {
                out.spans = reader.list(node, "spans").iter().filter_map(|one| span(reader, one)).collect();
            }
            "metrics" => {
                out.metrics =
                    reader.list(node, "metrics").iter().filter_map(|one| metric(reader, one)).collect();
            }
            "logs" => out.logs = logs(reader, node),
            "alert" => out.alert = alert(reader, node),
            _ => {}
        }
    }
    if out.version == 0 && reader.is_sound() {
        reader.wrong(root, "the version of the contract's format is absent; begin it with `version: 1`");
    }
    let demands = out.loss.is_some() || out.logs.is_some() || out.alert.is_some();
    if !demands && out.spans.is_empty() && out.metrics.is_empty() && reader.is_sound() {
        reader.wrong(root, "it demands nothing; add `spans`, `metrics`, `logs`, `loss` or `alert`");
    }
    out
}

fn span(reader: &mut ContractReader, node: &YamlNode) -> Option<SpanRule> {
    let mut name = None;
    let mut rule = SpanRule {
        name: ContractItem { value: String::new(), at: reader::place(node) },
        service: None,
        kind: None,
        arrive: None,
        loss: None,
        attributes: std::collections::BTreeMap::new(),
        optional: false,
    };
    for (key, node) in reader.map(node, "a span", &SPAN) {
        match key {
            "name" => name = reader.text(node, "the name of a span"),
            "service" => rule.service = reader.text(node, "the name of a service").map(|name| name.value),
            "kind" => rule.kind = reader.kind(node),
            "arrive" => rule.arrive = reader.arrive(node),
            "loss" => rule.loss = reader.share(node),
            "attributes" => rule.attributes = reader.attributes(node),
            _ => {}
        }
    }
    if name.is_none() {
        reader.lacks(node, "a span", "name");
    }
    Some(SpanRule { name: name?, ..rule })
}

fn metric(reader: &mut ContractReader, node: &YamlNode) -> Option<MetricRule> {
    let of_name = |name| MetricRule { name, unit: None, instrument: None, optional: false };
    if node.text().is_some() {
        return reader.text(node, "the name of a metric").map(of_name);
    }
    let (mut name, mut unit, mut instrument) = (None, None, None);
    for (key, node) in reader.map(node, "a metric", &METRIC) {
        match key {
            "name" => name = reader.text(node, "the name of a metric"),
            "unit" => unit = reader.text(node, "a unit, for example s, By or {request}"),
            "instrument" => instrument = reader.instrument(node),
            _ => {}
        }
    }
    if name.is_none() {
        reader.lacks(node, "a metric", "name");
    }
    Some(MetricRule { unit, instrument, ..of_name(name?) })
}

fn logs(reader: &mut ContractReader, node: &YamlNode) -> Option<LogRule> {
    let mut fields = Vec::new();
    for (key, node) in reader.map(node, "`logs`", &LOGS) {
        if key == "fields" {
            fields = reader.names(node, "the name of a field");
        }
    }
    if fields.is_empty() {
        reader.lacks(node, "`logs`", "fields");
    }
    (!fields.is_empty()).then_some(LogRule { fields })
}

fn alert(reader: &mut ContractReader, node: &YamlNode) -> Option<ContractAlert> {
    let (mut template, mut fields) = (None, Vec::new());
    for (key, node) in reader.map(node, "`alert`", &ALERT) {
        match key {
            "template" => template = reader.text(node, "the text of alerts"),
            "fields" => fields = reader.names(node, "a word of the template"),
            _ => {}
        }
    }
    if template.is_none() {
        reader.lacks(node, "`alert`", "template");
    }
    if fields.is_empty() {
        reader.lacks(node, "`alert`", "fields");
    }
    (!fields.is_empty()).then_some(ContractAlert { template: template?, fields })
}
