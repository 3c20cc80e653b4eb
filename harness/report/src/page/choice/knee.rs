//! At which rate does it start to lose spans?

use spanfate_model::result::{Begin, RunResult};

use crate::figures::knee::{KneeLine, KneePlace, by_rate, by_share};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, legend, note, plots};
use crate::plot::Knee;
use crate::text::number::PAGE;
use crate::text::words::{self, maybe};

/// Most configurations that are drawn, and that the answer names.
const DRAWN: usize = 12;
const NAMED: usize = 3;

/// The section; absent where rates do not differ and the law speaks of fewer than two variants.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let lines = by_rate(result);
    let shares = if lines.is_empty() { Some(by_share(result)?) } else { None };
    let drawn: Vec<&KneeLine<'_>> = lines.iter().chain(&shares).take(DRAWN).collect();
    let mut body = key(&drawn, shares.is_some());
    body.push(&plots(drawn.iter().enumerate().map(|(at, line)| plot(line, at, shares.is_some()))));
    if lines.len() > DRAWN {
        body.push(&note(format!("{} more configurations are in the table only.", lines.len() - DRAWN)));
    }
    body.push(&note(explained(shares.is_some())));
    let all: Vec<&KneeLine<'_>> = lines.iter().chain(&shares).collect();
    body.push(&details("Numbers", numbers(&all, shares.is_some())));
    let answer = shares.as_ref().map_or_else(|| by_rates(&lines), answer_of_shares);
    Some(PageSection { id: "knee", question: "At which rate does it start to lose?", answer, body })
}

fn rate(x: f64) -> String {
    PAGE.rate(x)
}

fn percent(x: f64) -> String {
    format!("{}\u{202f}%", PAGE.fixed(x * 100.0, 0))
}

/// Where a configuration begins to lose, in words.
fn begins(line: &KneeLine<'_>, write: fn(f64) -> String) -> String {
    match line.begin {
        Begin::Unknown => "it cannot be said".to_owned(),
        Begin::After(last) => format!("nothing is lost up to {}, the highest that was tried", write(last)),
        Begin::Before(first) => {
            format!("spans are lost already at {}, the lowest that was tried", write(first))
        }
        Begin::Between(last, first) => format!("loss begins between {} and {}", write(last), write(first)),
        Begin::Mixed(first, last) => {
            format!("loss begins at {} but not sharply, nothing is lost at {}", write(first), write(last))
        }
    }
}

fn by_rates(lines: &[KneeLine<'_>]) -> String {
    let one = |line: &KneeLine<'_>| {
        let name = if lines.len() > 1 { format!("with {} ", line.name) } else { String::new() };
        let law = line.ceiling.map_or_else(String::new, |(x, spans)| {
            format!(" (by the capacity model at {}, which is {} spans/s)", rate(x), PAGE.fixed(spans, 0))
        });
        format!("{name}{}{law}", begins(line, rate))
    };
    if lines.len() <= NAMED {
        return capital(&format!("{}.", lines.iter().map(one).collect::<Vec<_>>().join("; ")));
    }
    let all = lines.len();
    let clean = lines.iter().filter(|line| matches!(line.begin, Begin::After(_))).count();
    let unknown = lines.iter().filter(|line| line.begin == Begin::Unknown).count();
    let mut firsts: Vec<(f64, &str)> =
        lines.iter().filter_map(|line| Some((first_loss(line)?, line.name))).collect();
    firsts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = match (firsts.first(), firsts.last()) {
        (Some((low, first)), Some((high, last))) => format!(
            "{} of {all} configurations lose spans at some rate: the first at {} ({first}), the last at {} ({last})",
            firsts.len(),
            rate(*low),
            rate(*high)
        ),
        _ => format!("{clean} of {all} configurations lose nothing at any rate"),
    };
    if clean > 0 && !firsts.is_empty() {
        text += &format!("; {clean} lose nothing at any rate");
    }
    if unknown > 0 {
        text += &format!("; of {unknown} it cannot be said");
    }
    text + "."
}

/// The lowest rate at which something is lost.
fn first_loss(line: &KneeLine<'_>) -> Option<f64> {
    match line.begin {
        Begin::Before(x) | Begin::Between(_, x) | Begin::Mixed(x, _) => Some(x),
        Begin::Unknown | Begin::After(_) => None,
    }
}

