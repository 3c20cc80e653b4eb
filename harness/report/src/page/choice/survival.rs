//! Which configuration survives which fault? A heat map of loss, as a table: it can be read aloud, printed and copied.

use crate::figures::heatmap::{Heat, STEPS, Spot};
use crate::markup::Html;
use crate::page::frame::grid::{Grid, scrolled};
use crate::page::frame::part::{PageSection, details, note};
use crate::text::number::{NONE, PAGE};
use crate::text::words::{self, maybe};
use spanfate_model::result::RunResult;

/// Names that the answer lists.
const NAMED: usize = 3;

/// The section; absent where neither a sweep nor faults lay anything out.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let heat = Heat::of(result)?;
    let body = [legend(&heat), map(&heat), explained(&heat), details("Numbers", numbers(&heat))];
    Some(PageSection {
        id: "survival",
        question: if heat.by_fault {
            "Which configuration survives which fault?"
        } else {
            "Which configuration loses nothing?"
        },
        answer: answer(&heat),
        body: body.into_iter().collect(),
    })
}

fn answer(heat: &Heat<'_>) -> String {
    let all: Vec<&Spot<'_>> = heat.all().collect();
    let known: Vec<&Spot<'_>> = all.iter().copied().filter(|spot| spot.is_conclusive()).collect();
    let clean = known.iter().filter(|spot| spot.is_clean()).count();
    let worst = known.iter().copied().reduce(|worst, spot| if spot.loss > worst.loss { spot } else { worst });
    let Some(worst) = worst else {
        return "That cannot be said: no cell has a trial that is valid for loss.".to_owned();
    };
    let cells = |n: usize| PAGE.counted(n as u64, "cell", "cells");
    let most = format!("{}, {}", worst.variant.name, PAGE.percent(worst.loss));
    let mut text = match clean {
        n if n == known.len() && n == 1 => "The only cell that can be judged loses nothing.".to_owned(),
        n if n == known.len() && n == all.len() => format!("All {} lose nothing.", cells(n)),
        n if n == known.len() => format!("All {} that can be judged lose nothing.", cells(n)),
        0 if known.len() == 1 => format!("The only cell that can be judged loses spans ({most})."),
        0 => {
            format!("None: all {} that can be judged lose spans; most is lost by {most}.", cells(known.len()))
        }
        n => format!("{n} of {} lose nothing; most is lost by {most}.", cells(known.len())),
    };
    if clean > 0 && clean < known.len() && heat.columns.len() > 1 {
        text += &survivors(heat);
    }
    if known.len() < all.len() {
        let verb = if all.len() - known.len() == 1 { "is" } else { "are" };
        text += &format!(" {} {verb} inconclusive.", cells(all.len() - known.len()));
    }
    text
}

/// The rows that lose nothing in any column. A cell that cannot be judged is not survived.
fn survivors(heat: &Heat<'_>) -> String {
    let whole = |row: &&(&Vec<Option<Spot<'_>>>, &Vec<String>)| {
        row.0.iter().all(|spot| spot.as_ref().is_some_and(Spot::is_clean))
    };
    let rows: Vec<_> = heat.spots.iter().zip(&heat.rows).collect();
    let rows: Vec<_> = rows.iter().filter(whole).collect();
    let every = format!("with every value of {}", heat.across);
    let every = if heat.by_fault { "under all faults" } else { &every };
    if rows.is_empty() {
        return format!(" No configuration loses nothing {every}.");
    }
    let named: Vec<String> = rows.iter().take(NAMED).map(|(_, names)| row_name(&heat.heads, names)).collect();
    let more = match rows.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    let of = format!("{} of {} configurations", rows.len(), heat.rows.len());
    let verb = if rows.len() == 1 { "loses" } else { "lose" };
    format!(" {of} {verb} nothing {every}: {}{more}.", named.join("; "))
}

