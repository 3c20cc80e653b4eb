//! How the lost spans of the variant that loses most are split: by service, kind and place in the trace. By name every variant
//! has a plot of its own.

use spanfate_model::books::breakdown::BreakdownRow;
use spanfate_model::result::VariantResult;

use super::{DRAWN, VIEWS, worst};
use crate::figures::lossy_spans::view;
use crate::markup::Html;
use crate::page::frame::part::{note, plots};
use crate::plot::{BarRow, Bars, Ink};
use crate::text::number::PAGE;

/// A small plot for each of these views that is known.
pub(super) fn bars(lossy: &[&VariantResult]) -> Html {
    let Some(variant) = worst(lossy) else { return Html::new() };
    let known = VIEWS.iter().skip(1).filter(|(by, ..)| !view(variant, by).is_empty());
    let drawn: Vec<(String, Html)> =
        known.map(|(by, _, what)| (format!("By {what}"), split(variant, by, what))).collect();
    if drawn.is_empty() {
        return Html::new();
    }
    let most = if lossy.len() > 1 { ", which loses most," } else { "" };
    Html::leaf("h4", "", format!("How the losses of {}{most} are split", variant.name)).with(&plots(drawn)).with(
        &note("Bar and second number: share of the variant's lost spans. Rate: the share of these spans that is lost."),
    )
}

/// The rows of a view, those that lost most first; those without a loss show what is spared.
fn split(variant: &VariantResult, by: &str, what: &str) -> Html {
    let mut all: Vec<&BreakdownRow> = view(variant, by).iter().collect();
    all.sort_by_key(|row| std::cmp::Reverse(row.lost));
    let row = |row: &&BreakdownRow| BarRow {
        name: row.value.clone(),
        figure: if row.lost == 0 {
            format!("none of {}", PAGE.count(row.created.saturating_sub(row.deliberate)))
        } else {
            let (lost, share) = (PAGE.count(row.lost), PAGE.brief(row.share_of_lost));
            format!("{lost} · {share} · rate {}", PAGE.brief(row.rate))
        },
        bars: (row.share_of_lost, 0.0),
    };
    let rows: Vec<BarRow> = all.iter().take(DRAWN).map(row).collect();
    let title = format!("Lost spans by {what}, {}", variant.name);
    let plot = Bars { key: format!("split-{by}"), title: &title, inks: (Ink::Lost, Ink::Lost), rows: &rows };
    let left = all.get(rows.len()..).unwrap_or_default();
    if left.is_empty() {
        return plot.draw();
    }
    let lost: u64 = left.iter().map(|row| row.lost).sum();
    let more = PAGE.counted(left.len() as u64, "value", "values");
    plot.draw().with(&note(format!("and {more} more, with {} lost", PAGE.counted(lost, "span", "spans"))))
}
