//! The nouns of Spanfate as plain types: no I/O, no async, no clock.
//!
//! Everything that crosses a border between crates, or between the fixture, the raw logs on disk and the analysis, is
//! defined here once. `docs/glossary.md` explains the words, `docs/results.md` the formats.

pub mod advice;
pub mod books;
pub mod cause;
pub mod exporter;
pub mod fate;
pub mod fault;
pub mod finding;
pub mod fixture;
pub mod format;
pub mod limits;
pub mod quantity;

pub mod load;
pub mod plan;
pub mod result;
pub mod scenario;
pub mod schema;
pub mod term;
pub mod unread;
pub mod verdict;
