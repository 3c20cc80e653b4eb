//! What a canary found, as text.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::finding::canary::{
    CanaryCounts, CanaryDelays, CanaryOutcome, CanaryResult, CanarySample, CanaryWindow,
};
use spanfate_model::verdict::Verdict;

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::clean;
use crate::text::number::{NONE, TERMINAL};
use crate::text::words;

/// Windows that have a row of their own; what is older is one row.
const ROWS: usize = 30;

/// The table by window, what failed and how, and the verdict; ends with a newline.
pub(crate) fn render(found: &CanaryResult, style: TableStyle) -> String {
    let task = &found.task;
    let mut out = vec![
        paint(
            TermInk::Bold,
            &clean(&format!(
                "canary  {} of {} to {} ({}), read from {}",
                TERMINAL.counted(found.traces, "trace", "traces"),
                TERMINAL.counted(task.spans_per_trace.into(), "span", "spans"),
                task.to,
                task.protocol,
                task.from
            )),
        ),
        paint(
            TermInk::Soft,
            &format!(
                "instance {}, seed {}; late after {} s, given up after {} s",
                task.instance,
                task.seed,
                TERMINAL.short(task.deadline_s),
                TERMINAL.short(task.patience_s)
            ),
        ),
        String::new(),
    ];
    out.extend(table(found));
    out.push(String::new());
    out.extend(details(found));
    out.push(verdict(found));
    finish(&(out.join("\n") + "\n"), style.color)
}

/// Outcomes that have a column only where there are any.
const RARE: [CanaryOutcome; 2] = [CanaryOutcome::Undecided, CanaryOutcome::Open];

fn table(found: &CanaryResult) -> Vec<String> {
    let shown: Vec<CanaryOutcome> = CanaryOutcome::ALL
        .into_iter()
        .filter(|one| !RARE.contains(one) || found.counts.of(*one) > 0)
        .collect();
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let titles = ["sent at", "spans"].into_iter().chain(shown.iter().map(|one| one.name()));
    table.set_header(titles.chain(["p50", "p99"]).map(|title| paint(TermInk::Bold, title)));
    let old = found.windows.len().saturating_sub(ROWS);
    let (older, newer) = found.windows.split_at(old);
    if let (Some(first), Some(last)) = (older.first(), older.last()) {
        let counts = older.iter().fold(CanaryCounts::default(), |sum, one| sum.plus(&one.counts));
        table.add_row(row(&span_of(first.from_s, last.to_s), &counts, None, &shown));
    }
    for CanaryWindow { from_s, to_s, counts, delays } in newer {
        table.add_row(row(&span_of(*from_s, *to_s), counts, delays.as_ref(), &shown));
    }
    if found.windows.len() != 1 {
        table.add_row(row("all", &found.counts, found.delays.as_ref(), &shown));
    }
    for at in 0..shown.len() + 4 {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if at > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn span_of(from: u64, to: u64) -> String {
    format!("{} to {} s", TERMINAL.count(from), TERMINAL.count(to))
}

fn row(
    what: &str,
    counts: &CanaryCounts,
    delays: Option<&CanaryDelays>,
    shown: &[CanaryOutcome],
) -> Vec<String> {
    let ms = |of: fn(&CanaryDelays) -> f64| {
        delays.map_or_else(|| NONE.to_owned(), |delays| TERMINAL.lasting(of(delays)))
    };
    let mut cells = vec![what.to_owned(), TERMINAL.count(counts.sent)];
    cells.extend(shown.iter().map(|outcome| {
        let text = TERMINAL.count(counts.of(*outcome));
        match outcome {
            CanaryOutcome::Received => text,
            _ if counts.of(*outcome) == 0 => paint(TermInk::Soft, &text),
            CanaryOutcome::Lost | CanaryOutcome::Damaged | CanaryOutcome::Refused => {
                paint(TermInk::Bad, &text)
            }
            _ => paint(TermInk::Warn, &text),
        }
    }));
    cells.extend([ms(|delays| delays.p50_ms), ms(|delays| delays.p99_ms)]);
    cells
}

fn details(found: &CanaryResult) -> Vec<String> {
    let mut out = Vec::new();
    let mut list = |what: &str, of: Vec<String>| {
        if !of.is_empty() {
            out.push(clean(&format!("{what:<11}{}", of.join(", "))));
        }
    };
    let fields = found.damaged_fields.iter();
    list(
        "damaged",
        fields.map(|(field, count)| format!("{} in {}", field.name(), TERMINAL.count(*count))).collect(),
    );
    let refusals = found.refusals.iter();
    list(
        "refused",
        refusals.map(|(status, count)| format!("{}: {}", status, TERMINAL.count(*count))).collect(),
    );
    let beside = [
        (found.received_though_refused, "came although the endpoint had not taken them"),
        (found.after_the_end, "came when they had been judged already"),
        (found.unknown_spans, "came with ids that were not sent"),
    ];
    let said = beside.iter().filter(|(count, _)| *count > 0);
    list(
        "besides",
        said.map(|(count, what)| format!("{} {what}", TERMINAL.counted(*count, "span", "spans"))).collect(),
    );
    if found.reader_errors > 0 {
        let why = found.reader_error.clone().unwrap_or_default();
        let questions = TERMINAL.counted(found.reader_errors, "question", "questions");
        list("reader", vec![format!("{questions} without an answer, the last: {why}")]);
    }
    let samples: Vec<String> = found.samples.iter().map(sample).collect();
    if !samples.is_empty() {
        out.push("for example".to_owned());
        out.extend(samples);
    }
    if !out.is_empty() {
        out.push(String::new());
    }
    out
}

fn sample(one: &CanarySample) -> String {
    let CanarySample { outcome, trace_id, span_id, at_s, detail } = one;
    let detail = if detail.is_empty() { String::new() } else { format!(" ({})", clean(detail)) };
    format!("  {:<11}{trace_id} {span_id} sent at {} s{detail}", outcome.name(), TERMINAL.fixed(*at_s, 1))
}

fn verdict(found: &CanaryResult) -> String {
    let ink = match found.verdict {
        Verdict::Pass => TermInk::Good,
        Verdict::Inconclusive => TermInk::Warn,
        Verdict::Fail | Verdict::AccountingBroken => TermInk::Bad,
    };
    let mut out = format!("verdict {}", paint(ink, words::verdict(found.verdict)));
    for (at, reason) in found.reasons.iter().enumerate() {
        out += if at == 0 { ": " } else { "; " };
        out += &clean(reason);
    }
    out
}
