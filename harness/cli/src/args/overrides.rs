//! What the command line sets in place of a scenario's file.

use clap::Args;
use spanfate_model::quantity::unit::{Period, Rate};

use super::{period, rate};
use crate::scenario_file::Override;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OverrideArguments {
    /// Requests per second in place of the file's, for example 1000/s. Short for --set load.rate=RATE.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<Rate>,
    /// Length of the measured part in place of the file's, for example 20s. Short for --set load.lasting=TIME.
    #[arg(long = "for", value_name = "TIME", value_parser = period)]
    lasting: Option<Period>,
    /// A key of the file with another value, for all variants: `--set exporter.queue=8192`. May be given several times. The
    /// result says what was changed.
    #[arg(long, value_name = "KEY=VALUE", value_parser = Override::read)]
    set: Vec<Override>,
}

impl OverrideArguments {
    /// All of them, in the order in which they hold: what `--set` says holds last.
    pub(crate) fn all(&self) -> Vec<Override> {
        let rate = self.rate.map(|rate| Override::text("load.rate", &rate.to_string()));
        let lasting = self.lasting.map(|time| Override::text("load.lasting", &time.to_string()));
        rate.into_iter().chain(lasting).chain(self.set.iter().cloned()).collect()
    }
}
