//! Mistakes of TOML itself.

use std::collections::BTreeSet;

use super::Diagnostic;

/// What is not TOML. Of one line the first mistake is shown: those after it mostly come of it.
pub(super) fn mistakes(text: &str, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
    let mut lines = BTreeSet::new();
    let mut found: Vec<&toml::de::Error> = errors.iter().collect();
    found.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    found.retain(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        lines.insert(text.bytes().take(start).filter(|byte| *byte == b'\n').count())
    });
    // After a table whose head is broken the keys of the next one seem to stand twice.
    let first = found.len().min(1);
    let rest = found.split_off(first).into_iter().filter(|error| !error.message().starts_with("duplicate"));
    found.into_iter().chain(rest.collect::<Vec<_>>()).map(|error| mistake(text, error)).collect()
}

fn mistake(text: &str, error: &toml::de::Error) -> Diagnostic {
    let (what, expected) = match error.message().split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (error.message(), None),
    };
    let written = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    let help = match expected {
        _ if what == "string values must be quoted" => Some(format!("write `\"{written}\"`")),
        Some("nothing") => Some("nothing more may stand here".to_owned()),
        Some(expected) => Some(format!("TOML takes here: {expected}")),
        None => None,
    };
    Diagnostic { span: error.span(), message: format!("this is not TOML: {what}"), help }
}
