//! Arguments of `contract`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spanfate_model::quantity::unit::{Period, Rate};

use crate::args::watch::listen;
use crate::args::{period, rate, whole};

#[derive(Debug, Args)]
pub(crate) struct ContractArguments {
    /// What to do.
    #[arg(value_name = "ACTION", value_enum)]
    pub(crate) action: ContractAction,
    /// A results directory, the id of a run in results/, or a file of spans with attributes (OTLP, Jaeger, Tempo).
    #[arg(value_name = "RUN", required_unless_present_any = ["attach", "receive"], conflicts_with_all = ["attach", "receive"])]
    pub(crate) run: Option<PathBuf>,
    /// The contract: a file, or the folder of a registry of Weaver.
    #[arg(long, value_name = "FILE", default_value = ".obsrv.yml")]
    pub(crate) contract: PathBuf,
    /// Only this trial of the run, by its number.
    #[arg(long, value_name = "N", requires = "run", value_parser = whole::<u16>)]
    pub(crate) trial: Option<u16>,
    /// Start the program that stands behind `--`, as `attach` does, and hold the contract against what it showed until its end.
    #[arg(long, requires = "command", conflicts_with = "receive")]
    pub(crate) attach: bool,
    /// Send requests to this URL of the program. `{port}` stands for a free port, here and in the program's arguments.
    #[arg(long, value_name = "URL", requires = "attach")]
    pub(crate) load: Option<String>,
    /// Requests per second of the load. Default: 100/s.
    #[arg(long, value_name = "RATE", requires = "load", value_parser = rate)]
    pub(crate) rate: Option<Rate>,
    /// Receive what any client sends over OTLP, until Ctrl-C or for the time of --for. It does not see what was lost.
    #[arg(long)]
    pub(crate) receive: bool,
    /// Where to listen, for gRPC and HTTP alike. Port 0 takes any free port and prints it.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4317", requires = "receive", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    /// How long the load lasts, by default 10s; or how long to receive, by default until Ctrl-C.
    #[arg(long = "for", value_name = "TIME", conflicts_with = "run", value_parser = period)]
    pub(crate) lasting: Option<Period>,
    /// Directory for the results of an attached program. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR", requires = "attach")]
    pub(crate) out: Option<PathBuf>,
    /// How to print what was found: `weaver` is the shape of Weaver's live check.
    #[arg(long, value_enum, default_value_t = ContractFormat::Text)]
    pub(crate) format: ContractFormat,
    /// Print it as JSON: the same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Write test results for build servers to this file: a test case for each rule.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(last = true, value_name = "COMMAND", requires = "attach")]
    pub(crate) command: Vec<String>,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContractFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// One JSON object, as Weaver's live check writes it.
    Weaver,
}

/// What to do with a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContractAction {
    /// Hold it against a run, a program that is started, or what comes to a receiver.
    Check,
    /// Print one to begin with: what a run showed, as rules that it keeps.
    Init,
}

impl ContractArguments {
    /// An option that only a check takes, where one is given.
    pub(crate) fn of_check(&self) -> Option<&'static str> {
        let given = [
            ("--attach", self.attach),
            ("--receive", self.receive),
            ("--json", self.json),
            ("--format", self.format != ContractFormat::Text),
            ("--junit", self.junit.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}
