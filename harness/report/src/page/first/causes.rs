//! Cause and remedy of every variant that lost spans, a line each.

use spanfate_model::result::{LossCause, RunResult};

use crate::answers::{cause_line, focus, remedy_line};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{details, paste};
use crate::text::number::PAGE;

/// The table, folded away; the variant that matters most first, the others by the share they lost. Nothing where only one variant lost
/// spans: the answers above it have said it all.
pub(crate) fn of_all(result: &RunResult) -> Html {
    let mut causes: Vec<&LossCause> = result.insights.why.iter().collect();
    if causes.len() < 2 {
        return Html::new();
    }
    let first = focus(result).map(|variant| variant.name.as_str());
    causes.sort_by_key(|cause| Some(cause.variant.as_str()) != first);
    let titles = ["Variant", "#Loss", "Cause", "Remedy"];
    let mut grid = Grid::new("Every variant that lost spans in its measured part", titles);
    for cause in &causes {
        let loss = result.variant(&cause.variant).map_or(0.0, |variant| variant.summary.loss.mean);
        grid.marked(vec![
            Html::text(&cause.variant),
            Html::text(PAGE.percent(loss)),
            Html::text(cause_line(result, cause)),
            remedy(result, &cause.variant),
        ]);
    }
    let summary = format!("Cause and remedy of each of the {} variants that lost spans", causes.len());
    details(&summary, grid.render())
}

fn remedy(result: &RunResult, variant: &str) -> Html {
    let Some(advised) = result.insights.advice.iter().find(|one| one.variant == variant) else {
        return Html::new();
    };
    let (lines, known) = remedy_line(result, advised);
    let lines = if lines.is_empty() { Html::new() } else { paste(&lines) };
    lines.with(&Html::text(known))
}
