//! How slow, how late?

use spanfate_model::result::{Quantiles, RunResult, VariantResult};

use crate::figures::undisturbed;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{LegendKey, PageSection, details, legend, note, plots, range};
use crate::plot::{Percentiles, median};
use crate::text::number::PAGE;

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let mut body = Html::new();
    if let Some(axes) = Percentiles::over(&result.variants) {
        let shown = result.variants.iter().enumerate();
        let trials = result.variants.iter().map(|variant| variant.trials.len()).max().unwrap_or_default();
        body.push(&legend(&keys(trials)));
        body.push(&plots(shown.map(|(at, variant)| (variant.name.clone(), axes.draw(variant, at)))));
        body.push(&note(
            "Both axes are logarithmic and the same in all plots; to the right each step is a tenth of the requests or spans before \
             it. Strong lines are of all valid trials together, service time of the trial whose p99 is the median. Receipt includes \
             the wait in the queue, up to the schedule delay. Where service lies below response, requests waited to be sent.",
        ));
    }
    body.push(&table(result, "Response time from the intended start, ms", |v| v.summary.response.as_ref()));
    body.push(&undisturbed(result));
    body.push(&table(result, "From a span's creation to its first receipt, ms", |v| {
        v.summary.delay.as_ref()
    }));
    let service =
        table(result, "Service time from the actual start, ms", |v| median(v, |t| t.load.service.as_ref()));
    let lag = table(result, "Start lag: actual minus intended start, ms", |v| {
        median(v, |t| t.load.start_lag.as_ref())
    });
    if !service.is_empty() || !lag.is_empty() {
        body.push(&details("Service time and start lag", service.with(&lag)));
    }
    PageSection { id: "latency", question: "How slow, how late?", answer: answer(result), body }
}

fn answer(result: &RunResult) -> String {
    let say = |what: &str, pick: fn(&VariantResult) -> Option<&Quantiles>| {
        let ((low, first), (high, last)) = range(result, |variant| pick(variant).map(|q| q.p99))?;
        if first == last {
            return Some(format!("{what} p99 is {}", PAGE.ms(low)));
        }
        if PAGE.ms(low) == PAGE.ms(high) {
            return Some(format!("{what} p99 is {} in all variants", PAGE.ms(low)));
        }
        Some(format!("{what} p99 lies between {} ({first}) and {} ({last})", PAGE.ms(low), PAGE.ms(high)))
    };
    let parts: Vec<String> = [
        say("Response", |variant| variant.summary.response.as_ref()),
        say("creation-to-receipt", |variant| variant.summary.delay.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "No latency was measured.".to_owned() } else { format!("{}.", parts.join("; ")) }
}

fn table<'a>(
    result: &'a RunResult,
    caption: &str,
    pick: impl Fn(&'a VariantResult) -> Option<&'a Quantiles>,
) -> Html {
    let titles = ["Variant", "#p50", "#p90", "#p99", "#p99.9", "#max", "#mean", "#Values"];
    let mut grid = Grid::new(caption, titles);
    for variant in &result.variants {
        if let Some(q) = pick(variant) {
            let times = [q.p50, q.p90, q.p99, q.p999, q.max, q.mean].map(|ms| PAGE.fixed(ms, 3));
            let cells = std::iter::once(variant.name.clone()).chain(times);
            grid.row(cells.chain([PAGE.count(q.count)]));
        }
    }
    grid.render()
}

/// What requests took in time in which nobody took anything, where no trial is valid for latency.
fn undisturbed(result: &RunResult) -> Html {
    let told = undisturbed::told(result, PAGE);
    if told.is_empty() {
        return Html::new();
    }
    let mut grid = Grid::new(
        "Response time without disturbance: an estimate, which gates nothing",
        ["Variant", "Estimate"],
    );
    for one in told {
        grid.row(vec![one.variant.to_owned(), one.says]);
    }
    grid.render()
}

fn keys(trials: usize) -> Vec<(LegendKey, &'static str, &'static str)> {
    let mut keys = vec![
        (LegendKey::Line, "response", "response, from the intended start"),
        (LegendKey::Line, "service", "service, from the actual start"),
        (LegendKey::Line, "delay", "from a span's creation to its receipt"),
    ];
    match trials {
        0 | 1 => {}
        2 => keys.push((LegendKey::Line, "response faint", "each trial")),
        _ => keys.extend([
            (LegendKey::Bar, "response shade", "from the lowest to the highest of the valid trials"),
            (LegendKey::Bar, "delay shade", "the same for receipt"),
        ]),
    }
    keys
}
