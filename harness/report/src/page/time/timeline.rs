//! What happened when?

use spanfate_model::fate::Fate;
use spanfate_model::result::{RunResult, Slice, TrialResult, VariantResult};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, legend, note, plots, trial_name};
use crate::plot::{Buckets, Timelines};
use crate::text::number::PAGE;

/// Rows of a table beside a plot: at most that many in all tables together, and in one.
const ROWS: (usize, usize) = (480, 24);
/// Fewest rows, however many tables there are.
const FEWEST: usize = 8;
/// Most faults that are explained below a plot.
const FAULTS: usize = 8;
/// Most variants without a loss whose plots are shown at once.
const OPEN: usize = 2;

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let mut shown: Vec<(&VariantResult, &TrialResult)> =
        result.variants.iter().filter_map(|variant| Some((variant, worst(variant)?))).collect();
    // What loses something is looked at first.
    shown.sort_by_key(|(_, trial)| !loses(trial));
    let mut body = Html::new();
    if !shown.is_empty() {
        let axes = Timelines::over(&shown, &result.plan);
        let rows = (ROWS.0 / shown.len()).clamp(FEWEST, ROWS.1);
        body.push(&keys(&shown));
        let drawn = |(at, (variant, trial)): (usize, &(&VariantResult, &TrialResult))| {
            let plot = axes.draw(variant, trial, at);
            let numbers = details("Numbers", numbers(variant, trial, rows));
            let acting = numbered(&axes.acting(variant, trial));
            (trial_name(variant, trial), plot.with(&acting).with(&numbers))
        };
        // Of those without a loss two are enough to compare with.
        let mut clean = 0;
        let (open, folded): (Vec<_>, Vec<_>) = shown.iter().enumerate().partition(|(_, (_, trial))| {
            let lossy = loses(trial);
            clean += usize::from(!lossy);
            lossy || clean <= OPEN
        });
        body.push(&plots(open.into_iter().map(drawn)));
        if !folded.is_empty() {
            let summary = format!(
                "{} without a loss",
                PAGE.counted(folded.len() as u64, "more variant", "more variants")
            );
            body.push(&details(&summary, plots(folded.into_iter().map(drawn))));
        }
        body.push(&note(
            "The time axis starts with the load; time and rate axes are the same in all plots, the others are not. A span \
             counts as lost at the moment of its loss. Exports in flight are the most at one moment. A lane without any \
             value is left out. Without a witness in the process only receipts and CPU are known. With several trials, the one with \
             the highest loss is shown.",
        ));
    }
    PageSection { id: "time", question: "What happened when?", answer: answer(&shown), body }
}

/// Whether a trial lost a span at any time.
fn loses(trial: &TrialResult) -> bool {
    trial.loss.lost > 0 || trial.timeline.iter().any(|slice| slice.lost > 0)
}

fn keys(shown: &[(&VariantResult, &TrialResult)]) -> Html {
    let mut keys = vec![
        (LegendKey::Line, "created", "created"),
        (LegendKey::Line, "received", "received (first copy)"),
        (LegendKey::Line, "lost", "lost"),
        (LegendKey::Bar, "queue", "longest queue"),
        (LegendKey::Line, "capacity", "queue length as configured"),
        (LegendKey::Bar, "band", "measured part"),
    ];
    if shown.iter().any(|(_, trial)| !trial.faults.is_empty()) {
        keys.extend([
            (LegendKey::Bar, "fault", "a fault acts; its number is explained below the plot"),
            (LegendKey::Post, "fault", "a fault at one moment"),
        ]);
    }
    legend(&keys)
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
pub(crate) fn worst(variant: &VariantResult) -> Option<&TrialResult> {
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

/// A column of the table of numbers: its title, whether it is always there, and what stands in it.
type SliceColumn = (&'static str, bool, fn(&Slice) -> String);

const COLUMNS: [SliceColumn; 12] = [
    ("#Created | spans", true, |slice| PAGE.count(slice.created)),
    ("#Received | spans", true, |slice| PAGE.count(slice.received)),
    ("#Lost | spans", true, |slice| PAGE.count(slice.lost)),
    ("Lost how", false, lost_how),
    ("#Queue | longest", true, |slice| PAGE.count(slice.queue)),
    ("#Requests | started", true, |slice| PAGE.count(slice.requests)),
    ("#Export | longest, ms", true, |slice| PAGE.short(slice.export_ms)),
    ("#In flight | most exports", false, |slice| some(slice.in_flight)),
    ("#GC | cycles", false, |slice| some(slice.gc_cycles)),
    ("#Stopped | by the GC, ms", false, |slice| {
        if slice.stopped_ms > 0.0 { PAGE.short(slice.stopped_ms) } else { String::new() }
    }),
    ("#Heap | MiB", false, |slice| if slice.heap > 0 { PAGE.mib(slice.heap) } else { String::new() }),
    ("#CPU | cores", true, |slice| PAGE.fixed(slice.fixture_cpu, 2)),
];

fn some(count: u64) -> String {
    if count > 0 { PAGE.count(count) } else { String::new() }
}

fn lost_how(slice: &Slice) -> String {
    let one = |(fate, lost): (&Fate, &u64)| format!("{} {}", PAGE.count(*lost), fate.facts().short);
    slice.lost_by.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The numbers of a plot. A column in which nothing stands is left out, unless every timeline has it.
fn numbers(variant: &VariantResult, trial: &TrialResult, rows: usize) -> Html {
    let buckets = Buckets::of(trial, rows);
    let filled =
        |column: &&SliceColumn| column.1 || buckets.slices.iter().any(|slice| !(column.2)(slice).is_empty());
    let columns: Vec<&SliceColumn> = COLUMNS.iter().filter(filled).collect();
    let caption =
        format!("{} in steps of {}\u{202f}s", trial_name(variant, trial), PAGE.fixed(buckets.seconds, 2));
    let titles = std::iter::once("From | s").chain(columns.iter().map(|column| column.0));
    let mut grid = Grid::new(&caption, titles);
    for slice in &buckets.slices {
        let cells = columns.iter().map(|column| (column.2)(slice));
        grid.row(std::iter::once(PAGE.fixed(slice.at_ms / 1000.0, 2)).chain(cells));
    }
    grid.render()
}