/// A row by its names; the head of each stands before it where there are several.
fn row_name(heads: &[String], names: &[String]) -> String {
    match names {
        [name] => name.clone(),
        _ => heads
            .iter()
            .zip(names)
            .map(|(head, name)| format!("{head} {name}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn map(heat: &Heat<'_>) -> Html {
    let mut caption = format!("Loss in the measured part by {}", heat.heads.join(", "));
    if !heat.across.is_empty() {
        caption += &format!(" (down) and {} (across)", heat.across);
    }
    let cell = |scope: &'static str, text: &str| Html::element("th", &[("scope", scope)], Html::text(text));
    let mut titles = Html::new();
    if !heat.across.is_empty() {
        let spare = heat.heads.len().to_string();
        let width = heat.columns.len().to_string();
        let across = [("scope", "colgroup"), ("colspan", &*width)];
        let row = Html::element("td", &[("colspan", &spare)], Html::new()).with(&Html::element(
            "th",
            &across,
            Html::text(&heat.across),
        ));
        titles.push(&Html::element("tr", &[], row));
    }
    let last: Html = heat.heads.iter().chain(&heat.columns).map(|title| cell("col", title)).collect();
    titles.push(&Html::element("tr", &[], last));
    let mut before: Option<&String> = None;
    let mut rows = Html::new();
    for (names, spots) in heat.rows.iter().zip(&heat.spots) {
        // A line between groups, where the names have several parts.
        let first = names.first().filter(|_| names.len() > 1);
        let class = if before.is_some() && first != before { "group" } else { "cells" };
        before = first;
        let names: Html = names.iter().map(|name| cell("row", name)).collect();
        let spots: Html = spots.iter().map(|spot| drawn(spot.as_ref())).collect();
        rows.push(&Html::element("tr", &[("class", class)], names.with(&spots)));
    }
    let inner = Html::leaf("caption", "", &caption)
        .with(&Html::element("thead", &[], titles))
        .with(&Html::element("tbody", &[], rows));
    scrolled(&caption, Html::element("table", &[("class", "heat")], inner))
}

fn drawn(spot: Option<&Spot<'_>>) -> Html {
    let Some(spot) = spot else { return Html::leaf("td", "", NONE) };
    let hatch = if spot.is_conclusive() { "" } else { " doubtful" };
    Html::leaf("td", &format!("h{}{hatch}", spot.step()), spot.text(PAGE))
}

fn legend(heat: &Heat<'_>) -> Html {
    let percent = |share: f64| PAGE.fixed(share * 100.0, usize::from(share < 0.01));
    let mut entries = vec![("h0".to_owned(), "0".to_owned(), "nothing lost".to_owned())];
    for (at, end) in STEPS.iter().enumerate() {
        entries.push((format!("h{}", at + 1), "%".to_owned(), format!("below {}\u{202f}%", percent(*end))));
    }
    let last = STEPS.last().copied().unwrap_or_default();
    let more = format!("{}\u{202f}% and more", percent(last));
    entries.push((format!("h{}", STEPS.len() + 1), "%".to_owned(), more));
    if heat.all().any(|spot| !spot.is_conclusive()) {
        entries.push(("doubtful".to_owned(), "?".to_owned(), "inconclusive".to_owned()));
    }
    if heat.spots.iter().flatten().any(Option::is_none) {
        entries.push((String::new(), NONE.to_owned(), "no trial".to_owned()));
    }
    let entry = |(class, sign, words): &(String, String, String)| {
        let swatch = [("class", &*format!("swatch {class}")), ("aria-hidden", "true")];
        let swatch = Html::element("span", &swatch, Html::text(sign));
        Html::element("li", &[], swatch.with(&Html::text(words)))
    };
    Html::element("ul", &[("class", "legend")], entries.iter().map(entry).collect())
}

fn explained(heat: &Heat<'_>) -> Html {
    let faults = if heat.by_fault { ", or a fault did not reach its dose," } else { "" };
    note(format!(
        "A cell holds the mean share of lost spans over its trials; 0 means that no trial lost a span. It is inconclusive where \
         no trial is valid for loss{faults} and is then hatched and marked with a question mark."
    ))
}

fn numbers(heat: &Heat<'_>) -> Html {
    let titles =
        ["Variant", "#Loss", "#95 % interval | over trials", "#Trials", "#Conclusive", "#Of these lossy"];
    let mut grid = Grid::new("Loss by cell", titles);
    for spot in heat.all() {
        let summary = &spot.variant.summary.loss;
        // The interval rests on all trials that are valid for loss; it is no one else's.
        let interval = words::interval(summary, PAGE).filter(|_| summary.n == spot.conclusive);
        grid.row([
            spot.variant.name.clone(),
            if spot.loss > 0.0 { PAGE.percent(spot.loss) } else { words::nothing(spot.variant, PAGE) },
            maybe(interval, |text| text),
            PAGE.count(spot.variant.trials.len() as u64),
            PAGE.count(spot.conclusive),
            PAGE.count(spot.lossy),
        ]);
    }
    grid.render()
}
