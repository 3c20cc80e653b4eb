//! What is rendered of made-up results, with the conclusions that a run or a reader of an older result adds, and the command that
//! whoever renders it hands in.

use spanfate_analysis::with_insights;
use spanfate_model::result::RunResult;

/// A command that nobody's program knows, with all of a result's own names in it.
fn again(result: &RunResult) -> String {
    let names = result.plan.variants.iter().map(|variant| variant.name.as_str());
    format!("run-again {} {}", result.run_id, names.collect::<Vec<_>>().join(" "))
}

/// A result with its conclusions.
pub(crate) fn concluded(result: &RunResult) -> RunResult {
    with_insights(result.clone())
}

/// The report.
pub(crate) fn html(result: &RunResult) -> String {
    spanfate_report::html(&concluded(result), Some(&again(result)))
}

/// The checks.
pub(crate) fn junit(result: &RunResult) -> String {
    spanfate_report::junit(&concluded(result), Some(&again(result)))
}

/// The summary.
pub(crate) fn markdown(result: &RunResult) -> String {
    spanfate_report::markdown(&concluded(result), Some(&again(result)))
}
