//! The report as one HTML file: a first screen with the verdict, a picture and four answers, then what was claimed, then four themes.
//! Each theme folds its sections away; each section is headed by the question it answers, and folded below its answer.

pub(crate) mod apart;
mod choice;
pub(crate) mod court;
mod first;
mod frame;
pub(crate) mod index;
mod loss;
pub(crate) mod side;
mod time;
mod trust;

use spanfate_model::result::RunResult;

use crate::markup::Html;
use crate::text::number::PAGE;
use crate::text::plan_words;
use crate::text::words;
use frame::part::PageSection;
use frame::script;
use frame::shell::Shell;
use frame::theme::{self, Theme};

/// The whole page.
pub(crate) fn render(result: &RunResult, again: Option<&str>) -> String {
    let themes = themes(result, again);
    let sections: Vec<&PageSection> = themes.iter().flat_map(|theme| &theme.sections).collect();
    let main = first::screen::screen(result, &sections)
        .with(&first::claims::section(result))
        .with(&theme::contents(&themes))
        .with(&themes.iter().map(Theme::render).collect());
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
    let mut inner = Html::leaf("h1", "", plan.title());
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
    parts.extend(plan_words::services(plan, PAGE));
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

/// The sections, each under the theme that it belongs to.
fn themes(result: &RunResult, again: Option<&str>) -> [Theme; 4] {
    let loss = [
        Some(loss::fates::section(result)),
        Some(loss::amount::section(result)),
        loss::causes::section(result),
        loss::explained::section(result),
        loss::breakdown::section(result),
        loss::services::section(result),
        loss::paths::section(result),
        loss::hops::section(result),
        loss::engines::section(result),
        loss::ends::section(result),
        loss::damage::section(result),
        loss::silent::section(result),
    ];
    let time = [
        Some(time::timeline::section(result)),
        time::faults::section(result),
        Some(time::latency::section(result)),
        time::probes::section(result),
    ];
    let trust = [
        Some(trust::belief::section(result)),
        Some(trust::origin::comparable(result)),
        Some(trust::origin::reproduce(result, again)),
        Some(trust::raw::section(result)),
        Some(trust::origin::glossary(result)),
    ];
    let choice = [
        choice::pareto::section(result),
        choice::change::section(result),
        Some(choice::settings::section(result)),
        choice::survival::section(result),
        choice::knee::section(result),
        Some(choice::cost::section(result)),
    ];
    let theme = |id, name, about, sections: Vec<Option<PageSection>>| Theme {
        id,
        name,
        about,
        sections: sections.into_iter().flatten().collect(),
    };
    [
        theme("theme-loss", "Loss", "How much was lost, where, and what that does to traces.", loss.into()),
        theme(
            "theme-time",
            "Time",
            "What happened when, which faults acted, and how slow it was.",
            time.into(),
        ),
        theme("theme-trust", "Trust", "What the figures rest on, and how to get them again.", trust.into()),
        theme(
            "theme-choice",
            "Choice",
            "How the variants differ, what each costs, and what to choose.",
            choice.into(),
        ),
    ]
}
