//! Arguments of what build servers read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CiArguments {
    /// Write junit.xml, summary.md, benchmark.txt, bmf.json and result.json into this directory; in a GitHub workflow also the
    /// step's summary and annotations.
    #[arg(long = "ci", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// A results directory, or the id of a run in results/.
    pub(crate) run: PathBuf,
    /// What to render. All but html go to stdout without --output.
    #[arg(long, value_enum, default_value_t = Rendered::Html)]
    pub(crate) format: Rendered,
    /// Where to write it; default of html: reports/RUN.html.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rendered {
    /// The report, one file for a browser.
    Html,
    /// Test results as XML: a test case per check; what is inconclusive is an error.
    Junit,
    /// A summary for people, at most 60,000 bytes.
    Markdown,
    /// Go's benchmark format, a line per trial, for benchstat.
    Gobench,
    /// Bencher Metric Format.
    Bmf,
    /// Workflow commands of GitHub: a line per reason.
    Annotations,
    /// The result itself.
    Json,
}
