//! What is valid in a scenario, and hardly meant so.

use std::ops::Range;

use spanfate_model::exporter::Exporter;
use spanfate_model::scenario::{Scenario, Variant};
use toml::de::DeTable;

use super::Diagnostic;
use super::table;

/// What deserves a second look.
pub(super) fn doubts(scenario: &Scenario, file: &DeTable<'_>) -> Vec<Diagnostic> {
    let base = [Variant::default()];
    let variants = if scenario.variant.is_empty() { base.as_slice() } else { scenario.variant.as_slice() };
    let mut out = Vec::new();
    for (index, variant) in variants.iter().enumerate() {
        for (number, service) in scenario.services.iter().enumerate() {
            let whole = service.exporter.over(variant.exporter.over(scenario.exporter));
            let Some(message) = too_large(&whole) else { continue };
            let places = [
                format!("service.{number}.exporter.batch"),
                format!("variant.{index}.exporter.batch"),
                "exporter.batch".to_owned(),
            ];
            let span = places.iter().find_map(|path| written(file, path));
            let help = "write a queue of at least the batch; several batches long is usual".to_owned();
            out.push(Diagnostic { span, message, help: Some(help) });
        }
    }
    // What one line sets for several variants is one doubt.
    out.dedup();
    out
}

/// What becomes of a batch that is larger than its queue. The SDK compares the two where it reads them from its variables; what
/// code sets is taken as it is.
fn too_large(exporter: &Exporter) -> Option<String> {
    let (batch, queue) = (exporter.batch?, exporter.queue_or_default());
    let kept = exporter.batch_or_default();
    (kept != batch).then(|| {
        format!("`batch` is {batch} and the queue holds {queue}: the SDK then exports at most {kept} spans at once")
    })
}

/// Where exactly this path is written.
fn written(file: &DeTable<'_>, path: &str) -> Option<Range<usize>> {
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    let span = table::span_of(file, &path)?;
    let (found, _) = table::at(file, &span)?;
    (found.last() == path.last()).then_some(span)
}
