//! How much is lost, and does the capacity model explain it?

use spanfate_model::result::{Prediction, RunResult, TrialResult, VariantResult};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, doubt, legend, note, range};
use crate::plot;
use crate::text::number::PAGE;
use crate::text::words::{self, maybe};

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let mut keys = vec![
        (LegendKey::Bar, "lost", "measured loss (mean over trials)"),
        (LegendKey::Tick, "law", "the capacity model's prediction"),
    ];
    if result.variants.iter().any(|variant| variant.trials.len() > 1) {
        keys.extend([
            (LegendKey::Dot, "trial", "one trial"),
            (LegendKey::Beam, "interval", "95 % t interval over trials"),
        ]);
    }
    let plots = Html::element(
        "div",
        &[("class", "plots single")],
        Html::element("figure", &[], plot::loss(&result.variants)),
    );
    let body = if result.variants.is_empty() {
        Html::new()
    } else {
        [legend(&keys), plots, table(result), law_table(result), footnotes(result), several(result)]
            .into_iter()
            .collect()
    };
    PageSection {
        id: "loss",
        question: "How much is lost, and does the capacity model explain it?",
        answer: answer(result),
        body,
    }
}

fn gap(variant: &VariantResult) -> Option<f64> {
    variant.summary.predicted.map(|predicted| variant.summary.loss.mean - predicted)
}

fn answer(result: &RunResult) -> String {
    let clean = result.variants.iter().filter(|variant| words::due(variant).1 == 0).count();
    let all = result.variants.len();
    let Some((_, (worst, name))) = range(result, |variant| Some(variant.summary.loss.mean)) else {
        return "No variant has a trial.".to_owned();
    };
    let mut text = if clean == all {
        match result.variants.iter().map(|variant| words::due(variant).0).sum() {
            0 => "No span was due in the measured part, so nothing is said of its loss".to_owned(),
            due => format!("No span of the measured part was lost: 0 of {}", PAGE.count(due)),
        }
    } else if all == 1 {
        format!("{} of the spans that should have arrived", PAGE.percent(worst))
    } else {
        format!("{clean} of {all} variants lost nothing; {name} lost most, {}", PAGE.percent(worst))
    };
    if let Some((_, (gap, name))) = range(result, |variant| gap(variant).map(f64::abs)) {
        let points = PAGE.fixed(gap * 100.0, 2);
        text = format!("{text}; the capacity model is off by at most {points} percentage points ({name})");
    }
    text.push('.');
    text
}

fn table(result: &RunResult) -> Html {
    let titles = [
        "Variant",
        "#Due | spans",
        "#Received | spans",
        "#Lost | spans",
        "#Of these silent | spans",
        "#Loss",
        "#95 % interval | over trials",
        "#Trials",
        "#Model predicts",
        "#Measured − model | percentage points",
        "Marks",
    ];
    let mut grid = Grid::new("Loss in the measured part", titles);
    for variant in &result.variants {
        let (due, lost) = words::due(variant);
        let sum = |pick: fn(&spanfate_model::result::Loss) -> u64| {
            variant.trials.iter().map(|trial| pick(&trial.loss)).sum::<u64>()
        };
        let texts = [
            variant.name.clone(),
            PAGE.count(due),
            PAGE.count(sum(|loss| loss.received)),
            PAGE.count(lost),
            maybe(
                variant.trials.iter().all(TrialResult::is_witnessed).then(|| sum(|loss| loss.silent)),
                |n| PAGE.count(n),
            ),
            measured(variant),
            maybe(words::interval(&variant.summary.loss, PAGE), |text| text),
            PAGE.count(variant.summary.loss.n),
            words::law(variant.summary.predicted, PAGE),
            maybe(gap(variant), |gap| PAGE.fixed(gap * 100.0, 2)),
        ];
        let mut cells: Vec<Html> = texts.into_iter().map(Html::text).collect();
        cells.push(marks(variant));
        grid.marked(cells);
    }
    grid.render()
}

/// The loss; of clean trials also what they do not rule out.
fn measured(variant: &VariantResult) -> String {
    let loss = words::loss(variant, PAGE);
    match words::clean(variant, PAGE) {
        Some((trials, bound)) => format!("{loss} ({trials}, lossy {bound})"),
        None => loss,
    }
}

fn marks(variant: &VariantResult) -> Html {
    let mut marks = variant.summary.marks.clone();
    if !variant.summary.loss.valid && variant.summary.trials > 0 && marks.is_empty() {
        marks.push("no trial is valid for loss".to_owned());
    }
    marks.iter().map(|mark| doubt(mark).with(&Html::literal(" "))).collect()
}

fn law_table(result: &RunResult) -> Html {
    let titles = [
        "Variant",
        "#r: offered to the queue | spans/s",
        "#b: batch | spans",
        "#queue | spans",
        "#R: export of a full batch | ms",
        "#b/R: ceiling | spans/s",
        "#r over ceiling",
    ];
    let mut grid = Grid::new("What the capacity model is fed with, means over trials", titles);
    for variant in &result.variants {
        let all: Vec<&Prediction> =
            variant.trials.iter().filter_map(|trial| trial.loss.predicted.as_ref()).collect();
        let Some(first) = all.first() else {
            continue;
        };
        let mean = |pick: fn(&Prediction) -> f64| all.iter().map(|p| pick(p)).sum::<f64>() / all.len() as f64;
        let (rate, ceiling) = (mean(|p| p.spans_per_s), mean(|p| p.ceiling));
        grid.row([
            variant.name.clone(),
            PAGE.fixed(rate, 0),
            PAGE.count(u64::from(first.batch)),
            PAGE.count(u64::from(first.queue)),
            PAGE.short(mean(|p| p.export_ms)),
            PAGE.fixed(ceiling, 0),
            PAGE.percent(rate / ceiling),
        ]);
    }
    grid.render()
}

/// What the capacity model means where there are several services.
fn several(result: &RunResult) -> Html {
    if result.plan.services.len() < 2 {
        return Html::new();
    }
    note(
        "With several services the prediction is the mean of theirs, weighed by their spans; r, b, queue and R are those of \
         the service that is predicted to lose most. Each service has its own row under “Which service loses?”.",
    )
}

fn footnotes(result: &RunResult) -> Html {
    let bounded = result.variants.iter().any(|variant| variant.summary.lossy_bound.is_some());
    let bound = if bounded {
        note(
            "“Lossy” stands behind clean trials: with so many of them the probability that a trial loses something is, at 95 %, at \
             most that.",
        )
    } else {
        Html::new()
    };
    Html::literal(concat!(
        "<p class=\"formula\">Capacity model: <i>L</i>(<i>t</i>) = max(0, (<i>r</i> − <i>b</i>/<i>R</i>) · <i>t</i> − queue − <i>b</i>/2 + ",
        "<i>b</i>²/(<i>r</i>·<i>R</i>)) are lost by time <i>t</i>; predicted loss = (<i>L</i>(warm-up + measured) − ",
        "<i>L</i>(warm-up)) / (<i>r</i> · measured)</p>",
    ))
    .with(&note(
        "One worker exports one batch of b spans at a time, each taking R, so it moves b/R spans per second; what comes \
         faster than that fills the queue, whose room counts once, and is then dropped. R is measured, the answer \
         included. A variant that blocks has no prediction. Due spans are those created in the measured part, less those that were not meant to arrive.",
    ))
    .with(&note(
        "The trial is the statistical unit: spans of one trial are lost in bursts, so an interval over spans would be far \
         too narrow. With one trial there is no interval. “0 of N” says that no span was lost, not that none can be.",
    ))
    .with(&bound)
}
