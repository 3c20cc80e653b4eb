//! Two stores of spans held against each other, as text.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use spanfate_model::finding::diff::{
    DiffCounts, DiffResult, DiffSample, DiffTraces, DiffWindow, FieldDifferences, LiveVerdict,
};
use spanfate_model::verdict::Verdict;

use crate::figures::diffed;
use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, clip, wrap};
use crate::text::number::TERMINAL;
use crate::text::words;

/// Columns of text.
const WIDE: usize = 120;
/// Columns of a title.
const TITLE: usize = 12;
/// Rows of services, and of stretches of time.
const ROWS: usize = 20;

/// The answer, what it rests on, examples, and the verdict; ends with a newline.
pub(crate) fn render(found: &DiffResult, style: TableStyle) -> String {
    let names = format!("diff  {} and {}", found.left.name, found.right.name);
    let mut out = vec![paint(TermInk::Bold, &clean(&names))];
    for (title, text) in stores(found).into_iter().chain(terms(found)) {
        for (at, line) in wrap(&text, WIDE - TITLE, 12).iter().enumerate() {
            let title = if at == 0 { title } else { "" };
            out.push(format!("{} {line}", paint(TermInk::Soft, &format!("{title:<TITLE$}"))));
        }
    }
    out.extend(tables(found));
    for (at, sample) in found.samples.iter().enumerate() {
        if at == 0 {
            out.push(String::new());
        }
        out.extend(example(sample));
    }
    out.push(String::new());
    out.extend(verdict(found));
    finish(&(out.join("\n") + "\n"), style.color)
}

