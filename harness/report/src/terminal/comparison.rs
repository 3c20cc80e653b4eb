//! A comparison and a sweep on the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::result::change::Change;
use spanfate_model::result::{Cell, Comparison, RunResult};
use spanfate_model::verdict::Verdict;

use super::ink::{TermInk, paint};
use super::lines::titled;
use crate::figures::compared::{COLUMNS, cells, method, same_counters, told};
use crate::text::fit::clean;
use crate::text::number::{NONE, TERMINAL};
use crate::text::words;

/// Cells of a sweep that are listed.
const CELLS: usize = 12;

/// Everything about the comparison of a run, if it has one.
pub(crate) fn of_run(result: &RunResult) -> Vec<String> {
    result.comparison.iter().flat_map(lines).collect()
}

/// A comparison: how, the figures, and what they come to.
pub(crate) fn lines(comparison: &Comparison) -> Vec<String> {
    let who = format!("{} with {}", clean(&comparison.candidate), clean(&comparison.baseline));
    let mut out = vec![titled("compared", &format!("{who}: {}", method(comparison)))];
    let rows: Vec<Vec<String>> = told(comparison)
        .map(|row| {
            let ink = match row.change {
                Change::Better | Change::Same => TermInk::Good,
                Change::Worse | Change::Different => TermInk::Bad,
                Change::Inconclusive => TermInk::Warn,
            };
            let mut cells = cells(row, TERMINAL).map(|cell| clean(&cell)).to_vec();
            if let Some(last) = cells.last_mut() {
                *last = paint(ink, last);
            }
            cells
        })
        .collect();
    if !rows.is_empty() {
        out.extend(table(&COLUMNS, rows));
    }
    out.extend(same_counters(comparison).map(|text| titled("counters", &clean(&text))));
    let ink = match comparison.verdict {
        Verdict::Pass => TermInk::Good,
        Verdict::Inconclusive => TermInk::Warn,
        Verdict::Fail | Verdict::AccountingBroken => TermInk::Bad,
    };
    let verdict = paint(ink, words::verdict(comparison.verdict));
    let why = comparison.reasons.iter().map(|reason| clean(reason)).collect::<Vec<_>>().join("; ");
    let text = if why.is_empty() { verdict } else { format!("{verdict}: {why}") };
    out.push(titled("comparison", &text));
    out
}

/// The cells of a sweep that nothing beats.
pub(crate) fn sweep(result: &RunResult) -> Vec<String> {
    let Some(sweep) = &result.sweep else { return Vec::new() };
    let lossy = sweep.cells.iter().filter(|cell| cell.valid && cell.lossy > 0).count();
    let unsure = sweep.cells.iter().filter(|cell| !cell.valid).count();
    let mut text =
        format!("{}, {lossy} lost spans", TERMINAL.counted(sweep.cells.len() as u64, "cell", "cells"));
    if unsure > 0 {
        text = format!("{text}, {unsure} inconclusive");
    }
    let mut best: Vec<&Cell> = sweep.cells.iter().filter(|cell| cell.pareto).collect();
    best.sort_by(|a, b| a.loss.total_cmp(&b.loss).then(a.memory.cmp(&b.memory)));
    if best.is_empty() {
        return vec![titled("sweep", &text)];
    }
    let head = format!("{text}; on the Pareto front of loss, response p99 and memory:");
    let mut out = vec![titled("sweep", &head)];
    let ms = |time: Option<f64>| time.map_or_else(|| NONE.to_owned(), |ms| TERMINAL.ms(ms));
    let row = |cell: &&Cell| {
        vec![
            clean(&cell.variant),
            if cell.loss > 0.0 { TERMINAL.percent(cell.loss) } else { "none".to_owned() },
            ms(cell.response_p99),
            ms(cell.delay_p99),
            TERMINAL.bytes(cell.memory as f64),
        ]
    };
    let columns = ["variant", "loss", "response p99", "receipt p99", "memory"];
    out.extend(table(&columns, best.iter().take(CELLS).map(row).collect()));
    if best.len() > CELLS {
        out.push(titled("", &format!("and {} more", best.len() - CELLS)));
    }
    out
}

/// A table below a title: the first column holds words, the others numbers.
fn table(columns: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| paint(TermInk::Soft, column)));
    table.add_rows(rows);
    for at in 0..columns.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if at > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| titled("", line.trim_end())).collect()
}
