//! All runs of a results folder on one page: what became of each, and how the loss of a scenario went over its runs.

use std::collections::BTreeMap;

use spanfate_model::finding::index::{Concluded, RunEntry};
use spanfate_model::quantity::stamp;
use spanfate_model::verdict::Verdict;

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{badge, open_section};
use crate::page::frame::script;
use crate::page::frame::shell::Shell;
use crate::plot::spark;
use crate::text::fit::{clean, clip};
use crate::text::number::{NONE, PAGE};
use crate::text::words;

/// Most runs of a scenario whose loss is drawn.
const DRAWN: usize = 40;

/// Where the links of the page lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IndexLinks {
    /// To pages of a server, which renders reports and comparisons.
    Served,
    /// To files in the same folder.
    Files,
}

/// The page; newest runs first.
pub(crate) fn render(entries: &[RunEntry], links: IndexLinks) -> String {
    let mut entries: Vec<&RunEntry> = entries.iter().collect();
    entries.sort_by(|a, b| (b.began, &b.run).cmp(&(a.began, &a.run)));
    let main = list(&entries, links).with(&trends(&entries));
    Shell {
        title: "Runs · Spanfate".to_owned(),
        policy: if links == IndexLinks::Served { script::FORM_POLICY } else { script::POLICY },
        skip: "Skip to the runs",
        header: Html::leaf("h1", "", "Runs").with(&Html::leaf("p", "lead", answer(&entries))),
        main,
        footer: "Rendered from the result.json of each run.".to_owned(),
    }
    .render()
}

fn answer(entries: &[&RunEntry]) -> String {
    if entries.is_empty() {
        return "There is no run yet: `cargo run -- scenario smoke.toml` makes one.".to_owned();
    }
    let count = |verdict: Verdict| {
        let is = |entry: &&&RunEntry| entry.found.as_ref().is_ok_and(|found| found.verdict == verdict);
        entries.iter().filter(is).count() as u64
    };
    let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::AccountingBroken];
    let mut parts: Vec<String> = all
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{} {}", PAGE.count(count(verdict)), words::verdict(verdict)))
        .collect();
    let unread = entries.iter().filter(|entry| entry.found.is_err()).count() as u64;
    if unread > 0 {
        parts.push(format!("{} without a result", PAGE.count(unread)));
    }
    format!("{}: {}.", PAGE.counted(entries.len() as u64, "run", "runs"), parts.join(", "))
}

/// How each scenario went, from its first run to its last.
fn trends(entries: &[&RunEntry]) -> Html {
    let mut by_scenario: BTreeMap<&str, Vec<&Concluded>> = BTreeMap::new();
    for entry in entries.iter().rev() {
        if let Ok(found) = &entry.found {
            by_scenario.entry(&found.scenario).or_default().push(found);
        }
    }
    let titles =
        ["Scenario", "#Runs", "Last verdict", "#Last loss", "#Highest loss", "Loss, oldest run first"];
    let mut grid = Grid::new("By scenario: loss over whole runs", titles);
    for (at, (scenario, runs)) in by_scenario.iter().enumerate() {
        let Some(last) = runs.last() else { continue };
        let drawn = runs.get(runs.len().saturating_sub(DRAWN)..).unwrap_or_default();
        let losses: Vec<f64> = drawn.iter().map(|run| run.loss()).collect();
        let highest = runs.iter().map(|run| run.loss()).fold(0.0, f64::max);
        grid.marked(vec![
            Html::text(scenario),
            Html::text(PAGE.count(runs.len() as u64)),
            badge(last.verdict),
            Html::text(share(last.loss())),
            Html::text(share(highest)),
            if losses.len() > 1 {
                spark(&format!("spark-{at}"), scenario, &losses)
            } else {
                Html::text(NONE)
            },
        ]);
    }
    open_section("scenarios", "How did each scenario go?", grid.render())
}

fn share(loss: f64) -> String {
    if loss > 0.0 { PAGE.percent(loss) } else { "0".to_owned() }
}

fn list(entries: &[&RunEntry], links: IndexLinks) -> Html {
    let served = links == IndexLinks::Served;
    let choice: &[&str] = if served { &["Compare"] } else { &[] };
    let rest = [
        "Scenario",
        "Began",
        "Verdict",
        "#Created | spans",
        "#Lost | spans",
        "#Loss",
        "#Unexplained | spans",
        "#Variants",
        "#Trials",
    ];
    let mut grid = Grid::new("Newest first", std::iter::once(&"Run").chain(choice).chain(&rest));
    for entry in entries {
        let mut cells = vec![link(entry, links)];
        if served {
            cells.push(if entry.found.is_ok() { choose(&entry.run) } else { Html::new() });
        }
        match &entry.found {
            Ok(found) => cells.extend(told(entry, found)),
            Err(why) => {
                cells.extend([Html::new(), when(entry), clamped(why)]);
                cells.extend(std::iter::repeat_n(Html::text(NONE), 6));
            }
        }
        grid.marked(cells);
    }
    let table = grid.render();
    if !served || entries.iter().filter(|entry| entry.found.is_ok()).count() < 2 {
        return open_section("runs", "What was run?", table);
    }
    let button = Html::element("button", &[("type", "submit")], Html::text("Compare A with B"));
    let form = Html::element("form", &[("action", "/compare"), ("method", "get")], table.with(&button));
    open_section("runs", "What was run?", form)
}

fn told(entry: &RunEntry, found: &Concluded) -> Vec<Html> {
    let reason = found.reason.as_deref().filter(|_| found.verdict != Verdict::Pass);
    let verdict = reason.map_or_else(|| badge(found.verdict), |why| badge(found.verdict).with(&clamped(why)));
    vec![
        Html::text(&found.scenario),
        when(entry),
        verdict,
        Html::text(PAGE.count(found.created)),
        Html::text(PAGE.count(found.lost)),
        Html::text(share(found.loss())),
        Html::text(PAGE.count(found.unexplained)),
        Html::text(PAGE.count(found.variants as u64)),
        Html::text(PAGE.count(found.trials as u64)),
    ]
}

/// A reason in a line or two; a long one unfolds.
fn clamped(reason: &str) -> Html {
    /// Characters of two lines of the column.
    const SHORT: usize = 90;
    let short = clip(reason, SHORT);
    if short == clean(reason) {
        return Html::leaf("small", "", reason);
    }
    Html::element(
        "details",
        &[("class", "why")],
        Html::leaf("summary", "", short).with(&Html::leaf("p", "", reason)),
    )
}

fn when(entry: &RunEntry) -> Html {
    let text = if entry.began == 0 { NONE.to_owned() } else { stamp::read(entry.began) };
    Html::leaf("span", "whole", text)
}

fn link(entry: &RunEntry, links: IndexLinks) -> Html {
    let to = match links {
        IndexLinks::Served => entry.found.is_ok().then(|| format!("/runs/{}", entry.run)),
        IndexLinks::Files => {
            entry.report.as_ref().and_then(|path| Some(path.file_name()?.to_str()?.to_owned()))
        }
    };
    match to {
        Some(to) => Html::element("a", &[("href", &to)], Html::text(&entry.run)),
        None => Html::text(&entry.run),
    }
}

/// A run as one of the two that are compared.
fn choose(run: &str) -> Html {
    let one = |name: &'static str, shown: &str| {
        let label = format!("{run} as {shown}");
        let attributes =
            [("type", "radio"), ("name", name), ("value", run), ("required", ""), ("aria-label", &*label)];
        Html::element("label", &[], Html::void("input", &attributes).with(&Html::text(format!(" {shown} "))))
    };
    one("a", "A").with(&one("b", "B"))
}