/// A line: its title, and what it says.
type TitledText = (&'static str, String);

/// What both stores hold, and how it differs.
fn stores(found: &DiffResult) -> Vec<TitledText> {
    let counts = diffed::counts(&found.counts).into_iter();
    let counts: Vec<String> =
        counts.map(|(what, count)| format!("{} {what}", TERMINAL.count(count))).collect();
    let traces = &found.traces;
    let mut out = vec![
        ("left", diffed::side(&found.left, TERMINAL)),
        ("right", diffed::side(&found.right, TERMINAL)),
        ("spans", counts.join(", ")),
        ("traces", format!("{}, {} equal", TERMINAL.count(traces.all), TERMINAL.count(traces.equal))),
    ];
    for (side, lacking) in [("left", &traces.left), ("right", &traces.right)] {
        let text = diffed::lacks(lacking, TERMINAL);
        out.extend(text.map(|text| ("", format!("as the {side} side has them: {text}"))));
    }
    out.extend(diffed::moved(found, TERMINAL).map(|text| ("", text)));
    let since = found.since_ns.map(diffed::time);
    out.extend(since.map(|since| ("since", format!("the first span that differs started at {since}"))));
    let field = |one: &FieldDifferences| {
        format!("{} {} (first in {})", one.field.says(), TERMINAL.count(one.spans), TERMINAL.count(one.first))
    };
    if !found.fields.is_empty() {
        out.push(("fields", found.fields.iter().map(field).collect::<Vec<_>>().join(", ")));
    }
    out
}

/// What was compared, and what was taken as equal.
fn terms(found: &DiffResult) -> Vec<TitledText> {
    let compared: Vec<&str> = found.compared.iter().map(|field| field.says()).collect();
    let mut out = vec![("compared", compared.join(", "))];
    out.extend(diffed::not_compared(found).into_iter().map(|text| ("not compared", text)));
    for (at, used) in found.normalised.iter().enumerate() {
        let text = format!("{} [{}]: {}", used.rule.says(), used.rule, diffed::applied(used, TERMINAL));
        out.push((if at == 0 { "normalised" } else { "" }, text));
    }
    if !found.strict.is_empty() {
        let names: Vec<&str> = found.strict.iter().map(|rule| rule.name()).collect();
        out.push(("strict", format!("switched off: {}", names.join(", "))));
    }
    if found.spilled_bytes > 0 {
        let bytes = TERMINAL.bytes(found.spilled_bytes as f64);
        out.push(("memory", format!("{bytes} went to temporary files")));
    }
    out.extend(found.live.as_ref().map(|live| ("live", diffed::delays(live, TERMINAL))));
    out
}

/// The verdict of one trace.
pub(crate) fn verdict_line(verdict: &LiveVerdict) -> String {
    let counts = diffed::counts(&verdict.counts).into_iter().filter(|(_, count)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(what, count)| format!("{} {what}", TERMINAL.count(count))).collect();
    let mut out = format!("trace {}: {}", verdict.trace_id, counts.join(", "));
    if let Some(example) = &verdict.example {
        let says = diffed::says(example);
        let says = if says.is_empty() { String::new() } else { format!(": {says}") };
        let (service, name) = (clip(&example.service, 40), clip(&example.name, 60));
        out += &format!("; {} {service} · {name}{says}", diffed::kind(example.kind));
    }
    clean(&format!("{out} (after {})", TERMINAL.ms(verdict.after_ms)))
}

/// How a comparison stands that goes on.
pub(crate) fn stands(counts: &DiffCounts, traces: &DiffTraces) -> String {
    let counts = diffed::counts(counts).into_iter();
    let counts: Vec<String> =
        counts.map(|(what, count)| format!("{} {what}", TERMINAL.count(count))).collect();
    format!(
        "{} traces, {} equal; spans {}",
        TERMINAL.count(traces.all),
        TERMINAL.count(traces.equal),
        counts.join(", ")
    )
}

/// What differs by service, and by time; nothing where nothing does.
fn tables(found: &DiffResult) -> Vec<String> {
    if found.counts.differences() == 0 {
        return Vec::new();
    }
    let titles = ["", "both", "different", "only left", "only right", "copies"];
    let row = |name: String, counts: &DiffCounts| {
        let numbers = [
            counts.both,
            counts.different,
            counts.only_left,
            counts.only_right,
            counts.copies_left + counts.copies_right,
        ];
        std::iter::once(name).chain(numbers.map(|count| TERMINAL.count(count))).collect::<Vec<_>>()
    };
    let name = |text: &str| if text.is_empty() { "(no name)".to_owned() } else { clip(text, 40) };
    let services = found.services.iter().map(|one| row(name(&one.service), &one.counts)).collect();
    let at = |window: &DiffWindow| diffed::time(window.from_ns);
    let windows: Vec<_> = found
        .windows
        .iter()
        .filter(|window| window.counts.differences() > 0)
        .map(|window| row(at(window), &window.counts))
        .collect();
    [("service", services), ("started from", windows)]
        .into_iter()
        .filter(|(_, rows): &(_, Vec<Vec<String>>)| !rows.is_empty())
        .flat_map(|(title, rows)| table(title, &titles, &rows))
        .collect()
}

fn table(title: &str, titles: &[&str; 6], rows: &[Vec<String>]) -> Vec<String> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let heads = titles.iter().map(|one| paint(TermInk::Bold, if one.is_empty() { title } else { one }));
    table.set_header(heads);
    for row in rows.iter().take(ROWS) {
        table.add_row(row);
    }
    for at in 0..titles.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if at > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    let more = rows.len().saturating_sub(ROWS) as u64;
    let more = (more > 0).then(|| format!("and {} more; --json has all", TERMINAL.count(more)));
    std::iter::once(String::new()).chain(lines).chain(more).collect()
}

fn example(sample: &DiffSample) -> Vec<String> {
    let head = format!(
        "{}  span {} of trace {}  {} · {}",
        paint(TermInk::Bad, diffed::kind(sample.kind)),
        sample.span_id,
        sample.trace_id,
        clip(&sample.service, 40),
        clip(&sample.name, 60)
    );
    let mut out = vec![head];
    for text in [diffed::says(sample), diffed::places(sample)].iter().filter(|text| !text.is_empty()) {
        out.extend(wrap(text, WIDE, 6).into_iter().map(|line| format!("    {line}")));
    }
    out
}

fn verdict(found: &DiffResult) -> Vec<String> {
    let ink = match found.verdict {
        Verdict::Pass => TermInk::Good,
        Verdict::Inconclusive => TermInk::Warn,
        _ => TermInk::Bad,
    };
    let mut out =
        vec![format!("{}: {}", paint(ink, words::verdict(found.verdict)), diffed::answer(found, TERMINAL))];
    out.extend(found.reasons.iter().flat_map(|reason| wrap(reason, WIDE, 6)).map(|line| format!("  {line}")));
    out
}
