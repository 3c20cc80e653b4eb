//! Arguments of what build servers read.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CiArguments {
    /// Write junit.xml, summary.md, benchmark.txt, bmf.json and result.json into this directory; in a GitHub workflow also the
    /// step's summary and annotations.
    #[arg(long = "ci", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
