//! What differs? Settings as they were set, and what the SDK really used.

use spanfate_model::exporter::Effective;
use spanfate_model::result::{RunResult, VariantResult};

use super::grid::Grid;
use super::part::Section;
use crate::markup::Html;
use crate::number::PAGE;

/// The section.
pub(crate) fn section(result: &RunResult) -> Section {
    let names = names(result);
    let differing: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| differs(result, name)).collect();
    let answer = if result.variants.len() < 2 {
        "There is one variant, so nothing is compared.".to_owned()
    } else if differing.is_empty() {
        "Nothing: all variants have the same settings.".to_owned()
    } else {
        format!("The variants differ in {}; all else is equal.", differing.join(", "))
    };
    let body = as_set(result, &names).with(&effective(result));
    Section { id: "settings", question: "What differs?", answer, body }
}

fn names(result: &RunResult) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (name, _) in result.variants.iter().flat_map(|variant| &variant.settings) {
        if !out.contains(name) {
            out.push(name.clone());
        }
    }
    out
}

fn value<'a>(variant: &'a VariantResult, name: &str) -> Option<&'a str> {
    variant.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn differs(result: &RunResult, name: &str) -> bool {
    let mut values = result.variants.iter().map(|variant| value(variant, name));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

fn as_set(result: &RunResult, names: &[String]) -> Html {
    let titles = std::iter::once("Variant").chain(names.iter().map(String::as_str));
    let mut grid = Grid::new("Settings as set; what is not set is the SDK's default", titles);
    for variant in &result.variants {
        let mut cells = vec![Html::text(&variant.name)];
        for name in names {
            cells.push(match value(variant, name) {
                Some(value) if differs(result, name) => Html::leaf("strong", "", value),
                Some(value) => Html::text(value),
                None => Html::leaf("span", "unset", "not set"),
            });
        }
        grid.marked(cells);
    }
    grid.render()
}

fn effective(result: &RunResult) -> Html {
    let titles = [
        "Variant",
        "Protocol",
        "#Queue | spans",
        "#Batch | spans",
        "#Schedule delay | ms",
        "#Export timeout | ms",
        "When full",
        "Sampler",
        "Exporter",
    ];
    let caption = match result.plan.services.as_slice() {
        [first, _, ..] => {
            format!(
                "What the SDK of {} says it uses; the others are under “Which service loses?”",
                first.name
            )
        }
        _ => "What the SDK says it uses".to_owned(),
    };
    let mut grid = Grid::new(&caption, titles);
    for variant in &result.variants {
        if let Some(effective) = variant.trials.iter().find_map(|trial| trial.effective.as_ref()) {
            grid.row(cells(&variant.name, effective));
        }
    }
    grid.render()
}

fn cells(name: &str, effective: &Effective) -> Vec<String> {
    vec![
        name.to_owned(),
        effective.protocol.clone(),
        PAGE.count(u64::from(effective.queue)),
        PAGE.count(u64::from(effective.batch)),
        PAGE.fixed(effective.delay_ms, 0),
        PAGE.fixed(effective.export_timeout_ms, 0),
        if effective.block { "blocks" } else { "drops" }.to_owned(),
        effective.sampler.clone(),
        effective.exporter_type.clone(),
    ]
}
