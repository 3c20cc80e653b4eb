//! Is the change real? A candidate beside a baseline.

use spanfate_model::result::change::Change;
use spanfate_model::result::{Compared, ComparedBy, Comparison, RunResult};

use crate::figures::compared::{COLUMNS, cells, method};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, badge, fold, legend, note, plots};
use crate::plot;
use crate::text::number::PAGE;
use crate::text::words;

/// Figures that the answer names of each kind.
const NAMED: usize = 3;

/// The section; absent where nothing is compared.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let comparison = result.comparison.as_ref()?;
    let mut body = Html::element("p", &[("class", "verdict")], badge(comparison.verdict));
    body.push(&listed(&comparison.reasons));
    let deciding: Vec<&Compared> =
        comparison.rows.iter().filter(|row| row.way != ComparedBy::Counter).collect();
    if !deciding.is_empty() {
        body.push(&legend(&[
            (LegendKey::Dot, "text", "a trial; lines join the two of a pair"),
            (LegendKey::Beam, "interval", "change with its 95 % interval"),
            (LegendKey::Bar, "band", "a change in here is too small to matter"),
        ]));
        let drawn =
            deciding.iter().enumerate().map(|(at, row)| (row.figure.to_string(), plot::strip(row, at)));
        body.push(&plots(drawn));
    }
    body.push(&tables(comparison));
    if !comparison.environment.is_empty() {
        let differences: Vec<String> = comparison.environment.clone();
        body.push(&note(format!("The machines differ: {}.", differences.join("; "))));
    }
    Some(PageSection { id: "change", question: "Is the change real?", answer: answer(comparison), body })
}

/// Every figure with what is proven of it, and how it was compared.
pub(in crate::page) fn tables(comparison: &Comparison) -> Html {
    let deciding: Vec<&Compared> =
        comparison.rows.iter().filter(|row| row.way != ComparedBy::Counter).collect();
    table(&deciding).with(&counters(comparison)).with(&note(how(comparison)))
}

fn answer(comparison: &Comparison) -> String {
    let of = |change: Change| -> Vec<&Compared> {
        comparison.rows.iter().filter(|row| row.change == change).collect()
    };
    let who = format!("{} beside {}", comparison.candidate, comparison.baseline);
    let (worse, better, different) = (of(Change::Worse), of(Change::Better), of(Change::Different));
    let unsure: Vec<&Compared> = of(Change::Inconclusive);
    let deciding = comparison.rows.iter().filter(|row| row.way != ComparedBy::Counter).count();
    let found: Vec<String> = [("worse", worse), ("different", different), ("better", better)]
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(word, rows)| format!("{word} in {}", named(&rows)))
        .collect();
    let mut text = match (found.as_slice(), unsure.as_slice(), deciding) {
        (_, _, 0) if found.is_empty() => {
            format!("That cannot be said of {who}: no pair has a figure that decides.")
        }
        ([], [], n) => format!(
            "No: of {who} {} by less than what matters.",
            if n == 1 {
                "the one deciding figure changes".to_owned()
            } else {
                format!("all {n} deciding figures change")
            }
        ),
        ([], _, _) => format!("That cannot be said of {who}."),
        (found, ..) => format!("Yes: {who} is {}.", found.join(", and ")),
    };
    if !unsure.is_empty() {
        let mut names: Vec<String> = unsure.iter().take(NAMED).map(|row| row.figure.to_string()).collect();
        if unsure.len() > NAMED {
            names.push(format!("{} more", unsure.len() - NAMED));
        }
        text += &format!(" Nothing is proven of {}.", names.join(", "));
    }
    text
}

/// Figures with their effects.
fn named(rows: &[&Compared]) -> String {
    let one = |row: &&Compared| {
        let [figure, _, _, effect, interval, ..] = cells(row, PAGE);
        match row.interval {
            Some(_) => format!("{figure} ({effect}, 95 % interval {interval})"),
            None => format!("{figure} ({effect})"),
        }
    };
    let mut all: Vec<String> = rows.iter().take(NAMED).map(one).collect();
    if rows.len() > NAMED {
        all.push(format!("{} more", rows.len() - NAMED));
    }
    all.join(", ")
}

fn listed(reasons: &[String]) -> Html {
    if reasons.is_empty() {
        return Html::new();
    }
    Html::element("ul", &[], reasons.iter().map(|reason| Html::leaf("li", "", reason)).collect())
}

fn table(rows: &[&Compared]) -> Html {
    let title = |(at, column): (usize, &&str)| match at {
        0 => "Figure".to_owned(),
        7 => "Is".to_owned(),
        6 => "#Would show | in four of five cases".to_owned(),
        5 => "#p | after Holm".to_owned(),
        _ => format!("#{}", words::capital(column)),
    };
    let mut grid = Grid::new("The figures that decide", COLUMNS.iter().enumerate().map(title));
    for row in rows {
        let cells = cells(row, PAGE);
        let mut marked: Vec<Html> = cells.iter().map(Html::text).collect();
        if let Some(last) = marked.last_mut() {
            *last = Html::leaf("strong", "", format!("{} {}", sign(row.change), row.change));
        }
        grid.marked(marked);
    }
    grid.render()
}

/// A sign beside the word of a change.
const fn sign(change: Change) -> &'static str {
    match change {
        Change::Better => "✓",
        Change::Same => "=",
        Change::Worse => "✗",
        Change::Different => "≠",
        Change::Inconclusive => "?",
    }
}

/// Counters: those that differ first. They have one value in all trials of an arm.
fn counters(comparison: &Comparison) -> Html {
    let mut rows: Vec<&Compared> =
        comparison.rows.iter().filter(|row| row.way == ComparedBy::Counter).collect();
    rows.sort_by_key(|row| row.change == Change::Same);
    let titles = ["Counter", "#Baseline", "#Candidate", "#Change", "Is"];
    let mut grid = Grid::new("Counters: the same in every trial of an arm, so any difference is one", titles);
    for row in rows {
        let [figure, baseline, candidate, effect, ..] = cells(row, PAGE);
        grid.row([figure, baseline, candidate, effect, format!("{} {}", sign(row.change), row.change)]);
    }
    fold(grid.len(), &format!("{} counters", grid.len()), grid.render())
}

fn how(comparison: &Comparison) -> String {
    let method = method(comparison);
    let rule = if comparison.interleaved {
        " Worse or better needs both: the test rejects, and the change is at least the smallest that matters. The same needs a \
         95 % interval that is smaller than that. Everything else is inconclusive. “Would show” is the change that these pairs \
         would have shown."
    } else {
        ""
    };
    format!("How: {method}.{rule}")
}
