//! The receiver alone, for whatever sends OTLP: no fixture, no load, no plan. It counts, and judges nothing.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use spanfate_model::format::manifest::{KeptLogs, KeptSpans};
use spanfate_model::format::wire::WireProtocol;
use spanfate_model::limits::LimitMet;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::unread::UnreadRequests;

use self::distinct::distinct;
use crate::RunError;
use crate::host::limits::{LimitsMet, raise_descriptors};
use crate::host::machine;
use crate::receiver::{
    self, KeepPlan, Onlooker, ReceiverConfig, ReceiverCounts, RelayTally, RunningReceiver, SignalTally,
    Upstream,
};

mod distinct;

/// Bytes of the log of a receiver whose log nobody reads.
const UNREAD_LOG: u64 = 64 << 10;

/// Most bytes of a log that is kept; 64 per span.
const KEPT_LIMIT: u64 = 64 << 30;

/// Most bytes of a log that is not kept. It lies in memory where there is tmpfs, of which at most half the rest is taken.
const SCRATCH_LIMIT: u64 = 1 << 30;

/// How the receiver behaves.
#[derive(Clone, Debug)]
pub struct ReceiveOptions {
    /// Where to listen; port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// Where to leave the wire log (`docs/results.md`); without it nothing is left.
    pub out: Option<PathBuf>,
    /// Delay of every answer.
    pub answer_after: Option<Duration>,
    /// Most spans in a request; one with more is refused.
    pub max_spans: u32,
    /// Where all goes on to.
    pub relay: Option<Upstream>,
    /// Where messages are kept whole, metrics and log records as well; without it none is. Behind a relay none is either.
    pub keep: Option<PathBuf>,
}

/// What was received in all.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReceivedTotals {
    /// Connections accepted.
    pub connections: u32,
    /// Requests with spans, taken or refused.
    pub requests: u64,
    /// Spans accepted.
    pub spans: u64,
    /// Different spans among those that are in the log, by trace and span id.
    pub distinct: u64,
    /// Copies beyond the first among those that are in the log.
    pub duplicates: u64,
    /// Spans refused by a limit; a message that was too large to read counts none.
    pub refused: u64,
    /// Requests that were no valid export request.
    pub invalid: u64,
    /// Requests of which no span was read, by reason; the invalid ones are among them.
    pub unread: Vec<UnreadRequests>,
    /// Spans answered but not in the log, because it had reached its limit.
    pub gap: u64,
    /// Requests that were begun and not completed in time; nobody knows their spans.
    pub stalled: u64,
    /// Connections closed because they sent no request in time, or because others needed their room.
    pub closed: u64,
    /// Export requests of metrics.
    pub metrics: SignalTally,
    /// Export requests of logs.
    pub logs: SignalTally,
    /// Limits of the machine and of this process that were met: what was lost there is not the client's doing.
    pub limits_met: Vec<LimitMet>,
    /// What was kept of whole messages, where they were to be kept.
    #[serde(skip)]
    pub kept: Option<KeptSpans>,
    /// Log records that were kept, likewise.
    #[serde(skip)]
    pub kept_logs: Option<KeptLogs>,
    /// What the endpoint behind the relay made of all requests, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<RelayTally>,
}

/// A receiver at work.
#[derive(Debug)]
pub struct Station {
    receiver: RunningReceiver,
    log: File,
    path: PathBuf,
    relays: bool,
    limits: Arc<LimitsMet>,
}

impl Station {
    /// Listens from now on. Fails when the address cannot be had, or when there is a file already where the log should go.
    pub fn open(options: &ReceiveOptions) -> Result<Self, RunError> {
        // Every client has a connection.
        raise_descriptors();
        let scratch = machine::scratch_root(SCRATCH_LIMIT, &std::env::temp_dir());
        let (path, log_limit) = if let Some(path) = &options.out {
            (path.clone(), KEPT_LIMIT)
        } else {
            let free = machine::free_bytes(&scratch).unwrap_or(SCRATCH_LIMIT);
            let name = format!("spanfate-receive-{}.log", std::process::id());
            (scratch.join(name), SCRATCH_LIMIT.min(free / 2))
        };
        let limits = Arc::<LimitsMet>::default();
        let config = ReceiverConfig {
            limits: Arc::clone(&limits),
            listen: options.listen,
            answer_after: options.answer_after,
            max_spans: options.max_spans,
            keep: options.keep.as_deref().map(keep_plan),
            keep_logs: options.keep.as_deref().map(keep_plan),
            ..ReceiverConfig::new(path.clone(), log_limit)
        };
        let receiver = receiver::start_with(config, options.relay.as_ref()).map_err(taken)?;
        let log = File::open(&path).map_err(RunError::file("read", &path))?;
        if options.out.is_none() {
            // It stays readable while it is open, and is gone however this process ends.
            fs::remove_file(&path).map_err(RunError::file("unlink", &path))?;
        }
        Ok(Self { receiver, log, path, relays: options.relay.is_some(), limits })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.receiver.address()
    }

