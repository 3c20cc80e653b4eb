//! What the wire witness saw of each created span. A span id of ours is an index, so joining is an array access; ids that
//! are not ours go through the general join.

mod attribution;
mod calls;
mod further;

use std::collections::BTreeSet;

use spanfate_model::books::ledger::{LISTED, ListedSpans};
use spanfate_model::fate::Fate;
use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::wire::{self, Disposition, RequestRecord, WireRecord};
use spanfate_model::quantity::id::SpanKey;
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::process::Process;
use crate::evidence::receipts::attribution::Attribution;
use crate::join::{JoinedRow, PassLimit, Smallest, StatementStream, outer};

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
    /// An appearance was failed on purpose, by a fault of the scenario, or not taken by the endpoint behind a relay.
    pub(crate) failed: bool,
}

impl Receipt {
    /// What became of a span of which nothing else is known; nothing for one that never appeared.
    pub(crate) const fn fate(&self) -> Option<Fate> {
        match self {
            Self { copies: 1.., .. } => Some(Fate::Received),
            Self { rejected: true, .. } => Some(Fate::RejectedPartial),
            Self { refused: true, .. } | Self { failed: true, .. } => Some(Fate::RefusedByReceiver),
            _ => None,
        }
    }

    /// What two places saw of one span.
    pub(crate) fn and(self, other: Self) -> Self {
        let first = [self.first, other.first].into_iter().filter(|at| *at > 0).min().unwrap_or_default();
        Self {
            first,
            copies: self.copies.saturating_add(other.copies),
            rejected: self.rejected || other.rejected,
            refused: self.refused || other.refused,
            failed: self.failed || other.failed,
        }
    }

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
            Disposition::Failed => self.failed = true,
        }
    }
}

/// Everything the wire witness saw.
#[derive(Debug, Default)]
pub(crate) struct Receipts<'a> {
    /// Per process, per place of a span: what came of it on whatever path.
    by_slot: Vec<Vec<Receipt>>,
    /// Per process that has several paths, per path, per place.
    by_path: Vec<Vec<Vec<Receipt>>>,
    /// Per process, the paths that end at somebody else's receiver.
    elsewhere: Vec<Vec<bool>>,
    /// Per process whose books probes keep: path and number of the export calls by which anything arrived.
    calls: Vec<BTreeSet<(u32, u32)>>,
    /// Accepted spans that no process says it created; of no meaning where there is no process to say it.
    pub(crate) unexpected: ListedSpans,
    /// Appearances of spans that no process of ours made by its slots.
    strays: u64,
    /// Appearances of spans, whatever became of them.
    appearances: u64,
    log: Option<&'a [u8]>,
    /// Accepted appearances, copies included.
    pub(crate) accepted: u64,
    /// Requests.
    pub(crate) requests: u64,
    /// When each was complete.
    pub(crate) requests_at: Vec<MonoNs>,
    /// Of these, requests that were refused before their spans were read.
    pub(crate) unread: u64,
    /// Others came that are not in the log, because nobody here could read them.
    pub(crate) unread_otherwise: bool,
    /// Uncompressed bytes of accepted requests, and bytes as sent.
    pub(crate) bytes: (u64, u64),
    /// Connections.
    pub(crate) connections: u64,
    /// How the witness ended.
    pub(crate) state: Option<WitnessState>,
}

