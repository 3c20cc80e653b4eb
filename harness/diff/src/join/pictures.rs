//! A trace as both sides have it, to be drawn.

use spanfate_model::finding::diff::{DiffKind, PicturedSpan, PicturedTrace};
use spanfate_model::quantity::id::SpanId;

use crate::span::draft::{SpanPart, SpanView};
use crate::span::origins::{OriginView, Origins};

/// Spans of a side that are drawn.
const MOST_SPANS: usize = 60;
/// Characters of a name that are drawn.
const MOST_NAME: usize = 120;

/// A trace with what differs in it. Spans that differ come before those that do not, where not all are drawn.
pub(super) fn picture(
    left: &[SpanView<'_>],
    right: &[SpanView<'_>],
    marks: &[(SpanId, DiffKind, String)],
    origins: &Origins,
) -> Option<PicturedTrace> {
    let trace_id = left.first().or(right.first())?.key().trace;
    let mut not_drawn = 0;
    let mut side = |spans: &[SpanView<'_>]| {
        let mut out: Vec<PicturedSpan> = spans.iter().map(|span| pictured(*span, marks, origins)).collect();
        out.sort_by_key(|span| span.mark.is_none());
        not_drawn += out.len().saturating_sub(MOST_SPANS) as u64;
        out.truncate(MOST_SPANS);
        out.sort_by_key(|span| (span.start_ns, span.span_id));
        out
    };
    let (left, right) = (side(left), side(right));
    Some(PicturedTrace { trace_id, left, right, not_drawn })
}

fn pictured(span: SpanView<'_>, marks: &[(SpanId, DiffKind, String)], origins: &Origins) -> PicturedSpan {
    let span_id = span.key().span;
    let mark = marks.iter().find(|(id, _, _)| *id == span_id);
    PicturedSpan {
        span_id,
        parent: span.parent(),
        service: service(span, origins),
        name: String::from_utf8_lossy(span.part(SpanPart::Name)).chars().take(MOST_NAME).collect(),
        start_ns: span.start(),
        end_ns: span.end(),
        mark: mark.map(|(_, kind, _)| *kind),
        says: mark.map(|(_, _, says)| says.clone()).unwrap_or_default(),
    }
}

/// The service of a span.
pub(super) fn service(span: SpanView<'_>, origins: &Origins) -> String {
    let name = OriginView::of(origins.resources.bytes(span.resource())).name;
    String::from_utf8_lossy(name).into_owned()
}
