//! `spanfate lint`: what in the configuration of a collector loses spans.

use std::path::Path;

use spanfate_analysis::lint::lint;
use spanfate_model::finding::lint::{LintDemand, LintLevel, LintedFile};
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;

use crate::args::{LintArguments, TextOrJson};
use crate::error::Error;
use crate::session::outside::configurations;
use crate::show;

/// Looks through each file and prints what was found. A file that cannot be read ends it.
pub(in crate::command) fn run(arguments: &LintArguments, color: bool) -> Result<ExitCode, Error> {
    let demand = LintDemand {
        spans_per_s: arguments.rate.0,
        round_trip_s: arguments.rtt.seconds(),
        outage_s: arguments.outage.seconds(),
        span_bytes: arguments.span_bytes.0 as f64,
        request_spans: f64::from(arguments.spans_per_request.get()),
        trace_spans: f64::from(arguments.spans_per_trace.get()),
    };
    let files = arguments.files.iter().map(|path| linted(path, &demand)).collect::<Result<Vec<_>, _>>()?;
    let text = match arguments.format {
        TextOrJson::Json => show::pretty(&LintAnswer { format: "1.0", demand: &demand, files: &files })?,
        TextOrJson::Text => spanfate_report::linted(&files, &demand, TableStyle { color, width: None }),
    };
    show::data(&text)?;
    let loses = files.iter().flat_map(|file| &file.findings).any(|finding| finding.level == LintLevel::Loss);
    Ok(if loses { ExitCode::ExpectationFailed } else { ExitCode::Pass })
}

/// What `--format json` prints.
#[derive(serde::Serialize)]
struct LintAnswer<'a> {
    format: &'static str,
    demand: &'a LintDemand,
    files: &'a [LintedFile],
}

fn linted(path: &Path, demand: &LintDemand) -> Result<LintedFile, Error> {
    let (file, text) = configurations::read(path)?;
    let report = lint(&text, demand).map_err(|broken| configurations::broken(&file, &broken))?;
    Ok(LintedFile { file, findings: report.findings, not_judged: report.not_judged })
}
