//! Traces that were judged a while ago: what comes of them after that is late, a copy, or a further part.

use std::collections::{BTreeMap, VecDeque};

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use super::LiveSide;
use crate::join::{TraceLacks, TraceSpan};

/// Bytes that a judged trace takes beside its spans, about.
const OVERHEAD: usize = 160;

/// A span of a judged trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct JudgedSpan {
    pub(super) span: SpanId,
    parent: SpanId,
    /// The sides that have it, a bit each.
    sides: u8,
}

impl JudgedSpan {
    /// The spans of both sides, by id.
    pub(super) fn of(left: &[TraceSpan], right: &[TraceSpan]) -> Vec<Self> {
        let both = LiveSide::Left.bit() | LiveSide::Right.bit();
        let one = |span: &TraceSpan, side: LiveSide| Self {
            span: span.span,
            parent: span.parent,
            sides: if span.lacks { side.bit() } else { both },
        };
        let mut out: Vec<Self> = left.iter().map(|span| one(span, LiveSide::Left)).collect();
        out.extend(right.iter().filter(|span| span.lacks).map(|span| one(span, LiveSide::Right)));
        out.sort_unstable_by_key(|span| span.span);
        out
    }

    /// The span as that side has it.
    pub(super) const fn on(self, side: LiveSide) -> Option<TraceSpan> {
        if self.sides & side.bit() == 0 {
            return None;
        }
        Some(TraceSpan { span: self.span, parent: self.parent, lacks: self.sides == side.bit() })
    }
}

/// A trace that was judged.
#[derive(Debug)]
pub(super) struct JudgedTrace {
    /// By id.
    pub(super) spans: Box<[JudgedSpan]>,
    /// What each side lacks of it; none where both are equal.
    pub(super) lacks: Option<Box<TraceLacks>>,
    forget: u64,
}

impl JudgedTrace {
    pub(super) fn new(spans: Vec<JudgedSpan>, lacks: Option<TraceLacks>) -> Self {
        Self { spans: spans.into(), lacks: lacks.map(Box::new), forget: 0 }
    }

    fn bytes(&self) -> usize {
        OVERHEAD + size_of_val(&*self.spans) + self.lacks.as_ref().map_or(0, |_| size_of::<TraceLacks>())
    }
}

/// The traces that were judged, for a time.
#[derive(Debug)]
pub(super) struct JudgedTraces {
    of: BTreeMap<TraceId, JudgedTrace>,
    /// When each is forgotten; one that was judged again is there several times.
    order: VecDeque<(u64, TraceId)>,
    bytes: usize,
    most: usize,
    lasting: u64,
    /// Spans that came after they had been judged missing.
    pub(super) late: u64,
    /// Copies of spans that had been judged.
    pub(super) copies: u64,
    /// Traces that were judged once more.
    pub(super) again: u64,
}

impl JudgedTraces {
    /// So many bytes at most, and each trace for so many nanoseconds.
    pub(super) const fn new(most: usize, lasting: u64) -> Self {
        Self {
            of: BTreeMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            most,
            lasting,
            late: 0,
            copies: 0,
            again: 0,
        }
    }

    /// Counts a span if it was judged already; says whether it was.
    pub(super) fn knows(&mut self, key: SpanKey, side: LiveSide) -> bool {
        let Some(trace) = self.of.get_mut(&key.trace) else { return false };
        let Ok(at) = trace.spans.binary_search_by_key(&key.span, |span| span.span) else { return false };
        let sides = &mut trace.spans[at].sides;
        if *sides & side.bit() == 0 {
            *sides |= side.bit();
            self.late += 1;
        } else {
            self.copies += 1;
        }
        true
    }

    /// Whether the trace is remembered.
    pub(super) fn holds(&self, id: TraceId) -> bool {
        self.of.contains_key(&id)
    }

    /// Takes a trace out, to be judged once more.
    pub(super) fn take(&mut self, id: TraceId) -> Option<JudgedTrace> {
        let trace = self.of.remove(&id)?;
        self.bytes -= trace.bytes();
        self.again += 1;
        Some(trace)
    }

    /// Keeps a trace for a time.
    pub(super) fn keep(&mut self, id: TraceId, mut trace: JudgedTrace, now: u64) {
        trace.forget = now.saturating_add(self.lasting);
        self.bytes += trace.bytes();
        self.order.push_back((trace.forget, id));
        if let Some(old) = self.of.insert(id, trace) {
            self.bytes -= old.bytes();
        }
        while self.bytes > self.most && self.forget_first() {}
    }

    /// Forgets those whose time is over.
    pub(super) fn forget(&mut self, now: u64) {
        while self.order.front().is_some_and(|(forget, _)| *forget <= now) {
            self.forget_first();
        }
    }

    /// Forgets the oldest; false where there is none.
    fn forget_first(&mut self) -> bool {
        let Some((forget, id)) = self.order.pop_front() else { return false };
        // One that was kept again has a later place in the order.
        if self.of.get(&id).is_some_and(|trace| trace.forget == forget)
            && let Some(trace) = self.of.remove(&id)
        {
            self.bytes -= trace.bytes();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(trace: u8, span: u8) -> SpanKey {
        SpanKey { trace: TraceId([trace; 16]), span: SpanId([span; 8]) }
    }

    fn trace(spans: &[u8]) -> JudgedTrace {
        let one = |span: &u8| TraceSpan { span: SpanId([*span; 8]), parent: SpanId::default(), lacks: true };
        JudgedTrace::new(JudgedSpan::of(&spans.iter().map(one).collect::<Vec<_>>(), &[]), None)
    }

    #[test]
    fn what_comes_afterwards_is_late_once_and_then_a_copy() {
        let mut judged = JudgedTraces::new(1 << 20, 100);
        judged.keep(TraceId([1; 16]), trace(&[1, 2]), 10);
        for (key, side, known) in [
            (key(1, 1), LiveSide::Left, true),
            (key(1, 2), LiveSide::Right, true),
            (key(1, 2), LiveSide::Right, true),
            (key(1, 3), LiveSide::Right, false),
            (key(3, 1), LiveSide::Left, false),
        ] {
            assert_eq!(judged.knows(key, side), known);
        }
        assert_eq!((judged.late, judged.copies), (1, 2));
        judged.forget(109);
        assert!(judged.knows(key(1, 1), LiveSide::Left));
        judged.forget(110);
        assert!(!judged.knows(key(1, 1), LiveSide::Left));
        assert_eq!((judged.bytes, judged.order.len()), (0, 0));
    }

    #[test]
    fn no_more_is_kept_than_may_be_and_the_oldest_goes_first() {
        let mut judged = JudgedTraces::new(10 * trace(&[1]).bytes(), 1_000_000);
        for number in 0..100 {
            judged.keep(TraceId([number; 16]), trace(&[1]), u64::from(number));
        }
        assert!(judged.bytes <= judged.most && judged.of.len() == 10);
        assert!(judged.of.contains_key(&TraceId([99; 16])) && !judged.of.contains_key(&TraceId([89; 16])));
        // What is kept again is not forgotten with its first place.
        judged.keep(TraceId([90; 16]), trace(&[1]), 100);
        judged.keep(TraceId([101; 16]), trace(&[1]), 101);
        assert!(judged.of.contains_key(&TraceId([90; 16])) && !judged.of.contains_key(&TraceId([91; 16])));
    }
}
