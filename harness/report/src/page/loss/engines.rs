//! Do the storage engine and the receiver hold the same traces? What the engine took and showed, and the traces in which both differ.

use spanfate_model::result::RunResult;

use crate::figures::engines::{VariantEngine, engines};
use crate::figures::hops::losses_of;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, fold, note};
use crate::text::number::PAGE;

/// The section; absent where no path ends in an engine.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let all = engines(result);
    if all.is_empty() {
        return None;
    }
    let heads = [
        "Engine",
        "Variant",
        "#Taken",
        "#Refused",
        "#No answer",
        "#Shown",
        "Lost in it",
        "How its starts ended",
    ];
    let mut grid = Grid::new("Storage engines at the end of a path", heads);
    for one in &all {
        let counts = [one.accepted, one.refused, one.unanswered, one.shown].map(|count| PAGE.count(count));
        let [taken, refused, unanswered, shown] = &counts;
        let lost = losses_of(&one.lost, PAGE).join(", ");
        let lost = if lost.is_empty() { "nothing" } else { &lost };
        let ends = one.ends.join(", ");
        grid.row([one.name, &one.variant.name, taken, refused, unanswered, shown, lost, &ends]);
    }
    let traces = traces(&all);
    let mut body = grid.render();
    if traces.len() > 0 {
        body = body.with(&fold(traces.len(), "The first traces that differ", traces.render()));
    }
    Some(PageSection {
        id: "engines",
        question: "Do the storage engine and the receiver tell the same story?",
        answer: answer(&all),
        body: body.with(&note(
            "Taken: its client was told that the engine has the span. Shown: it was there when the engine was read back at the end, by its \
             query interface. Spans are counted by their ids, each once.",
        )),
    })
}

fn traces(all: &[VariantEngine<'_>]) -> Grid {
    let heads =
        ["Trace", "Variant", "Since", "#Missing in the engine", "#Missing at the receiver", "Because"];
    let mut grid = Grid::new("Traces that differ", heads);
    for one in all {
        for trace in one.sides.iter().flat_map(|sides| &sides.examples) {
            let counts = [trace.missing_in_engine, trace.missing_in_receiver].map(|count| PAGE.count(count));
            let [engine, receiver] = &counts;
            let why = trace.fate.map_or("not known", |fate| fate.facts().short);
            let (id, since) = (trace.trace_id.to_string(), PAGE.seconds(trace.from_ms));
            grid.row([id.as_str(), &one.variant.name, &since, engine, receiver, why]);
        }
    }
    grid
}

/// Of the variant in which most traces differ, else in which most is lost.
fn answer(all: &[VariantEngine<'_>]) -> String {
    let differing = |one: &&VariantEngine<'_>| one.sides.as_ref().map_or(0, |sides| sides.differing);
    let lost = |one: &&VariantEngine<'_>| one.lost.values().sum::<u64>();
    let worst = all.iter().max_by_key(|one| (differing(one), lost(one)));
    worst.map_or_else(String::new, |one| format!("In `{}` {}.", one.variant.name, one.said(PAGE)))
}
