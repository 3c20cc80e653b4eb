//! What a trace looks like in each of its states: the same small trace six times.

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use super::figure::{Area, Drawing, Drawn, WIDTH, bar, px, write};
use super::svg::Ink;
use crate::markup::Html;

/// A state: its name, what it means, and what became of each of the four spans.
pub(crate) struct TraceLook {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    spans: [SpanLook; 4],
}

/// What a viewer shows of a span.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpanLook {
    Shown,
    Missing,
    /// In another trace.
    Elsewhere,
}

use SpanLook::{Elsewhere, Missing, Shown};

/// The states, from harmless to worst.
pub(crate) const STATES: [TraceLook; 6] = [
    TraceLook { name: "Complete", words: "All spans arrived, in one trace.", spans: [Shown; 4] },
    TraceLook {
        name: "Broken context",
        words: "All spans arrived, but in more than one trace: a service lost the trace context.",
        spans: [Shown, Shown, Elsewhere, Elsewhere],
    },
    TraceLook {
        name: "Orphaned spans",
        words: "Spans are missing, and one that arrived points to a missing parent: a viewer can notice.",
        spans: [Shown, Shown, Missing, Shown],
    },
    TraceLook {
        name: "Branch missing, looks whole",
        words: "Whole branches are missing: nothing that arrived says so, and nobody notices.",
        spans: [Shown, Shown, Missing, Missing],
    },
    TraceLook {
        name: "Root missing",
        words: "The root is missing, others arrived: no start, no whole duration, no name of the request.",
        spans: [Missing, Shown, Shown, Shown],
    },
    TraceLook {
        name: "Absent",
        words: "Nothing arrived: as if the request had never been made.",
        spans: [Missing; 4],
    },
];

/// The trace that is drawn: a span's name, and where it begins and ends.
const TRACE: [(&str, f64, f64); 4] =
    [("gateway", 0.0, 1.0), ("order", 0.08, 0.94), ("payment", 0.18, 0.86), ("payment.Charge", 0.38, 0.72)];
const ROW: f64 = 17.0;
/// Where the bars begin.
const LEFT: f64 = 112.0;

/// The drawing of a state.
pub(crate) fn state(at: usize, state: &TraceLook) -> Html {
    let figure = Drawing {
        key: format!("state-{at}"),
        title: state.name,
        description: format!("A trace of four spans. {}", state.words),
        height: (ROW * TRACE.len() as f64 + 2.0) as u32,
    };
    figure.draw(|area| {
        (0..TRACE.len()).try_for_each(|row| span(area, row, state.spans[row], ROW * row as f64 + 1.0))
    })
}

fn span(area: &Area<'_>, row: usize, seen: SpanLook, top: f64) -> Drawn {
    let (name, from, to) = TRACE[row];
    let place = |share: f64| LEFT + share * (f64::from(WIDTH) - LEFT - 1.0);
    let (from, to) = (place(from), place(to));
    let (high, low) = (top + 3.0, top + ROW - 3.0);
    write(area, name, if seen == Shown { Ink::Text } else { Ink::Soft }, (0.0, top + ROW / 2.0), HPos::Left)?;
    match seen {
        Shown => bar(area, Ink::Received, (from, to), (high, low)),
        Elsewhere => bar(area, Ink::Deliberate, (from, to), (high, low)),
        Missing => {
            let corners = [(px(from), px(high)), (px(to), px(low))];
            area.draw(&Rectangle::new(corners, Ink::Missing.color().stroke_width(px(1.0) as u32)))
        }
    }
}
