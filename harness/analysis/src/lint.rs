//! What in the configuration of a collector loses spans under a demand, by the capacity model. Defaults are those of v0.165.0 of
//! the Collector (tail sampling: v0.160.0).

mod configured;
mod exporters;
mod processors;
mod sending;
#[cfg(test)]
mod tests;
mod values;
mod wiring;
pub(crate) mod yaml;

use spanfate_model::finding::lint::{LintDemand, LintFinding, LintLevel, LintRule, LintedLoss};

pub use self::configured::{ConfiguredExporter, configured};
use self::values::YamlSetting;
pub use self::yaml::BrokenYaml;
use self::yaml::YamlNode;

/// What was found, worst first, then by line; and what could not be judged.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LintReport {
    /// The findings.
    pub findings: Vec<LintFinding>,
    /// Values that are not known here, in words.
    pub not_judged: Vec<String>,
}

/// Looks through the text of a configuration.
pub fn lint(text: &str, demand: &LintDemand) -> Result<LintReport, BrokenYaml> {
    let root = root(text)?;
    let mut linter = Linter::new(&root, demand);
    wiring::check(&mut linter);
    let pipelines = linter.pipelines();
    if !pipelines.iter().any(TracesPipeline::is_of_traces) {
        linter.report.not_judged.push("there is no pipeline of traces".to_owned());
    }
    let of_traces: Vec<TracesPipeline<'_>> =
        pipelines.into_iter().filter(TracesPipeline::is_of_traces).collect();
    for pipeline in &of_traces {
        processors::check(&mut linter, pipeline);
    }
    exporters::check(&mut linter, &of_traces);
    let mut report = linter.report;
    report.findings.sort_by(|a, b| {
        (a.level, a.line, a.column, a.rule, &a.component).cmp(&(
            b.level,
            b.line,
            b.column,
            b.rule,
            &b.component,
        ))
    });
    report.findings.dedup();
    report.not_judged.dedup();
    Ok(report)
}

/// The whole of a configuration.
fn root(text: &str) -> Result<YamlNode, BrokenYaml> {
    let of_none = || BrokenYaml {
        line: 1,
        column: 1,
        what: "there is no `service.pipelines`: this is no configuration of a collector".to_owned(),
    };
    let root = yaml::read(text)?.ok_or_else(of_none)?;
    if root.at(&["service", "pipelines"]).is_none_or(|pipelines| pipelines.pairs().is_empty()) {
        return Err(of_none());
    }
    Ok(root)
}

/// A configuration that is looked through.
struct Linter<'a> {
    root: &'a YamlNode,
    demand: &'a LintDemand,
    report: LintReport,
}

/// What a rule has to say.
struct LintWords {
    level: LintLevel,
    rule: LintRule,
    text: String,
    remedy: String,
    loss: Option<LintedLoss>,
}

impl LintWords {
    fn risk(rule: LintRule, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: LintLevel::Risk, rule, text: text.into(), remedy: remedy.into(), loss: None }
    }

    fn note(rule: LintRule, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: LintLevel::Note, ..Self::risk(rule, text, remedy) }
    }

    fn loss(rule: LintRule, text: impl Into<String>, remedy: impl Into<String>, loss: LintedLoss) -> Self {
        Self { level: LintLevel::Loss, loss: Some(loss), ..Self::risk(rule, text, remedy) }
    }
}

impl<'a> Linter<'a> {
    fn new(root: &'a YamlNode, demand: &'a LintDemand) -> Self {
        Self { root, demand, report: LintReport::default() }
    }

    /// Says something of a component at a place.
    fn say(&mut self, at: &YamlNode, component: &str, said: LintWords) {
        let LintWords { level, rule, text, remedy, loss } = said;
        self.report.findings.push(LintFinding {
            level,
            rule,
            line: at.line,
            column: at.column,
            component: component.to_owned(),
            text,
            remedy,
            loss,
        });
    }

    /// The value or the default; one that is not known is noted.
    fn known<T: Copy>(&mut self, setting: YamlSetting<T>, default: T, at: Option<&YamlNode>) -> Option<T> {
        if let (YamlSetting::Unknown, Some(node)) = (setting, at) {
            let text = node.text().unwrap_or("a list or map");
            self.report.not_judged.push(format!("line {}: `{text}` is not known here", node.line));
        }
        setting.or(default)
    }

    /// A component of a section: where its name stands, and what it is set to.
    fn component(&self, section: &str, name: &str) -> Option<(&'a YamlNode, &'a YamlNode)> {
        let pairs = self.root.get(section)?.pairs();
        pairs.iter().find(|(key, _)| key.text() == Some(name)).map(|(key, value)| (key, value))
    }

    /// All pipelines, whatever they carry.
    fn pipelines(&self) -> Vec<TracesPipeline<'a>> {
        let pipelines = self.root.at(&["service", "pipelines"]).map_or(&[][..], YamlNode::pairs);
        let names = |value: &'a YamlNode, section: &str| {
            let list = value.get(section).map_or(&[][..], YamlNode::list);
            list.iter().filter_map(|node| Some((node, node.text()?))).collect()
        };
        pipelines
            .iter()
            .filter_map(|(key, value)| {
                Some(TracesPipeline {
                    key,
                    name: key.text()?,
                    receivers: names(value, "receivers"),
                    processors: names(value, "processors"),
                    exporters: names(value, "exporters"),
                })
            })
            .collect()
    }
}

/// A pipeline: names of its components, each with its place.
struct TracesPipeline<'a> {
    key: &'a YamlNode,
    name: &'a str,
    receivers: Vec<(&'a YamlNode, &'a str)>,
    processors: Vec<(&'a YamlNode, &'a str)>,
    exporters: Vec<(&'a YamlNode, &'a str)>,
}

impl TracesPipeline<'_> {
    fn is_of_traces(&self) -> bool {
        kind_of(self.name) == "traces"
    }

    /// The first processor of a kind.
    fn processor(&self, kind: &str) -> Option<(&YamlNode, &str)> {
        self.processors.iter().find(|(_, name)| kind_of(name) == kind).map(|(node, name)| (*node, *name))
    }
}

/// Of `otlp/backend` the `otlp`.
fn kind_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name).trim()
}

/// A number for people: whole, with commas.
fn shown(number: f64) -> String {
    spanfate_model::quantity::digits::grouped(&format!("{:.0}", number.max(0.0)))
}
