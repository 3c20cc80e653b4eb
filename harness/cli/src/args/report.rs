//! Arguments of `spanfate report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::whole;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["run", "compare", "index", "serve"]))]
pub(crate) struct ReportArguments {
    /// A results directory, or the id of a run in results/.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<PathBuf>,
    /// Show two runs side by side on one page: verdicts, loss by variant, every figure as `compare` judges it.
    #[arg(long, num_args = 2, value_names = ["BASE", "CAND"])]
    pub(crate) compare: Vec<PathBuf>,
    /// Write a page of all runs in results/ to reports/index.html: newest first, with verdict, loss and a link to the report.
    #[arg(long)]
    pub(crate) index: bool,
    /// Serve that page, the reports and comparisons until Ctrl-C. Only this machine can reach them.
    #[arg(long)]
    pub(crate) serve: bool,
    /// Serve on this port. Without it the system chooses one.
    #[arg(long, value_name = "PORT", conflicts_with_all = ["run", "compare", "index"], value_parser = whole::<u16>)]
    pub(crate) port: Option<u16>,
    /// The folder of the runs, in place of results/.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["run", "compare"])]
    pub(crate) results: Option<PathBuf>,
    /// Open what was written in a browser.
    #[arg(long, conflicts_with = "serve")]
    pub(crate) open: bool,
    /// What to render. All formats but html go to stdout where --output names no file.
    #[arg(long, value_enum, default_value_t = Rendered::Html, conflicts_with_all = ["compare", "index", "serve"])]
    pub(crate) format: Rendered,
    /// The file to write. Html goes to reports/ by default.
    #[arg(long, short, value_name = "FILE", conflicts_with = "serve")]
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
