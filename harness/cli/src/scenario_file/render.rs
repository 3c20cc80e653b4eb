//! Diagnostics as text: file, line, column, the line itself, a caret, what to do.

use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Diagnostic;

/// Renders all diagnostics of a file.
pub(super) fn render(path: &Path, text: &str, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let path = path.display().to_string();
    let parts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            let span = diagnostic.span.clone().unwrap_or(0..0);
            let end = span.end.min(text.len());
            let annotation = AnnotationKind::Primary.span(span.start.min(end)..end);
            let snippet = Snippet::source(text).path(&path).annotation(annotation);
            let mut group = Level::ERROR.primary_title(&diagnostic.message).element(snippet);
            if let Some(help) = &diagnostic.help {
                group = group.element(Level::HELP.message(help));
            }
            renderer.render(&[group]).clone()
        })
        .collect();
    let count = diagnostics.len();
    format!("{}\n\n{path}: {count} error{}", parts.join("\n\n"), if count == 1 { "" } else { "s" })
}
