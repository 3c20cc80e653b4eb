//! What differs? Settings as they were set, and what the SDK really used.

use spanfate_model::advice::lines::variable;
use spanfate_model::result::RunResult;

use crate::figures::settings_table::{SettingKey, SettingValue, keys};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, details, fold, note};

/// Settings that the answer names.
const NAMED: usize = 8;

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let (differing, same): (Vec<SettingKey>, Vec<SettingKey>) =
        keys(result).into_iter().partition(SettingKey::differs);
    let mut body = main(result, &differing);
    if result.variants.len() > 1 && !same.is_empty() {
        let summary = format!("{} settings that are the same in all variants", same.len());
        body.push(&details(&summary, equal(&same, result.variants.len())));
    } else {
        body.push(&equal(&same, result.variants.len()));
    }
    body.push(&explained(result));
    PageSection { id: "settings", question: "What differs?", answer: answer(result, &differing), body }
}

fn answer(result: &RunResult, differing: &[SettingKey]) -> String {
    if result.variants.len() < 2 {
        return "There is one variant, so nothing is compared.".to_owned();
    }
    let mut names: Vec<&str> = differing.iter().take(NAMED).map(|key| key.name.as_str()).collect();
    let more = format!("{} more", differing.len().saturating_sub(NAMED));
    names.extend((differing.len() > NAMED).then_some(more.as_str()));
    match names.as_slice() {
        [] => "Nothing: all variants have the same settings.".to_owned(),
        names => format!("The variants differ in {}; all else is equal.", names.join(", ")),
    }
}

/// A row per variant, a column per setting in which they differ.
fn main(result: &RunResult, differing: &[SettingKey]) -> Html {
    if differing.is_empty() {
        return Html::new();
    }
    let title = |key: &SettingKey| match said_by(&key.name) {
        Some(by) => format!("{} | {by}", key.name),
        None => key.name.clone(),
    };
    let titles = std::iter::once("Variant".to_owned()).chain(differing.iter().map(title));
    let mut grid = Grid::new("Settings that differ", titles);
    for (at, variant) in result.variants.iter().enumerate() {
        let mut cells = vec![Html::text(&variant.name)];
        cells.extend(differing.iter().map(|key| key.values.get(at).map_or_else(Html::new, shown)));
        grid.marked(cells);
    }
    fold(grid.len(), &format!("Settings of {} variants", grid.len()), grid.render())
}

/// What sets it, in words that are not ours.
fn said_by(key: &str) -> Option<&'static str> {
    variable(key).or(match key {
        "on_full" => Some("sdktrace.WithBlocking()"),
        "answer_after" => Some("how late the receiver answers, on purpose"),
        "ebpf" => Some("probes of this tool"),
        "witness" => Some("this tool's hooks in the process"),
        _ => None,
    })
}

fn shown(value: &SettingValue) -> Html {
    match (&value.set, &value.used) {
        (Some(set), _) => {
            let mut out = Html::leaf("strong", "", set);
            if let Some(used) = value.otherwise() {
                out.push(&Html::leaf("span", "unset", format!(" uses {used}")));
            }
            out
        }
        // A short one stays on its line.
        (None, Some(used)) if used.len() < 16 => {
            Html::leaf("span", "unset", format!("{used}\u{a0}(default)"))
        }
        (None, Some(used)) => Html::leaf("span", "unset", format!("{used} (default)")),
        (None, None) => Html::leaf("span", "unset", "not set"),
    }
}

fn equal(same: &[SettingKey], variants: usize) -> Html {
    let mut grid = Grid::new("Settings that are the same everywhere", ["Setting", "Value", "Set"]);
    for key in same {
        let value = key.values.first().and_then(SettingValue::counts).unwrap_or_default();
        let set = match key.set_in() {
            0 => "default".to_owned(),
            n if n == variants => "by the scenario".to_owned(),
            n => format!("by {n} of {variants} variants; the default is the same"),
        };
        grid.row([key.name.clone(), value.to_owned(), set]);
    }
    grid.render()
}

fn explained(result: &RunResult) -> Html {
    let text = "What is set stands out; what is not set shows what the SDK says it uses, as its default. “Not set” is what \
                neither the file nor the SDK says.";
    match result.plan.services.as_slice() {
        [first, _, ..] => note(format!(
            "{text} What the SDK uses is that of {}; the others are under “Which service loses?”.",
            first.name
        )),
        _ => note(text),
    }
}
