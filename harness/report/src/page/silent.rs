//! Which losses are silent? What an operator sees of each, and which rule would have fired.

use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::RunResult;
use spanfate_model::signal::Rule;

use super::grid::Grid;
use super::part::{Section, details, note};
use crate::books;
use crate::markup::Html;
use crate::number::{NONE, PAGE};

/// The section; absent where no trial was begun.
pub(crate) fn section(result: &RunResult) -> Option<Section> {
    if result.variants.is_empty() {
        return None;
    }
    let found = books::fates(&result.variants).into_iter();
    let lost: Vec<(Fate, u64)> = found
        .filter(|(fate, _)| fate.class() == FateClass::Lost)
        .map(|(fate, (total, _))| (fate, total))
        .collect();
    let others = Fate::all().into_iter().filter(|fate| lost.iter().all(|(known, _)| known != fate));
    let others: Vec<(Fate, u64)> = others.map(|fate| (fate, 0)).collect();
    let (happened, rest) = (table("Losses of this run", &lost), table("Losses of other kinds", &others));
    let body = happened.with(&details("What other losses would show", rest)).with(&note(
        "Rules are PromQL on the Go SDK's own metrics. They need OTEL_GO_X_OBSERVABILITY=true and a global MeterProvider, and two \
         scrapes before the process ends: a series that is new counts from its second one. “Counts” means that the metric grows by \
         one with each such span and for nothing else of that kind; “hints”, that it sees what such losses come with.",
    ));
    Some(Section { id: "silent", question: "Which losses are silent?", answer: answer(&lost), body })
}

/// The rule on metrics that sees such a loss.
fn rule(fate: Fate) -> Option<Rule> {
    fate.facts().signal.map(|signal| signal.rule)
}

fn answer(lost: &[(Fate, u64)]) -> String {
    let sum =
        |keep: fn(&Fate) -> bool| lost.iter().filter(|(fate, _)| keep(fate)).map(|(_, n)| n).sum::<u64>();
    let all = sum(|_| true);
    if all == 0 {
        return "None: no span was lost.".to_owned();
    }
    let silent = sum(|fate| fate.is_silent());
    let counted = sum(|fate| matches!(rule(*fate), Some(Rule::Counts(_))));
    let hinted = sum(|fate| matches!(rule(*fate), Some(Rule::Hints(_))));
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
    let none = all - counted - hinted;
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
            Rule::Counts(text) => ("✓ counts them", Html::leaf("code", "rule", text)),
            Rule::Hints(text) => ("? hints at them", Html::leaf("code", "rule", text)),
            Rule::None(why) => ("✗ none can", Html::text(why)),
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
