//! Spans, explained, as text: what decided first, then what each witness says, by time.

use spanfate_model::books::explain::{ActingFault, ExplainStep, Explanation, PathStanding};

use crate::terminal::TableStyle;
use crate::terminal::ink::{TermInk, finish, paint};
use crate::text::fit::{clean, wrap};
use crate::text::number::{NONE, TERMINAL};

/// Columns of text where the terminal does not say.
const WIDTH: usize = 140;
/// Fewest columns for what a witness says, however narrow the terminal is.
const LEAST: usize = 24;
/// Most lines of one step.
const LINES: usize = 12;
/// Columns of a title, and of a witness.
const TITLE: usize = 9;

/// All of them, an empty line between two; ends with a newline.
pub(crate) fn render(all: &[Explanation], style: TableStyle) -> String {
    let width = style.width.map_or(WIDTH, usize::from);
    let blocks: Vec<String> = all.iter().map(|one| block(one, width)).collect();
    finish(&(blocks.join("\n\n") + "\n"), style.color)
}

fn block(one: &Explanation, width: usize) -> String {
    let mut out = vec![paint(TermInk::Bold, &clean(&one.standing.to_string()))];
    let mut row = |title: &str, text: &str| {
        let lines = wrap(text, width.saturating_sub(TITLE + 3).max(LEAST), LINES);
        for (at, line) in lines.iter().enumerate() {
            let title = if at == 0 { title } else { "" };
            out.push(format!("  {} {line}", paint(TermInk::Soft, &format!("{title:<TITLE$}"))));
        }
    };
    row("because", &one.verdict);
    row("span", &format!("{} of trace {}", one.span_id, one.trace_id));
    row("is", &place(one));
    row("decided", &format!("{} ms after the start of the load", TERMINAL.fixed(one.decided_ms, 3)));
    for (at, path) in one.paths.iter().enumerate() {
        row(if at == 0 { "paths" } else { "" }, &on_path(path));
    }
    for (at, fault) in one.faults.iter().enumerate() {
        row(if at == 0 { "faults" } else { "" }, &acting(fault));
    }
    let times: Vec<String> = one.steps.iter().map(|step| TERMINAL.fixed(step.at_ms, 3)).collect();
    let column = times.iter().map(|time| time.chars().count()).max().unwrap_or_default().max(2);
    if !times.is_empty() {
        out.push(String::new());
        out.push(paint(TermInk::Soft, &format!("  {:>column$}  {:<TITLE$}  what", "ms", "witness")));
    }
    for (time, step) in times.iter().zip(&one.steps) {
        let indent = column + TITLE + 6;
        let what = match &step.path {
            Some(path) => format!("{} ({path})", step.what),
            None => step.what.clone(),
        };
        for (at, line) in wrap(&what, width.saturating_sub(indent).max(LEAST), LINES).iter().enumerate() {
            let (time, who) = if at == 0 { (time.as_str(), witness(step)) } else { ("", "") };
            out.push(format!("  {time:>column$}  {who:<TITLE$}  {line}"));
        }
    }
    out.join("\n")
}

/// Which span it is.
pub(crate) fn place(one: &Explanation) -> String {
    let named = |text: &str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
    let request = one.request.map(|request| format!(", request {request}")).unwrap_or_default();
    let parent = one.parent.map(|parent| format!(", parent {parent}")).unwrap_or_default();
    format!(
        "{} · {}, {}{request}{parent}; trial {} of {}",
        named(&one.service),
        named(&one.name),
        one.kind,
        one.trial,
        one.variant
    )
}

/// What became of it on one of several export paths.
pub(crate) fn on_path(path: &PathStanding) -> String {
    let at = path.at_ms.map(|at| format!(", at {} ms", TERMINAL.fixed(at, 3))).unwrap_or_default();
    format!("{}: {}{at}", path.path, path.standing)
}

/// A fault with its window.
pub(crate) fn acting(fault: &ActingFault) -> String {
    let kind = if fault.name == fault.kind { String::new() } else { format!(" ({})", fault.kind) };
    let on = if fault.on.is_empty() { String::new() } else { format!(" on {}", fault.on) };
    let ms = |ms: f64| TERMINAL.fixed(ms, 0);
    let when = match (fault.from_ms, fault.to_ms) {
        (Some(from), Some(to)) if to > from => format!(", {} to {} ms", ms(from), ms(to)),
        (Some(from), Some(_)) => format!(", at {} ms", ms(from)),
        (Some(from), None) => format!(", from {} ms to the end", ms(from)),
        (None, _) => String::new(),
    };
    format!("{}{kind}{on}{when}", fault.name)
}

/// Who says it.
pub(crate) fn witness(step: &ExplainStep) -> &'static str {
    step.witness.map_or("harness", spanfate_model::fate::witness::Witness::as_str)
}
