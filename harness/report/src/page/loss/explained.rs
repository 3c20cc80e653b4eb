//! What happened to one lost span?

use spanfate_model::books::explain::Explanation;
use spanfate_model::result::{RunResult, VariantResult};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, details, note};
use crate::terminal::explain::{acting, on_path, place, witness};
use crate::text::number::PAGE;

/// Most examples that are shown unfolded.
const OPEN: usize = 3;
/// Most examples of a page; the others are a command away.
const MOST: usize = 60;

/// The section; absent where no lost span is known by name.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let of = |variant: &'_ VariantResult| variant.trials.iter().flat_map(|trial| &trial.examples).count();
    let all: Vec<&Explanation> = result
        .variants
        .iter()
        .flat_map(|variant| variant.trials.iter().flat_map(|trial| &trial.examples))
        .collect();
    let first = all.first()?;
    let losing = result.variants.iter().filter(|variant| of(variant) > 0).count();
    let (open, folded) = all.split_at(all.len().min(OPEN));
    let folded = folded.get(..folded.len().min(MOST - OPEN)).unwrap_or_default();
    let mut body: Html = open.iter().map(|one| panel(one)).collect();
    if !folded.is_empty() {
        let summary = format!("{} more", PAGE.counted(folded.len() as u64, "example", "examples"));
        body.push(&details(&summary, folded.iter().map(|one| panel(one)).collect()));
    }
    let left = all.len() - open.len() - folded.len();
    if left > 0 {
        body.push(&note(format!("{} are left out here.", PAGE.counted(left as u64, "example", "examples"))));
    }
    body.push(&note(
        "Of each fate the span that was lost first, in the first trial of a variant that has the fate; \
         `spanfate explain` follows any other span by its id. What the harness says is what it did itself, and when it saw a \
         process end.",
    ));
    let answer = match all.len() {
        1 => format!("One lost span is followed step by step: “{}”.", first.verdict),
        n => format!(
            "{} lost spans of {} are followed step by step; of the first: “{}”.",
            PAGE.count(n as u64),
            PAGE.counted(losing as u64, "variant", "variants"),
            first.verdict
        ),
    };
    Some(PageSection { id: "explained", question: "What happened to one lost span?", answer, body })
}

fn panel(one: &Explanation) -> Html {
    let several = one.steps.iter().any(|step| step.path.is_some());
    let mut titles = vec!["Time | ms after load start", "Witness", "What"];
    titles.extend(several.then_some("Export path"));
    let mut grid = Grid::new(&format!("What the witnesses say of span {}", one.span_id), titles);
    for step in &one.steps {
        let mut cells = vec![PAGE.fixed(step.at_ms, 3), witness(step).to_owned(), step.what.clone()];
        cells.extend(several.then(|| step.path.clone().unwrap_or_default()));
        grid.row(cells);
    }
    let mut out = Html::leaf("h4", "", format!("{} · {}", one.variant, one.standing));
    out.push(&Html::leaf("p", "formula", &one.verdict));
    let ids = format!("{}. Span {} of trace {}.", place(one), one.span_id, one.trace_id);
    out.push(&note(ids));
    if !one.paths.is_empty() {
        let each = one.paths.iter().map(|path| Html::leaf("li", "", on_path(path)));
        out.push(&note("On each of its export paths:"));
        out.push(&Html::element("ul", &[("class", "reasons")], each.collect()));
    }
    if !one.faults.is_empty() {
        let acting: Vec<String> = one.faults.iter().map(acting).collect();
        out.push(&note(format!("Faults that acted then: {}.", acting.join("; "))));
    }
    out.with(&grid.render())
}
