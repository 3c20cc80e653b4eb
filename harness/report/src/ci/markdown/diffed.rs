//! Two stores of spans held against each other: the answer first, then what differs.

use spanfate_model::finding::diff::DiffResult;

use super::inline::Inline;
use super::part::{Part, page};
use super::{MOST, NAME, SENTENCE};
use crate::figures::diffed;
use crate::text::number::TERMINAL;
use crate::text::words;

/// The summary; ends with a newline.
pub(crate) fn render(found: &DiffResult) -> String {
    let verdict = words::verdict(found.verdict).to_uppercase();
    let line = format!("{verdict}: {}", diffed::answer(found, TERMINAL));
    let heading = Inline::literal("## ").with(&Inline::prose(&line, SENTENCE));
    let sides = Inline::literal("Spanfate diff of ")
        .with(&Inline::code(&found.left.name, NAME))
        .with(&Inline::prose(&format!(" ({}) and", diffed::side(&found.left, TERMINAL)), SENTENCE))
        .with(&Inline::literal(" "))
        .with(&Inline::code(&found.right.name, NAME))
        .with(&Inline::prose(&format!(" ({}).", diffed::side(&found.right, TERMINAL)), SENTENCE));
    let mut parts = vec![Part::lines(&[&heading, &sides])];
    if !found.reasons.is_empty() {
        let reasons = found.reasons.iter().map(|reason| Inline::prose(reason, SENTENCE));
        parts.push(Part::list(&Inline::literal("Reasons:"), reasons, "reasons"));
    }
    let number = |count: u64| Inline::prose(&TERMINAL.count(count), NAME);
    let counts = diffed::counts(&found.counts).into_iter();
    let counts = counts.map(|(what, count)| [Inline::prose(what, NAME), number(count)]);
    parts.push(Part::table(&Inline::literal("**Spans**"), ["Spans", "#How many"], counts, "rows"));
    if !found.samples.is_empty() {
        let samples = found.samples.iter().map(|one| {
            [
                Inline::prose(diffed::kind(one.kind), NAME),
                Inline::code(&one.trace_id.to_string(), NAME),
                Inline::code(&one.span_id.to_string(), NAME),
                Inline::code(&one.name, NAME),
                Inline::prose(&diffed::says(one), SENTENCE),
            ]
        });
        let titles = ["Difference", "Trace", "Span", "Name", "What"];
        parts.push(Part::table(&Inline::literal("**Examples**"), titles, samples, "examples"));
    }
    if !found.normalised.is_empty() {
        let rules = found.normalised.iter().map(|used| {
            [
                Inline::code(used.rule.name(), NAME),
                Inline::prose(used.rule.says(), SENTENCE),
                Inline::prose(&diffed::applied(used, TERMINAL), NAME),
            ]
        });
        let titles = ["Rule", "Taken as equal", "How often"];
        parts.push(Part::table(&Inline::literal(""), titles, rules, "rules").folded("What was normalised"));
    }
    let missing = diffed::not_compared(found);
    if !missing.is_empty() {
        let missing = missing.iter().map(|text| Inline::prose(text, SENTENCE));
        parts.push(Part::list(&Inline::literal("Not compared:"), missing, "lines"));
    }
    let text = page(&parts, MOST);
    format!("{}\n", text.trim_end())
}
