//! Names that are not defined, components that nothing uses, and doors that only this host finds.

use spanfate_model::finding::lint::{LintRule, LintedLoss};

use super::yaml::YamlNode;
use super::{LintWords, Linter, kind_of};

/// Sections whose components stand in pipelines.
const SECTIONS: [&str; 3] = ["receivers", "processors", "exporters"];

pub(super) fn check(linter: &mut Linter<'_>) {
    undefined(linter);
    unused(linter);
    local(linter);
}

/// A collector with an unknown name does not start.
pub(super) fn undefined_here(linter: &mut Linter<'_>, at: &YamlNode, name: &str, section: &str) {
    let text = format!("`{name}` is not defined under `{section}`: the Collector does not start");
    let loss = LintedLoss { spans: None, share: 1.0 };
    let remedy = format!("define it under `{section}`, or take the name away");
    linter.say(at, name, LintWords::loss(LintRule::UndefinedComponent, text, remedy, loss));
}

fn undefined(linter: &mut Linter<'_>) {
    for pipeline in linter.pipelines() {
        for (section, names) in
            SECTIONS.into_iter().zip([&pipeline.receivers, &pipeline.processors, &pipeline.exporters])
        {
            for (node, name) in names {
                // A connector ends one pipeline and begins another.
                let connects = section != "processors" && linter.component("connectors", name).is_some();
                if !connects && linter.component(section, name).is_none() {
                    undefined_here(linter, node, name, section);
                }
            }
        }
    }
    let extensions = linter.root.at(&["service", "extensions"]).map_or(&[][..], YamlNode::list);
    for node in extensions {
        if let Some(name) = node.text().filter(|name| linter.component("extensions", name).is_none()) {
            undefined_here(linter, node, name, "extensions");
        }
    }
}

fn unused(linter: &mut Linter<'_>) {
    let pipelines = linter.pipelines();
    let in_pipelines = |name: &str| {
        pipelines.iter().any(|one| {
            [&one.receivers, &one.processors, &one.exporters]
                .iter()
                .any(|names| names.iter().any(|(_, used)| *used == name))
        })
    };
    for section in SECTIONS.into_iter().chain(["connectors"]) {
        for (key, _) in linter.root.get(section).map_or(&[][..], YamlNode::pairs) {
            if let Some(name) = key.text().filter(|name| !in_pipelines(name)) {
                let text = format!("no pipeline has `{name}` of `{section}`: it does nothing");
                let said = LintWords::note(
                    LintRule::UnusedComponent,
                    text,
                    "put it into a pipeline, or take it away",
                );
                linter.say(key, name, said);
            }
        }
    }
}

/// Ports of OTLP listen on this host alone unless they are told otherwise.
fn local(linter: &mut Linter<'_>) {
    for pipeline in linter.pipelines().iter().filter(|pipeline| pipeline.is_of_traces()) {
        for (_, name) in pipeline.receivers.iter().filter(|(_, name)| kind_of(name) == "otlp") {
            let Some((_, receiver)) = linter.component("receivers", name) else { continue };
            for (key, protocol) in receiver.get("protocols").map_or(&[][..], YamlNode::pairs) {
                let endpoint = protocol.get("endpoint").filter(|endpoint| !endpoint.is_null());
                if endpoint.is_some_and(|endpoint| endpoint.text().is_none_or(|text| !is_local(text))) {
                    continue;
                }
                let protocol = key.text().unwrap_or_default();
                let text = format!(
                    "{protocol} listens on localhost only: senders on other hosts and in other pods are refused"
                );
                let remedy =
                    "set endpoint: 0.0.0.0:PORT, or the pod's address, unless all senders are on this host";
                linter.say(
                    endpoint.unwrap_or(key),
                    name,
                    LintWords::risk(LintRule::LocalEndpoint, text, remedy),
                );
            }
        }
    }
}

fn is_local(endpoint: &str) -> bool {
    let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}
