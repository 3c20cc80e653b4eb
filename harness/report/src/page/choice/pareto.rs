//! Which should I choose?

use spanfate_model::result::{Candidate, RunResult, Selection};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, details, note, plots};
use crate::plot::{Point, Scatter};
use crate::text::number::{NONE, PAGE};
use crate::text::words::maybe;

/// The section; absent where there are not two configurations under the same conditions.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let choice = result.insights.choice.as_ref()?;
    // The best first, without loss and small before others; so the numbers read from the left.
    let mut sorted: Vec<&Candidate> = choice.candidates.iter().collect();
    sorted.sort_by(|a, b| (!a.best).cmp(&!b.best).then(order(a).total_cmp(&order(b))));
    let mut body = legend();
    body.push(&panels(&sorted));
    body.push(&best(&sorted));
    body.push(&explained(choice));
    body.push(&details(&format!("All {} configurations", sorted.len()), all(&sorted)));
    Some(PageSection { id: "choice", question: "Which should I choose?", answer: answer(choice), body })
}

/// By loss, and without a loss by memory.
fn order(candidate: &Candidate) -> f64 {
    candidate
        .cost
        .map_or(f64::INFINITY, |cost| if cost.loss > 0.0 { cost.loss } else { -1.0 / cost.memory.max(1.0) })
}

fn answer(choice: &Selection) -> String {
    let text = among(choice);
    let judged = choice.candidates.iter().any(|candidate| candidate.cost.is_some());
    match choice.like.as_ref().filter(|_| judged) {
        Some(like) => format!("Under the conditions of {like}: {}", lower(&text)),
        None => text,
    }
}

/// A sentence that goes on after a colon.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn among(choice: &Selection) -> String {
    let all = choice.candidates.len();
    let judged = || choice.candidates.iter().filter(|candidate| candidate.cost.is_some());
    let clean = judged().filter(|one| one.cost.is_some_and(|cost| cost.loss <= 0.0)).count();
    let unsure = all - judged().count();
    let worst = match choice.over.as_slice() {
        [] => String::new(),
        axes => format!(", each at its worst over {}", axes.join(" and ")),
    };
    let cheapest = choice.at(choice.cheapest);
    let mut text = match (cheapest, clean) {
        (None, _) => match choice.at(choice.least) {
            None => {
                return "That cannot be said: no configuration is valid for both loss and latency."
                    .to_owned();
            }
            Some(only) if unsure + 1 == all => {
                format!(
                    "The only configuration that can be judged, {}, loses spans: {}",
                    only.name,
                    price(only)
                )
            }
            Some(least) => {
                let loss = least.cost.map_or(0.0, |cost| cost.loss);
                let that = if unsure > 0 { " that can be judged" } else { "" };
                format!(
                    "All {} configurations{that} lose spans{worst}; least is lost by {} ({}): {}",
                    all - unsure,
                    least.name,
                    PAGE.percent(loss),
                    price(least)
                )
            }
        },
        (Some(only), 1) => {
            format!("Of {all} configurations{worst}, only {} loses nothing: {}", only.name, price(only))
        }
        (Some(cheapest), n) => {
            let who = if n == all {
                format!("All {all} configurations lose")
            } else {
                format!("{n} of {all} configurations lose")
            };
            format!("{who} nothing{worst}; the cheapest of them is {}: {}", cheapest.name, price(cheapest))
        }
    };
    if let Some(fastest) = choice.at(choice.fastest) {
        text += &format!("; the fastest is {}: {}", fastest.name, price(fastest));
    }
    text.push('.');
    if cheapest.is_some_and(|one| one.trials == 1) {
        text += " It lost nothing in one trial, which is no advice by itself.";
    }
    if unsure > 0 {
        text +=
            &format!(" {} cannot be judged.", PAGE.counted(unsure as u64, "configuration", "configurations"));
    }
    text
}

fn price(candidate: &Candidate) -> String {
    maybe(candidate.cost, |cost| {
        format!("response p99 {}, {}", PAGE.ms(cost.response_ms), PAGE.bytes(cost.memory))
    })
}

