//! A trace as two stores have it, one above the other, with what differs marked.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;
use spanfate_model::finding::diff::{PicturedSpan, PicturedTrace};

use super::figure::{Area, Drawing, Drawn, px, stroke, write};
use super::svg::Ink;
use crate::figures::diffed;
use crate::markup::Html;
use crate::text::fit::clip;

/// Width in SVG units: it scrolls by itself on a phone.
const WIDE: u32 = 800;
/// Height of a span's row, and of a side's heading.
const ROW: f64 = 22.0;
const HEAD: f64 = 26.0;
/// Where bars begin; names stand before.
const FROM: f64 = 330.0;
/// Free on the right.
const FREE: f64 = 16.0;
/// Characters of a name.
const NAME: usize = 46;

/// The drawing; `at` tells it from others on the page.
pub(crate) fn apart(trace: &PicturedTrace, at: usize) -> Html {
    let rows = (trace.left.len().max(1) + trace.right.len().max(1)) as f64;
    let says = |span: &PicturedSpan| {
        let kind = span.mark.map(diffed::kind)?;
        Some(format!("{} ({}): {kind} {}", span.name, span.span_id, span.says))
    };
    let marked: Vec<String> = trace.left.iter().chain(&trace.right).filter_map(says).take(20).collect();
    let figure = Drawing {
        key: format!("apart-{at}"),
        title: &format!("Trace {} on both sides", trace.trace_id),
        description: format!(
            "{} spans on the left above {} on the right. {}",
            trace.left.len(),
            trace.right.len(),
            marked.join("; ")
        ),
        height: (2.0 * HEAD + rows * ROW + 8.0) as u32,
    };
    let all = || trace.left.iter().chain(&trace.right);
    let start = all().map(|span| span.start_ns).min().unwrap_or(0);
    let end = all().map(|span| span.end_ns.max(span.start_ns)).max().unwrap_or(0);
    let scale = |ns: u64| {
        let share = ns.saturating_sub(start) as f64 / (end - start).max(1) as f64;
        FROM + share * (f64::from(WIDE) - FROM - FREE)
    };
    figure.sized(WIDE, |area, _| {
        let below = side(area, "left", &trace.left, 0.0, &scale)?;
        side(area, "right", &trace.right, below, &scale).map(drop)
    })
}

fn side(
    area: &Area<'_>,
    name: &str,
    spans: &[PicturedSpan],
    top: f64,
    scale: &impl Fn(u64) -> f64,
) -> Result<f64, plotters::drawing::DrawingAreaErrorKind<std::convert::Infallible>> {
    write(area, &format!("{name} side"), Ink::Soft, (0.0, top + HEAD / 2.0), HPos::Left)?;
    let mut at = top + HEAD;
    if spans.is_empty() {
        write(area, "no span of this trace", Ink::Lost, (0.0, at + ROW / 2.0), HPos::Left)?;
        at += ROW;
    }
    for span in spans {
        row(area, span, depth(spans, span), at, scale)?;
        at += ROW;
    }
    Ok(at)
}

fn row(area: &Area<'_>, span: &PicturedSpan, depth: usize, top: f64, scale: &impl Fn(u64) -> f64) -> Drawn {
    let ink = if span.mark.is_some() { Ink::Lost } else { Ink::Received };
    let indent = 10.0 * depth.min(8) as f64;
    let sign = if span.mark.is_some() { "≠ " } else { "" };
    let name = clip(&format!("{sign}{} · {}", span.service, span.name), NAME - depth.min(8) * 2);
    let text = if span.mark.is_some() { Ink::Lost } else { Ink::Text };
    write(area, &name, text, (indent, top + ROW / 2.0), HPos::Left)?;
    let (from, to) =
        (scale(span.start_ns), scale(span.end_ns.max(span.start_ns)).max(scale(span.start_ns) + 2.0));
    let shape = [(px(from), px(top + 5.0)), (px(to), px(top + ROW - 5.0))];
    area.draw(&Rectangle::new(shape, ink.color().filled()))?;
    if span.mark.is_some() {
        // A frame as well as a colour.
        let frame = [(px(from - 2.5), px(top + 2.5)), (px(to + 2.5), px(top + ROW - 2.5))];
        area.draw(&Rectangle::new(frame, stroke(Ink::Lost, 1.0)))?;
    }
    Ok(())
}

/// How deep a span hangs under others that are drawn.
fn depth(spans: &[PicturedSpan], of: &PicturedSpan) -> usize {
    let mut span = of;
    let mut depth = 0;
    while let Some(parent) = spans.iter().find(|other| other.span_id == span.parent)
        && depth < 8
    {
        depth += 1;
        span = parent;
    }
    depth
}
