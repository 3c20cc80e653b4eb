//! Arguments of `spanfate report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["run", "compare", "index", "serve"]))]
pub(crate) struct ReportArguments {
    /// A results directory, or the id of a run in results/.
    pub(crate) run: Option<PathBuf>,
    /// Two runs side by side, as one page.
    #[arg(long, num_args = 2, value_names = ["BASE", "CAND"])]
    pub(crate) compare: Vec<PathBuf>,
    /// A page of all runs in results/, with links to their reports: reports/index.html.
    #[arg(long)]
    pub(crate) index: bool,
    /// Serve that page, the reports and comparisons to this machine only, until Ctrl-C.
    #[arg(long)]
    pub(crate) serve: bool,
    /// On this port; without it the system chooses one.
    #[arg(long, value_name = "PORT", conflicts_with_all = ["run", "compare", "index"])]
    pub(crate) port: Option<u16>,
    /// Another folder of results than the project's.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["run", "compare"])]
    pub(crate) results: Option<PathBuf>,
    /// Open what was written in a browser.
    #[arg(long, conflicts_with = "serve")]
    pub(crate) open: bool,
    /// What to render. All but html go to stdout without --output.
    #[arg(long, value_enum, default_value_t = Rendered::Html, conflicts_with_all = ["compare", "index", "serve"])]
    pub(crate) format: Rendered,
    /// Where to write it; default of html: in reports/.
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