fn answer_of_shares(line: &KneeLine<'_>) -> String {
    let tail =
        "by the capacity model it begins where the rate reaches the ceiling of one worker, 100\u{202f}%";
    let over = line.places.iter().filter(|place| place.x > 1.0).count();
    let text = match line.begin {
        Begin::After(last) if over == 0 => {
            format!("nothing is lost, and no variant is asked for more than {} of its ceiling", percent(last))
        }
        Begin::Unknown => "that cannot be said: no trial is valid for loss".to_owned(),
        _ => format!("of the ceiling, {}", begins(line, percent)),
    };
    capital(&format!("{text}; {tail}."))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn plot(line: &KneeLine<'_>, at: usize, by_share: bool) -> (String, Html) {
    let point = |place: &KneePlace<'_>| {
        let x = if by_share { percent(place.x) } else { rate(place.x) };
        format!("{x}: {}", words::loss(place.variant, PAGE))
    };
    let points: Vec<String> = line.places.iter().map(point).collect();
    let write = if by_share { percent } else { rate };
    let name = if by_share {
        "All variants that the capacity model speaks of".to_owned()
    } else {
        line.name.to_owned()
    };
    let drawn = Knee {
        key: format!("knee-{at}"),
        title: format!("Loss by offered rate: {name}"),
        description: format!("{}. {}.", capital(&begins(line, write)), points.join("; ")),
        line,
        by_share,
    };
    (name, drawn.draw())
}

fn key(lines: &[&KneeLine<'_>], by_share: bool) -> Html {
    let hollow =
        lines.iter().any(|line| line.places.iter().any(|place| place.trials().any(|(_, counts)| !counts)));
    let mut keys = vec![(LegendKey::Dot, "text", "a trial")];
    if hollow {
        keys = vec![(LegendKey::Dot, "text", "a trial; hollow where it is not valid for loss")];
    }
    if !by_share {
        keys.push((LegendKey::Line, "lost", "mean"));
    }
    keys.extend([
        (
            LegendKey::Line,
            "law",
            if by_share {
                "the capacity model, for ever"
            } else {
                "the capacity model, for trials of this length"
            },
        ),
        (LegendKey::Line, "capacity", "ceiling of one worker, b/R"),
        (LegendKey::Bar, "band", "here loss begins"),
    ]);
    legend(&keys)
}

fn explained(by_share: bool) -> &'static str {
    if by_share {
        "All variants ran at one rate, so they are laid out by how much of their ceiling b/R it is: a batch of b spans, of which \
         each export takes R. What blocks has no ceiling to overflow and is not among them. For ever, 1 − ceiling/rate is lost; in \
         a short trial the queue takes up some of it. Numbers are those of the table."
    } else {
        "The ceiling is b/R with the measured time R of an export, the mean over the trials. Beyond it a short trial may still lose \
         nothing, as long as the queue takes up what is too much. The capacity model knows nothing of faults."
    }
}

fn numbers(lines: &[&KneeLine<'_>], by_share: bool) -> Html {
    let titles = [
        "Variant",
        if by_share { "#Number" } else { "#Offered | requests/s" },
        if by_share { "#Rate over ceiling" } else { "#Ceiling | requests/s" },
        "#Loss",
        "#95 % interval | over trials",
        "#Law predicts",
        "#Trials",
    ];
    let mut grid = Grid::new("Loss by rate", titles);
    for line in lines {
        for (at, place) in line.places.iter().enumerate() {
            let (first, second) = if by_share {
                ((at + 1).to_string(), percent(place.x))
            } else {
                (PAGE.fixed(place.x, 0), maybe(line.ceiling, |(x, _)| PAGE.fixed(x, 0)))
            };
            grid.row([
                place.variant.name.clone(),
                first,
                second,
                words::loss(place.variant, PAGE),
                maybe(words::interval(&place.variant.summary.loss, PAGE), |text| text),
                words::law(place.variant.summary.predicted, PAGE),
                PAGE.count(place.variant.trials.len() as u64),
            ]);
        }
    }
    grid.render()
}
