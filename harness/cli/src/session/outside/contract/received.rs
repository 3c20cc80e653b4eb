//! What comes to a receiver for a time.

use std::net::SocketAddr;
use std::time::Duration;

use spanfate_analysis::contract::ContractEvidence;
use spanfate_model::finding::contract::Contract;
use spanfate_model::format::layout::TrialDir;
use spanfate_model::quantity::unit::Period;
use spanfate_run::host::clock;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::receive::{ReceiveOptions, Station, endpoint};
use spanfate_run::receiver::{ReceiverConfig, ReceiverCounts};

use super::OF_ARRIVALS;
use super::evidence::of_kept;
use crate::error::Error;

/// How often is looked whether it should end.
const LOOK: Duration = Duration::from_millis(50);

/// Where to listen, and for how long: until a signal where no time is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContractStation {
    pub(crate) listen: SocketAddr,
    pub(crate) lasting: Option<Period>,
}

/// What is told while it receives.
pub(crate) enum ReceivedNews {
    /// It listens at this endpoint.
    Begins(String),
    /// How it stands.
    Stands(ReceiverCounts),
}

/// Receives, and gives what was seen.
pub(crate) fn receive(
    station: &ContractStation,
    contract: &Contract,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(&ReceivedNews),
) -> Result<ContractEvidence, Error> {
    let folder = tempfile::tempdir().map_err(|source| spanfate_run::RunError::System {
        action: "make a folder for what is received; TMPDIR says where",
        source,
    })?;
    let receiver = Station::open(&ReceiveOptions {
        listen: station.listen,
        out: None,
        answer_after: None,
        max_spans: ReceiverConfig::MOST_SPANS,
        relay: None,
        keep: Some(folder.path().to_owned()),
    })?;
    tell(&ReceivedNews::Begins(endpoint(receiver.address())));
    let until = station.lasting.map(|lasting| clock::now().saturating_add(lasting.nanos()));
    while !interrupt.requested() && receiver.is_open() && until.is_none_or(|until| clock::now() < until) {
        tell(&ReceivedNews::Stands(receiver.counts()));
        std::thread::sleep(LOOK);
    }
    let totals = receiver.close()?;
    let mut evidence = ContractEvidence::new(Some(contract), OF_ARRIVALS);
    evidence.has_whole_spans();
    if let Some(kept) = &totals.kept {
        of_kept(
            &mut evidence,
            &TrialDir(folder.path().to_owned()),
            (kept, totals.kept_logs.as_ref()),
            "the receiver",
        )?;
    }
    let unread: u64 = totals.unread.iter().map(|unread| unread.requests).sum();
    for (count, what) in [
        (unread, "requests could not be read"),
        (totals.refused, "spans were refused"),
        (totals.stalled, "requests were begun and not completed"),
    ] {
        if count > 0 {
            evidence.whole_spans_lack(format!("{count} {what}"));
        }
    }
    for (count, what) in [(totals.metrics.refused, "metrics"), (totals.logs.refused, "log records")] {
        if count > 0 {
            evidence.signals_lack(format!("{count} requests with {what} were refused"));
        }
    }
    Ok(evidence)
}
