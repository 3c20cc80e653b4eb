//! Rendering: a [`RunResult`] becomes a summary for the terminal, one self-contained HTML file, or what
//! a build server reads of it.
//!
//! Pure functions without a clock: the same result gives the same bytes.

mod answers;
mod ci;
mod claims;
mod designs;
mod figures;
mod markup;
mod page;
mod pipelines;
mod plot;
mod terminal;
mod text;

use spanfate_model::advice::hop::NamedHopPlan;
use spanfate_model::advice::observed::FleetRow;
use spanfate_model::advice::plan::AdvicePlan;
use spanfate_model::books::explain::Explanation;
use spanfate_model::books::logs::TrialLines;
use spanfate_model::finding::canary::CanaryResult;
use spanfate_model::finding::claims::ClaimsRecord;
use spanfate_model::finding::claims::register::{ClaimsFile, RegisteredClaim};
use spanfate_model::finding::collector::CollectorPeek;
use spanfate_model::finding::contract::ContractResult;
use spanfate_model::finding::diff::{DiffCounts, DiffResult, DiffTraces, LiveVerdict};
use spanfate_model::finding::evaluation::Evaluation;
use spanfate_model::finding::forecast::DropForecast;
use spanfate_model::finding::frontier::Frontier;
use spanfate_model::finding::index::RunEntry;
use spanfate_model::finding::lint::{LintDemand, LintedFile};
use spanfate_model::finding::noise::NoiseTable;
use spanfate_model::finding::outside::{OutsideSuspect, OutsideWhy};
use spanfate_model::finding::peek::Peek;
use spanfate_model::finding::selftest::Selftest;
use spanfate_model::finding::verify::Verification;
use spanfate_model::result::{Comparison, ProbeResult, RunResult};

pub use crate::designs::{DesignColumns, DesignSection};
pub use crate::page::index::IndexLinks;
pub use crate::terminal::TableStyle;

/// The summary for a terminal: a table of the variants, the lost fates, the books, the witnesses and the verdict.
pub fn table(result: &RunResult, style: TableStyle) -> String {
    terminal::render(result, style)
}

/// Comparisons of two runs, as text.
pub fn comparisons(all: &[Comparison], style: TableStyle) -> String {
    terminal::comparisons(all, style)
}

/// Spans, explained, as text.
pub fn explained(all: &[Explanation], style: TableStyle) -> String {
    terminal::explain::render(all, style)
}

/// Why each variant lost spans, and what helps, as text.
pub fn why(result: &RunResult, style: TableStyle) -> String {
    terminal::why::render(result, style)
}

/// What became of advised settings when they ran; ends with a newline.
pub fn verification(found: &Verification, style: TableStyle) -> String {
    terminal::why::verify::render(found, style)
}

/// What to set in place of each variant of a run that lost spans; ends with a newline.
pub fn advice_of_run(result: &RunResult, style: TableStyle) -> String {
    terminal::why::advice(result, style)
}

/// Answers to hidden faults beside the truth, as Markdown that a terminal shows as well.
pub fn evaluation(found: &Evaluation) -> String {
    terminal::why::evaluation::render(found)
}

/// The limits of a scenario's configurations, and what its own demand needs of the service and of each collector, as text.
pub fn frontier(found: &Frontier, advised: Option<&AdvicePlan>, hops: &[NamedHopPlan]) -> String {
    terminal::frontier::render(found, advised, hops)
}

/// A self-test as text.
pub fn selftest(found: &Selftest) -> String {
    terminal::selftest::render(found)
}

/// Verdicts on a disturbed machine beside the truth, as text. `library` is all that may run.
pub fn noise(found: &NoiseTable, library: &[&str]) -> String {
    terminal::noise::render(found, library)
}

/// The same as the page docs/noise.md; scenarios of the library that did not run are named there, too.
pub fn noise_page(found: &NoiseTable, library: &[&str]) -> String {
    terminal::noise::page(found, library)
}

