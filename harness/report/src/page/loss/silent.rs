//! Which losses are silent? What an operator sees of each, and which rule would have fired.

use spanfate_model::fate::Fate;
use spanfate_model::fate::signal::AlertRule;
use spanfate_model::result::{RunResult, SilentLosses};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, details, note};
use crate::text::number::{NONE, PAGE};

/// The section; absent where no trial was begun.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let silent = result.insights.silent.as_ref()?;
    let mut lost: Vec<(Fate, u64)> = result.insights.lost.iter().map(|one| (one.fate, one.spans)).collect();
    // In the order of a span's way.
    lost.sort();
    let others = Fate::all().into_iter().filter(|fate| lost.iter().all(|(known, _)| known != fate));
    let others: Vec<(Fate, u64)> = others.map(|fate| (fate, 0)).collect();
    let (happened, rest) = (table("Losses of this run", &lost), table("Losses of other kinds", &others));
    let body = happened.with(&details("What other losses would show", rest)).with(&note(
        "Rules are PromQL on the Go SDK's own metrics. They need OTEL_GO_X_OBSERVABILITY=true and a global MeterProvider, and two \
         scrapes before the process ends: a series that is new counts from its second one. “Counts” means that the metric grows by \
         one with each such span and for nothing else of that kind; “hints”, that it sees what such losses come with.",
    ));
    Some(PageSection { id: "silent", question: "Which losses are silent?", answer: answer(silent), body })
}

fn answer(losses: &SilentLosses) -> String {
    let SilentLosses { lost: all, silent, counted, hinted, untold: none } = *losses;
    if all == 0 {
        return "None: no span was lost.".to_owned();
    }
    let part = |n: u64| if n == all { "all".to_owned() } else { PAGE.count(n) };
    let mut text = match silent {
        0 => format!("None of the {} lost spans: by default the SDK says something of each", PAGE.count(all)),
        n => format!("Of {} lost spans {} went without a word by default", PAGE.count(all), part(n)),
    };
    text += &match counted {
        0 => "; no rule on metrics counts them".to_owned(),
        n => {
            format!("; with OTEL_GO_X_OBSERVABILITY=true a rule on the SDK's own metrics counts {}", part(n))
        }
    };
    if hinted > 0 {
        text += &format!(", and hinted at {}", PAGE.count(hinted));
    }
    if none > 0 {
        text += &format!("; of {} no rule can tell", PAGE.count(none));
    }
    text.push('.');
    text
}

fn table(caption: &str, fates: &[(Fate, u64)]) -> Html {
    let titles = ["Fate", "#Lost | spans, whole run", "By default one sees", "The rule", "In PromQL"];
    let mut grid = Grid::new(caption, titles);
    for (fate, lost) in fates {
        let Some(signal) = fate.facts().signal else { continue };
        let (what, rule) = match signal.rule {
            AlertRule::Counts(text) => ("✓ counts them", Html::leaf("code", "rule", text)),
            AlertRule::Hints(text) => ("? hints at them", Html::leaf("code", "rule", text)),
            AlertRule::None(why) => ("✗ none can", Html::text(why)),
        };
        grid.marked(vec![
            Html::text(fate.to_string()),
            Html::text(if *lost == 0 { NONE.to_owned() } else { PAGE.count(*lost) }),
            Html::text(signal.by_default),
            Html::text(what),
            rule,
        ]);
    }
    grid.render()
}
