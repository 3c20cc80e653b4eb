//! Arguments of `explain`.

use clap::Args;

use super::up_to_a_thousand;

#[derive(Debug, Args)]
#[command(
    override_usage = "spanfate explain SPAN_ID|TRACE_ID [RUN]\n       spanfate explain --sample FATE [--count N] [RUN]"
)]
pub(crate) struct ExplainArguments {
    /// The id of a span or of a trace; 4 digits of its beginning are enough where only one begins so. Then the run: a results
    /// directory or an id, by default the newest in results/. With --sample only the run.
    #[arg(value_name = "ID RUN", num_args = 0..=2)]
    pub(crate) words: Vec<String>,
    /// Explain spans of this fate, for example `dropped_queue_full`, the first by the time of their loss. A name such as
    /// `export_failed` stands for all its reasons.
    #[arg(long, value_name = "FATE")]
    pub(crate) sample: Option<String>,
    /// How many spans of that fate, up to 1000.
    #[arg(long, value_name = "N", default_value = "1", requires = "sample", value_parser = up_to_a_thousand)]
    pub(crate) count: u16,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}
