//! Where in the path were spans lost? The collectors from left to right, each with its counts and what it says of itself.

use std::collections::BTreeMap;

use spanfate_model::fate::Fate;
use spanfate_model::format::manifest::HopRewrite;
use spanfate_model::result::{RunResult, TapCost};

use crate::figures::hops::{VariantPath, losses, losses_of, paths};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, fold, note};
use crate::page::loss::path::drawing;
use crate::text::number::PAGE;

/// Variants whose paths are drawn; those of the others are lines of a table.
const DRAWN: usize = 8;

/// The section; absent where no collector is in the path.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let all = paths(result);
    if all.is_empty() {
        return None;
    }
    let drawn: Html = all.iter().take(DRAWN).map(drawn).collect();
    let mut others = Grid::new(
        "The path of each further variant",
        ["Variant", "Spans at each place", "#Acknowledged, then lost"],
    );
    for path in all.iter().skip(DRAWN) {
        let (lost, name) = (PAGE.count(path.acknowledged_and_lost()), &path.variant.name);
        others.row([name, &path.drawn(PAGE), &lost]);
    }
    let (grid, ends, set) = (grid(&all), ends_grid(&all), set_grid(&all));
    Some(PageSection {
        id: "hops",
        question: "Where in the path were spans lost?",
        answer: answer(&all),
        body: drawn
            .with(&folded(&others, "The paths of the other variants"))
            .with(&fold(grid.len(), &format!("Every collector ({} rows)", grid.len()), grid.render()))
            .with(&folded(&ends, "Further exporters: each is a path of its own"))
            .with(&folded(&set, "What was set over configurations of your own"))
            .with(&note(
                "Each span counts once at each place. Accepted: the sender was told that the collector has it. What a collector then \
                 loses no service hears of.",
            )),
    })
}

/// The path of a variant, under its name.
fn drawn(path: &VariantPath<'_>) -> Html {
    let lost = path.acknowledged_and_lost();
    let said = if lost > 0 {
        format!("{}: {} acknowledged, then lost", path.variant.name, PAGE.counted(lost, "span", "spans"))
    } else {
        path.variant.name.clone()
    };
    Html::leaf("h3", "", said).with(&drawing(path.created, &path.hops, path.received))
}

fn grid(all: &[VariantPath<'_>]) -> Grid {
    let mut grid = Grid::new(
        "Collectors in the path",
        [
            "Collector",
            "Variant",
            "#Came",
            "#Accepted",
            "#Refused",
            "#Passed on",
            "Lost in it",
            "Its own metrics",
            "The tap before it",
            "How its starts ended",
        ],
    );
    for path in all {
        for hop in &path.hops {
            let own = hop.own.map_or_else(
                || "no page was read".to_owned(),
                |own| {
                    format!(
                        "accepted {}, sent {}, failed {}, queue full {}",
                        PAGE.count(own.accepted),
                        PAGE.count(own.sent),
                        PAGE.count(own.send_failed),
                        PAGE.count(own.enqueue_failed)
                    )
                },
            );
            let lost = losses(hop, PAGE).join(", ");
            grid.marked(vec![
                Html::text(&hop.name),
                Html::text(&path.variant.name),
                Html::text(PAGE.count(hop.came)),
                Html::text(PAGE.count(hop.accepted)),
                Html::text(PAGE.count(hop.refused)),
                Html::text(PAGE.count(hop.passed)),
                Html::text(if lost.is_empty() { "nothing" } else { &lost }),
                Html::text(own),
                Html::text(tap(hop.tap)),
                Html::text(ends(&hop.ends)),
            ]);
        }
    }
    grid
}

/// What a tap took of the harness's CPU.
fn tap(cost: Option<TapCost>) -> String {
    let per_span = cost.and_then(|cost| Some((cost, cost.per_span_us()?)));
    per_span.map_or_else(
        || "not measured".to_owned(),
        |(cost, us)| format!("{} µs of CPU a span, {} in all", PAGE.short(us), PAGE.ms(cost.cpu_ms)),
    )
}

/// A table that is there only where it has rows.
fn folded(grid: &Grid, title: &str) -> Html {
    if grid.len() == 0 {
        return Html::default();
    }
    fold(grid.len(), &format!("{title} ({} rows)", grid.len()), grid.render())
}

/// What came to the ends of further exporters.
fn ends_grid(all: &[VariantPath<'_>]) -> Grid {
    let heads = ["Collector", "Exporter", "Variant", "#Taken", "#Arrived", "#Rejected", "Lost"];
    let mut grid = Grid::new("Further exporters", heads);
    for path in all {
        for (hop, end) in path.ends() {
            let lost = losses_of(&end.lost, PAGE).join(", ");
            let counts = [hop.accepted, end.arrived, end.rejected].map(|count| PAGE.count(count));
            let [taken, arrived, rejected] = &counts;
            let lost = if lost.is_empty() { "nothing" } else { &lost };
            grid.row([hop.name.as_str(), &end.exporter, &path.variant.name, taken, arrived, rejected, lost]);
        }
    }
    grid
}

/// What of the users' configurations was otherwise, in the first trial of each variant.
fn set_grid(all: &[VariantPath<'_>]) -> Grid {
    let mut grid =
        Grid::new("Set for the trial", ["Collector", "Variant", "Key", "In your file", "In the trial"]);
    for path in all {
        for hop in &path.hops {
            for HopRewrite { key, was, now } in &hop.rewritten {
                let was = was.as_deref().unwrap_or("(not set)");
                grid.row([hop.name.as_str(), &path.variant.name, key, was, now]);
            }
        }
    }
    grid
}

/// Each way once, with how often.
fn ends(ends: &[String]) -> String {
    let mut all: Vec<(&str, u64)> = Vec::new();
    for end in ends {
        match all.iter_mut().find(|(known, _)| known == end) {
            Some((_, count)) => *count += 1,
            None => all.push((end, 1)),
        }
    }
    let said = |(end, count): &(&str, u64)| match count {
        1 => (*end).to_owned(),
        count => format!("{end} ({} times)", PAGE.count(*count)),
    };
    all.iter().map(said).collect::<Vec<_>>().join(", ")
}

fn answer(all: &[VariantPath<'_>]) -> String {
    let worst = all.iter().max_by_key(|path| path.acknowledged_and_lost());
    match worst.map(|path| (path, path.acknowledged_and_lost())) {
        Some((path, lost)) if lost > 0 => {
            let at = path.hops.iter().max_by_key(|hop| hop.lost_in_all()).map_or("", |hop| hop.name.as_str());
            let mut all: BTreeMap<Fate, u64> = BTreeMap::new();
            for (fate, count) in path.hops.iter().flat_map(|hop| &hop.lost) {
                *all.entry(*fate).or_insert(0) += count;
            }
            let reasons = losses_of(&all, PAGE).join(", ");
            format!(
                "Most in `{}`: {} acknowledged to the service and then lost, most of them at `{at}` ({reasons}).",
                path.variant.name,
                PAGE.counted(lost, "span was", "spans were"),
            )
        }
        _ => "No collector lost a span that it had acknowledged.".to_owned(),
    }
}
