//! Spans that wait for their copy on the other side, by trace.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use spanfate_model::quantity::id::{SpanId, TraceId, mix};

use super::LiveSide;
use super::judged::JudgedTraces;
use crate::error::DiffError;
use crate::intake::SpanTaker;
use crate::span::draft::SpanView;
use crate::span::origins::Origins;

/// Bytes that a trace takes beside the records of its spans, about: its places in map and heap, and its list of ids.
const OVERHEAD: usize = 512;
/// Bytes of an id in the list, about.
const OF_ID: usize = 24;
/// A judged trace is remembered so many windows long, and at least [`LEAST_REMEMBERED`] nanoseconds.
const REMEMBERED: u64 = 20;
const LEAST_REMEMBERED: u64 = 30_000_000_000;

/// A trace that waits for its verdict.
#[derive(Debug, Default)]
pub(super) struct WaitingTrace {
    /// The records of each side, one after the other.
    pub(super) sides: [Vec<u8>; 2],
    /// When the last of its spans was first seen.
    pub(super) last: u64,
    /// Its spans.
    seen: BTreeSet<SpanId>,
    /// Records of each side.
    records: [u64; 2],
    /// A part of it was judged before.
    again: bool,
}

impl WaitingTrace {
    fn bytes(&self) -> usize {
        OVERHEAD + OF_ID * self.seen.len() + self.sides.iter().map(Vec::capacity).sum::<usize>()
    }
}

/// All that waits, and what was judged a while ago.
#[derive(Debug)]
pub(super) struct WaitingTraces {
    of: BTreeMap<TraceId, WaitingTrace>,
    /// A time for each at which it may be due; the right one is looked up then.
    due: BinaryHeap<Reverse<(u64, TraceId)>>,
    pub(super) judged: JudgedTraces,
    pub(super) window: u64,
    held: usize,
    most: usize,
    /// Whose message is being read, and when it was complete.
    side: LiveSide,
    at: u64,
    closed: bool,
    /// Traces up to this place are watched.
    share: u64,
    /// Spans of each side for which there was no memory.
    pub(super) passed_over: [u64; 2],
}

impl WaitingTraces {
    /// So many nanoseconds of waiting; so many bytes at most of what waits, and of what was judged.
    pub(super) const fn new(window: u64, most: usize, most_judged: usize) -> Self {
        let lasting = window.saturating_mul(REMEMBERED);
        let lasting = if lasting < LEAST_REMEMBERED { LEAST_REMEMBERED } else { lasting };
        Self {
            of: BTreeMap::new(),
            due: BinaryHeap::new(),
            judged: JudgedTraces::new(most_judged, lasting),
            window,
            held: 0,
            most,
            side: LiveSide::Left,
            at: 0,
            closed: false,
            share: u64::MAX,
            passed_over: [0; 2],
        }
    }

    /// What is taken next is of that side, and came then.
    pub(super) const fn comes(&mut self, side: LiveSide, at: u64) {
        (self.side, self.at) = (side, at);
    }

    /// No trace begins any more.
    pub(super) const fn close(&mut self) {
        self.closed = true;
    }

    /// Traces that wait.
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    /// Spans of each side that wait.
    pub(super) fn waiting_spans(&self) -> [u64; 2] {
        self.of
            .values()
            .fold([0; 2], |[left, right], trace| [left + trace.records[0], right + trace.records[1]])
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes out a trace that is due.
    pub(super) fn due(&mut self, now: u64) -> Option<(TraceId, WaitingTrace)> {
        loop {
            let Reverse((due, id)) = *self.due.peek().filter(|Reverse((due, _))| *due <= now)?;
            self.due.pop();
            // One that had to go for want of memory has left its place here.
            let Some(trace) = self.of.get(&id) else { continue };
            let really = trace.last.saturating_add(self.window);
            if really > due {
                self.due.push(Reverse((really, id)));
            } else if let Some(trace) = self.of.remove(&id) {
                self.held -= trace.bytes();
                return Some((id, trace));
            }
        }
    }

    pub(super) fn forget(&mut self, now: u64) {
        self.judged.forget(now);
    }

    /// Makes room: from now on half of the traces is passed over, by their ids. So both sides lose the same ones, whenever they come;
    /// half a trace would be a false alarm.
    #[cold]
    fn halve(&mut self) {
        self.share /= 2;
        let (share, held, passed_over) = (self.share, &mut self.held, &mut self.passed_over);
        self.of.retain(|id, trace| {
            let stays = place_of(*id) <= share;
            if !stays {
                *held -= trace.bytes();
                for (all, records) in passed_over.iter_mut().zip(trace.records) {
                    *all += records;
                }
            }
            stays
        });
    }
}

/// Where a trace stands among all, by its id.
fn place_of(id: TraceId) -> u64 {
    let id = u128::from_be_bytes(id.0);
    mix(((id >> 64) as u64).rotate_left(7) ^ id as u64)
}

impl SpanTaker for WaitingTraces {
    fn take(&mut self, span: SpanView<'_>, _: &Origins) -> Result<(), DiffError> {
        let (key, side) = (span.key(), self.side);
        if self.share < u64::MAX && place_of(key.trace) > self.share {
            self.passed_over[side.at()] += 1;
            return Ok(());
        }
        let waiting = self.of.get(&key.trace).map(|trace| trace.again);
        if waiting.unwrap_or(true) && self.judged.knows(key, side) {
            return Ok(());
        }
        if waiting.is_none() {
            if self.closed {
                return Ok(());
            }
            self.due.push(Reverse((self.at.saturating_add(self.window), key.trace)));
            let trace = WaitingTrace { again: self.judged.holds(key.trace), ..WaitingTrace::default() };
            self.held += trace.bytes();
            self.of.insert(key.trace, trace);
        }
        let Some(trace) = self.of.get_mut(&key.trace) else { return Ok(()) };
        let before = trace.bytes();
        if trace.seen.insert(key.span) {
            trace.last = trace.last.max(self.at);
        }
        trace.sides[side.at()].extend_from_slice(span.bytes());
        trace.records[side.at()] += 1;
        self.held += trace.bytes() - before;
        while self.held > self.most {
            self.halve();
        }
        Ok(())
    }
}
