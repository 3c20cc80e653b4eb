//! Configurations of collectors that are read and not run.

use std::path::Path;

use spanfate_analysis::lint::BrokenYaml;
use spanfate_run::pages::scrape::{self, ScrapeError};

use crate::error::Error;

/// The text of one, and what it is called.
pub(crate) fn read(path: &Path) -> Result<(String, String), Error> {
    let file = path.display().to_string();
    let read = scrape::file(path).map_err(|error| match error {
        ScrapeError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Error::Missing { what: "the configuration", name: file.clone(), hint: String::new() }
        }
        other => Error::Scrape(other),
    });
    read.map(|(text, _)| (file, text))
}

/// What is wrong with one, with its place.
pub(crate) fn broken(file: &str, broken: &BrokenYaml) -> Error {
    Error::Scenario(format!("{file}:{}:{}: {}", broken.line, broken.column, broken.what))
}
