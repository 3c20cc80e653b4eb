//! The table of the variants. Where it does not fit, it first comes closer together, then leaves out whole columns and
//! says which.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::result::{Quantiles, VariantResult};

use super::ink::{TermInk, paint, width};
use crate::text::fit;
use crate::text::number::{NONE, TERMINAL};
use crate::text::words::{self, maybe};

/// A column: title (two lines), rank (the highest is left out first, 0 never) and how its cell is written.
struct VariantColumn {
    title: [&'static str; 2],
    rank: u8,
    cell: fn(&VariantResult) -> Vec<String>,
}

const COLUMNS: [VariantColumn; 11] = [
    VariantColumn { title: ["", "variant"], rank: 0, cell: name },
    VariantColumn { title: ["req/s", "started/of"], rank: 6, cell: |v| one(requests(v)) },
    VariantColumn { title: ["spans", "created"], rank: 8, cell: |v| one(TERMINAL.count(v.summary.created)) },
    VariantColumn {
        title: ["spans", "received"],
        rank: 3,
        cell: |v| one(TERMINAL.count(v.summary.received)),
    },
    VariantColumn { title: ["spans", "lost"], rank: 0, cell: lost },
    VariantColumn { title: ["lost", "where"], rank: 1, cell: fates },
    VariantColumn { title: ["", "loss"], rank: 0, cell: loss },
    VariantColumn {
        title: ["model", "predicts"],
        rank: 2,
        cell: |v| one(words::law(v.summary.predicted, TERMINAL)),
    },
    VariantColumn { title: ["response ms", "p50/p99/p99.9"], rank: 4, cell: |v| one(response(v)) },
    VariantColumn {
        title: ["receipt", "p99 ms"],
        rank: 5,
        cell: |v| one(maybe(v.summary.delay.as_ref(), |q| brief(q.p99))),
    },
    VariantColumn { title: ["CPU cores", "RSS MiB"], rank: 7, cell: |v| one(resources(v)) },
];
/// Columns that hold words.
const WORDS: [&str; 2] = ["variant", "where"];
/// Widest variant name on one line.
const NAME: usize = 20;
/// Widest short name of a fate.
const FATE: usize = 18;

/// Columns that speak of a load.
const OF_LOAD: [&str; 3] = ["started/of", "predicts", "p50/p99/p99.9"];

/// The lines of the table, and one about what did not fit.
pub(crate) fn table(variants: &[VariantResult], loaded: bool, most: Option<usize>) -> Vec<String> {
    if variants.is_empty() {
        return vec![paint(TermInk::Warn, "No trial was begun.")];
    }
    let mut shown: Vec<&VariantColumn> =
        COLUMNS.iter().filter(|column| loaded || !OF_LOAD.contains(&column.title[1])).collect();
    let mut hidden = Vec::new();
    loop {
        for gap in [2, 1] {
            let lines = draw(variants, &shown, gap);
            if most.is_none_or(|most| lines.iter().all(|line| width(line) <= most)) {
                return finish(lines, &hidden, variants);
            }
        }
        let Some(at) =
            (0..shown.len()).rev().max_by_key(|at| shown[*at].rank).filter(|at| shown[*at].rank > 0)
        else {
            return finish(draw(variants, &shown, 1), &hidden, variants);
        };
        hidden.push(shown.remove(at));
    }
}

fn finish(mut lines: Vec<String>, hidden: &[&VariantColumn], variants: &[VariantResult]) -> Vec<String> {
    if variants.iter().any(|variant| words::interval(&variant.summary.loss, TERMINAL).is_some()) {
        lines
            .push(paint(TermInk::Soft, "(loss: the mean over the trials, and below it the 95 % t interval)"));
    }
    if variants.iter().any(|variant| words::clean(variant, TERMINAL).is_some()) {
        lines.push(paint(
            TermInk::Soft,
            "(lossy: how probable it may be that a trial loses a span, though none did; 95 % bound)",
        ));
    }
    if !hidden.is_empty() {
        let names: Vec<String> =
            hidden.iter().map(|column| column.title.join(" ").trim().to_owned()).collect();
        lines.push(paint(TermInk::Soft, &format!("(not shown at this width: {})", names.join(", "))));
    }
    lines
}

fn draw(variants: &[VariantResult], columns: &[&VariantColumn], gap: u16) -> Vec<String> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| {
        column.title.iter().map(|line| paint(TermInk::Bold, line)).collect::<Vec<_>>().join("\n")
    }));
    for variant in variants {
        table.add_row(columns.iter().map(|column| (column.cell)(variant).join("\n")));
    }
    for (at, column) in columns.iter().enumerate() {
        if let Some(drawn) = table.column_mut(at) {
            drawn.set_padding((0, gap));
            if !WORDS.contains(&column.title[1]) {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.to_string().lines().map(|line| line.trim_end().to_owned()).collect()
}

fn one(text: String) -> Vec<String> {
    vec![text]
}

/// The name, and below it what is spoilt.
fn name(variant: &VariantResult) -> Vec<String> {
    let mut lines = fit::wrap(&variant.name, NAME, 2);
    let marks = variant.summary.marks.iter().flat_map(|mark| fit::wrap(&format!("! {mark}"), NAME, 4));
    lines.extend(marks.map(|line| paint(TermInk::Warn, &line)));
    lines
}

fn requests(variant: &VariantResult) -> String {
    let started = TERMINAL.short(variant.summary.achieved);
    maybe(variant.trials.first(), |trial| format!("{started}/{}", words::offered(&trial.load, TERMINAL)))
}

fn resources(variant: &VariantResult) -> String {
    let summary = &variant.summary;
    format!("{}/{}", TERMINAL.fixed(summary.fixture_cpu, 2), TERMINAL.mib(summary.fixture_rss))
}

/// Milliseconds in about two digits.
fn brief(ms: f64) -> String {
    let decimals = if ms >= 10.0 { 0 } else { 1 + usize::from(ms < 1.0) };
    TERMINAL.fixed(ms, decimals)
}

fn lost(variant: &VariantResult) -> Vec<String> {
    let ink = if variant.summary.lost > 0 { TermInk::Bad } else { TermInk::Good };
    one(paint(ink, &TERMINAL.count(variant.summary.lost)))
}

/// The biggest fates; what is not the biggest has its count.
fn fates(variant: &VariantResult) -> Vec<String> {
    let mut ranked: Vec<_> = variant.summary.lost_by_fate.iter().collect();
    ranked.sort_by_key(|(fate, count)| (std::cmp::Reverse(**count), fate.name()));
    let lost: Vec<(&str, u64)> =
        ranked.into_iter().map(|(fate, count)| (fate.facts().short, *count)).collect();
    let mut lines: Vec<String> = lost.iter().take(1).map(|(name, _)| fit::clip(name, FATE)).collect();
    let line = |(name, count): &(&str, u64)| fit::clip(&format!("+{} {name}", TERMINAL.count(*count)), FATE);
    lines.extend(lost.iter().skip(1).take(2).map(line));
    if lost.len() > 3 {
        lines.push(format!("+{} more", lost.len() - 3));
    }
    if lines.is_empty() { one(NONE.to_owned()) } else { lines }
}

fn loss(variant: &VariantResult) -> Vec<String> {
    let estimate = &variant.summary.loss;
    let ink = if !estimate.valid || words::due(variant).0 == 0 {
        TermInk::Warn
    } else if variant.summary.lost > 0 {
        TermInk::Bad
    } else {
        TermInk::Good
    };
    let mut lines = one(paint(ink, &words::loss(variant, TERMINAL)));
    lines.extend(words::interval(estimate, TERMINAL));
    if let Some((trials, bound)) = words::clean(variant, TERMINAL) {
        lines.extend([trials, format!("lossy {bound}")]);
    }
    lines
}

fn response(variant: &VariantResult) -> String {
    let write = |q: &Quantiles| [q.p50, q.p99, q.p999].map(brief).join("/");
    maybe(variant.summary.response.as_ref(), write)
}
