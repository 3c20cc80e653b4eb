//! Arguments of what build servers read.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CiArguments {
    /// Write what build servers read into this directory: junit.xml, summary.md, benchmark.txt, bmf.json, result.json. In a GitHub
    /// workflow it also writes the step's summary and annotations (docs/cookbook/github-actions.md, gitlab-ci.md). A file that cannot
    /// be written is exit code 74.
    #[arg(long = "ci", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
