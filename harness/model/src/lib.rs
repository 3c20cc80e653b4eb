//! The nouns of Spanfate as plain types: no I/O, no async, no clock.
//!
//! Everything that crosses a border between crates, or between the fixture, the raw logs on disk and the analysis, is
//! defined here once. `docs/glossary.md` explains the words, `docs/results.md` the formats.

pub mod advice;
pub mod answer;
pub mod breakdown;
pub mod change;
pub mod damage;
pub mod defaults;
pub mod environment;
pub mod event;
pub mod expect;
pub mod explain;
pub mod exporter;
pub mod fate;
pub mod fault;
pub mod figure;
pub mod fixture;
pub mod frontier;
#[cfg(test)]
mod golden;
pub mod id;
pub mod law;
pub mod layout;

pub mod index;
mod le;
pub mod ledger;
pub mod load;
pub mod manifest;
pub mod measure;
pub mod peek;
pub mod plan;
pub mod probe;
pub mod raw;
pub mod result;
pub mod row;
pub mod scenario;
pub mod schema;
pub mod selftest;
pub mod signal;
pub mod slots;
pub mod stamp;
pub mod subject;
pub mod term;
mod text;
pub mod topology;
pub mod unit;
pub mod verdict;
pub mod wire;
pub mod witness;
