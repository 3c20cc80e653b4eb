//! What does the instrument cost? Only where a variant ran with and without its process witness.

use spanfate_model::result::{RunResult, VariantResult, WitnessCost};

use super::grid::Grid;
use super::part::{Section, doubt, fold, note};
use crate::markup::Html;
use crate::number::{NONE, PAGE};
use crate::spans::is_spoilt;

/// The section; absent where nothing was compared.
pub(crate) fn section(result: &RunResult) -> Option<Section> {
    let all = priced(result);
    let (variant, cost) = all.first()?;
    let body = table(result, &all).with(&note(
        "CPU is that of the services per request of the measured part. The difference holds everything the process \
         witness does: its marks, its memory and the SDK's own metrics. Response times count from the intended start.",
    ));
    Some(Section {
        id: "instrument",
        question: "What does the instrument cost?",
        answer: answer(result, variant, cost, all.len()),
        body,
    })
}

fn priced(result: &RunResult) -> Vec<(&VariantResult, &WitnessCost)> {
    result
        .variants
        .iter()
        .filter_map(|variant| Some((variant, variant.summary.witness_cost.as_ref()?)))
        .collect()
}

fn answer(result: &RunResult, variant: &VariantResult, cost: &WitnessCost, pairs: usize) -> String {
    let (cpu, slow) = (cost.cpu_us.0 - cost.cpu_us.1, cost.response_p99.0 - cost.response_p99.1);
    let trials = match cost.trials {
        (1, 1) => "each side ran once, so there is no interval: read it as a hint".to_owned(),
        (with, without) => format!("means over {with} and {without} trials, without an interval"),
    };
    let spoilt = if is_spoilt(result, variant) { "; the machine was not quiet, so it is spoilt" } else { "" };
    let more = match pairs {
        0 | 1 => String::new(),
        n => format!(" {} more below.", PAGE.counted(n as u64 - 1, "pair", "pairs")),
    };
    format!(
        "With {}: {}\u{202f}µs of CPU per request and {}\u{202f}ms at the p99 of the response ({trials}{spoilt}).{more}",
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

fn table(result: &RunResult, all: &[(&VariantResult, &WitnessCost)]) -> Html {
    let titles = [
        "Variant",
        "Figure",
        "#With witness",
        "#Without",
        "#Difference",
        "#Relative",
        "#Trials | with, without",
    ];
    let mut grid = Grid::new("With and without the process witness", titles);
    for (variant, cost) in all {
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
                name.push(&doubt("a figure is spoilt"));
            }
            grid.marked(vec![
                name,
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
