//! The exporters of a configuration with their settings, for whoever advises.

use spanfate_model::advice::hop::HopSettings;
use spanfate_model::finding::lint::LintDemand;

use super::{BrokenYaml, Linter, TracesPipeline, exporters, root};

/// An exporter of traces with its settings, defaults filled in.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfiguredExporter {
    /// Its name.
    pub name: String,
    /// The line in which it stands, from 1.
    pub line: u32,
    /// Its settings; what is not known here is the default.
    pub settings: HopSettings,
}

/// The exporters of traces in the text of a configuration that send over a network, and what of their settings is not known here.
pub fn configured(
    text: &str,
    demand: &LintDemand,
) -> Result<(Vec<ConfiguredExporter>, Vec<String>), BrokenYaml> {
    let root = root(text)?;
    let mut linter = Linter::new(&root, demand);
    let of_traces: Vec<TracesPipeline<'_>> =
        linter.pipelines().into_iter().filter(TracesPipeline::is_of_traces).collect();
    let all = exporters::senders(&mut linter, &of_traces);
    let one = |found: exporters::LintedExporter<'_>| ConfiguredExporter {
        name: found.name.to_owned(),
        line: found.key.line,
        settings: found.sending.settings,
    };
    let out = all.into_iter().map(one).collect();
    let mut unknown = linter.report.not_judged;
    unknown.dedup();
    Ok((out, unknown))
}
