//! Arguments of what watches programs and clients that are not ours: `attach`, `peek`, `receive`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_run::receiver::Upstream;

use super::{Output, percent, period, rate, whole};

#[derive(Debug, Args)]
pub(crate) struct AttachArguments {
    /// Send requests to this URL, as a scenario does. `{port}` stands for a free port, here and in the program's arguments.
    #[arg(long, value_name = "URL", conflicts_with = "pid")]
    pub(crate) load: Option<String>,
    /// Requests per second of the load. Default: 100/s.
    #[arg(long, value_name = "RATE", requires = "load", value_parser = rate)]
    pub(crate) rate: Option<Rate>,
    /// How long the load lasts, by default 10s; or how long a process is joined, by default until Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = period)]
    pub(crate) lasting: Option<Period>,
    /// Join this process in place of starting one. Probes alone then say what was started, queued, dropped and exported.
    #[arg(long, value_name = "N", conflicts_with = "command", value_parser = whole::<u32>)]
    pub(crate) pid: Option<u32>,
    /// Hand all that the program exports on to this endpoint, and give it that endpoint's answers (docs/cookbook/relay.md). Without a
    /// URL it goes to where the program's environment points. What the endpoint does not take counts as not received.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["load", "pid"])]
    pub(crate) relay: Option<String>,
    /// Put a collector with this configuration between the program and this receiver: it runs as it stands, but for where it listens and
    /// sends to. What it loses is named, too.
    #[arg(long, value_name = "FILE", conflicts_with = "pid")]
    pub(crate) collector: Option<PathBuf>,
    /// The collector's program, in place of the project's own.
    #[arg(long, value_name = "PROGRAM", requires = "collector")]
    pub(crate) collector_binary: Option<String>,
    /// Say which lines of these log files lead to a span that was received. Of each only what the program adds to it counts. See
    /// `spanfate logs`.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["pid", "json"])]
    pub(crate) logs: Vec<PathBuf>,
    /// The most of one core that the probes may take, for example 2%. Above it they record less, and say so.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) max_overhead: Option<NonZeroU32>,
    /// Time that the program has to stop in order after Ctrl-C, before it is killed.
    #[arg(long, value_name = "TIME", value_parser = period, default_value = "15s")]
    pub(crate) grace: Period,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
    /// The program and its arguments.
    #[arg(last = true, required_unless_present = "pid", value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiveArguments {
    /// Where to listen, for gRPC and HTTP alike. Port 0 takes any free port and prints it.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4317", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    /// Keep the log of every span in this file, 64 bytes each (docs/results.md). It must not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Delay every answer, as a slow backend does, for example 30ms.
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(crate) answer_after: Option<Period>,
    /// Refuse requests with more spans. Behind `--relay` the endpoint decides.
    #[arg(long, value_name = "N", default_value = "65536", value_parser = whole::<NonZeroU32>)]
    pub(crate) max_spans: NonZeroU32,
    /// Hand all that is received on to this endpoint, for example `https://collector.example:4317`, and give its answers to the
    /// clients (docs/cookbook/relay.md). What it does not take counts as refused. `OTEL_EXPORTER_OTLP_CERTIFICATE` names the CA to
    /// trust. What cannot be read here goes on all the same.
    #[arg(long, value_name = "URL", value_parser = upstream)]
    pub(crate) relay: Option<Upstream>,
    /// Print the totals as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("at").required(true).args(["pid", "metrics"])))]
pub(crate) struct PeekArguments {
    /// The process, by its number as it is seen from here, also where it runs in a container.
    #[arg(long, value_name = "N", value_parser = whole::<u32>)]
    pub(crate) pid: Option<u32>,
    /// Pages of metrics of collectors that run, for example `http://localhost:8888/metrics`: what their queues hold, whether they lose
    /// spans, and what to set. Needs no privileges.
    #[arg(long, value_name = "URL", num_args = 1..)]
    pub(crate) metrics: Vec<String>,
    /// Say what the queues of these collectors need so that their back end may be away for so long.
    #[arg(long, value_name = "TIME", value_parser = period, requires = "metrics")]
    pub(crate) outage: Option<Period>,
    /// Watch for so long, by default 15s, or with --watch until Ctrl-C. Ctrl-C ends it early, with all that was seen.
    #[arg(long = "for", value_name = "TIME", value_parser = period)]
    pub(crate) lasting: Option<Period>,
    /// Print a line every second.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) json: bool,
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| format!("{error}; for example 127.0.0.1:4317"))?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}

fn upstream(text: &str) -> Result<Upstream, String> {
    Upstream::base(text, |name| std::env::var(name).ok())
}
