//! What does the instrument cost? Only where a variant ran with and without its process witness, or its probes.

use spanfate_model::result::{RunResult, VariantResult, WitnessCost};

use crate::figures::lossy_spans::is_spoilt;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, doubt, fold, note};
use crate::text::number::{NONE, PAGE};

/// The section; absent where nothing was compared.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let all = priced(result);
    let first = all.first()?;
    let body = table(result, &all).with(&note(
        "CPU is that of the services per request of the measured part. The difference holds everything that a witness does in \
         the process: the process witness its marks, its memory and the SDK's own metrics, the probes their time in the \
         kernel. Response times count from the intended start.",
    ));
    Some(PageSection {
        id: "instrument",
        question: "What does the instrument cost?",
        answer: answer(result, first, all.len()),
        body,
    })
}

/// A variant, a witness, and what that costs.
type Priced<'a> = (&'a VariantResult, &'static str, &'a WitnessCost);

fn priced(result: &RunResult) -> Vec<Priced<'_>> {
    let of = |variant| move |(what, cost)| (variant, what, cost);
    result.variants.iter().flat_map(|variant| variant.summary.costs().map(of(variant))).collect()
}

fn answer(result: &RunResult, (variant, what, cost): &Priced<'_>, pairs: usize) -> String {
    let (cpu, slow) = (cost.cpu_us.0 - cost.cpu_us.1, cost.response_p99.0 - cost.response_p99.1);
    let trials = match cost.trials {
        (1, 1) => "each side ran once, so there is no interval: read it as a hint".to_owned(),
        (with, without) => format!("means over {with} and {without} trials, without an interval"),
    };
    let spoilt =
        if is_spoilt(result, variant) { "; the machine was not quiet, so it is not valid" } else { "" };
    let more = match pairs {
        0 | 1 => String::new(),
        n => format!(" {} more below.", PAGE.counted(n as u64 - 1, "pair", "pairs")),
    };
    format!(
        "The {what} in {}: {}\u{202f}µs of CPU per request and {}\u{202f}ms at the p99 of the response ({trials}{spoilt}).{more}",
        variant.name,
        signed(cpu, 1),
        signed(slow, 2)
    )
}

/// A difference; one that is none has no sign.
fn signed(value: f64, decimals: usize) -> String {
    let text = PAGE.fixed(value, decimals);
    if value > 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) { format!("+{text}") } else { text }
}

fn table(result: &RunResult, all: &[Priced<'_>]) -> Html {
    let titles = [
        "Variant",
        "Witness",
        "Figure",
        "#With it",
        "#Without",
        "#Difference",
        "#Relative",
        "#Trials | with, without",
    ];
    let mut grid = Grid::new("With and without a witness", titles);
    for (variant, what, cost) in all {
        let spoilt = is_spoilt(result, variant);
        let figures = [
            ("CPU per request, µs", cost.cpu_us, 1, 1.0),
            ("response p50, ms", cost.response_p50, 3, 1.0),
            ("response p99, ms", cost.response_p99, 3, 1.0),
            ("loss, percentage points", cost.loss, 2, 100.0),
        ];
        for (figure, (with, without), decimals, scale) in figures {
            let relative = if without > 0.0 {
                format!("{}\u{202f}%", signed((with / without - 1.0) * 100.0, 1))
            } else {
                NONE.to_owned()
            };
            let mut name = Html::text(&variant.name);
            if spoilt {
                name.push(&Html::literal(" "));
                name.push(&doubt("a figure is not valid"));
            }
            grid.marked(vec![
                name,
                Html::text(what),
                Html::text(figure),
                Html::text(PAGE.fixed(with * scale, decimals)),
                Html::text(PAGE.fixed(without * scale, decimals)),
                Html::text(signed((with - without) * scale, decimals)),
                Html::text(relative),
                Html::text(format!("{}, {}", cost.trials.0, cost.trials.1)),
            ]);
        }
    }
    fold(grid.len(), &format!("{} figures", grid.len()), grid.render())
}
