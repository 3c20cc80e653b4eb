//! Spans that are there under another trace id: their context was lost on the way, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use spanfate_model::finding::diff::DiffTraces;
use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

/// Spans that one side has alone, as many as are kept.
#[derive(Debug)]
pub(super) struct MovedSpans {
    left: Vec<SpanKey>,
    right: Vec<SpanKey>,
    most: usize,
    missed: bool,
}

impl MovedSpans {
    pub(super) const fn new(most: usize) -> Self {
        Self { left: Vec::new(), right: Vec::new(), most, missed: false }
    }

    /// A span that the left side alone has, or the right.
    pub(super) fn alone(&mut self, left: bool, key: SpanKey) {
        let side = if left { &mut self.left } else { &mut self.right };
        if side.len() < self.most {
            side.push(key);
        } else {
            self.missed = true;
        }
    }

    /// Counts them, and gives those of the left with their traces on the right, and the other way round.
    pub(super) fn settle(mut self, traces: &mut DiffTraces) -> BTreeMap<SpanKey, TraceId> {
        let by_span = |key: &SpanKey| (key.span, key.trace);
        self.left.sort_unstable_by_key(by_span);
        self.right.sort_unstable_by_key(by_span);
        let (mut split_left, mut split_right) = (BTreeSet::new(), BTreeSet::new());
        let mut moved = BTreeMap::new();
        let mut right = self.right.iter().peekable();
        for key in &self.left {
            while right.next_if(|other| other.span < key.span).is_some() {}
            // An id of zeros says nothing.
            if let Some(other) =
                right.next_if(|other| other.span == key.span && key.span != SpanId::default())
            {
                traces.moved_spans += 1;
                split_right.insert(key.trace);
                split_left.insert(other.trace);
                moved.insert(*key, other.trace);
                moved.insert(*other, key.trace);
            }
        }
        traces.left.split = split_left.len() as u64;
        traces.right.split = split_right.len() as u64;
        traces.moved_known = !self.missed;
        moved
    }
}
