//! What is rendered, with the command that whoever renders it hands in.

use spanfate_model::result::RunResult;

/// A command that nobody's program knows, with all of a result's own names in it.
fn again(result: &RunResult) -> String {
    let names = result.plan.variants.iter().map(|variant| variant.name.as_str());
    format!("run-again {} {}", result.run_id, names.collect::<Vec<_>>().join(" "))
}

/// The report.
pub(crate) fn html(result: &RunResult) -> String {
    spanfate_report::html(result, Some(&again(result)))
}

/// The checks.
pub(crate) fn junit(result: &RunResult) -> String {
    spanfate_report::junit(result, Some(&again(result)))
}

/// The summary.
pub(crate) fn markdown(result: &RunResult) -> String {
    spanfate_report::markdown(result, Some(&again(result)))
}
