//! Diagnostics as text: file, line, column, the line itself, a caret, what to do.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Diagnostic;
use super::overrides::{Override, places};

/// What diagnostics are about: a file, and what the command line sets in place of it.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) overrides: &'a [Override],
}

impl Source<'_> {
    /// The text that a span is in, with its name, and the span there.
    fn of(&self, span: Range<usize>) -> (&str, String, Range<usize>) {
        for (at, line) in places(self.text, self.overrides) {
            if at.start <= span.start && span.start <= at.end {
                return (line, "command line".to_owned(), span.start - at.start..span.end - at.start);
            }
        }
        (self.text, self.path.display().to_string(), span)
    }
}

/// Renders all mistakes of a file.
pub(super) fn mistakes(source: &Source<'_>, diagnostics: &[Diagnostic], color: bool) -> String {
    let count = diagnostics.len();
    let text = render(source, &Level::ERROR, diagnostics, color);
    format!("{text}\n\n{}: {count} error{}", source.path.display(), if count == 1 { "" } else { "s" })
}

/// Renders what is valid and hardly meant so.
pub(super) fn doubts(source: &Source<'_>, diagnostics: &[Diagnostic], color: bool) -> String {
    render(source, &Level::WARNING, diagnostics, color)
}

fn render(source: &Source<'_>, level: &Level<'_>, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let parts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            let (text, path, span) = source.of(diagnostic.span.clone().unwrap_or(0..0));
            let end = span.end.min(text.len());
            let annotation = AnnotationKind::Primary.span(span.start.min(end)..end);
            let snippet = Snippet::source(text).path(&path).annotation(annotation);
            let mut group = level.clone().primary_title(&diagnostic.message).element(snippet);
            if let Some(help) = &diagnostic.help {
                group = group.element(Level::HELP.message(help));
            }
            renderer.render(&[group]).clone()
        })
        .collect();
    parts.join("\n\n")
}