/// Designs under test beside their contenders, as the page docs/designs.md.
pub fn designs(sections: &[DesignSection<'_>]) -> String {
    designs::page(sections)
}

/// What the probes saw of a process that was joined for so many seconds, as text. `gone`: it ended meanwhile.
pub fn joined(seen: &ProbeResult, seconds: f64, gone: bool) -> String {
    terminal::attach_pid::render(seen, seconds, gone)
}

/// What to set for a demand, beside the defaults and what is set now, as text.
pub fn plan(plan: &AdvicePlan) -> String {
    terminal::advice::plan(plan)
}

/// What to set of exporters of collectors for a demand, beside what is set now, as text; ends with a newline.
pub fn hop_plans(all: &[NamedHopPlan]) -> String {
    terminal::advice::hop::plans(all)
}

/// What metrics say of batch processors and of exporters of collectors, and what follows, as text.
pub fn observed(rows: &[FleetRow]) -> String {
    terminal::advice::observed(rows)
}

/// Why spans are lost as far as outside data say it, as text.
pub fn outside(found: &OutsideWhy) -> String {
    terminal::why::outside::render(found)
}

/// Who lost spans and why, by tables of metrics and traces alone, as text.
pub fn outside_suspects(found: &[OutsideSuspect]) -> String {
    terminal::why::outside::suspects(found)
}

/// When a batch processor will drop its first span, in a line; so many seconds after the first look.
pub fn drop_forecast(one: &DropForecast, at_s: f64) -> String {
    terminal::why::outside::forecast(one, at_s)
}

/// The same of all of them at the end.
pub fn drop_forecasts(all: &[DropForecast]) -> String {
    terminal::why::outside::forecasts(all)
}

/// Claims with their verdicts, as text.
pub fn claims(claims: &[RegisteredClaim], record: &ClaimsRecord, style: TableStyle) -> String {
    claims::render(claims, record, style)
}

/// How claims are judged, as text.
pub fn claims_listed(claims: &[RegisteredClaim]) -> String {
    claims::listed(claims)
}

/// The page docs/claims.md, of the files of claims and what was published of them.
pub fn claims_page(files: &[ClaimsFile], record: &ClaimsRecord) -> String {
    claims::page::render(files, record)
}

/// The same as one HTML file.
pub fn claims_html(files: &[ClaimsFile], record: &ClaimsRecord) -> String {
    page::court::render(files, record)
}

/// What a canary found, as text.
pub fn canary(found: &CanaryResult, style: TableStyle) -> String {
    pipelines::canary::render(found, style)
}

/// The same as a page for Prometheus; `open` traces wait for their outcome.
pub fn canary_metrics(found: &CanaryResult, open: u64) -> String {
    pipelines::exposed::render(found, open)
}

/// A contract held against what was seen, as text.
pub fn contract(found: &ContractResult, style: TableStyle) -> String {
    pipelines::contract::render(found, style)
}

/// The same as `JUnit` XML: a case for each rule; what is open is an error, never skipped.
pub fn contract_junit(found: &ContractResult) -> String {
    ci::contracted::junit(found)
}

/// The same in the shape of Weaver's live check, with its ids.
pub fn contract_weaver(found: &ContractResult) -> serde_json::Value {
    pipelines::contract::weaver::value(found)
}

/// Two stores of spans held against each other, as text.
pub fn diff(found: &DiffResult, style: TableStyle) -> String {
    pipelines::diff::render(found, style)
}

/// The verdict of a trace in a live comparison, as a line.
pub fn diff_verdict(verdict: &LiveVerdict) -> String {
    pipelines::diff::verdict_line(verdict)
}

/// How a live comparison stands, as a line.
pub fn diff_stands(counts: &DiffCounts, traces: &DiffTraces) -> String {
    pipelines::diff::stands(counts, traces)
}

/// The same as `JUnit` XML; what is inconclusive is an error, never skipped.
pub fn diff_junit(found: &DiffResult) -> String {
    ci::diffed::junit(found)
}

/// The same in Markdown, the answer first.
pub fn diff_markdown(found: &DiffResult) -> String {
    ci::markdown::diffed::render(found)
}

/// The same as a page, with the first traces that differ drawn one above the other.
pub fn diff_page(found: &DiffResult) -> String {
    page::apart::render(found)
}

/// Log lines held against the spans of trials, as text; ends with a newline.
pub fn logs(trials: &[TrialLines], style: TableStyle) -> String {
    pipelines::logs::render(trials, style)
}

/// What is wrong with configurations of collectors, as text.
pub fn linted(files: &[LintedFile], demand: &LintDemand, style: TableStyle) -> String {
    pipelines::lint::render(files, demand, style)
}

/// What was seen of collectors that run, an exporter each, as text; ends with a newline.
pub fn collectors(all: &[CollectorPeek]) -> String {
    terminal::peek::collectors::render(all)
}

/// The same as a line per exporter, while they are watched.
pub fn collectors_line(all: &[CollectorPeek]) -> String {
    terminal::peek::collectors::line(all)
}

/// A peek at a process, as text.
pub fn peek(peek: &Peek) -> String {
    terminal::peek::render(peek)
}

/// A peek at a process in a line.
pub fn peek_line(peek: &Peek) -> String {
    terminal::peek::line(peek)
}

/// The report as one HTML file that needs neither scripts nor the network. `again` is the command that runs it again, where one
/// does: whoever renders knows how the program is called, and a report does not.
pub fn html(result: &RunResult, again: Option<&str>) -> String {
    page::render(result, again)
}

/// Two runs side by side, as one HTML file, with what comparing them variant by variant has shown.
pub fn side_by_side(baseline: &RunResult, candidate: &RunResult, all: &[Comparison]) -> String {
    page::side::render(baseline, candidate, all)
}

/// All runs of a results folder as one page, newest first.
pub fn index(entries: &[RunEntry], links: IndexLinks) -> String {
    page::index::render(entries, links)
}

/// The checks of a run as `JUnit` XML; what is inconclusive is an error, never skipped.
/// `again` as in [`html`].
pub fn junit(result: &RunResult, again: Option<&str>) -> String {
    ci::junit::render(result, again)
}

/// A summary in Markdown, verdict first, of at most 60,000 bytes: for the summary of a workflow or a comment.
/// `again` as in [`html`].
pub fn markdown(result: &RunResult, again: Option<&str>) -> String {
    ci::markdown::render(result, again)
}

/// Go's benchmark format, a line per trial, for `benchstat`.
pub fn gobench(result: &RunResult) -> String {
    ci::gobench::render(result)
}

/// Bencher Metric Format: a JSON object of measures by variant.
pub fn bmf(result: &RunResult) -> String {
    ci::bmf::render(result)
}

/// The reasons as workflow commands of GitHub, a line each; empty for a pass.
pub fn annotations(result: &RunResult) -> String {
    ci::annotations::render(result)
}