fn panels(sorted: &[&Candidate]) -> Html {
    let panel = |key: &'static str, other: &'static str, pick: &dyn Fn(&Candidate) -> Option<f64>| {
        let points: Vec<Point> = sorted
            .iter()
            .enumerate()
            .filter_map(|(at, one)| {
                let (loss, other) = (one.cost?.loss, pick(one)?);
                Some(Point { loss, other, number: one.best.then_some(at + 1) })
            })
            .collect();
        let said: Vec<String> = points
            .iter()
            .filter(|point| point.number.is_some())
            .map(|point| {
                format!(
                    "{}: loss {}, {}",
                    point.number.unwrap_or_default(),
                    PAGE.brief(point.loss),
                    PAGE.short(point.other)
                )
            })
            .collect();
        let description = format!(
            "A mark per configuration, loss across, {other} upwards. On the Pareto front, by their numbers: {}.",
            said.join("; ")
        );
        let drawn = Scatter { key, other, description, points: &points }.draw();
        let name = other.split(',').next().unwrap_or_default();
        (!points.is_empty()).then(|| (format!("Loss and {name}"), drawn))
    };
    let parts = [
        panel("choice-response", "response p99, ms", &|one| one.cost.map(|cost| cost.response_ms)),
        panel("choice-delay", "creation to receipt p99, ms", &|one| one.delay_ms),
        panel("choice-memory", "memory, MiB", &|one| one.cost.map(|cost| cost.memory / 1_048_576.0)),
    ];
    plots(parts.into_iter().flatten())
}

fn legend() -> Html {
    let key = |mark: Html| {
        Html::element("svg", &[("viewBox", "0 0 28 10"), ("aria-hidden", "true"), ("class", "key")], mark)
    };
    let best = Html::void("polygon", &[("class", "f best"), ("points", "9,5 14,0 19,5 14,10")]);
    let beaten = [("class", "l beaten"), ("stroke-width", "1.25"), ("cx", "14"), ("cy", "5"), ("r", "3")];
    let entries = [
        (best, "on the Pareto front of loss, response and memory; its number is in the table"),
        (Html::void("circle", &beaten), "another is at least as good in all three, and better in one"),
    ];
    let entry = |(mark, words): (Html, &str)| Html::element("li", &[], key(mark).with(&Html::text(words)));
    Html::element("ul", &[("class", "legend")], entries.into_iter().map(entry).collect())
}

const TITLES: [&str; 5] =
    ["#Loss", "#Response p99 | ms", "#Creation to receipt p99 | ms", "#Memory | MiB, highest", "Judged"];

fn figures(candidate: &Candidate) -> Vec<String> {
    let cost = candidate.cost;
    vec![
        maybe(cost, |cost| PAGE.brief(cost.loss)),
        maybe(cost, |cost| PAGE.short(cost.response_ms)),
        maybe(candidate.delay_ms, |ms| PAGE.short(ms)),
        maybe(cost, |cost| PAGE.mib(cost.memory as u64)),
    ]
}

fn best(sorted: &[&Candidate]) -> Html {
    let titles = ["Configuration", "#Number"].into_iter().chain(TITLES.into_iter().take(4));
    let mut grid = Grid::new("The Pareto front", titles);
    for (at, candidate) in sorted.iter().enumerate().filter(|(_, candidate)| candidate.best) {
        let cells = [candidate.name.clone(), (at + 1).to_string()];
        grid.row(cells.into_iter().chain(figures(candidate)));
    }
    grid.render()
}

fn all(sorted: &[&Candidate]) -> Html {
    let mut grid = Grid::new("All configurations", ["Configuration"].into_iter().chain(TITLES));
    for candidate in sorted {
        let judged = match (candidate.cost, candidate.best) {
            (None, _) => "cannot be judged",
            (_, true) => "on the Pareto front",
            _ => NONE,
        };
        grid.row([candidate.name.clone()].into_iter().chain(figures(candidate)).chain([judged.to_owned()]));
    }
    grid.render()
}

fn explained(choice: &Selection) -> Html {
    let mut text = "No loss has a place of its own on the left: a logarithmic axis has none for it. Differences smaller than a \
                    trial can tell apart (a twentieth of a percent of loss, 10 % of a time, 5 % of memory) count as none."
        .to_owned();
    if !choice.over.is_empty() {
        text += &format!(
            " What nobody chooses is taken at its worst: loss, times and memory of a configuration are the highest over {}.",
            choice.over.join(" and ")
        );
    }
    if choice.skipped > 0 {
        text += &format!(
            " {} left out, under which not every configuration could be judged.",
            PAGE.counted(choice.skipped as u64, "combination of these is", "combinations of these are")
        );
    }
    if choice.others > 0 {
        let (n, verb) = (choice.others as u64, if choice.others == 1 { "is" } else { "are" });
        text += &format!(
            " Only what ran under the same conditions is compared; {} with another receiver, load, witness or fault {verb} left out.",
            PAGE.counted(n, "variant", "variants")
        );
    }
    note(text)
}
