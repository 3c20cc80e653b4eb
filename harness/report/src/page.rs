//! The report as one HTML file. Every section is headed by the question it answers and begins with the answer.

mod belief;
mod breakdown;
mod clock;
mod cost;
mod damage;
mod difference;
mod fates;
mod faults;
mod grid;
mod instrument;
mod latency;
mod loss;
mod origin;
mod part;
mod probes;
mod services;
mod timeline;
mod verdict;
mod witnesses;

use spanfate_model::result::RunResult;

use crate::markup::Html;
use crate::number::PAGE;
use crate::planned;
use part::Section;

/// The whole page.
pub(crate) fn render(result: &RunResult) -> String {
    let sections: Vec<Section> = [
        Some(verdict::section(result)),
        Some(belief::section(result)),
        faults::section(result),
        Some(fates::section(result)),
        damage::section(result),
        Some(loss::section(result)),
        services::section(result),
        breakdown::section(result),
        Some(latency::section(result)),
        Some(timeline::section(result)),
        Some(cost::section(result)),
        instrument::section(result),
        witnesses::section(result),
        probes::section(result),
        clock::section(result),
        Some(difference::section(result)),
        Some(origin::comparable(result)),
        Some(origin::reproduce(result)),
        Some(origin::glossary(result)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let main: Html = sections.iter().map(Section::render).collect();
    let body = Html::literal("<a class=\"skip\" href=\"#main\">Skip to the verdict</a>")
        .with(&header(result))
        .with(&contents(&sections))
        .with(&Html::element("main", &[("id", "main")], main))
        .with(&footer(result));
    let page = Html::element("html", &[("lang", "en")], head(result).with(&Html::element("body", &[], body)));
    Html::literal("<!DOCTYPE html>\n").with(&page).with(&Html::literal("\n")).into_string()
}

fn head(result: &RunResult) -> Html {
    let title = format!("{} · Spanfate", result.plan.name);
    let inner = Html::literal(concat!(
        "<meta charset=\"utf-8\">",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        "<meta name=\"color-scheme\" content=\"light dark\">",
    ))
    .with(&Html::leaf("title", "", title))
    .with(&Html::element("style", &[], Html::literal(include_str!("page/style.css"))));
    Html::element("head", &[], inner)
}

fn header(result: &RunResult) -> Html {
    let plan = &result.plan;
    let mut inner = Html::leaf("p", "brand", "Spanfate · every span gets exactly one fate");
    inner.push(&Html::leaf("h1", "", &plan.name));
    if !plan.description.is_empty() {
        inner.push(&Html::leaf("p", "lead", &plan.description));
    }
    let services = planned::services(plan, PAGE).map(|text| format!(" · {text}")).unwrap_or_default();
    inner.push(&Html::leaf("p", "run", format!("Run {}{services}", result.run_id)));
    Html::element("header", &[], inner)
}

fn contents(sections: &[Section]) -> Html {
    let link = |section: &Section| {
        Html::element("a", &[("href", &format!("#{}", section.id))], Html::text(section.question))
    };
    let links: Html = sections.iter().map(|section| Html::element("li", &[], link(section))).collect();
    Html::element("nav", &[("aria-label", "Questions")], Html::element("ol", &[], links))
}

fn footer(result: &RunResult) -> Html {
    let version = &result.environment.spanfate;
    Html::leaf(
        "footer",
        "",
        format!("Rendered from result.json (format {}) by Spanfate {version}.", result.format),
    )
}
