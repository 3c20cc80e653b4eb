//! Two stores of spans: what differs, by field, service and time, and the first traces that differ drawn one above the other.

use spanfate_model::finding::diff::{DiffCounts, DiffResult, PicturedSpan, PicturedTrace};

use crate::figures::diffed;
use crate::markup::Html;
use crate::page::frame::grid::{Grid, scrolled};
use crate::page::frame::part::{LegendKey, badge, legend, note, open_section};
use crate::page::frame::script;
use crate::page::frame::shell::Shell;
use crate::plot::apart;
use crate::text::number::PAGE;
use crate::text::words;

/// The page of a comparison.
pub(crate) fn render(found: &DiffResult) -> String {
    let names = format!("{} and {}", found.left.name, found.right.name);
    let verdict = Html::element(
        "p",
        &[("class", "answer")],
        badge(found.verdict).with(&Html::text(format!(" {}", diffed::answer(found, PAGE)))),
    );
    let live =
        found.live.as_ref().map(|live| Html::leaf("p", "", format!("Live: {}.", diffed::delays(live, PAGE))));
    let header =
        Html::leaf("h1", "", &names).with(&verdict).with(&reasons(found)).with(&live.unwrap_or_default());
    let main = spans(found)
        .with(&pictures(found))
        .with(&samples(found))
        .with(&fields(found))
        .with(&services(found))
        .with(&times(found))
        .with(&rules(found));
    Shell {
        title: format!("{names}: {} · Spanfate", words::verdict(found.verdict)),
        policy: script::POLICY,
        skip: "Skip to the comparison",
        header,
        main,
        footer: "Rendered from what spanfate diff found; --json has all of it.".to_owned(),
    }
    .render()
}

fn reasons(found: &DiffResult) -> Html {
    if found.reasons.is_empty() {
        return Html::new();
    }
    Html::element("ul", &[], found.reasons.iter().map(|reason| Html::leaf("li", "", reason)).collect())
}

fn spans(found: &DiffResult) -> Html {
    let mut sides = Grid::new("Both sides", ["Side", "What it is", "#Spans", "#Bytes"]);
    for (name, side) in [("left", &found.left), ("right", &found.right)] {
        sides.row([
            format!("{name}: {}", side.name),
            diffed::side(side, PAGE),
            PAGE.count(side.spans),
            PAGE.count(side.bytes),
        ]);
    }
    let mut grid = Grid::new("Spans and traces", ["What", "#How many"]);
    for (what, count) in diffed::counts(&found.counts) {
        grid.row([format!("spans {what}"), PAGE.count(count)]);
    }
    grid.row(["traces".to_owned(), PAGE.count(found.traces.all)]);
    grid.row(["traces in which nothing differs".to_owned(), PAGE.count(found.traces.equal)]);
    let mut inner = sides.render().with(&grid.render());
    for (side, lacking) in [("left", &found.traces.left), ("right", &found.traces.right)] {
        if let Some(text) = diffed::lacks(lacking, PAGE) {
            inner.push(&note(format!("Traces as the {side} side has them: {text}.")));
        }
    }
    if let Some(text) = diffed::moved(found, PAGE) {
        inner.push(&note(format!("{text}.")));
    }
    open_section("spans", "What is compared?", inner)
}

fn pictures(found: &DiffResult) -> Html {
    if found.pictures.is_empty() {
        return Html::new();
    }
    let marks = legend(&[
        (LegendKey::Bar, "received", "a span that is the same on both sides"),
        (LegendKey::Bar, "lost", "a span that differs, or that one side has alone"),
    ]);
    let inner = found.pictures.iter().enumerate().map(|(at, trace)| picture(at, trace)).collect();
    open_section("traces", "What do the first traces look like that differ?", marks.with(&inner))
}