/// Reads the wire log against the created spans. It holds 16 bytes per slot, and what the general join of the others holds.
pub(crate) fn collect<'a>(log: Option<&'a [u8]>, processes: &[Process<'_>]) -> Receipts<'a> {
    let mut out = Receipts {
        by_slot: processes.iter().map(|process| vec![Receipt::default(); process.len()]).collect(),
        by_path: processes.iter().map(by_path).collect(),
        log,
        ..Receipts::default()
    };
    let Some(records) = log.and_then(wire::settled) else {
        out.state = Some(WitnessState::Absent("no wire log".to_owned()));
        return out;
    };
    let attribution = Attribution::of(processes, log);
    out.elsewhere = attribution.elsewhere();
    let mut reader = ReceiptReader {
        processes,
        attribution,
        current: None,
        connections: BTreeSet::new(),
        gap: 0,
        ended: None,
    };
    for record in records {
        reader.take(&record, &mut out);
    }
    out.connections = reader.connections.len() as u64;
    // Without any ledger nobody says what was created: nothing is expected, so nothing is unexpected.
    if out.strays > 0 && !processes.is_empty() {
        place_strays(processes, &mut out);
    }
    out.state = Some(match (reader.gap, reader.ended == Some(out.requests)) {
        (0, true) => WitnessState::Complete,
        (gap, _) => WitnessState::Lossy(gap),
    });
    out
}

/// Room for the receipts of each path, where there are several.
fn by_path(process: &Process<'_>) -> Vec<Vec<Receipt>> {
    let paths = if process.has_several_paths() { process.paths.len() } else { 0 };
    vec![vec![Receipt::default(); process.len()]; paths]
}

impl Receipts<'_> {
    /// Whether the log holds all that it should.
    pub(crate) fn is_complete(&self) -> bool {
        self.state.as_ref().is_some_and(WitnessState::is_complete)
    }

    /// What arrived of a span on any path, by its process and its place.
    pub(crate) fn of(&self, process: usize, number: usize) -> Option<&Receipt> {
        self.by_slot.get(process)?.get(number)
    }

    /// What arrived of it on one path of several.
    pub(crate) fn on_path(&self, process: usize, path: usize, number: usize) -> &Receipt {
        const NOTHING: Receipt =
            Receipt { first: 0, copies: 0, rejected: false, refused: false, failed: false };
        let paths = self.by_path.get(process).and_then(|paths| paths.get(path));
        paths.and_then(|places| places.get(number)).unwrap_or(&NOTHING)
    }

    /// Whether a path of several ends at another receiver than ours.
    pub(crate) fn is_elsewhere(&self, process: usize, path: usize) -> bool {
        self.elsewhere.get(process).and_then(|paths| paths.get(path)).copied().unwrap_or_default()
    }

    /// Walks over all spans that appeared on the wire, created by whomever: once per key, in an order that is always the same
    /// but not that of the keys. Its memory is bounded by the join's, however many there are.
    pub(crate) fn each_arrival(&self, mut each: impl FnMut(&SpanKey, &Receipt)) {
        let all = Appearances { log: self.log, most: self.appearances, of_no_slot: None, say: packed };
        outer(&[&all], PassLimit::default(), |key, receipt: &Receipt| each(key, receipt));
    }

    /// The same, and which record of the log is the span's first appearance.
    pub(crate) fn each_arrival_at(&self, mut each: impl FnMut(&SpanKey, &Receipt, u64)) {
        let all = Appearances { log: self.log, most: self.appearances, of_no_slot: None, say: packed };
        let places = Appearances { say: |_, _, record| record, ..all };
        outer(&[&all, &places], PassLimit::default(), |key, arrival: &FirstAppearance| {
            each(key, &arrival.receipt, arrival.record.unwrap_or_default());
        });
    }
}

/// Appearances of spans on the wire: of all, or of those whose id leads to no slot.
#[derive(Clone, Copy)]
struct Appearances<'a, 'b> {
    log: Option<&'a [u8]>,
    most: u64,
    of_no_slot: Option<&'b [Process<'a>]>,
    /// The value of an appearance, from its disposition, its time, and the number of its record.
    say: fn(Disposition, MonoNs, u64) -> u64,
}

impl StatementStream for Appearances<'_, '_> {
    fn most(&self) -> u64 {
        self.most
    }

    fn each(&self, take: &mut dyn FnMut(&SpanKey, u64)) {
        let mut at = 0;
        let records = self.log.and_then(wire::settled).into_iter().flatten();
        // Record 0 is the header.
        for (number, record) in (1..).zip(records) {
            match record {
                WireRecord::Request(request) => at = request.at,
                WireRecord::Span(span)
                    if self.of_no_slot.is_none_or(|all| slot_of(&span.key, all).is_none()) =>
                {
                    take(&span.key, (self.say)(span.disposition, at, number));
                }
                _ => {}
            }
        }
    }
}

/// Time and disposition in one number. A time beyond 146 years stands for that.
const fn packed(disposition: Disposition, at: MonoNs, _record: u64) -> u64 {
    let code = match disposition {
        Disposition::Accepted => 0,
        Disposition::RejectedPartial => 1,
        Disposition::Refused => 2,
        Disposition::Failed => 3,
    };
    let longest = u64::MAX >> 2;
    ((if at < longest { at } else { longest }) << 2) | code
}

impl JoinedRow for Receipt {
    fn add(&mut self, _stream: usize, value: u64) {
        let disposition = match value & 3 {
            0 => Disposition::Accepted,
            1 => Disposition::RejectedPartial,
            3 => Disposition::Failed,
            _ => Disposition::Refused,
        };
        Self::add(self, disposition, value >> 2);
    }
}

/// A span that appeared, and its first record.
#[derive(Default)]
struct FirstAppearance {
    receipt: Receipt,
    record: Option<u64>,
}

impl JoinedRow for FirstAppearance {
    fn add(&mut self, stream: usize, value: u64) {
        match stream {
            0 => JoinedRow::add(&mut self.receipt, stream, value),
            _ => self.record = self.record.or(Some(value)),
        }
    }
}

/// Created spans whose id does not lead to their slot. The value is process and slot.
struct Foreign<'a, 'b> {
    processes: &'b [Process<'a>],
    most: u64,
}

/// Bits of a slot's number in a value.
const SLOT_BITS: u32 = 40;

