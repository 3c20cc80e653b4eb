//! TOML files that are no scenarios, with their mistakes shown where they stand.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer};

use super::render::{self, Source};
use super::{Diagnostic, diagnose, syntax, table};
use crate::error::Error;

/// What is wrong with a value that has the right type, at a path of the file.
pub(crate) struct Misfit {
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Reads a file's text as a type, and has it checked.
pub(crate) fn typed<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    color: bool,
    check: impl FnOnce(&T) -> Vec<Misfit>,
) -> Result<T, Error> {
    read(text, check).map_err(|found| {
        let source = Source { path, text, overrides: &[] };
        Error::Scenario(render::mistakes(&source, &found, color))
    })
}

fn read<T: DeserializeOwned>(
    text: &str,
    check: impl FnOnce(&T) -> Vec<Misfit>,
) -> Result<T, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(syntax::mistakes(text, &errors));
    }
    let typed = T::deserialize(Deserializer::from(table.clone()))
        .map_err(|error| vec![diagnose::of_error(&error, table.get_ref())])?;
    let misfits = check(&typed);
    if misfits.is_empty() {
        return Ok(typed);
    }
    let of = |misfit: Misfit| Diagnostic {
        span: table::span_of(table.get_ref(), &misfit.path),
        message: misfit.message,
        help: misfit.help,
    };
    let mut found: Vec<Diagnostic> = misfits.into_iter().map(of).collect();
    found.sort_by_key(|diagnostic| diagnostic.span.as_ref().map_or(0, |span| span.start));
    Err(found)
}
