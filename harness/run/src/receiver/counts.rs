//! What a receiver counts.

mod unread;

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use spanfate_model::format::wire::Relayed;
use spanfate_model::unread::UnreadReason;

use self::unread::UnreadTally;

/// What a receiver has counted so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReceiverCounts {
    /// Messages of spans taken or refused; invalid ones are not among them.
    pub requests: u64,
    /// Spans accepted.
    pub accepted: u64,
    /// Spans not accepted: refused by a limit, or rejected or failed as the script wants it.
    pub refused: u64,
    /// Messages that were no valid export request; they are not in the log.
    pub invalid: u64,
    /// Requests of which no span was read, for whatever reason; the invalid ones are among them, and what was refused by a limit.
    pub unread: u64,
    /// Spans answered but not in the log.
    pub gap: u64,
    /// Requests, of whatever signal, that were begun and not completed in time; nothing of them is in the log.
    pub stalled: u64,
    /// Connections the receiver closed: they sent no request in time, or others needed their room. One whose
    /// request stalled is not among them.
    pub closed: u64,
    /// Export requests of metrics.
    pub metrics: SignalTally,
    /// Export requests of logs.
    pub logs: SignalTally,
    /// Requests of all signals that went through a relay and have their end.
    pub relay: RelayTally,
}

/// Requests that were handed on to the user's own endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct RelayTally {
    /// The endpoint took them.
    pub taken: u64,
    /// It answered that it does not.
    pub refused: u64,
    /// It gave no answer, or the client did not wait for it.
    pub unanswered: u64,
}

/// Requests of a signal that is accepted but not looked into: a client that also sends it must not see errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SignalTally {
    /// Messages accepted.
    pub requests: u64,
    /// Their bytes, uncompressed.
    pub bytes: u64,
    /// Messages refused by the limit on bytes.
    pub refused: u64,
}

/// What a request carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OtlpSignal {
    Traces,
    Metrics,
    Logs,
    /// Nobody here knows.
    Unknown,
}

/// The counts while they grow.
#[derive(Debug, Default)]
pub(super) struct GrowingCounts {
    pub(super) requests: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) unread: UnreadTally,
    pub(super) gap: AtomicU64,
    pub(super) stalled: AtomicU64,
    pub(super) closed: AtomicU64,
    metrics: Growing,
    logs: Growing,
    relayed: AtomicU64,
    relay_refused: AtomicU64,
    relay_unanswered: AtomicU64,
}

/// A tally while it grows.
#[derive(Debug, Default)]
pub(super) struct Growing {
    requests: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
}

impl GrowingCounts {
    pub(super) fn counts(&self) -> ReceiverCounts {
        ReceiverCounts {
            requests: read(&self.requests),
            accepted: read(&self.accepted),
            refused: read(&self.refused),
            invalid: self.unread.of(UnreadReason::Undecodable),
            unread: self.unread.total(),
            gap: read(&self.gap),
            stalled: read(&self.stalled),
            closed: read(&self.closed),
            metrics: self.metrics.tally(),
            logs: self.logs.tally(),
            relay: RelayTally {
                taken: read(&self.relayed),
                refused: read(&self.relay_refused),
                unanswered: read(&self.relay_unanswered),
            },
        }
    }

    /// The endpoint behind a relay said what becomes of a request with so many spans.
    pub(super) fn settle(&self, signal: OtlpSignal, relayed: Relayed, spans: u32) {
        let (kind, accepted) = match relayed {
            Relayed::Taken { rejected } => (&self.relayed, spans - rejected.min(spans)),
            Relayed::Refused => (&self.relay_refused, 0),
            Relayed::No | Relayed::Unanswered => (&self.relay_unanswered, 0),
        };
        kind.fetch_add(1, Ordering::Relaxed);
        if signal == OtlpSignal::Traces {
            self.accepted.fetch_add(u64::from(accepted), Ordering::Relaxed);
            self.refused.fetch_add(u64::from(spans - accepted), Ordering::Relaxed);
        }
    }

    /// Where requests of a signal that is not looked into are counted.
    pub(super) const fn beside(&self, signal: OtlpSignal) -> Option<&Growing> {
        match signal {
            OtlpSignal::Traces | OtlpSignal::Unknown => None,
            OtlpSignal::Metrics => Some(&self.metrics),
            OtlpSignal::Logs => Some(&self.logs),
        }
    }
}

impl Growing {
    pub(super) fn accept(&self, bytes: usize) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn tally(&self) -> SignalTally {
        SignalTally { requests: read(&self.requests), bytes: read(&self.bytes), refused: read(&self.refused) }
    }
}

fn read(value: &AtomicU64) -> u64 {
    value.load(Ordering::Relaxed)
}
