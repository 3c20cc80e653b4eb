//! What missing spans do to a trace.

use spanfate_model::finding::diff::LackingTraces;
use spanfate_model::quantity::id::SpanId;

/// A span of a trace: itself, its parent, and whether the other side lacks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TraceSpan {
    pub(crate) span: SpanId,
    pub(crate) parent: SpanId,
    pub(crate) lacks: bool,
}

/// What each side lacks of one trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct TraceLacks {
    pub(crate) left: LackingTraces,
    pub(crate) right: LackingTraces,
}

/// Counts what a side lacks of a trace that the other side has so; both by span id.
pub(super) fn lacking(other: &[TraceSpan], own: &[TraceSpan], out: &mut LackingTraces) {
    if other.iter().all(|span| !span.lacks) {
        return;
    }
    if own.is_empty() {
        out.absent += 1;
        return;
    }
    let has = |spans: &[TraceSpan], id: SpanId| spans.binary_search_by_key(&id, |span| span.span).is_ok();
    let mut parents: Vec<SpanId> = own.iter().map(|span| span.parent).collect();
    parents.sort_unstable();
    let (mut headless, mut torn) = (false, false);
    for span in other.iter().filter(|span| span.lacks) {
        let root = span.parent.is_zero() || !has(other, span.parent);
        headless |= root;
        torn |= !root && parents.binary_search(&span.span).is_ok();
    }
    out.headless += u64::from(headless);
    out.torn += u64::from(torn);
    out.shortened += u64::from(!headless && !torn);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(spans: &[(u8, u8, bool)]) -> Vec<TraceSpan> {
        let of = |&(span, parent, lacks): &(u8, u8, bool)| TraceSpan {
            span: SpanId([span; 8]),
            parent: SpanId([parent; 8]),
            lacks,
        };
        spans.iter().map(of).collect()
    }

    #[test]
    fn roots_inner_spans_and_leaves_are_told_apart() {
        let found = |other: &[(u8, u8, bool)], own: &[(u8, u8, bool)]| {
            let mut out = LackingTraces::default();
            lacking(&trace(other), &trace(own), &mut out);
            (out.absent, out.headless, out.torn, out.shortened)
        };
        let own = |spans: &[(u8, u8)]| spans.iter().map(|(a, b)| (*a, *b, false)).collect::<Vec<_>>();
        assert_eq!(found(&[(1, 0, true)], &[]), (1, 0, 0, 0));
        assert_eq!(found(&[(1, 0, true), (2, 1, false)], &own(&[(2, 1)])), (0, 1, 0, 0));
        assert_eq!(
            found(&[(1, 0, false), (2, 1, true), (3, 2, false)], &own(&[(1, 0), (3, 2)])),
            (0, 0, 1, 0)
        );
        assert_eq!(found(&[(1, 0, false), (2, 1, true)], &own(&[(1, 0)])), (0, 0, 0, 1));
        // The parent of the first is a remote one.
        assert_eq!(found(&[(1, 9, true), (2, 1, false)], &own(&[(2, 1)])), (0, 1, 0, 0));
        assert_eq!(found(&[(1, 0, false)], &own(&[(1, 0)])), (0, 0, 0, 0));
    }
}