impl<'a, 'b> Foreign<'a, 'b> {
    fn of(processes: &'b [Process<'a>]) -> Self {
        let mut most = 0;
        Self { processes, most }.each(&mut |_, _| most += 1);
        Self { processes, most }
    }
}

impl StatementStream for Foreign<'_, '_> {
    fn most(&self) -> u64 {
        self.most
    }

    fn each(&self, take: &mut dyn FnMut(&SpanKey, u64)) {
        for (index, process) in self.processes.iter().enumerate() {
            for (number, span, _) in process.spans() {
                if process.find(&span.key) != Some(number) {
                    take(&span.key, ((index as u64) << SLOT_BITS) | number as u64);
                }
            }
        }
    }
}

/// A span whose id leads nowhere: where it was created, if it was, and what the wire says.
#[derive(Default)]
struct Stray {
    slot: Option<u64>,
    receipt: Receipt,
}

impl JoinedRow for Stray {
    fn add(&mut self, stream: usize, value: u64) {
        match stream {
            0 => self.slot = self.slot.or(Some(value)),
            _ => JoinedRow::add(&mut self.receipt, stream, value),
        }
    }
}

/// Gives the appearances whose id leads to no slot to the spans that have that id all the same; the rest is unexpected.
fn place_strays(processes: &[Process<'_>], out: &mut Receipts<'_>) {
    let created = Foreign::of(processes);
    let appeared = Appearances { log: out.log, most: out.strays, of_no_slot: Some(processes), say: packed };
    let mut unexpected = Smallest::new(LISTED);
    let (by_slot, by_path, count) = (&mut out.by_slot, &mut out.by_path, &mut out.unexpected.count);
    outer(&[&created, &appeared], PassLimit::default(), |key, stray: &Stray| match stray.slot {
        Some(at) => {
            let (process, number) = ((at >> SLOT_BITS) as usize, (at & ((1 << SLOT_BITS) - 1)) as usize);
            by_slot[process][number] = stray.receipt;
            let handed =
                |path: &usize| processes[process].on_path(number, *path).is_some_and(|on| on.exported != 0);
            if let Some(path) = (0..by_path[process].len()).find(handed) {
                by_path[process][path][number] = stray.receipt;
            }
        }
        None if stray.receipt.copies > 0 => {
            *count += 1;
            unexpected.push(*key);
        }
        None => {}
    });
    out.unexpected.ids = unexpected.finish();
}

fn slot_of(key: &SpanKey, processes: &[Process<'_>]) -> Option<(usize, usize)> {
    processes.iter().enumerate().find_map(|(index, process)| Some((index, process.find(key)?)))
}

struct ReceiptReader<'a, 'b> {
    processes: &'b [Process<'a>],
    /// By which path an appearance came.
    attribution: Attribution<'a, 'b>,
    /// Receive time of the request whose spans are being read.
    current: Option<RequestRecord>,
    connections: BTreeSet<u32>,
    gap: u64,
    ended: Option<u64>,
}

impl ReceiptReader<'_, '_> {
    fn take(&mut self, record: &WireRecord, out: &mut Receipts<'_>) {
        match record {
            WireRecord::Request(request) => {
                out.requests += 1;
                out.requests_at.push(request.at);
                out.unread += u64::from(request.disposition == Disposition::Refused && request.spans == 0);
                self.connections.insert(request.connection);
                // Of a partial success most was accepted as a rule; its bytes cannot be divided.
                if matches!(request.disposition, Disposition::Accepted | Disposition::RejectedPartial) {
                    out.bytes.0 += u64::from(request.raw_bytes);
                    out.bytes.1 += u64::from(request.wire_bytes);
                }
                self.current = Some(*request);
            }
            WireRecord::Span(span) => {
                let at = self.current.map_or(0, |request| request.at);
                out.accepted += u64::from(span.disposition == Disposition::Accepted);
                out.appearances += 1;
                match slot_of(&span.key, self.processes) {
                    Some((process, first)) => {
                        let came = |at: usize| match span.disposition {
                            Disposition::Accepted => out.by_slot[process][at].copies > 0,
                            _ => out.by_slot[process][at] != Receipt::default(),
                        };
                        let number = self.processes[process].in_turn(first, came);
                        out.by_slot[process][number].add(span.disposition, at);
                        if !out.by_path[process].is_empty() {
                            let named = self.current.map_or(0, |request| request.path);
                            let path = self.attribution.path_of((process, number), named, at);
                            if let Some(places) = out.by_path[process].get_mut(path) {
                                places[number].add(span.disposition, at);
                            }
                        }
                    }
                    None => out.strays += 1,
                }
            }
            WireRecord::Gap { spans } => self.gap = self.gap.saturating_add(*spans),
            WireRecord::End { requests } => self.ended = Some(*requests),
            WireRecord::Answer(_) | WireRecord::Name { .. } | WireRecord::Unknown(_) => {}
        }
    }
}
