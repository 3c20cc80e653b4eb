//! Two runs side by side: verdicts, the loss of the variants that both have, and what a comparison proves.

use spanfate_model::result::change::Change;
use spanfate_model::result::{Comparison, RunResult, VariantResult};
use spanfate_model::verdict::Verdict;

use crate::figures::sums::Books;
use crate::markup::Html;
use crate::page::choice::change;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{badge, note, open_section};
use crate::page::frame::script;
use crate::page::frame::shell::Shell;
use crate::text::number::PAGE;
use crate::text::words;

/// The page of a baseline, a candidate, and their comparisons by variant.
pub(crate) fn render(baseline: &RunResult, candidate: &RunResult, all: &[Comparison]) -> String {
    let worst = all.iter().fold(Verdict::Pass, |worst, one| worst.worst(one.verdict));
    let lead = answer(all);
    let header = Html::leaf("h1", "", format!("{} and {}", baseline.plan.title(), candidate.plan.title()))
        .with(&Html::leaf("p", "lead", &lead))
        .with(&Html::leaf(
            "p",
            "run",
            format!("Baseline {} · candidate {}", baseline.run_id, candidate.run_id),
        ));
    let main = runs(baseline, candidate)
        .with(&losses(baseline, candidate))
        .with(&all.iter().enumerate().map(|(at, one)| compared(at, one)).collect());
    Shell {
        title: format!("{} and {}: {} · Spanfate", baseline.run_id, candidate.run_id, words::verdict(worst)),
        policy: script::POLICY,
        skip: "Skip to the comparison",
        header,
        main,
        footer: "Rendered from the result.json of both runs.".to_owned(),
    }
    .render()
}

fn answer(all: &[Comparison]) -> String {
    if all.is_empty() {
        return "The runs share no variant, so nothing is compared.".to_owned();
    }
    let is = |change: Change| {
        let rows = all.iter().flat_map(|one| &one.rows).filter(|row| row.change == change);
        rows.count() as u64
    };
    let figures: u64 = all.iter().map(|one| one.rows.len() as u64).sum();
    let parts: Vec<String> =
        [Change::Worse, Change::Different, Change::Better, Change::Inconclusive, Change::Same]
            .into_iter()
            .filter(|change| is(*change) > 0)
            .map(|change| format!("{} {change}", PAGE.count(is(change))))
            .collect();
    let variants = PAGE.counted(all.len() as u64, "shared variant", "shared variants");
    format!("Of {} in {variants}: {}.", PAGE.counted(figures, "figure", "figures"), parts.join(", "))
}

fn runs(baseline: &RunResult, candidate: &RunResult) -> Html {
    let titles = [
        "Run",
        "Is the",
        "Scenario",
        "Verdict",
        "#Created | spans",
        "#Lost | spans",
        "#Unexplained",
        "Kernel",
        "Go",
    ];
    let mut grid = Grid::new("Both runs", titles);
    for (what, run) in [("baseline", baseline), ("candidate", candidate)] {
        let books = Books::of_run(run);
        grid.marked(vec![
            Html::text(&run.run_id),
            Html::text(what),
            Html::text(run.plan.title()),
            badge(run.verdict),
            Html::text(PAGE.count(books.created)),
            Html::text(PAGE.count(books.lost)),
            Html::text(PAGE.count(books.unexplained)),
            Html::text(&run.environment.kernel),
            Html::text(&run.environment.go),
        ]);
    }
    let differs = baseline.environment.differences(&candidate.environment);
    let differs = if differs.is_empty() {
        note("The machines are the same as far as the runs recorded them.")
    } else {
        note(format!("The machines differ in {}; times are not comparable.", differs.join(", ")))
    };
    open_section("runs", "What is compared?", grid.render().with(&differs))
}

fn variant_of<'a>(run: &'a RunResult, name: &str) -> Option<&'a VariantResult> {
    run.variants.iter().find(|variant| variant.name == name)
}

fn losses(baseline: &RunResult, candidate: &RunResult) -> Html {
    let titles = [
        "Variant",
        "#Baseline | loss",
        "#Candidate | loss",
        "#Change | percentage points",
        "#Trials | baseline, candidate",
    ];
    let mut grid = Grid::new("Loss in the measured part, by variant", titles);
    let mut names: Vec<&str> = baseline.variants.iter().map(|variant| variant.name.as_str()).collect();
    names.extend(candidate.variants.iter().map(|variant| variant.name.as_str()));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    for name in names {
        let (one, other) = (variant_of(baseline, name), variant_of(candidate, name));
        let loss =
            |variant: Option<&VariantResult>| words::maybe(variant, |variant| words::loss(variant, PAGE));
        let change = one.zip(other).map(|(one, other)| other.summary.loss.mean - one.summary.loss.mean);
        let trials = |variant: Option<&VariantResult>| variant.map_or(0, |variant| variant.trials.len());
        grid.row([
            name.to_owned(),
            loss(one),
            loss(other),
            words::maybe(change, |change| PAGE.fixed(change * 100.0, 2)),
            format!("{}, {}", trials(one), trials(other)),
        ]);
    }
    open_section("loss", "Which loses more?", grid.render())
}

fn compared(at: usize, comparison: &Comparison) -> Html {
    let reasons = Html::text(format!(" {}", comparison.reasons.join("; ")));
    let verdict = Html::element("p", &[("class", "answer")], badge(comparison.verdict).with(&reasons));
    let question = format!("Is {} worse than {}?", comparison.candidate, comparison.baseline);
    open_section(&format!("compared-{at}"), &question, verdict.with(&change::tables(comparison)))
}
