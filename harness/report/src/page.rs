//! The report as one HTML file: a first screen with the verdict and four answers, then sections, each headed by the question it
//! answers, folded below its answer.

mod belief;
mod breakdown;
mod change;
mod choice;
mod claims;
mod clock;
mod cost;
mod damage;
mod difference;
mod explained;
mod fates;
mod faults;
mod first;
mod grid;
pub(crate) mod index;
mod instrument;
mod knee;
mod latency;
mod loss;
mod origin;
mod part;
mod paths;
mod probes;
mod raw;
mod script;
mod services;
mod shell;
pub(crate) mod side;
mod silent;
mod stages;
mod survival;
mod timeline;
mod witnesses;

use spanfate_model::result::RunResult;

use crate::markup::Html;
use crate::number::PAGE;
use crate::{planned, words};
use part::Section;
use shell::Shell;

/// The whole page.
pub(crate) fn render(result: &RunResult, again: Option<&str>) -> String {
    let sections: Vec<Section> = [
        Some(difference::section(result)),
        Some(belief::section(result)),
        Some(fates::section(result)),
        explained::section(result),
        breakdown::section(result),
        services::section(result),
        paths::section(result),
        witnesses::section(result),
        Some(timeline::section(result)),
        faults::section(result),
        Some(latency::section(result)),
        survival::section(result),
        choice::section(result),
        Some(loss::section(result)),
        knee::section(result),
        change::section(result),
        damage::section(result),
        silent::section(result),
        Some(cost::section(result)),
        instrument::section(result),
        probes::section(result),
        clock::section(result),
        Some(origin::comparable(result)),
        claims::section(result),
        Some(origin::reproduce(result, again)),
        Some(raw::section(result)),
        Some(origin::glossary(result)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let folded: Html = sections.iter().map(Section::render).collect();
    let main = first::screen(result, &sections).with(&contents(&sections)).with(&folded);
    let footer = format!(
        "Rendered from result.json (format {}) by Spanfate {}.",
        result.format, result.environment.spanfate
    );
    Shell {
        title: format!("{}: {} · Spanfate", result.plan.title(), words::verdict(result.verdict)),
        policy: script::POLICY,
        skip: "Skip to the verdict",
        header: header(result),
        main,
        footer,
    }
    .render()
}

fn header(result: &RunResult) -> Html {
    let plan = &result.plan;
    let mut inner = Html::leaf("h1", "", &plan.title());
    if !plan.description.is_empty() {
        inner.push(&Html::leaf("p", "lead", &plan.description));
    }
    inner.push(&Html::leaf("p", "run", about(result)));
    inner
}

/// What was run, in a line.
fn about(result: &RunResult) -> String {
    let plan = &result.plan;
    let mut parts = vec![format!("Run {}", result.run_id)];
    parts.extend(planned::services(plan, PAGE));
    if plan.subject().has_load() {
        parts.push(plan.load.to_string());
    }
    if plan.variants.len() > 1 {
        parts.push(format!("{} variants", plan.variants.len()));
    }
    parts.push(PAGE.counted(plan.trials.len() as u64, "trial", "trials"));
    parts.push(format!("seed {}", plan.seed));
    parts.join(" · ")
}

fn contents(sections: &[Section]) -> Html {
    let link = |section: &Section| {
        Html::element("a", &[("href", &format!("#{}", section.anchor()))], Html::text(section.question))
    };
    let links: Html = sections.iter().map(|section| Html::element("li", &[], link(section))).collect();
    let list = Html::element("ol", &[], links);
    let heading = Html::element("h2", &[("id", "more-q")], Html::text("What else do you want to know?"));
    Html::element("nav", &[("aria-labelledby", "more-q")], heading.with(&list))
}