    /// What it has counted so far.
    pub fn counts(&self) -> ReceiverCounts {
        self.receiver.counts()
    }

    /// Why the last request that the relay could not hand on was not.
    pub fn relay_trouble(&self) -> Option<String> {
        self.receiver.relay_trouble()
    }

    /// Whether it still takes requests.
    pub fn is_open(&self) -> bool {
        self.receiver.is_open()
    }

    /// Stops in order: open requests may finish for a second. Then the log is read back.
    pub fn close(mut self) -> Result<ReceivedTotals, RunError> {
        let summary = self.receiver.stop()?;
        let counts = summary.counts;
        let kept = counts.accepted - counts.gap.min(counts.accepted);
        let spans = distinct(&mut self.log, kept).map_err(RunError::file("read", &self.path))?;
        Ok(ReceivedTotals {
            connections: summary.connections,
            requests: counts.requests,
            spans: counts.accepted,
            distinct: spans.distinct,
            duplicates: spans.duplicates,
            refused: counts.refused,
            invalid: counts.invalid,
            unread: summary.unread,
            gap: counts.gap,
            stalled: counts.stalled,
            closed: counts.closed,
            metrics: counts.metrics,
            logs: counts.logs,
            limits_met: self.limits.all(),
            kept: summary.kept,
            kept_logs: summary.kept_logs,
            relay: self.relays.then_some(counts.relay),
        })
    }
}

/// A receiver that shows each message that it accepts, decompressed, with the time at which it was complete, before it is answered. It
/// is shown on the receiver's own thread; clients wait as long as that takes. Nothing of it is kept. The name tells receivers of one
/// process apart.
pub fn showing(
    listen: SocketAddr,
    name: &str,
    show: impl Fn(WireProtocol, MonoNs, &[u8]) + Send + Sync + 'static,
) -> Result<RunningReceiver, RunError> {
    raise_descriptors();
    let folder = machine::scratch_root(UNREAD_LOG, &std::env::temp_dir());
    let log = folder.join(format!("spanfate-{name}-{}.log", std::process::id()));
    let config = ReceiverConfig {
        listen,
        onlooker: Some(Onlooker::new(show)),
        ..ReceiverConfig::new(log.clone(), UNREAD_LOG)
    };
    let receiver = receiver::start(config)?;
    fs::remove_file(&log).map_err(RunError::file("unlink", &log))?;
    Ok(receiver)
}

/// What a folder takes of whole messages: half of what is free, and no more than of a log that nobody keeps.
fn keep_plan(folder: &Path) -> KeepPlan {
    let free = machine::free_bytes(folder).unwrap_or(SCRATCH_LIMIT);
    let most_bytes = SCRATCH_LIMIT.min(free / 2);
    KeepPlan { folder: folder.to_owned(), most_bytes, metric_bytes: Some(most_bytes / 4) }
}

fn taken(error: RunError) -> RunError {
    match error {
        RunError::File { path, source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
            RunError::Taken { path }
        }
        other => other,
    }
}

/// The endpoint a client on this machine uses for a listening address.
pub fn endpoint(address: SocketAddr) -> String {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_can_be_connected_to() {
        let of = |text: &str| endpoint(text.parse().unwrap());
        assert_eq!(of("0.0.0.0:4317"), "http://127.0.0.1:4317");
        assert_eq!(of("[::]:1"), "http://[::1]:1");
        assert_eq!(of("10.0.0.1:80"), "http://10.0.0.1:80");
    }
}
