//! What the wire witness saw of each created span. A span id of ours is an index, so joining is an array access; ids that
//! are not ours go through a sort-merge join.

use std::collections::BTreeSet;

use spanfate_model::id::SpanKey;
use spanfate_model::unit::MonoNs;
use spanfate_model::wire::{self, Disposition, RequestRecord, SpanRecord, WireRecord};
use spanfate_model::witness::WitnessState;

use crate::process::Process;

/// What the wire says of one span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Receipt {
    /// When the first accepted copy was complete.
    pub(crate) first: MonoNs,
    /// Accepted copies.
    pub(crate) copies: u16,
    /// An appearance was rejected in a partial success.
    pub(crate) rejected: bool,
    /// An appearance was refused by a limit.
    pub(crate) refused: bool,
}

impl Receipt {
    fn add(&mut self, disposition: Disposition, at: MonoNs) {
        match disposition {
            Disposition::Accepted => {
                self.copies = self.copies.saturating_add(1);
                if self.first == 0 || at < self.first {
                    self.first = at;
                }
            }
            Disposition::RejectedPartial => self.rejected = true,
            Disposition::Refused => self.refused = true,
        }
    }
}

/// Everything the wire witness saw.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    /// Per process, per slot.
    pub(crate) by_slot: Vec<Vec<Receipt>>,
    /// Appearances of spans that no process says it created, by key.
    pub(crate) strays: Vec<(SpanKey, Receipt)>,
    /// Accepted appearances, copies included.
    pub(crate) accepted: u64,
    /// Requests.
    pub(crate) requests: u64,
    /// Uncompressed bytes of accepted requests, and bytes as sent.
    pub(crate) bytes: (u64, u64),
    /// Connections.
    pub(crate) connections: u64,
    /// How the witness ended.
    pub(crate) state: Option<WitnessState>,
}

/// Reads the wire log against the created spans.
pub(crate) fn collect(log: Option<&[u8]>, processes: &[Process<'_>]) -> Receipts {
    let mut out = Receipts {
        by_slot: processes.iter().map(|process| vec![Receipt::default(); process.len()]).collect(),
        ..Receipts::default()
    };
    let Some(records) = log.and_then(wire::read) else {
        out.state = Some(WitnessState::Absent("no wire log".to_owned()));
        return out;
    };
    let mut reader = Reader { processes, ..Reader::default() };
    for record in records {
        reader.take(&record, &mut out);
    }
    out.connections = reader.connections.len() as u64;
    merge(reader.strays, processes, &mut out);
    out.state = Some(match (reader.gap, reader.ended == Some(out.requests)) {
        (0, true) => WitnessState::Complete,
        (gap, _) => WitnessState::Lossy(gap),
    });
    out
}

#[derive(Default)]
struct Reader<'a, 'b> {
    processes: &'b [Process<'a>],
    /// Receive time of the request whose spans are being read.
    current: Option<RequestRecord>,
    connections: BTreeSet<u32>,
    strays: Vec<(SpanRecord, MonoNs)>,
    gap: u64,
    ended: Option<u64>,
}

impl Reader<'_, '_> {
    fn take(&mut self, record: &WireRecord, out: &mut Receipts) {
        match record {
            WireRecord::Request(request) => {
                out.requests += 1;
                self.connections.insert(request.connection);
                if request.disposition == Disposition::Accepted {
                    out.bytes.0 += u64::from(request.raw_bytes);
                    out.bytes.1 += u64::from(request.wire_bytes);
                }
                self.current = Some(*request);
            }
            WireRecord::Span(span) => {
                let at = self.current.map_or(0, |request| request.at);
                out.accepted += u64::from(span.disposition == Disposition::Accepted);
                match self.slot_of(span) {
                    Some((process, slot)) => out.by_slot[process][slot].add(span.disposition, at),
                    None => self.strays.push((*span, at)),
                }
            }
            WireRecord::Gap { spans } => self.gap = self.gap.saturating_add(*spans),
            WireRecord::End { requests } => self.ended = Some(*requests),
            WireRecord::Answer(_) | WireRecord::Name { .. } | WireRecord::Unknown(_) => {}
        }
    }

    fn slot_of(&self, span: &SpanRecord) -> Option<(usize, usize)> {
        self.processes.iter().enumerate().find_map(|(index, process)| {
            let at = span.key.span.slot(process.header.salt)?;
            let slot = process.slot(at.slot as usize)?;
            (at.process == process.header.process && slot.key == span.key && slot.created != 0)
                .then_some((index, at.slot as usize))
        })
    }
}

/// The general join, for spans whose id does not lead to their slot: both sides sorted by key, walked once.
fn merge(mut strays: Vec<(SpanRecord, MonoNs)>, processes: &[Process<'_>], out: &mut Receipts) {
    if strays.is_empty() {
        return;
    }
    strays.sort_by_key(|(span, at)| (span.key, *at));
    let mut created: Vec<(SpanKey, usize, usize)> = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        let own = |slot: usize, key: SpanKey| {
            key.span
                .slot(process.header.salt)
                .is_some_and(|at| at.process == process.header.process && at.slot == slot as u64)
        };
        created.extend(process.spans().filter(|(i, s)| !own(*i, s.key)).map(|(i, s)| (s.key, index, i)));
    }
    created.sort_unstable();
    let mut next = 0;
    for (span, at) in strays {
        while created.get(next).is_some_and(|(key, ..)| *key < span.key) {
            next += 1;
        }
        match created.get(next) {
            Some((key, process, slot)) if *key == span.key => {
                out.by_slot[*process][*slot].add(span.disposition, at);
            }
            _ => {
                if out.strays.last().is_none_or(|(key, _)| *key != span.key) {
                    out.strays.push((span.key, Receipt::default()));
                }
                if let Some((_, receipt)) = out.strays.last_mut() {
                    receipt.add(span.disposition, at);
                }
            }
        }
    }
}