fn picture(at: usize, trace: &PicturedTrace) -> Html {
    let title = format!("Trace {}", trace.trace_id);
    let drawn = scrolled(&title, apart(trace, at));
    let mut grid = Grid::new(
        &format!("What differs in trace {}", trace.trace_id),
        ["Span", "Side", "Name", "How", "What"],
    );
    let mut rows = |side: &str, spans: &[PicturedSpan]| {
        for span in spans {
            if let Some(kind) = span.mark {
                grid.row([
                    span.span_id.to_string(),
                    side.to_owned(),
                    format!("{} · {}", span.service, span.name),
                    diffed::kind(kind).to_owned(),
                    span.says.clone(),
                ]);
            }
        }
    };
    rows("left", &trace.left);
    rows("right", &trace.right);
    let left_out = if trace.not_drawn > 0 {
        note(format!("{} more spans of it are not drawn.", PAGE.count(trace.not_drawn)))
    } else {
        Html::new()
    };
    Html::leaf("h3", "", &title).with(&drawn).with(&left_out).with(&grid.render())
}

fn samples(found: &DiffResult) -> Html {
    let mut grid = Grid::new(
        "Examples of each sort of difference",
        ["Span", "Trace", "Service and name", "How", "What", "Where"],
    );
    for one in &found.samples {
        grid.row([
            one.span_id.to_string(),
            one.trace_id.to_string(),
            format!("{} · {}", one.service, one.name),
            diffed::kind(one.kind).to_owned(),
            diffed::says(one),
            diffed::places(one),
        ]);
    }
    open_section("examples", "Which spans differ?", grid.render())
}

fn fields(found: &DiffResult) -> Html {
    let mut grid = Grid::new("Fields that differ", ["Field", "#Spans", "#Of these, it is the first"]);
    for one in &found.fields {
        grid.row([one.field.says().to_owned(), PAGE.count(one.spans), PAGE.count(one.first)]);
    }
    open_section("fields", "Which fields differ?", grid.render())
}

const COUNTS: [&str; 5] = ["#On both sides", "#Different", "#Only left", "#Only right", "#Copies more"];

fn counts(name: String, of: &DiffCounts) -> Vec<String> {
    let numbers = [of.both, of.different, of.only_left, of.only_right, of.copies_left + of.copies_right];
    std::iter::once(name).chain(numbers.map(|count| PAGE.count(count))).collect()
}

fn services(found: &DiffResult) -> Html {
    let mut grid = Grid::new("Spans by service", std::iter::once("Service").chain(COUNTS));
    for one in &found.services {
        let name = if one.service.is_empty() { "(no name)" } else { &one.service };
        grid.row(counts(name.to_owned(), &one.counts));
    }
    open_section("services", "Whose spans differ?", grid.render())
}

fn times(found: &DiffResult) -> Html {
    let mut grid = Grid::new("Spans by their start", std::iter::once("From").chain(COUNTS));
    for window in &found.windows {
        grid.row(counts(diffed::time(window.from_ns), &window.counts));
    }
    let since = found.since_ns.map_or_else(Html::new, |since| {
        note(format!("The first span that differs started at {}.", diffed::time(since)))
    });
    open_section("time", "Since when?", since.with(&grid.render()))
}

fn rules(found: &DiffResult) -> Html {
    let mut grid = Grid::new("What was taken as equal", ["Rule", "What it takes as equal", "How often"]);
    for used in &found.normalised {
        grid.row([used.rule.name().to_owned(), used.rule.says().to_owned(), diffed::applied(used, PAGE)]);
    }
    let mut inner = note(format!(
        "Compared: {}.",
        found.compared.iter().map(|field| field.says()).collect::<Vec<_>>().join(", ")
    ));
    for text in diffed::not_compared(found) {
        inner.push(&note(format!("Not compared: {text}.")));
    }
    if !found.strict.is_empty() {
        let names: Vec<&str> = found.strict.iter().map(|rule| rule.name()).collect();
        inner.push(&note(format!("Rules that were switched off: {}.", names.join(", "))));
    }
    open_section("rules", "What was normalised, and what was not compared?", inner.with(&grid.render()))
}
