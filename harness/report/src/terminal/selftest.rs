//! A self-test as text.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::finding::selftest::{Selftest, SelftestCheck};

use crate::text::number::{NONE, TERMINAL};
use crate::text::words;

/// What was held against known truths, and what came of it.
pub(crate) fn render(selftest: &Selftest) -> String {
    let mut out = format!(
        "selftest  {} of {} pairs, {} spans, {} unexplained or unexpected\n\n",
        TERMINAL.counted(selftest.rounds, "round", "rounds"),
        selftest.pairs,
        TERMINAL.count(selftest.spans),
        TERMINAL.count(selftest.unplaced),
    );
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["what is true", "figure", "found", "share, 95 % bounds", "unsure", "not valid"]);
    for check in &selftest.checks {
        table.add_row(row(check));
    }
    for at in 0..6 {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if at > 1 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    out.extend(table.lines().map(|line| format!("{}\n", line.trim_end())));
    out.push('\n');
    for one in &selftest.planted {
        out += &format!(
            "seeded {} {}, found {}\n",
            TERMINAL.count(one.planted),
            one.what,
            TERMINAL.count(one.found)
        );
    }
    out += &format!("verdict {}", words::verdict(selftest.verdict));
    if let Some(first) = selftest.reasons.first() {
        out += &format!(": {first}");
    }
    out.push('\n');
    out
}

fn row(check: &SelftestCheck) -> [String; 6] {
    let what = if check.differs { "" } else { " false alarms" };
    let share = match check.share {
        Some((low, high)) => {
            format!("{} to {} %", TERMINAL.fixed(low * 100.0, 1), TERMINAL.fixed(high * 100.0, 1))
        }
        None => NONE.to_owned(),
    };
    [
        check.truth.clone(),
        check.figure.clone(),
        format!("{} of {}{what}", check.found, check.comparisons),
        share,
        check.unsure.to_string(),
        check.spoilt.to_string(),
    ]
}
