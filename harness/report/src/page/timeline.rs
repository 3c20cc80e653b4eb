//! What happened when?

use spanfate_model::result::{RunResult, TrialResult, VariantResult};

use super::grid::Grid;
use super::part::{Key, Section, details, legend, note, plots, trial_name};
use crate::markup::Html;
use crate::number::PAGE;
use crate::plot::{Buckets, Timelines};

/// Most rows of a table beside a plot.
const ROWS: usize = 24;
/// Most faults that are explained below a plot.
const FAULTS: usize = 8;

/// The section.
pub(crate) fn section(result: &RunResult) -> Section {
    let shown: Vec<(&VariantResult, &TrialResult)> =
        result.variants.iter().filter_map(|variant| Some((variant, worst(variant)?))).collect();
    let mut body = Html::new();
    if !shown.is_empty() {
        let axes = Timelines::over(&shown, &result.plan);
        let acting = shown.iter().any(|(_, trial)| !trial.faults.is_empty());
        let mut keys = vec![
            (Key::Line, "created", "created"),
            (Key::Line, "received", "received (first copy)"),
            (Key::Line, "lost", "lost"),
            (Key::Bar, "queue", "longest queue"),
            (Key::Line, "capacity", "queue length as configured"),
            (Key::Bar, "band", "measured part"),
        ];
        if acting {
            keys.extend([
                (Key::Bar, "fault", "a fault acts; its number is explained below the plot"),
                (Key::Post, "fault", "a fault at one moment"),
            ]);
        }
        body.push(&legend(&keys));
        body.push(&plots(shown.iter().enumerate().map(|(at, (variant, trial))| {
            let plot = axes.draw(variant, trial, at);
            let numbers = details("Numbers", numbers(variant, trial));
            let acting = numbered(&axes.acting(variant, trial));
            (trial_name(variant, trial), plot.with(&acting).with(&numbers))
        })));
        body.push(&note(
            "The time axis starts with the load; time and rate axes are the same in all plots, queue axes are not. A span \
             counts as lost at the moment of its loss. Without a witness in the process only receipts are known: nothing is \
             drawn as created, lost or queued. With several trials, the one with the highest loss is shown.",
        ));
    }
    Section { id: "time", question: "What happened when?", answer: answer(&shown), body }
}

/// What the numbers in a plot stand for.
fn numbered(acting: &[String]) -> Html {
    let (shown, more) = acting.split_at(acting.len().min(FAULTS));
    let mut items: Vec<Html> = shown.iter().map(|fault| Html::leaf("li", "", fault)).collect();
    if !more.is_empty() {
        items.push(Html::leaf("li", "", format!("and {} more, in the table of faults", more.len())));
    }
    if items.is_empty() {
        return Html::new();
    }
    Html::element("ul", &[("class", "acting")], items.into_iter().collect())
}

/// The trial with the highest loss; the first of these.
fn worst(variant: &VariantResult) -> Option<&TrialResult> {
    let drawn = variant.trials.iter().filter(|trial| !trial.timeline.is_empty());
    drawn.reduce(|worst, trial| if trial.loss.rate > worst.loss.rate { trial } else { worst })
}

/// The end of the first slice with a loss, milliseconds from the start of the load.
fn first_loss(trial: &TrialResult) -> Option<f64> {
    let step = Buckets::of(trial, usize::MAX).seconds * 1000.0;
    trial.timeline.iter().find(|slice| slice.lost > 0).map(|slice| slice.at_ms + step)
}

fn answer(shown: &[(&VariantResult, &TrialResult)]) -> String {
    if shown.is_empty() {
        return "There is no timeline.".to_owned();
    }
    let mut firsts: Vec<(f64, &str)> = shown
        .iter()
        .filter_map(|(variant, trial)| Some((first_loss(trial)?, variant.name.as_str())))
        .collect();
    firsts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let unseen = shown.iter().filter(|(_, trial)| trial.loss.lost > 0 && first_loss(trial).is_none());
    let unseen: Vec<&str> = unseen.map(|(variant, _)| variant.name.as_str()).collect();
    let text = begins(&firsts, unseen.is_empty());
    match unseen.as_slice() {
        [] => text,
        names => format!("{text} When {} lost its spans nobody saw.", names.join(", ")).trim().to_owned(),
    }
}

fn begins(firsts: &[(f64, &str)], all: bool) -> String {
    let seconds = |ms: f64| format!("{}\u{202f}s", PAGE.fixed(ms / 1000.0, 2));
    match firsts {
        [] if all => "No span is lost at any time.".to_owned(),
        [] => String::new(),
        [(at, name)] => {
            let who = if all { format!("Only {name}") } else { (*name).to_owned() };
            format!("{who} loses spans; it begins within {} of the load's start.", seconds(*at))
        }
        [(at, _), .., (end, _)] if seconds(*at) == seconds(*end) => {
            let n = firsts.len();
            format!("{n} variants lose spans; all begin within {} of the load's start.", seconds(*at))
        }
        [(at, name), .., (end, last)] => format!(
            "{} variants lose spans; the first ({name}) begins within {} of the load's start, the last ({last}) within {}.",
            firsts.len(),
            seconds(*at),
            seconds(*end)
        ),
    }
}

fn numbers(variant: &VariantResult, trial: &TrialResult) -> Html {
    let buckets = Buckets::of(trial, ROWS);
    let titles = [
        "From | s",
        "#Created | spans",
        "#Received | spans",
        "#Lost | spans",
        "#Queue | longest",
        "#Requests | started",
        "#Export | longest, ms",
        "#CPU | cores",
    ];
    let caption =
        format!("{} in steps of {}\u{202f}s", trial_name(variant, trial), PAGE.fixed(buckets.seconds, 2));
    let mut grid = Grid::new(&caption, titles);
    for slice in &buckets.slices {
        let counts =
            [slice.created, slice.received, slice.lost, slice.queue, slice.requests].map(|n| PAGE.count(n));
        let rest = [PAGE.short(slice.export_ms), PAGE.fixed(slice.fixture_cpu, 2)];
        grid.row(std::iter::once(PAGE.fixed(slice.at_ms / 1000.0, 2)).chain(counts).chain(rest));
    }
    grid.render()
}
