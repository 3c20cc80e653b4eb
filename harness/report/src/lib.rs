//! Rendering: a [`RunResult`] becomes a summary for the terminal or one self-contained HTML file.
//!
//! Pure functions without a clock: the same result gives the same bytes.

mod books;
mod faults;
mod markup;
mod number;
mod page;
mod planned;
mod plot;
mod spans;
mod terminal;
mod text;
mod words;

use spanfate_model::result::RunResult;

pub use crate::terminal::TableStyle;

/// The summary for a terminal: a table of the variants, the lost fates, the books, the witnesses and the verdict.
pub fn table(result: &RunResult, style: TableStyle) -> String {
    terminal::render(result, style)
}

/// The report as one HTML file that needs neither scripts nor the network.
pub fn html(result: &RunResult) -> String {
    page::render(result)
}
