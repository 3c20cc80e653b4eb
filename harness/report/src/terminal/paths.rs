//! What became of the spans on each export path, where a program has several. Where the table does not fit, it first breaks
//! names earlier, then leaves out columns.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::books::ledger::PathSpread;
use spanfate_model::fate::Fate;
use spanfate_model::result::{PathKind, RunResult};

use super::ink::{TermInk, paint, width};
use super::lines::titled;
use crate::figures::export_paths::{PathRow, Several, rows, spread};
use crate::text::fit;
use crate::text::number::{NONE, TERMINAL};
use crate::text::words::{self, maybe};

/// Most paths that are shown, those that lose most first.
const ROWS: usize = 24;
/// Most variants whose spread is told.
const SPREADS: usize = 8;
/// Columns of a name, wide and narrow, and the rank of the first columns that are left out for it.
const NAMES: [(usize, u8); 2] = [(44, 3), (NARROW, 0)];
const NARROW: usize = 26;
/// Lines of a name.
const LINES: usize = 4;
/// Columns of the name of a fate, and most fates of a path.
const FATE: usize = 24;
const FATES: usize = 3;

/// A column: title (two lines), whether it holds words, rank (the highest is left out first, 0 never) and its cell.
struct PathColumn {
    title: [&'static str; 2],
    words: bool,
    rank: u8,
    cell: fn(&PathRow<'_>) -> Vec<String>,
}

const COLUMNS: [PathColumn; 8] = [
    PathColumn { title: ["spans", "offered"], words: false, rank: 0, cell: |row| count(row.offered) },
    PathColumn { title: ["spans", "received"], words: false, rank: 2, cell: |row| count(row.received()) },
    PathColumn { title: ["spans", "lost"], words: false, rank: 0, cell: lost },
    PathColumn {
        title: ["not meant", "to arrive"],
        words: false,
        rank: 5,
        cell: |row| count(row.deliberate()),
    },
    PathColumn { title: ["not received", "where"], words: true, rank: 1, cell: elsewhere },
    PathColumn { title: ["", "loss"], words: false, rank: 3, cell: loss },
    PathColumn { title: ["model", "predicts"], words: false, rank: 4, cell: law },
    PathColumn { title: ["exports", "failed/all"], words: false, rank: 6, cell: exports },
];

/// The paths and how they share what arrived; nothing where no program has several.
pub(crate) fn lines(result: &RunResult, most: Option<usize>) -> Vec<String> {
    let mut rows = rows(result);
    if rows.is_empty() {
        return Vec::new();
    }
    let several = Several::of(&rows);
    let note = "a span has a fate on each export path that it was offered to (whole run, warm-up included); what stands above \
                counts it once, by the path on which it fared worst";
    let mut out = vec![titled("paths", note), String::new()];
    let left = rows.len().saturating_sub(ROWS);
    keep_worst(&mut rows);
    out.extend(table(&rows, several, most));
    out.push(String::new());
    if left > 0 {
        let words =
            format!("and {} that lose no more than these", TERMINAL.counted(left as u64, "path", "paths"));
        out.push(titled("", &words));
    }
    out.extend(spreads(result));
    out
}

/// Keeps the paths that lose most, in their order.
fn keep_worst(rows: &mut Vec<PathRow<'_>>) {
    let mut ranked: Vec<(std::cmp::Reverse<u64>, usize)> =
        rows.iter().enumerate().map(|(at, row)| (std::cmp::Reverse(row.lost()), at)).collect();
    ranked.sort_unstable();
    let kept: BTreeSet<usize> = ranked.into_iter().take(ROWS).map(|(_, at)| at).collect();
    let mut at = 0..;
    rows.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
}

fn table(rows: &[PathRow<'_>], several: Several, most: Option<usize>) -> Vec<String> {
    let lawful = rows.iter().any(|row| row.predicted().is_some());
    for (name, needed) in NAMES {
        let mut shown: Vec<&PathColumn> =
            COLUMNS.iter().filter(|column| lawful || column.title[1] != "predicts").collect();
        let mut hidden = Vec::new();
        loop {
            for gap in [2, 1] {
                let lines = draw(rows, &shown, several, (name, gap));
                if most.is_none_or(|most| lines.iter().all(|line| width(line) <= most)) {
                    return finish(lines, &hidden);
                }
            }
            let last = (0..shown.len()).max_by_key(|at| shown[*at].rank);
            let Some(at) = last.filter(|at| shown[*at].rank > needed) else { break };
            hidden.push(shown.remove(at));
        }
    }
    let bare: Vec<&PathColumn> = COLUMNS.iter().filter(|column| column.rank == 0).collect();
    draw(rows, &bare, several, (NARROW, 1))
}

fn finish(mut lines: Vec<String>, hidden: &[&PathColumn]) -> Vec<String> {
    if !hidden.is_empty() {
        let names: Vec<String> =
            hidden.iter().map(|column| column.title.join(" ").trim().to_owned()).collect();
        lines.push(paint(TermInk::Soft, &format!("(not shown at this width: {})", names.join(", "))));
    }
    lines
}

fn draw(
    rows: &[PathRow<'_>],
    columns: &[&PathColumn],
    several: Several,
    (name, gap): (usize, u16),
) -> Vec<String> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let title =
        |lines: &[&str]| lines.iter().map(|line| paint(TermInk::Bold, line)).collect::<Vec<_>>().join("\n");
    table.set_header(
        std::iter::once(title(&["", "export path"])).chain(columns.iter().map(|column| title(&column.title))),
    );
    let mut last = String::new();
    for row in rows {
        let whose = row.whose(several);
        // Whose they are stands once above the paths, so the figures begin a line lower.
        let above: Vec<String> = if whose == last {
            Vec::new()
        } else {
            fit::wrap(&whose, name, 2).iter().map(|line| paint(TermInk::Soft, line)).collect()
        };
        last = whose;
        let below = |lines: Vec<String>| [vec![String::new(); above.len()], lines].concat().join("\n");
        let names = [above.clone(), named(row, name)].concat().join("\n");
        table.add_row(std::iter::once(names).chain(columns.iter().map(|column| below((column.cell)(row)))));
    }
    for (at, words) in std::iter::once(true).chain(columns.iter().map(|column| column.words)).enumerate() {
        if let Some(drawn) = table.column_mut(at) {
            drawn.set_padding((0, gap));
            if !words {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.to_string().lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The name, and below it what it does not say.
fn named(row: &PathRow<'_>, most: usize) -> Vec<String> {
    let mut lines = fit::wrap(row.path, most, LINES);
    let mut soft = |words: &str| {
        lines.extend(fit::wrap(words, most, 2).iter().map(|line| paint(TermInk::Soft, line)));
    };
    let first = row.results.first();
    if let Some(batch) =
        first.filter(|one| one.kind == PathKind::Batch).and_then(|one| one.effective.as_ref())
    {
        soft(&format!("batch {}", TERMINAL.count(u64::from(batch.batch))));
    }
    if let Some(behind) = first.map(|one| &one.behind).filter(|behind| !behind.is_empty()) {
        soft(&format!("behind {}", behind.join(", ")));
    }
    if let Some(counted) = row.miscounted() {
        let words = format!("! its processor counted {} dropped", TERMINAL.count(counted));
        lines.extend(fit::wrap(&words, most, 2).iter().map(|line| paint(TermInk::Warn, line)));
    }
    lines
}

fn count(n: u64) -> Vec<String> {
    vec![TERMINAL.count(n)]
}

fn lost(row: &PathRow<'_>) -> Vec<String> {
    let ink = if row.lost() > 0 { TermInk::Bad } else { TermInk::Good };
    vec![paint(ink, &TERMINAL.count(row.lost()))]
}

/// The biggest fates that are no receipt; what is not the biggest has its count. Then what has none.
fn elsewhere(row: &PathRow<'_>) -> Vec<String> {
    let all = row.elsewhere();
    let line = |(at, (fate, n)): (usize, &(Fate, u64))| {
        let name = fate.facts().short;
        fit::clip(&if at == 0 { name.to_owned() } else { format!("+{} {name}", TERMINAL.count(*n)) }, FATE)
    };
    let mut lines: Vec<String> = all.iter().take(FATES).enumerate().map(line).collect();
    if all.len() > FATES {
        lines.push(format!("+{} more", all.len() - FATES));
    }
    let open =
        [("unexplained", row.unexplained, TermInk::Bad), ("unaccounted", row.unaccounted, TermInk::Warn)];
    let some = open.into_iter().filter(|(_, n, _)| *n > 0);
    lines.extend(some.map(|(name, n, ink)| paint(ink, &format!("{} {name}", TERMINAL.count(n)))));
    if lines.is_empty() { vec![NONE.to_owned()] } else { lines }
}

fn loss(row: &PathRow<'_>) -> Vec<String> {
    vec![maybe(row.loss_words(TERMINAL), |text| text)]
}

fn law(row: &PathRow<'_>) -> Vec<String> {
    vec![words::law(row.predicted(), TERMINAL)]
}

fn exports(row: &PathRow<'_>) -> Vec<String> {
    if row.is_nowhere() {
        return vec![NONE.to_owned()];
    }
    let calls = row.sum(|one| one.exports.calls);
    let failed = row.sum(|one| one.exports.failed + one.exports.unfinished);
    let ink = if failed > 0 { TermInk::Warn } else { TermInk::Good };
    vec![format!("{}/{}", paint(ink, &TERMINAL.count(failed)), TERMINAL.count(calls))]
}

/// On how many paths spans arrived, a line per variant.
fn spreads(result: &RunResult) -> Vec<String> {
    let several = result.variants.len() > 1;
    let all: Vec<(&str, PathSpread)> = result
        .variants
        .iter()
        .filter_map(|variant| Some((variant.name.as_str(), spread([variant])?)))
        .collect();
    let line = |(at, (name, PathSpread { every, some, none })): (usize, &(&str, PathSpread))| {
        let whose = if several { format!("{}: ", fit::clean(name)) } else { String::new() };
        let [every, some, none] = [every, some, none].map(|n| TERMINAL.count(*n));
        let words = format!("{whose}received on every path {every}, on some {some}, on none {none}");
        titled(if at == 0 { "spread" } else { "" }, &words)
    };
    let mut out: Vec<String> = all.iter().take(SPREADS).enumerate().map(line).collect();
    if all.len() > SPREADS {
        out.push(titled("", &format!("and {} more variants", all.len() - SPREADS)));
    }
    out
}
